/** A person mends a held order: what was wrong is put right, and each line that can be mailed now waits for the mail. */
import { type Catalogue, productOf } from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import { type Line, type Order, withRelease } from '../order/order.ts';
import { judgeLine } from '../serial/lines.ts';

/** What a person has found out; nothing, where looking was enough. */
export interface Corrections {
  /** The name for the lines that have no serial yet. */
  readonly name?: string | undefined;
  /** One that `toMailbox` takes; with it the lines that were mailed are mailed again. */
  readonly email?: string | undefined;
  /** By SKU, what the catalogue calls the product. */
  readonly products: ReadonlyMap<string, string>;
}

interface Known {
  readonly catalogue: Catalogue;
  readonly keys: ProductKeys;
}

/**
 * The order with the corrections: whatever can go out is due at `now`, a line that still lacks something is held for
 * that. A serial that is there stays for ever.
 */
export function released(known: Known, order: Order, corrections: Corrections, now: number): Order {
  const { email, products } = corrections;
  const buyer = email === undefined ? order.buyer : { ...order.buyer, email };
  const ignored = known.catalogue.providers[order.provider]?.ignore ?? [];
  const lines = named(order.lines, products)
    .filter(({ serial, sku }) => serial !== null || !ignored.includes(sku))
    .map((line) => {
      if (line.serial === null) return evaluated(known, { ...order, buyer }, line, corrections);
      return line.held || email !== undefined ? { ...line, held: null, sent: undefined } : line;
    });
  const next = withRelease(order, { buyer, lines }, now);
  // What is known of a mail that went out is lost only to a new one.
  return next.dueAt ? next : { ...next, mail: order.mail };
}

/** In place of the line of which not even the SKU is known, one for each SKU that no other line has. */
function named(lines: readonly Line[], products: Corrections['products']): readonly Line[] {
  const found = [...products.keys()].filter((sku) => !lines.some((line) => line.sku === sku));
  if (found.length === 0) return lines;
  // What was paid for several is the price of none of them.
  const several = found.length > 1 ? { paid: undefined, settled: undefined } : {};
  return lines.flatMap((line) =>
    line.sku === '' ? found.map((sku) => ({ ...line, sku, ...several })) : [line],
  );
}

/** Always by mail: the answer to the provider, which might have carried the serial, has gone. */
function evaluated(
  { catalogue, keys }: Known,
  { provider, test, buyer }: Order,
  line: Line,
  { name, products }: Corrections,
): Line {
  const found =
    productCalled(catalogue, products.get(line.sku)) ??
    productOf(catalogue, provider, line.sku) ??
    productCalled(catalogue, line.product);
  if (!found) return line;
  // What an earlier release has said stands in the line, and is none of the buyer's own words.
  const own = [buyer.registration, buyer.name, buyer.company, null].includes(line.received);
  const given = name ?? (own ? undefined : line.received);
  const asked = given ? { ...buyer, registration: given, name: given, company: given } : buyer;
  const { sku, quantity, paid, settled } = line;
  // A person who names the product of a line without a price has looked the order up.
  const lookedUp = products.has(sku) && !paid;
  const approved = lookedUp || line.held === 'below_floor' || line.held === 'price_unknown';
  return judgeLine(found, { sku, quantity, paid, settled }, { test, keys, buyer: asked, approved });
}

/** The product that the catalogue has under this name of its own. */
export function productCalled({ products }: Catalogue, id: string | null | undefined) {
  const product = id && Object.hasOwn(products, id) ? products[id] : undefined;
  return id && product ? { id, product } : undefined;
}
