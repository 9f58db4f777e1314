/** Judges the lines of an order: each line gets its serial, or the reason for which it is held. */
import { createHash } from 'node:crypto';
import { type Catalogue, floorOf, ownerOf, type Product, productsOf } from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import type { Buyer, HeldReason, Ignored, OrderEvent, Reversed } from '../inbound/event.ts';
import { toMailbox } from '../mail/address.ts';
import { keyOf } from '../order/keys.ts';
import { type Judge, type NewLine, type NewSerial, priceOf, toLines } from '../order/lines.ts';
import { checkFloor } from '../order/money.ts';
import { emptyOrder } from '../order/settle.ts';
import { applySale, type NewSale, type NewUnreadable, type Sale } from '../order/transitions.ts';
import type { Line, Order } from '../order/types.ts';
import { serialOf } from './aes-128.ts';
import type { Charset } from './charset.ts';
import { licenceId, MOST_KEYS, signLicence } from './ed25519.ts';
import { bytesOfKey, isKeyless } from './key-bytes.ts';
import { licenseeOf } from './name.ts';
import { callFunction, type Generate, type ProgramOrder, programInput, readOutput } from './program.ts';

/** The catalogue as one of its providers sees it. */
export interface Shop {
  readonly catalogue: Catalogue;
  /** The provider's name in the catalogue. */
  readonly provider: string;
}

/** Answers of programs: undefined if a program has not answered. */
export type Answers = (product: string, input: Buffer) => ReturnType<typeof readOutput> | undefined;

const noAnswers: Answers = () => undefined;

/** The catalogue, keys and answers with which serials are made. */
export interface Makers {
  readonly catalogue: Catalogue;
  readonly keys: ProductKeys;
  readonly answers?: Answers | undefined;
}

/**
 * Runs the programs that `make` needs, at the same time, and returns their answers. Serials are made without waiting, so
 * `make` is called once before, only to learn what it needs.
 */
export async function fetchAnswers(
  generate: Generate | undefined,
  make: (answers: Answers) => unknown,
): Promise<Answers> {
  if (!generate) return noAnswers;
  const inputs = new Map<string, readonly [product: string, input: Buffer]>();
  const keyOfRun = (product: string, input: Buffer) => `${product}\n${input.toString('base64')}`;
  make((...run) => void inputs.set(keyOfRun(...run), run));
  const outputs = [...inputs].map(async ([key, run]) => [key, await generate(...run)] as const);
  const answers = new Map(await Promise.all(outputs));
  return (...run) => {
    const output = answers.get(keyOfRun(...run));
    return output === undefined || output === 'late' ? undefined : readOutput(output);
  };
}

/**
 * Returns the event as it is recorded, with the function that makes the serials of its lines.
 * @param shop with a function that returns the product keys.
 */
export async function withSerials(
  shop: Shop & { keys(): Promise<ProductKeys>; readonly generate?: Generate | undefined },
  event: OrderEvent,
): Promise<NewSale | Reversed | Ignored | NewUnreadable> {
  if (event.kind === 'reversed' || event.kind === 'ignored') return event;
  const { catalogue, provider } = shop;
  const owner = ownerOf(catalogue, provider);
  const key = keyOf(owner, event.test, event.id);
  if (event.kind === 'unreadable') {
    const held = { kind: 'unreadable', key: `held#${keyOf(provider, event.test, event.id)}` } as const;
    return event.event === undefined
      ? { ...held, provider, reason: event.reason }
      : { ...held, provider: owner, test: event.test };
  }
  const { kind, test, placedAt: at, until, amount, printed, buyer, aliases = [] } = event;
  const lines = toLines(event.lines, (sku) => productsOf(catalogue, provider, sku));
  // By the seller's decision, a trial is a sale: its price of 0 is approved.
  const isSold =
    event.kind === 'trial' &&
    lines.length > 0 &&
    lines.every(({ product }) => findProduct(catalogue, product)?.trial === 'serial');
  const sale: Sale = {
    ...{ kind: isSold ? 'paid' : kind, at, until, amount, printed, buyer },
    lines: isSold ? lines.map((line): NewLine => ({ ...line, approved: true })) : lines,
    aliases: aliases.map((id) => keyOf(owner, test, id)),
  };
  const keys = await shop.keys();
  // The order as it is if this is its first event. If it is not, a program may be missed, and `redeliver` runs it.
  const first = emptyOrder(key, owner, test, 0);
  const answers = await fetchAnswers(shop.generate, (some) =>
    applySale(first, sale, judgeWith(shop, keys, some), 0),
  );
  const judge = judgeWith(shop, keys, answers);
  return { ...{ kind: 'sale', key, provider: owner, test, judge }, sale };
}

/** Decides what becomes of a line of a paid order by the catalogue and the keys. */
export const judgeWith =
  (shop: Shop, keys: ProductKeys, answers: Answers = noAnswers): Judge =>
  (line, order) => {
    const { test, buyer } = order;
    const id = productOf(shop, line);
    const product = findProduct(shop.catalogue, id);
    const held = (reason: HeldReason) => ({ state: 'held', product: id, reason }) as const;
    if (id === null || !product) return held('unknown_product');
    const key = keyFor(id, product, test, keys);
    if (!key) return held('product_key');
    const name = licenseeFor(product, buyer);
    if ('held' in name) return held(name.held);
    if (line.via !== 'answer' && !toMailbox(buyer.email)) return held('bad_address');
    const { quantity, approved } = line;
    const wrongPrice = approved
      ? undefined
      : checkFloor(floorOf(product, shop.provider, line.sku), { ...priceOf(order, line), quantity }, test);
    if (wrongPrice) return held(wrongPrice);
    const { licensee } = name;
    const issued = makeSerial(product, key, { order, line, id, licensee, issue: 1 }, answers);
    if (issued === undefined) return { state: 'to_make', product: id, licensee };
    return typeof issued === 'string' ? held(issued) : { state: 'issued', product: id, issued };
  };

/** The catalogue's name of the line's product; null if its SKU is unknown. */
const productOf = ({ catalogue, provider }: Shop, { product, sku }: Line): string | null =>
  product ?? productsOf(catalogue, provider, sku)[0] ?? null;

export const findProduct = ({ products }: Catalogue, id: string | null | undefined): Product | undefined =>
  id && Object.hasOwn(products, id) ? products[id] : undefined;

/** The order, product and name for which a serial is made. */
export interface ToMake {
  readonly order: Order;
  readonly line: Line;
  /** The catalogue's name of the product. */
  readonly id: string;
  readonly licensee: string;
  /** 1 for the first serial of the line. */
  readonly issue: number;
}

/** Makes a serial for a name that has been accepted, or says why not. Undefined if its program has not answered. */
export function makeFor(
  catalogue: Catalogue,
  keys: ProductKeys,
  wanted: ToMake,
  answers: Answers = noAnswers,
): NewSerial | HeldReason | undefined {
  const product = findProduct(catalogue, wanted.id);
  if (!product) return 'unknown_product';
  const key = keyFor(wanted.id, product, wanted.order.test, keys);
  return key ? makeSerial(product, key, wanted, answers) : 'product_key';
}

interface Key {
  readonly version: number | null;
  readonly bytes: Buffer;
}

function makeSerial(
  { serial: profile }: Product,
  { version, bytes }: Key,
  { order, line, id, licensee, issue }: ToMake,
  answers: Answers,
): NewSerial | HeldReason | undefined {
  const made = (serial: string) => ({ licensee, serial, keyVersion: version });
  const { quantity } = line;
  switch (profile.kind) {
    case 'aes-128': {
      const serial = serialOf(profile, bytes, licensee);
      return serial === undefined ? 'unmappable_name' : made(serial);
    }
    case 'ed25519': {
      const { product, updates } = profile;
      const issuedAt = Date.parse(order.paidAt ?? order.renewedAt ?? order.receivedAt);
      const licence = { product, issuedAt, months: updates?.months, seats: quantity, licensee };
      const number = version ?? 0;
      const named = { ...licence, id: licenceId(order.key, line.id - 1, issue) };
      const serial = number > MOST_KEYS ? undefined : signLicence(named, { number, seed: bytes });
      return serial === undefined ? 'generator' : made(serial);
    }
    case 'function':
    case 'program': {
      const address = order.buyer.email ?? '';
      const facts = { name: licensee, product: id, order: order.key, quantity, address };
      const answer =
        profile.kind === 'function'
          ? readOutput(callFunction(profile.make, facts))
          : answerOf(profile.charset, facts, answers);
      if (answer === undefined || answer === 'unmappable_name') return answer;
      return 'fault' in answer ? 'generator' : made(order.test ? asTest(answer.serial) : answer.serial);
    }
  }
}

function answerOf(charset: Charset, facts: ProgramOrder, answers: Answers) {
  const input = programInput(charset, facts);
  return input ? answers(facts.product, input) : 'unmappable_name';
}

/** A test order's serial must fit no shipped app, so that of a program or a function is not shown. */
const asTest = (serial: string) =>
  `TEST-${createHash('sha256').update(serial).digest('hex').slice(0, 16).toUpperCase()}`;

/** The name that the product's serial is made from, spelled by its profile; or why there is none. */
export const licenseeFor = (product: Product, buyer: Buyer) =>
  licenseeOf(receivedName(product, buyer), product.serial);

/** The field of the buyer that holds the name of this product's serial: the first of its `licensee` that the order has. */
export function nameFieldOf({ licensee }: Product, buyer: Buyer): 'registration' | 'name' | 'company' {
  const fields = licensee.map((field) => (field === 'person' ? 'name' : field));
  return fields.find((field) => buyer[field]?.trim()) ?? fields[0] ?? 'name';
}

function receivedName(product: Product, buyer: Buyer): string {
  const name = buyer[nameFieldOf(product, buyer)] ?? '';
  return name.trim() && name;
}

/** True if the product has a key from which serials can be made. */
export const hasKey = (product: Product, versions: ProductKeys[string] | undefined): boolean =>
  newestKey(product, versions) !== undefined;

const keyFor = (id: string, product: Product, test: boolean, keys: ProductKeys): Key | undefined =>
  test ? { version: 0, bytes: testKey(id, product) } : newestKey(product, keys[id]);

function newestKey({ serial }: Product, versions: ProductKeys[string] = []): Key | undefined {
  // Product keys are never passed to a program or a function.
  if (isKeyless(serial)) return { version: null, bytes: Buffer.alloc(0) };
  const newest = versions.reduce<(typeof versions)[number] | undefined>(
    (best, one) => (best && best.version >= one.version ? best : one),
    undefined,
  );
  const bytes = newest && bytesOfKey(serial, newest.key);
  return newest && bytes ? { version: newest.version, bytes } : undefined;
}

/** A test order's serial must fit no shipped app. This key is public and protects nothing. */
function testKey(id: string, { serial }: Product): Buffer {
  const hash = createHash('sha256').update(`a Keypost test order for ${id}`).digest();
  return serial.kind === 'ed25519' ? hash : hash.subarray(0, 16);
}
