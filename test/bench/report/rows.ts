/** The measurements as rows of the report, each beside the promised value. */

import type { Drained } from '../backlog/drain.ts';
import type { Calls } from '../contest/cold-starts.ts';
import type { OwnWork } from '../own-work/own-work.ts';
import { type Row, spread } from './report.ts';
import type { Spread } from './stats.ts';

const MOST_OWN_MS = 0.6;
const MOST_CALLS = 3;
const MOST_DRAIN = 1.05;

export const workRows = ({ orders, bare }: OwnWork): Row[] => [
  ...orders.map(({ provider, own, withSdk }) => ({
    what: provider,
    found: `${spread(own, 2)}; with the SDK’s work ${withSdk.p50.toFixed(2)} ms`,
    promised: `at most ${MOST_OWN_MS} ms`,
    kept: own.p50 <= MOST_OWN_MS,
  })),
  { what: 'the SDK’s work on three such calls alone', found: spread(bare, 2) },
];

export const callRows = ({ starting, orders }: Calls): Row[] => [
  { what: 'while it starts', found: starting.join(', ') },
  ...orders.map(({ provider, calls }) => ({
    what: `an order, ${provider}`,
    found: calls.join(', '),
    promised: `at most ${MOST_CALLS}, none for a secret, no Scan`,
    kept: calls.length <= MOST_CALLS && !calls.some((call) => call === 'GetSecretValue' || call === 'Scan'),
  })),
];

export const percent = (part: number) => `${Math.round(part * 100)} %`;

/** @param most the promised value, if there is one; 1 stands for "less than". */
export function ratioRow(what: string, ours: Spread, others: Spread, most?: number): Row {
  const ratio = ours.p50 / others.p50;
  const found = percent(ratio);
  if (most === undefined) return { what, found };
  return most === 1
    ? { what, found, promised: 'less than 100 %', kept: ratio < 1 }
    : { what, found, promised: `at most ${percent(most)}`, kept: ratio <= most };
}

export function ratioRows(
  [what, other]: readonly [string, string],
  { ours, others }: { readonly ours: Spread; readonly others: Spread },
  most: number,
): Row[] {
  return [
    { what, found: spread(ours, 1) },
    { what: other, found: spread(others, 1) },
    ratioRow('… the first as a part of the second', ours, others, most),
  ];
}

export const drainRows = (drains: readonly Drained[]): Row[] =>
  drains.map(({ orders, rate, runs, seconds, ideal, duplicates, throttled }) => ({
    what: `${orders.toLocaleString('en')} mails at ${rate} a second`,
    found:
      `${seconds.toFixed(0)} s, the ideal and ${((seconds / ideal - 1) * 100).toFixed(1)} %; ` +
      `runs ${runs}, duplicates ${duplicates}, throttled ${throttled}`,
    promised: `at most ${percent(MOST_DRAIN - 1)} over, none twice`,
    kept: seconds <= ideal * MOST_DRAIN && duplicates === 0,
  }));
