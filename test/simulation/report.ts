/** What a run has shown, for people. */
import type { RunResult } from './pool.ts';

const number = (n: number) => n.toLocaleString('en');

/** Counts whose name begins with these words, most first. */
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
const TOTALS = [
  'orders',
  'deliveries',
  'deaths',
  'runs of redeliver',
  'mails',
  'released by a person',
] as const;
const REFUSED = ['forged requests', 'replayed requests', 'orders that are no concern'] as const;

export function print({ counts, broken, hash }: RunResult, seed: number, seconds: number): void {
  for (const what of [...TOTALS, ...REFUSED])
    console.log(`${what.padEnd(28)}${number(counts.get(what) ?? 0).padStart(12)}`);
  for (const [title, words] of GROUPS) {
    console.log(`\n${title}`);
    for (const [what, n] of group(counts, words))
      console.log(`  ${what.padEnd(52)}${number(n).padStart(12)}`);
  }
  console.log(`\n${hash ? `Trace hash ${hash}, ` : ''}seed ${seed}, ${seconds.toFixed(1)} s`);
  console.log(broken.length === 0 ? 'Every promise was kept.' : `BROKEN: ${broken.length} times`);
  for (const { promise, where, chunk, at } of broken.slice(0, 20)) {
    console.log(`  ${promise}: ${where}, ${(at / 1000).toFixed(1)} s after the start`);
    if (hash) console.log(`    npm run simulate -- --seed ${seed} --chunk ${chunk}`);
  }
}
