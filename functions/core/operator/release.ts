/** A person puts a held order right: each line that can be mailed now waits for the mail. */
import { type Catalogue, productsOf } from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import type { Buyer, Sale } from '../inbound/event.ts';
import { toLines, toSold } from '../order/lines.ts';
import { type Actor, type Result, release } from '../order/manual.ts';
import type { Order } from '../order/types.ts';
import { findProduct, judgeWith, nameFieldOf } from '../serial/lines.ts';

/** What a person has found out; nothing if it was enough to look. */
export interface Corrections {
  /** The name for the lines that have no serial yet. */
  readonly name?: string | undefined;
  /** One that `toMailbox` takes; with it the lines that were mailed are mailed again. */
  readonly email?: string | undefined;
  /** By SKU, what the catalogue calls the product. */
  readonly products: ReadonlyMap<string, string>;
}

/**
 * The order with the corrections and, if its notification can be read, with what that says now: a line that still lacks
 * something is held for that. A serial that was made stays for ever.
 */
export function releaseOrder(
  { catalogue, keys }: { readonly catalogue: Catalogue; readonly keys: ProductKeys },
  order: Order,
  { name, email, products }: Corrections,
  sale: Sale | undefined,
  by: Actor,
  now: number,
): Result {
  const provider = order.raw?.provider ?? order.provider;
  const productsNow = (sku: string) => {
    const named = products.get(sku);
    return named === undefined ? productsOf(catalogue, provider, sku) : [named];
  };
  // A person has looked at what the provider could not say.
  const told = sale?.lines.map((line) => ({ ...line, held: undefined })) ?? [];
  const sold = told.length > 0 ? told : toSold(order, true);
  const lines = toLines([...sold, ...placeholderNow(order, sold, products)], productsNow).map((line) =>
    // A person who names the product of a line without a price has looked the order up.
    products.has(line.sku) && !line.paid ? { ...line, approved: true as const } : line,
  );
  const buyer = { ...sale?.buyer, ...order.buyer };
  const ids = order.lines.flatMap((line) =>
    line.state === 'issued' || line.state === 'erased'
      ? []
      : (productsNow(line.sku)[0] ?? line.product ?? []),
  );
  const corrections = { ...namesFor(catalogue, buyer, [...ids, ...products.values()], name), email };
  const ignored = catalogue.providers[order.provider]?.ignore;
  const judge = judgeWith({ catalogue, provider }, keys);
  return release(order, { lines, buyer: sale?.buyer, ignored, corrections }, judge, by, now);
}

/** In place of the line of which not even the SKU is known, one for each SKU that no other line has. */
function placeholderNow(
  { lines }: Order,
  sold: readonly { readonly sku: string }[],
  products: Corrections['products'],
) {
  const placeholder = lines.find(({ sku }) => sku === '');
  const found = [...products.keys()].filter((sku) => ![...lines, ...sold].some((line) => line.sku === sku));
  if (!placeholder) return [];
  // What was paid for several is the price of none of them.
  const price = found.length === 1 ? { paid: placeholder.paid, settlement: placeholder.settlement } : {};
  return found.map((sku) => ({ sku, quantity: placeholder.quantity, ...price }));
}

/** The name in each field from which one of the products takes it. */
function namesFor(
  catalogue: Catalogue,
  buyer: Buyer,
  ids: readonly string[],
  name: string | undefined,
): Buyer {
  if (name === undefined) return {};
  const fields = ids.flatMap((id) => {
    const product = findProduct(catalogue, id);
    return product ? nameFieldOf(product, buyer) : [];
  });
  return Object.fromEntries((fields.length > 0 ? fields : ['name']).map((field) => [field, name]));
}
