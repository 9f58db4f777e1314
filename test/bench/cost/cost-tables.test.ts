/** The documented cost is what `test/bench/cost/cost.ts` computes, rounded to cents. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { costOf } from './cost.ts';

const usd = (amount: number) => (amount < 0.005 ? '< 0.01' : amount.toFixed(2));

const counts = [100, 1_000, 10_000, 1_000_000];

test('docs/cost.md', () => {
  const months = counts.map(costOf);
  const rows = new Map<string, readonly number[]>();
  for (const [at, { item }] of (months[0]?.lines ?? []).entries())
    rows.set(
      item,
      months.map(({ lines }) => lines[at]?.usd ?? Number.NaN),
    );
  for (const plan of ['à la carte', 'Essentials'] as const) {
    rows.set(
      `**mail: SES ${plan}**`,
      months.map(({ mail }) => mail[plan]),
    );
    rows.set(
      `**total, ${plan}**`,
      months.map(({ total }) => total[plan]),
    );
  }
  const text = readFileSync('docs/cost.md', 'utf8');
  for (const [item, amounts] of rows)
    expect(text).toContain(`\n| ${item} | ${amounts.map(usd).join(' | ')} |`);
  const [total = Number.NaN] = rows.get('**total, Essentials**')?.slice(1) ?? [];
  expect(readFileSync('README.md', 'utf8')).toContain(` ${usd(total)} USD `);
});
