/** What an order's reversals come to: worked out from what was told, and not from what is stored. */
import type { Reversed } from '../../functions/core/inbound/event.ts';
import type { Status } from '../../functions/core/order/order.ts';
import type { Fact, Plot } from './plot.ts';

const cents = (value: string | undefined) => Math.round(Number(value ?? 0) * 100);

/** @param counts which facts are told already; whatever was won at any time may be no more. */
export function statusBy(
  plot: Plot,
  counts: (fact: Fact) => boolean,
  wonCounts: (fact: Fact) => boolean,
): Status {
  const all = plot.facts.flatMap((fact) =>
    fact.event.kind === 'reversed' ? [{ fact, event: fact.event }] : [],
  );
  const isWon = (id: string) =>
    all.some(
      ({ fact, event }) => event.reversalId === id && event.reversal.state === 'won' && wonCounts(fact),
    );
  const standing = all
    .filter(({ fact, event }) => counts(fact) && !isWon(event.reversalId))
    .map(({ event }) => event);
  return statusOf(plot, standing);
}

function statusOf(plot: Plot, standing: readonly Reversed[]): Status {
  if (standing.some(({ reversal }) => reversal.kind === 'chargeback')) return 'disputed';
  const sale = plot.facts.find(({ event }) => event.kind === 'paid')?.event;
  const paid = sale?.kind === 'paid' && plot.provider !== 'shop' ? cents(sale.amount?.value) : 0;
  const back = standing.reduce((sum, { reversal }) => sum + cents(reversal.amount?.value), 0);
  if (standing.some(({ reversal }) => reversal.part === 'full') || (paid > 0 && back >= paid))
    return 'refunded';
  return standing.length > 0 ? 'partly_refunded' : 'paid';
}

export const isStopped = (status: Status): boolean => status === 'refunded' || status === 'disputed';

/** Whether, before that time, we had answered that all of it is given back. */
export const reversedBefore = (plot: Plot, at: number): boolean =>
  isStopped(
    statusBy(
      plot,
      ({ answeredAt }) => answeredAt !== undefined && answeredAt < at,
      ({ toldAt }) => toldAt !== undefined,
    ),
  );
