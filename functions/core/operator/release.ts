/** Releases a held order: applies a person's corrections and judges each line without a serial again. */
import { type Catalogue, findProduct, productsOf } from '../catalogue/catalogue.ts';
import type { Buyer, Sale } from '../inbound/event.ts';
import { type Judge, toLines, toSold } from '../order/lines.ts';
import { type Actor, type Result, release } from '../order/manual.ts';
import type { Order } from '../order/types.ts';
import { judgeWith, nameFieldOf, type SerialInputs } from '../serial/lines.ts';

/** A person's corrections. All are missing if the cause of the hold has gone. */
export interface Corrections {
  /** The name for the lines that have no serial yet. */
  readonly name?: string | undefined;
  /** An address that `toMailbox` accepts. Lines that were mailed before are mailed to it again. */
  readonly email?: string | undefined;
  /** The product's ID in the catalogue, by SKU. */
  readonly products: ReadonlyMap<string, string>;
}

/**
 * Returns the order with the corrections and, if its notification can be parsed, with the sale that it contains. A line
 * that still lacks something stays held. An existing serial stays as it is.
 */
export function releaseOrder(
  inputs: SerialInputs,
  order: Order,
  { name, email, products }: Corrections,
  sale: Sale | undefined,
  by: Actor,
  now: number,
): Result {
  const { catalogue } = inputs;
  const provider = order.raw?.provider ?? order.provider;
  const productsNow = (sku: string) => {
    const named = products.get(sku);
    return named === undefined ? productsOf(catalogue, provider, sku) : [named];
  };
  // A person has looked at the data that the provider could not give.
  const parsed = sale?.lines.map((line) => ({ ...line, held: undefined })) ?? [];
  const sold = parsed.length > 0 ? parsed : toSold(order);
  const lines = toLines([...sold, ...placeholderNow(order, sold, products)], productsNow);
  const buyer = { ...sale?.buyer, ...order.buyer };
  const ids = order.lines.flatMap((line) =>
    line.state === 'issued' || line.state === 'erased'
      ? []
      : (productsNow(line.sku)[0] ?? line.product ?? []),
  );
  const corrections = { ...namesFor(catalogue, buyer, [...ids, ...products.values()], name), email };
  const ignored = catalogue.providers[order.provider]?.ignore;
  const judgeStored = judgeWith(inputs, provider);
  // A person who names the product of a line without a price has looked it up. The price is not approved for later.
  const judge: Judge = (line, found) =>
    judgeStored(products.has(line.sku) && !line.paid ? { ...line, approved: true } : line, found);
  return release(order, { lines, buyer: sale?.buyer, ignored, corrections }, judge, by, now);
}

/** Replaces the placeholder by one line for each named SKU that no other line has. */
function placeholderNow(
  { lines }: Order,
  sold: readonly { readonly sku: string }[],
  products: Corrections['products'],
) {
  const placeholder = lines.find(({ sku }) => sku === '');
  const found = [...products.keys()].filter((sku) => ![...lines, ...sold].some((line) => line.sku === sku));
  if (!placeholder) return [];
  // The amount paid for several products is not the price of one.
  const price = found.length === 1 ? { paid: placeholder.paid, settlement: placeholder.settlement } : {};
  return found.map((sku) => ({ sku, quantity: placeholder.quantity, ...price }));
}

/** Returns the name in each field from which one of the products takes it. */
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
