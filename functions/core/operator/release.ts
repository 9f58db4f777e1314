/** Releases a held order: applies a person's corrections and judges each line without a serial again. */
import { type Catalogue, productOf } from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import { type Line, type Order, withRelease } from '../order/order.ts';
import { judgeLine } from '../serial/lines.ts';

/** A person's corrections. All are missing if the cause of the hold has gone. */
export interface Corrections {
  /** The name for the lines that have no serial yet. */
  readonly name?: string | undefined;
  /** An address that `toMailbox` accepts. Lines that were mailed before are mailed to it again. */
  readonly email?: string | undefined;
  /** The product's ID in the catalogue, by SKU. */
  readonly products: ReadonlyMap<string, string>;
}

interface Known {
  readonly catalogue: Catalogue;
  readonly keys: ProductKeys;
}

/**
 * Returns the order with the corrections. Lines that can be mailed are due at `now`; a line that still lacks something
 * stays held. An existing serial stays as it is.
 */
export function releaseOrder(known: Known, order: Order, corrections: Corrections, now: number): Order {
  const { email, products } = corrections;
  const buyer = email === undefined ? order.buyer : { ...order.buyer, email };
  const ignored = known.catalogue.providers[order.provider]?.ignore ?? [];
  const lines = named(order.lines, products)
    .filter(({ serial, sku }) => serial !== null || !ignored.includes(sku))
    .map((line) => {
      if (line.serial === null) return judgeAgain(known, { ...order, buyer }, line, corrections);
      return line.held || email !== undefined ? { ...line, held: null, sent: undefined } : line;
    });
  const next = withRelease(order, { buyer, lines }, now);
  // The state of a sent mail is kept unless a new mail is due.
  return next.dueAt ? next : { ...next, mail: order.mail };
}

/** Replaces a line whose SKU is unknown by one line for each named SKU that no other line has. */
function named(lines: readonly Line[], products: Corrections['products']): readonly Line[] {
  const found = [...products.keys()].filter((sku) => !lines.some((line) => line.sku === sku));
  if (found.length === 0) return lines;
  // The amount paid for several products is not the price of one.
  const several = found.length > 1 ? { paid: undefined, settlement: undefined } : {};
  return lines.flatMap((line) =>
    line.sku === '' ? found.map((sku) => ({ ...line, sku, ...several })) : [line],
  );
}

/** Judges a line again. Its serial is mailed, because the answer to the provider was sent long ago. */
function judgeAgain(
  { catalogue, keys }: Known,
  { provider, test, buyer }: Order,
  line: Line,
  { name, products }: Corrections,
): Line {
  const found =
    findProduct(catalogue, products.get(line.sku)) ??
    productOf(catalogue, provider, line.sku) ??
    findProduct(catalogue, line.product);
  if (!found) return line;
  // A name that an earlier release set is in the line and differs from the buyer's own names.
  const own = [buyer.registration, buyer.name, buyer.company, null].includes(line.received);
  const correctedName = name ?? (own ? undefined : line.received);
  const named = correctedName
    ? { ...buyer, registration: correctedName, name: correctedName, company: correctedName }
    : buyer;
  const { sku, quantity, paid, settlement } = line;
  // A person who names the product of a line without a price has looked the order up.
  const lookedUp = products.has(sku) && !paid;
  const approved = lookedUp || line.held === 'below_floor' || line.held === 'price_unknown';
  return judgeLine(found, { sku, quantity, paid, settlement }, { test, keys, buyer: named, approved });
}

/** Returns the product that has this ID in the catalogue. */
export function findProduct({ products }: Catalogue, id: string | null | undefined) {
  const product = id && Object.hasOwn(products, id) ? products[id] : undefined;
  return id && product ? { id, product } : undefined;
}
