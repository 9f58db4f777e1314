/** Judges the lines of an order: each line gets its serial, or the reason for which it is held. */
import { createHash } from 'node:crypto';
import { type Catalogue, ownerOf, type Product, productOf } from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import type { Buyer, HeldReason, OrderEvent, Reversed, SoldLine, Unreadable } from '../inbound/event.ts';
import { toMailbox } from '../mail/address.ts';
import { add, checkFloor } from '../order/money.ts';
import { keyOf, type Line, type NewOrder } from '../order/order.ts';
import { keyBytes, serialOf } from './aes-128.ts';
import { licenseeOf } from './name.ts';

/** Returns the event as it will be recorded. `provider` is the provider's name in the catalogue. */
export function withSerials(
  { catalogue, provider }: { readonly catalogue: Catalogue; readonly provider: string },
  event: OrderEvent | Unreadable,
  keys: ProductKeys,
): NewOrder | Reversed {
  if (event.kind === 'reversed') return event;
  if (event.kind === 'unreadable') {
    const lines = [heldLine({ sku: '', quantity: 1 }, null, null, 'bad_body')];
    return {
      kind: 'paid',
      key: `held#${provider}#${event.id}`,
      aliases: [],
      provider,
      test: false,
      buyer: {},
      lines,
    };
  }
  const { kind, test, buyer, amount, placedAt } = event;
  const owner = ownerOf(catalogue, provider);
  const sold = event.lines.length > 0 ? mergeLines(event.lines) : [{ sku: '', quantity: 1 }];
  return {
    kind,
    key: keyOf(owner, test, event.id),
    aliases: (event.aliases ?? []).map((id) => keyOf(owner, test, id)),
    provider: owner,
    test,
    placedAt,
    amount,
    buyer,
    lines: sold.map((line) => {
      const found = productOf(catalogue, provider, line.sku);
      // The floor is checked when the order is paid, not when it is announced.
      const judged = found
        ? judgeLine(found, line, { test, buyer, keys, approved: kind === 'announced' })
        : heldLine(line, null, null, line.held ?? 'unknown_product');
      return kind === 'paid'
        ? judged
        : { ...judged, announced: { floor: found?.product.floor, total: amount } };
    }),
  };
}

/** Makes the serial of a known product's line, or holds the line. A manual release judges the line again. */
export function judgeLine(
  { id, product }: { readonly id: string; readonly product: Product },
  line: SoldLine,
  {
    test,
    buyer,
    keys,
    approved = false,
  }: { test: boolean; buyer: Buyer; keys: ProductKeys; approved?: boolean },
): Line {
  const received = receivedName(product, buyer);
  const held = (reason: HeldReason) => heldLine(line, id, received, reason);
  if (line.held) return held(line.held);
  const key = test ? { version: 0, bytes: testKey(id) } : newestKey(product, keys[id]);
  if (!key) return held('product_key');
  const name = licenseeOf(received ?? '', product.serial);
  if ('held' in name) return held(name.held);
  if (line.delivery !== 'answer' && !toMailbox(buyer.email)) return held('bad_address');
  const wrongPrice = approved ? undefined : checkFloor(product.floor, line, test);
  if (wrongPrice) return held(wrongPrice);
  const serial = serialOf(product.serial, key.bytes, name.licensee);
  if (serial === undefined) return held('unmappable_name');
  return { ...heldLine(line, id, received, null), licensee: name.licensee, serial, keyVersion: key.version };
}

function heldLine(
  line: SoldLine,
  product: string | null,
  received: string | null,
  held: HeldReason | null,
): Line {
  const { sku, quantity, paid, settlement, delivery = 'mail' } = line;
  return {
    sku,
    product,
    quantity,
    paid,
    settlement,
    delivery,
    received,
    licensee: null,
    serial: null,
    keyVersion: null,
    held,
  };
}

const namesOf = (buyer: Buyer) => ({
  registration: buyer.registration,
  person: buyer.name,
  company: buyer.company,
});

/** Returns the first name field of the product's `licensee` that the order has. */
export const findNameField = ({ licensee }: Product, buyer: Buyer) =>
  licensee.find((field) => namesOf(buyer)[field]?.trim());

function receivedName(product: Product, buyer: Buyer): string | null {
  const field = findNameField(product, buyer);
  return (field && namesOf(buyer)[field]) ?? null;
}

/** True if the product has a key from which serials can be made. */
export const hasKey = (product: Product, versions: ProductKeys[string] | undefined): boolean =>
  newestKey(product, versions) !== undefined;

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

/** Returns one line per SKU; quantities and amounts are added. */
function mergeLines(lines: readonly SoldLine[]): SoldLine[] {
  const bySku = new Map<string, SoldLine>();
  for (const line of lines) {
    const known = bySku.get(line.sku);
    const paid = known?.paid && line.paid && add(known.paid, line.paid);
    const settlement = known?.settlement && line.settlement && add(known.settlement, line.settlement);
    bySku.set(
      line.sku,
      known ? { ...known, quantity: known.quantity + line.quantity, paid, settlement } : line,
    );
  }
  return [...bySku.values()];
}
