/**
 * Random histories keep every rule, the same facts lead to the same end in any order, and so do SES's events.
 * HISTORIES=200000 runs as many as `npm run prove` does, and SEED others.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SCENARIOS } from './agreement.ts';
import { loadHistories } from './bundle.ts';
import { MUTANTS } from './mutants.ts';

const HISTORIES = Number(process.env.HISTORIES ?? 20_000);
const SEED = Number(process.env.SEED ?? 11) * 1_000_000;

test(`${HISTORIES} histories: two actors at once, crashes, every outcome`, {
  timeout: 1_800_000,
}, async () => {
  const { firstBroken } = await loadHistories();
  expect(await firstBroken(SEED, HISTORIES)).toBeUndefined();
});

describe('scenarios that random histories rarely reach', () => {
  test.each(Object.entries(SCENARIOS))('%s', (_, scenario) => {
    expect(scenario).not.toThrow();
  });
});

// `node --import tsx test/core/order/try-mutants.ts` runs them.
test.each(MUTANTS)('the mutant “$name” has its code in the source once', ({ file, from }) => {
  expect(readFileSync(file, 'utf8').split(from)).toHaveLength(2);
});
