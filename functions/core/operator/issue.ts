/** Issues a serial without a payment: a gift, a copy for the press, a promotion. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import type { HeldReason } from '../inbound/event.ts';
import { keyOf, type NewOrder } from '../order/order.ts';
import { judgeLine } from '../serial/lines.ts';
import { findProduct } from './release.ts';

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
  { catalogue, keys }: { readonly catalogue: Catalogue; readonly keys: ProductKeys },
  { id, product, name, email, company, quantity }: Gift,
): NewOrder | HeldReason {
  const found = findProduct(catalogue, product);
  if (!found) return 'unknown_product';
  const named = { name, email, registration: name, company: company ?? name };
  const how = { test: false, buyer: named, keys, approved: true };
  const line = judgeLine(found, { sku: product, quantity }, how);
  if (line.held) return line.held;
  return {
    kind: 'paid',
    key: keyOf(MANUAL, false, id),
    aliases: [],
    provider: MANUAL,
    test: false,
    buyer: { name, email, company },
    lines: [line],
  };
}
