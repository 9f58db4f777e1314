/** The rows of the report that compare ours with the others. */

import { type Row, spread } from '../report/report.ts';
import { ratioRow } from '../report/rows.ts';
import type { Calls } from './cold-starts.ts';
import type { Contender, Starts, textbookCalls, warmOrders } from './contest.ts';

export const NAMES: Readonly<Record<Contender, string>> = {
  warmed: 'ours',
  unwarmed: 'ours, nothing warmed',
  threeCalls: 'the three calls alone',
  textbook: 'the textbook’s',
};
const MOST_OF_TEXTBOOK = { start: 0.52, warm: 0.95 };
const CONTENDERS = ['warmed', 'unwarmed', 'threeCalls', 'textbook'] as const;

/** @param ofUnwarmed the promised first order as a part of the one with nothing warmed, at this size. */
export function firstOrderRows({ megabytes, of }: Starts, ofUnwarmed?: number): Row[] {
  const [ours, unwarmed, textbook] = [of('warmed').first, of('unwarmed').first, of('textbook').first];
  return [
    ...CONTENDERS.map((name) => ({
      what: `first order at ${megabytes} MB, ${NAMES[name]}`,
      found: spread(of(name).first, 1),
    })),
    ratioRow('… ours as a part of ours with nothing warmed', ours, unwarmed, ofUnwarmed),
    ratioRow('… ours as a part of the textbook’s', ours, textbook, 1),
  ];
}

/** The cost of warming, and the total wait of the provider of a cold order. */
export const startRows = ({ megabytes, of }: Starts): Row[] => [
  { what: 'start, warming included', found: spread(of('warmed').load, 1) },
  { what: `start, ${NAMES.textbook}`, found: spread(of('textbook').load, 1) },
  ...CONTENDERS.map((name) => ({
    what: `start and first order at ${megabytes} MB, ${NAMES[name]}`,
    found: spread(of(name).both, 1),
  })),
  ratioRow(
    '… ours as a part of the textbook’s',
    of('warmed').both,
    of('textbook').both,
    MOST_OF_TEXTBOOK.start,
  ),
];

export const warmRows = ({ ours, threeCalls, textbook }: Awaited<ReturnType<typeof warmOrders>>): Row[] => [
  { what: `CPU of a warm order, ${NAMES.warmed}`, found: spread(ours, 2) },
  { what: `CPU of a warm order, ${NAMES.threeCalls}`, found: spread(threeCalls, 2) },
  { what: `CPU of a warm order, ${NAMES.textbook}`, found: spread(textbook, 2) },
  ratioRow('… ours as a part of the textbook’s', ours, textbook, MOST_OF_TEXTBOOK.warm),
];

/** Ours makes fewer calls, even if the textbook has already read its secret. */
export function textbookCallRows(
  { orders }: Calls,
  { first, next }: Awaited<ReturnType<typeof textbookCalls>>,
): Row[] {
  const ours = Math.max(...orders.map(({ calls }) => calls.length));
  return [
    { what: 'its first order, the textbook’s', found: first.join(', ') },
    {
      what: 'each order after it, the textbook’s',
      found: next.join(', '),
      promised: 'more than ours',
      kept: next.length > ours,
    },
  ];
}
