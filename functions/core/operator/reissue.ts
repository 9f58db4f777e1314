/** Reissues a serial under a corrected name. The old serial is kept as superseded. */
import { type Catalogue, productOf } from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import type { Buyer, HeldReason } from '../inbound/event.ts';
import { type Line, type Order, withRelease } from '../order/order.ts';
import { findNameField, judgeLine } from '../serial/lines.ts';
import { findProduct } from './release.ts';

interface Known {
  readonly catalogue: Catalogue;
  readonly keys: ProductKeys;
}

/**
 * Returns the order with new serials, due at `now`, for the lines of `chosen` that have one under another name; undefined if
 * the name is unchanged; or the reason why a line cannot have the name.
 */
export function reissueLines(
  known: Known,
  order: Order,
  name: string,
  chosen: (line: Line) => boolean,
  now: number,
): Order | { readonly sku: string; readonly why: HeldReason } | undefined {
  let buyer: Buyer = order.buyer;
  const lines: Line[] = [];
  for (const line of order.lines) {
    const next = line.serial !== null && chosen(line) ? renameLine(known, order, line, name) : undefined;
    if (next?.line.held) return { sku: line.sku, why: next.line.held };
    const isOther = next !== undefined && next.line.licensee !== line.licensee;
    if (isOther) buyer = { ...buyer, [next.field]: name };
    lines.push(isOther ? { ...next.line, held: line.held, superseded: superseded(line, now) } : line);
  }
  if (lines.every((line, at) => line === order.lines[at])) return undefined;
  const next = withRelease(order, { buyer, lines }, now);
  // The state of a sent mail is kept unless a new mail is due.
  return next.dueAt ? next : { ...next, mail: order.mail };
}

function renameLine({ catalogue, keys }: Known, order: Order, line: Line, name: string) {
  const { test, buyer, provider } = order;
  const found = findProduct(catalogue, line.product) ?? productOf(catalogue, provider, line.sku);
  if (!found) return { line: { ...line, held: 'unknown_product' as const }, field: 'name' };
  const { sku, quantity, paid, settlement } = line;
  const named = { ...buyer, registration: name, name, company: name };
  const sold = { sku, quantity, paid, settlement };
  const made = judgeLine(found, sold, { test, keys, buyer: named, approved: true });
  const whose = findNameField(found.product, buyer);
  return { line: made, field: !whose || whose === 'person' ? 'name' : whose };
}

const superseded = ({ licensee, serial, keyVersion, superseded: before = [] }: Line, now: number) => [
  ...before,
  { licensee, serial, keyVersion, at: new Date(now).toISOString() },
];
