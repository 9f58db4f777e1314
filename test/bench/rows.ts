/** What was measured, as lines of the report, each beside what was promised. */
import type { Calls } from './cold-starts.ts';
import type { OwnWork } from './own-work.ts';
import { type Row, spread } from './report.ts';
import type { Spread } from './stats.ts';

const MOST_OWN_MS = 0.6;
const MOST_CALLS = 3;

export const workRows = (work: readonly OwnWork[]): Row[] =>
  work.flatMap(({ provider, own, withSdk }) => [
    {
      what: `own work, ${provider}`,
      found: `${spread(own, 2)} of CPU`,
      promised: `at most ${MOST_OWN_MS} ms`,
      kept: own.p50 <= MOST_OWN_MS,
    },
    { what: '… and the SDK’s, without a network', found: `${spread(withSdk, 2)} of CPU` },
  ]);

export const callRows = ({ starting, orders }: Calls): Row[] => [
  { what: 'calls while it starts', found: starting.join(', ') },
  ...orders.map(({ provider, calls }) => ({
    what: `calls of an order, ${provider}`,
    found: calls.join(', '),
    promised: `at most ${MOST_CALLS}, none for a secret`,
    kept: calls.length <= MOST_CALLS && !calls.includes('GetSecretValue'),
  })),
];

export function ratioRows(
  [what, other]: readonly [string, string],
  { ours, others }: { readonly ours: Spread; readonly others: Spread },
  most: number,
): Row[] {
  const ratio = ours.p50 / others.p50;
  const percent = (part: number) => `${Math.round(part * 100)} %`;
  return [
    { what, found: spread(ours, 1) },
    { what: other, found: spread(others, 1) },
    {
      what: '… the first as a part of the second',
      found: percent(ratio),
      promised: `at most ${percent(most)}`,
      kept: ratio <= most,
    },
  ];
}
