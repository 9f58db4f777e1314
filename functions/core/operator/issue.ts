/** An order that nobody paid for: a gift, a copy for the press, a promotion. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import type { HeldReason } from '../inbound/event.ts';
import { keyOf } from '../order/keys.ts';
import { type Actor, withAudit } from '../order/manual.ts';
import { emptyOrder } from '../order/settle.ts';
import { sale } from '../order/transitions.ts';
import type { Order } from '../order/types.ts';
import { findProduct, judgeWith, nameFieldOf } from '../serial/lines.ts';

/** Stands where an order has the name of its provider. */
export const MANUAL = 'hand';

export interface Gift {
  readonly id: string;
  /** What the catalogue calls it. */
  readonly product: string;
  readonly name: string;
  readonly email: string;
  readonly company?: string | undefined;
  readonly quantity: number;
}

/** The order to be stored, or the reason for which it would be held. */
export function issueManually(
  { catalogue, keys }: { readonly catalogue: Catalogue; readonly keys: ProductKeys },
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
  const order = sale(empty, event, judgeWith({ catalogue, provider: MANUAL }, keys), now) ?? empty;
  const [issued] = order.lines;
  if (issued?.state === 'held') return issued.reason;
  return withAudit(empty, order, 'issue', by, now);
}
