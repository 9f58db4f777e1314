/** Issues a serial without a payment: a gift, a copy for the press, a promotion. */
import { findProduct } from '../catalogue/catalogue.ts';
import type { Buyer, HeldReason } from '../inbound/event.ts';
import { type Actor, withAudit } from '../order/manual.ts';
import { emptyOrder } from '../order/settle.ts';
import { applySale } from '../order/transitions.ts';
import { keyOf, type Order } from '../order/types.ts';
import { judgeWith, nameFieldOf, type SerialInputs } from '../serial/lines.ts';

/** The provider's name of orders that a person issued. */
export const MANUAL = 'hand';

export interface Gift {
  readonly id: string;
  /** `hand` unless it is another kind of order without a payment. */
  readonly provider?: string | undefined;
  /** The products' IDs in the catalogue. */
  readonly products: readonly string[];
  readonly name: string;
  readonly email: string;
  readonly company?: string | undefined;
  readonly locale?: string | undefined;
  readonly quantity: number;
}

/** Returns the order to record, or the reason why it cannot be issued. */
export function issueManually(
  inputs: SerialInputs,
  { id, provider = MANUAL, products, name, email, company, locale, quantity }: Gift,
  by: Actor,
  now: number,
): Order | HeldReason {
  const found = products.map((product) => findProduct(inputs.catalogue, product));
  const buyer = { name, email, company, locale };
  let named: Buyer = buyer;
  for (const one of found) {
    if (!one) return 'unknown_product';
    const field = nameFieldOf(one, buyer);
    named = { ...named, [field]: buyer[field === 'registration' ? 'name' : field] ?? name };
  }
  const lines = products.map((product) => ({ sku: product, product, quantity, approved: true }) as const);
  const empty = emptyOrder(keyOf(provider, false, id), provider, false, now);
  const event = { ...({ kind: 'paid', lines, aliases: [] } as const), buyer: named };
  const order = applySale(empty, event, judgeWith(inputs, provider), now) ?? empty;
  for (const line of order.lines) if (line.state === 'held') return line.reason;
  return withAudit(empty, order, 'issue', by, now);
}
