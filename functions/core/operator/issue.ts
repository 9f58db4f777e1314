/** Issues a serial without a payment: a gift, a copy for the press, a promotion. */
import type { HeldReason } from '../inbound/event.ts';
import { keyOf } from '../order/keys.ts';
import { type Actor, withAudit } from '../order/manual.ts';
import { emptyOrder } from '../order/settle.ts';
import { applySale } from '../order/transitions.ts';
import type { Order } from '../order/types.ts';
import { findProduct, judgeWith, type Makers, nameFieldOf } from '../serial/lines.ts';

/** The provider's name of orders that a person issued. */
export const MANUAL = 'hand';

export interface Gift {
  readonly id: string;
  /** The product's ID in the catalogue. */
  readonly product: string;
  readonly name: string;
  readonly email: string;
  readonly company?: string | undefined;
  readonly quantity: number;
}

/** Returns the order to record, or the reason why it cannot be issued. */
export function issueManually(
  { catalogue, keys, answers }: Makers,
  { id, product, name, email, company, quantity }: Gift,
  by: Actor,
  now: number,
): Order | HeldReason {
  const found = findProduct(catalogue, product);
  if (!found) return 'unknown_product';
  const buyer = { name, email, company };
  const field = nameFieldOf(found, buyer);
  const line = { sku: product, product, quantity, approved: true } as const;
  const empty = emptyOrder(keyOf(MANUAL, false, id), MANUAL, false, now);
  const event = {
    ...({ kind: 'paid', lines: [line], aliases: [] } as const),
    buyer: { ...buyer, [field]: buyer[field === 'registration' ? 'name' : field] ?? name },
  };
  const order =
    applySale(empty, event, judgeWith({ catalogue, provider: MANUAL }, keys, answers), now) ?? empty;
  const [issued] = order.lines;
  if (issued?.state === 'held') return issued.reason;
  return withAudit(empty, order, 'issue', by, now);
}
