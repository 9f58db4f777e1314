/** Judges the lines of an order: each line gets its serial, or the reason for which it is held. */
import { createHash } from 'node:crypto';
import {
  type Catalogue,
  findProduct,
  floorOf,
  ownerOf,
  type Product,
  productsOf,
} from '../catalogue/catalogue.ts';
import type { ProductKeys } from '../catalogue/keys.ts';
import type { Buyer, HeldReason, Ignored, OrderEvent, Reversed } from '../inbound/event.ts';
import { toMailbox } from '../mail/address.ts';
import { type Judge, type NewLine, type NewSerial, priceOf, toLines } from '../order/lines.ts';
import { checkFloor } from '../order/money.ts';
import { emptyOrder } from '../order/settle.ts';
import { applySale, type NewSale, type NewUnreadable, type Sale } from '../order/transitions.ts';
import { keyOf, type Line, type Order } from '../order/types.ts';
import type { World } from '../world.ts';
import { serialOf } from './aes-128.ts';
import type { Charset } from './charset.ts';
import { licenceId, MOST_KEYS, signLicence } from './ed25519.ts';
import { bytesOfKey, isKeyless } from './key-bytes.ts';
import { licenseeOf } from './name.ts';
import { callFunction, type ProgramOrder, programInput, readOutput } from './program.ts';

/** Answers of programs: undefined if a program has not answered. */
export type Answers = (product: string, input: Buffer) => ReturnType<typeof readOutput> | undefined;

/** Everything that serials are made from, without waiting. */
export interface SerialInputs {
  readonly catalogue: Catalogue;
  readonly keys: ProductKeys;
  /** No program has answered unless given. */
  readonly answers?: Answers | undefined;
}

/**
 * Reads the product keys and runs the programs that `make` needs, at the same time. For this, `make` is called once before, only
 * to learn what it needs.
 */
export async function serialInputs(
  { catalogue, productKeys, generate }: Pick<World, 'catalogue' | 'productKeys' | 'generate'>,
  make: (inputs: SerialInputs) => unknown,
): Promise<SerialInputs> {
  const inputs = { catalogue, keys: await productKeys.read() };
  if (!generate) return inputs;
  const runs = new Map<string, readonly [product: string, input: Buffer]>();
  const keyOfRun = (product: string, input: Buffer) => `${product}\n${input.toString('base64')}`;
  make({ ...inputs, answers: (...run) => void runs.set(keyOfRun(...run), run) });
  const outputs = [...runs].map(async ([key, run]) => [key, await generate(...run)] as const);
  const found = new Map(await Promise.all(outputs));
  const answers: Answers = (...run) => {
    const output = found.get(keyOfRun(...run));
    return output === undefined || output === 'late' ? undefined : readOutput(output);
  };
  return { ...inputs, answers };
}

/** Returns the event as it is recorded, with the function that makes the serials of its lines. */
export async function withSerials(
  world: Pick<World, 'catalogue' | 'provider' | 'productKeys' | 'generate'>,
  event: OrderEvent,
): Promise<NewSale | Reversed | Ignored | NewUnreadable> {
  if (event.kind === 'reversed' || event.kind === 'ignored') return event;
  const { catalogue, provider } = world;
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
  // The order as it is if this is its first event. If it is not, a program may be missed, and `redeliver` runs it.
  const first = emptyOrder(key, owner, test, 0);
  const inputs = await serialInputs(world, (some) => applySale(first, sale, judgeWith(some, provider), 0));
  const judge = judgeWith(inputs, provider);
  return { ...{ kind: 'sale', key, provider: owner, test, judge }, sale };
}

/** Decides what becomes of a line of a paid order by the catalogue and the keys. */
export const judgeWith =
  ({ catalogue, keys, answers }: SerialInputs, provider: string): Judge =>
  (line, order) => {
    const { test, buyer } = order;
    const id = line.product ?? productsOf(catalogue, provider, line.sku)[0] ?? null;
    const product = findProduct(catalogue, id);
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
      : checkFloor(floorOf(product, provider, line.sku), { ...priceOf(order, line), quantity }, test);
    if (wrongPrice) return held(wrongPrice);
    const { licensee } = name;
    const issued = makeSerial(product, key, { order, line, id, licensee, issue: 1 }, answers);
    if (issued === undefined) return { state: 'to_make', product: id, licensee };
    return typeof issued === 'string' ? held(issued) : { state: 'issued', product: id, issued };
  };

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
  { catalogue, keys, answers }: SerialInputs,
  wanted: ToMake,
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
  answers: Answers | undefined,
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

function answerOf(charset: Charset, facts: ProgramOrder, answers: Answers | undefined) {
  const input = programInput(charset, facts);
  return input ? answers?.(facts.product, input) : 'unmappable_name';
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
