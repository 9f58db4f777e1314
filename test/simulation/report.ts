/** Prints the result of a run. */
import { ACTIONS } from './processes/operator.ts';
import type { RunResult } from './threads/parallel.ts';

const number = (n: number) => n.toLocaleString('en');

/** The counts whose name starts with these words, largest first. */
const group = (counts: ReadonlyMap<string, number>, words: string): [string, number][] =>
  [...counts]
    .flatMap(([what, n]): [string, number][] =>
      what.startsWith(words) ? [[what.slice(words.length), n]] : [],
    )
    .sort(([, one], [, other]) => other - one);

const GROUPS: readonly [title: string, words: string][] = [
  ['Faults injected', 'fault '],
  ['Events of SES', 'mail event: '],
  ['Second mails', 'second mail: '],
  ['Answered 5xx until the provider gave up', 'given up: '],
  ['Orders in the end', 'status '],
  ['Lines held in the end', 'held: '],
];
const TOTALS = ['orders', 'deliveries', 'deaths', 'runs of redeliver', 'mails'] as const;
const REFUSED = [
  'forged requests',
  'replayed requests',
  'orders that are no concern',
  'trials that became sales',
  'trials that wait for a payment',
  'sales found by reconcile',
  'items judged again',
] as const;

/** Manual actions that changed an order, and complete runs of `reconcile`. */
const BY_A_PERSON = [...ACTIONS, 'reconcile'];

export function print({ counts, violations, hash }: RunResult, seed: number, seconds: number): void {
  for (const what of [...TOTALS, ...REFUSED])
    console.log(`${what.padEnd(32)}${number(counts.get(what) ?? 0).padStart(12)}`);
  console.log('\nBy a person');
  for (const action of BY_A_PERSON)
    console.log(`${action.padEnd(32)}${number(counts.get(`by a person: ${action}`) ?? 0).padStart(12)}`);
  for (const [title, words] of GROUPS) {
    console.log(`\n${title}`);
    for (const [what, n] of group(counts, words))
      console.log(`  ${what.padEnd(52)}${number(n).padStart(12)}`);
  }
  console.log(`\n${hash ? `Trace hash ${hash}, ` : ''}seed ${seed}, ${seconds.toFixed(1)} s`);
  console.log(violations.length === 0 ? 'Every invariant holds.' : `VIOLATED: ${violations.length} times`);
  for (const { invariant, where, chunk, at } of violations.slice(0, 20)) {
    console.log(`  ${invariant}: ${where}, ${(at / 1000).toFixed(1)} s after the start`);
    if (hash) console.log(`    npm run simulate -- --seed ${seed} --chunk ${chunk}`);
  }
}
