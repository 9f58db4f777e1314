/** An order that nobody paid for: a gift, a copy for the press, a promotion. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import type { HeldReason } from '../inbound/event.ts';
import { keyOf, type NewOrder } from '../order/order.ts';
import { judgeLine } from '../serial/lines.ts';
import { productCalled } from './release.ts';

/** Stands where an order has the name of its provider. */
export const BY_HAND = 'hand';

export interface Gift {
  readonly id: string;
  /** What the catalogue calls it. */
  readonly product: string;
  readonly name: string;
  readonly email: string;
  readonly company?: string | undefined;
  readonly quantity: number;
}

/** The order to be, or what would have held it. */
export function issuedByHand(
  { catalogue, keys }: { readonly catalogue: Catalogue; readonly keys: ProductKeys },
  { id, product, name, email, company, quantity }: Gift,
): NewOrder | HeldReason {
  const found = productCalled(catalogue, product);
  if (!found) return 'unknown_product';
  const asked = { name, email, registration: name, company: company ?? name };
  const how = { test: false, buyer: asked, keys, approved: true };
  const line = judgeLine(found, { sku: product, quantity }, how);
  if (line.held) return line.held;
  return {
    kind: 'paid',
    key: keyOf(BY_HAND, false, id),
    aliases: [],
    provider: BY_HAND,
    test: false,
    buyer: { name, email, company },
    lines: [line],
  };
}
