/** The expected status of an order, derived from the delivered facts and not from the stored order. */
import type { Reversed } from '../../../functions/core/inbound/event.ts';
import type { Status } from '../../../functions/core/order/due.ts';
import { type Fact, isSale, type OrderScript } from './order-script.ts';

const cents = (value: string | undefined) => Math.round(Number(value ?? 0) * 100);

/** @param counts selects the delivered facts. A dispute that was won counts again only if it was lost later. */
export function statusBy(
  script: OrderScript,
  counts: (fact: Fact) => boolean,
  wonCounts: (fact: Fact) => boolean,
): Status {
  const all = script.facts.flatMap((fact) =>
    fact.event.kind === 'reversed' ? [{ fact, event: fact.event }] : [],
  );
  const isWon = ({ reversalId, reversal: { at = '' } }: Reversed) =>
    all.some(
      ({ fact, event: { reversalId: id, reversal } }) =>
        id === reversalId && reversal.state === 'won' && wonCounts(fact) && (reversal.at ?? '') >= at,
    );
  const standing = all.filter(({ fact, event }) => counts(fact) && !isWon(event)).map(({ event }) => event);
  return statusOf(script, standing);
}

function statusOf(script: OrderScript, standing: readonly Reversed[]): Status {
  if (standing.some(({ reversal }) => reversal.kind === 'chargeback')) return 'disputed';
  const sale = script.facts.find(isSale)?.event;
  const paid = sale && 'amount' in sale && script.provider !== 'shop' ? cents(sale.amount?.value) : 0;
  const back = standing.reduce((sum, { reversal }) => sum + cents(reversal.amount?.value), 0);
  if (standing.some(({ reversal }) => reversal.part === 'full') || (paid > 0 && back >= paid))
    return 'refunded';
  return standing.length > 0 ? 'partly_refunded' : 'paid';
}

export const isStopped = (status: Status): boolean => status === 'refunded' || status === 'disputed';

/**
 * True if a full reversal was acknowledged before that time. A reversal that names an imported order by another ID waits for the
 * sale, which tells this ID and the amount. While the notifications of an order are unreadable, only the import is known.
 */
export function reversedBefore(script: OrderScript, at: number): boolean {
  const wasAnswered = ({ answeredAt }: Fact) => answeredAt !== undefined && answeredAt < at;
  const isRead = !script.unreadable && script.facts.some((fact) => isSale(fact) && wasAnswered(fact));
  const isKnown = !script.acts.import || isRead;
  return isKnown && isStopped(statusBy(script, wasAnswered, ({ sentAt }) => sentAt !== undefined));
}
