/** Judges the lines of an order: each line gets its serial, or the reason for which it is held. */
import { createHash } from 'node:crypto';
import { type Catalogue, floorOf, ownerOf, type Product, productsOf } from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import type { Buyer, HeldReason, Ignored, OrderEvent, Reversed } from '../inbound/event.ts';
import { toMailbox } from '../mail/address.ts';
import { keyOf } from '../order/keys.ts';
import { type Judge, type NewLine, type NewSerial, priceOf, toLines } from '../order/lines.ts';
import { checkFloor } from '../order/money.ts';
import type { NewSale, NewUnreadable } from '../order/transitions.ts';
import type { Line } from '../order/types.ts';
import { keyBytes, serialOf } from './aes-128.ts';
import { licenseeOf } from './name.ts';

/** The catalogue as one of its providers sees it. */
export interface Shop {
  readonly catalogue: Catalogue;
  /** The provider's name in the catalogue. */
  readonly provider: string;
}

/** Returns the event as it is recorded, with the function that makes the serials of its lines. */
export function withSerials(
  shop: Shop,
  event: OrderEvent,
  keys: ProductKeys,
): NewSale | Reversed | Ignored | NewUnreadable {
  if (event.kind === 'reversed' || event.kind === 'ignored') return event;
  const { catalogue, provider } = shop;
  const owner = ownerOf(catalogue, provider);
  const key = keyOf(owner, event.test, event.id);
  if (event.kind === 'unreadable') {
    return event.event === undefined
      ? { kind: 'unreadable', key: `held#${provider}#${event.id}`, provider, reason: event.reason }
      : { kind: 'unreadable', key, provider: owner, test: event.test };
  }
  const { kind, test, placedAt: at, until, amount, printed, buyer, aliases = [] } = event;
  const lines = toLines(event.lines, (sku) => productsOf(catalogue, provider, sku));
  // By the seller's decision, a trial is a sale: its price of nothing is approved.
  const isSold =
    event.kind === 'trial' &&
    lines.length > 0 &&
    lines.every(({ product }) => findProduct(catalogue, product)?.trial === 'serial');
  return {
    ...{ kind: 'sale', key, provider: owner, test, judge: judgeWith(shop, keys) },
    sale: {
      ...{ kind: isSold ? 'paid' : kind, at, until, amount, printed, buyer },
      lines: isSold ? lines.map((line): NewLine => ({ ...line, approved: true })) : lines,
      aliases: aliases.map((id) => keyOf(owner, test, id)),
    },
  };
}

/** Decides what becomes of a line of a paid order by the catalogue and the keys. */
export const judgeWith =
  (shop: Shop, keys: ProductKeys): Judge =>
  (line, order) => {
    const { test, buyer } = order;
    const id = productOf(shop, line);
    const product = findProduct(shop.catalogue, id);
    const held = (reason: HeldReason) => ({ state: 'held', product: id, reason }) as const;
    if (id === null || !product) return held('unknown_product');
    const key = keyFor(id, product, test, keys);
    if (!key) return held('product_key');
    const name = licenseeOf(receivedName(product, buyer) ?? '', product.serial);
    if ('held' in name) return held(name.held);
    if (line.via !== 'answer' && !toMailbox(buyer.email)) return held('bad_address');
    const { quantity, approved } = line;
    const wrongPrice = approved
      ? undefined
      : checkFloor(floorOf(product, shop.provider, line.sku), { ...priceOf(order, line), quantity }, test);
    if (wrongPrice) return held(wrongPrice);
    const issued = makeSerial(product, key, name.licensee);
    return typeof issued === 'string' ? held(issued) : { state: 'issued', product: id, issued };
  };

/** The catalogue's name of the line's product; null if its SKU is unknown. */
const productOf = ({ catalogue, provider }: Shop, { product, sku }: Line): string | null =>
  product ?? productsOf(catalogue, provider, sku)[0] ?? null;

export const findProduct = ({ products }: Catalogue, id: string | null | undefined): Product | undefined =>
  id && Object.hasOwn(products, id) ? products[id] : undefined;

/** Makes the serial that a line still lacks, for a name that has been accepted; or says why that cannot be. */
export function makeFor(
  catalogue: Catalogue,
  keys: ProductKeys,
  {
    product: id,
    licensee,
    test,
  }: { readonly product: string; readonly licensee: string; readonly test: boolean },
): NewSerial | HeldReason {
  const product = findProduct(catalogue, id);
  if (!product) return 'unknown_product';
  const key = keyFor(id, product, test, keys);
  return key ? makeSerial(product, key, licensee) : 'product_key';
}

type Key = NonNullable<ReturnType<typeof keyFor>>;

function makeSerial({ serial: profile }: Product, { version, bytes }: Key, licensee: string) {
  const serial = serialOf(profile, bytes, licensee);
  return serial === undefined ? 'unmappable_name' : { licensee, serial, keyVersion: version };
}

/** The name that the product's serial is made from, spelled by its profile; or why there is none. */
export const licenseeFor = (product: Product, buyer: Buyer) =>
  licenseeOf(receivedName(product, buyer) ?? '', product.serial);

const namesOf = (buyer: Buyer) => ({
  registration: buyer.registration,
  person: buyer.name,
  company: buyer.company,
});

/** Returns the first name field of the product's `licensee` that the order has. */
const findNameField = ({ licensee }: Product, buyer: Buyer) =>
  licensee.find((field) => namesOf(buyer)[field]?.trim());

/** The field of the buyer that holds the name of this product's serial, or should. */
export function nameFieldOf(product: Product, buyer: Buyer): 'registration' | 'name' | 'company' {
  const field = findNameField(product, buyer) ?? product.licensee[0] ?? 'person';
  return field === 'person' ? 'name' : field;
}

function receivedName(product: Product, buyer: Buyer): string | null {
  const field = findNameField(product, buyer);
  return (field && namesOf(buyer)[field]) ?? null;
}

/** True if the product has a key from which serials can be made. */
export const hasKey = (product: Product, versions: ProductKeys[string] | undefined): boolean =>
  newestKey(product, versions) !== undefined;

const keyFor = (id: string, product: Product, test: boolean, keys: ProductKeys) =>
  test ? { version: 0, bytes: testKey(id) } : newestKey(product, keys[id]);

function newestKey({ serial }: Product, versions: ProductKeys[string] = []) {
  const newest = versions.reduce<(typeof versions)[number] | undefined>(
    (best, one) => (best && best.version >= one.version ? best : one),
    undefined,
  );
  const bytes = newest && keyBytes(serial, newest.key);
  return newest && bytes ? { version: newest.version, bytes } : undefined;
}

/** A test order's serial must fit no shipped app. This key is public and protects nothing. */
function testKey(product: string): Buffer {
  return createHash('sha256').update(`a Keypost test order for ${product}`).digest().subarray(0, 16);
}
