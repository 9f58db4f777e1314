/**
 * A month in a shop: 1,000 orders of a realistic mix on a nearly calm AWS. Counts the orders on which a person has to act
 * (*touches*) by cause, beside the orders that are lost.
 */
import { defineConfig } from '../../functions/core/catalogue/catalogue.ts';
import type { Buyer, HeldReason, OrderEvent, SoldLine } from '../../functions/core/inbound/event.ts';
import { resend } from '../../functions/core/order/manual.ts';
import { change } from '../../functions/core/order/record.ts';
import { seller, serial } from '../fixtures/catalogue.ts';
import { type Fault, memoryWorld, plain } from '../fixtures/memory.ts';
import { type Random, randomOf } from './random.ts';

/** The most touches in 1,000 orders. */
export const MOST_TOUCHES = 60;
const ORDERS = 1_000;
const MINUTE = 60_000;
const APART_MS = (30 * 24 * 60 * MINUTE) / ORDERS;

const PROVIDERS = ['paddle', 'fastspring', 'stripe', 'paypal'] as const;
const soldAs = (...skus: string[]) => Object.fromEntries(PROVIDERS.map((name) => [name, skus]));

const catalogue = defineConfig({
  seller,
  providers: Object.fromEntries(
    PROVIDERS.map((name) => [name, { testOrders: 'seller', ignore: ['support'] }]),
  ),
  products: {
    editor: {
      ...{ name: 'Editor', serial, skus: soldAs('editor', 'editor-upgrade', 'bundle') },
      licensee: ['registration', 'person', 'company'],
      floor: { EUR: '20', USD: '20', 'editor-upgrade': { EUR: '9', USD: '9' } },
    },
    /** An app of 2004, which compares bytes of windows-1252. */
    classic: {
      ...{
        name: 'Classic',
        serial: { ...serial, charset: 'windows-1252' },
        skus: soldAs('classic', 'bundle'),
      },
      licensee: ['registration', 'person', 'company'],
    },
  },
});

type Weighted<One> = readonly (readonly [weight: number, one: One])[];

function pickBy<One>(random: Random, list: Weighted<One>): One | undefined {
  let left = random.next() * list.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, one] of list) {
    left -= weight;
    if (left < 0) return one;
  }
  return undefined;
}

/** The buyer's country, name and currency: the shares of a shop in English and German. */
const BUYERS: Weighted<readonly [country: string, name: string, currency: string]> = [
  [330, ['US', 'Emily Johnson', 'USD']],
  [70, ['GB', "Siobhan O'Brien", 'GBP']],
  [215, ['DE', 'Jürgen Weiß', 'EUR']],
  [50, ['FR', 'Françoise Lefèvre', 'EUR']],
  [35, ['IT', 'Niccolò D’Angelo', 'EUR']],
  [35, ['ES', 'José Núñez', 'EUR']],
  [30, ['NL', 'Daniël van den Berg', 'EUR']],
  [30, ['CA', 'Zoë Tremblay', 'CAD']],
  [30, ['AU', 'Jack Nguyen', 'AUD']],
  [25, ['CH', 'Urs Käser', 'CHF']],
  [25, ['SE', 'Åsa Sjöström', 'SEK']],
  [20, ['BR', 'João Gonçalves', 'BRL']],
  [12, ['JP', '田中 太郎', 'JPY']],
  [12, ['JP', 'Taro Tanaka', 'JPY']],
  [14, ['PL', 'Łukasz Wiśniewski', 'PLN']],
  [9, ['CZ', 'Jiří Dvořák', 'CZK']],
  [5, ['TR', 'Ayşe Yıldız', 'TRY']],
  [6, ['CN', '王小明', 'CNY']],
  [5, ['RU', 'Дмитрий Иванов', 'USD']],
  [5, ['GR', 'Μαρία Παππά', 'EUR']],
  [5, ['VN', 'Nguyễn Thị Hồng', 'USD']],
  [10, ['IN', 'Priya Sharma', 'INR']],
  [4, ['IL', 'משה כהן', 'USD']],
  [4, ['KR', '김민준', 'KRW']],
  [5, ['ID', 'Suharto', 'IDR']],
];

const SALES: Weighted<readonly [sku: string, price: string]> = [
  [643, ['editor', '39.00']],
  [130, ['editor-upgrade', '15.00']],
  [110, ['classic', '29.00']],
  [100, ['bundle', '59.00']],
  [15, ['support', '49.00']],
  [2, ['editor-2027', '39.00']],
];

/** What a buyer gave, beside a usable name and address. */
const CHECKOUTS: Weighted<'usual' | 'company' | 'no name' | 'mistyped address' | 'bad address'> = [
  [955, 'usual'],
  [25, 'company'],
  [6, 'no name'],
  [10, 'mistyped address'],
  [4, 'bad address'],
];

/** What a buyer asks for later. A person answers each request. */
const REQUESTS: Weighted<'nothing' | 'the lost serial'> = [
  [992, 'nothing'],
  [8, 'the lost serial'],
];

interface Checkout {
  readonly provider: (typeof PROVIDERS)[number];
  readonly id: string;
  readonly buyer: Buyer;
  readonly line: SoldLine;
  readonly isBounced: boolean;
  /** True if the buyer answers a question. */
  readonly isAnswered: boolean;
}

function checkoutOf(random: Random, n: number): Checkout {
  const [country, name, currency] = pickBy(random, BUYERS) ?? ['US', 'Emily Johnson', 'USD'];
  const [sku, price] = pickBy(random, SALES) ?? ['editor', '39.00'];
  const how = pickBy(random, CHECKOUTS) ?? 'usual';
  const named = how === 'company' ? { company: `${name} Ltd` } : how === 'no name' ? {} : { name };
  const email = how === 'bad address' ? `buyer ${n}@example` : `buyer${n}@example.com`;
  // One buyer in eight has a coupon, one in 200 a coupon for the whole price.
  const off = random.chance(0.005) ? 1 : random.chance(0.125) ? 0.2 : 0;
  const value = (Number(price) * (1 - off)).toFixed(2);
  const isLocal = currency !== 'EUR' && currency !== 'USD';
  const money = isLocal ? { value: (Number(value) * 7).toFixed(2), currency } : { value, currency };
  return {
    ...{ provider: random.pick(PROVIDERS), id: `m${n}`, buyer: { ...named, email, country } },
    line: {
      ...{ sku, quantity: 1, paid: money },
      // A notification in 100 does not state what the provider pays out.
      settlement: isLocal && random.chance(0.99) ? { value, currency: 'USD' } : undefined,
    },
    isBounced: how === 'mistyped address',
    isAnswered: random.chance(0.6),
  };
}

export interface Month {
  /** Orders by cause. An order counts once. */
  readonly touches: ReadonlyMap<string, number>;
  readonly total: number;
  /** Paid orders that were neither mailed nor held. */
  readonly lost: readonly string[];
  readonly mails: number;
  /** Orders that were mailed twice without a request. */
  readonly mailedTwice: readonly string[];
}

export async function monthInAShop(seed: number): Promise<Month> {
  const random = randomOf(seed);
  const plan = new Map<number, Fault>();
  for (let call = 1; call < 20_000; call += 1)
    if (random.chance(0.001)) plan.set(call, random.pick(['error', 'throttled']));
  const world = memoryWorld(catalogue, plan);
  const checkouts = Array.from({ length: ORDERS }, (_, n) => checkoutOf(random, n));
  const asked = new Map<string, string>();
  for (const checkout of checkouts) {
    const key = await sell(world, random, checkout);
    const request = pickBy(random, REQUESTS) ?? 'nothing';
    const order = world.stored().find((one) => one.key === key);
    if (order && request !== 'nothing') {
      asked.set(key, `asks for ${request}`);
      const by = { who: 'seller', why: request };
      await change(world.ports.store, key, order, (found) => {
        const sent = found && resend(found, undefined, by, world.state.now);
        return typeof sent === 'object' ? sent : undefined;
      }).catch(() => undefined);
    }
    world.state.now += APART_MS;
    if (asked.has(key) || world.mails.length % 10 === 0) await world.redeliver();
  }
  await world.redeliver();
  return countMonth(world, checkouts, asked);
}

type World = ReturnType<typeof memoryWorld>;

/** Delivers the sale until it is stored, sometimes twice, and what SES and the provider report later. */
async function sell(world: World, random: Random, { provider, id, buyer, line, isBounced }: Checkout) {
  const key = `${provider}#${id}`;
  const sale = {
    kind: 'paid',
    id,
    test: false,
    amount: line.paid,
    buyer,
    lines: [line],
  } satisfies OrderEvent;
  const tell = async (event: OrderEvent) => {
    while (!(await world.deliver([event], plain, provider))) world.state.now += MINUTE;
  };
  await tell(sale);
  if (random.chance(0.05)) await tell(sale);
  await world.publishSendEvents(isBounced ? 'bounce' : 'send', key);
  if (random.chance(0.02)) {
    const reversal = { kind: 'refund', state: 'done', part: 'full' } as const;
    await tell({ kind: 'reversed', id, test: false, reversalId: `r-${id}`, reversal });
  }
  return key;
}

function countMonth(world: World, checkouts: readonly Checkout[], asked: ReadonlyMap<string, string>): Month {
  const touches = new Map<string, number>();
  const lost: string[] = [];
  const mailedTwice: string[] = [];
  const orders = new Map(world.orders().map((order) => [order.key, order]));
  for (const { provider, id, buyer, line, isAnswered } of checkouts) {
    const key = `${provider}#${id}`;
    const order = orders.get(key);
    if (line.sku === 'support') continue;
    const mails = world.mails.filter(({ to }) => to === buyer.email).length;
    const held = order?.held[0];
    const cause = held ? causeOf(held, isAnswered) : asked.get(key);
    if (cause) touches.set(cause, (touches.get(cause) ?? 0) + 1);
    if (!order || (order.status === 'paid' && !held && mails === 0)) lost.push(key);
    if (mails > 1 && !asked.has(key)) mailedTwice.push(key);
  }
  const total = [...touches.values()].reduce((sum, n) => sum + n, 0);
  return { touches, total, lost, mailedTwice, mails: world.mails.length };
}

/** Questions that the buyer could answer instead of the seller. */
const TO_THE_BUYER: readonly HeldReason[] = ['no_name', 'unmappable_name', 'bad_address', 'bounced'];

const causeOf = (reason: HeldReason, isAnswered: boolean): string =>
  TO_THE_BUYER.includes(reason)
    ? `${reason}, the buyer ${isAnswered ? 'would answer' : 'would not answer'}`
    : reason;

/** Prints the month. Returns true if nothing is lost and a person acts on few enough orders. */
export function printMonth(
  { touches, total, lost, mailedTwice, mails }: Month,
  print: (line: string) => void,
) {
  print(`${'orders'.padEnd(44)}${String(ORDERS).padStart(6)}`);
  print(`${'mails'.padEnd(44)}${String(mails).padStart(6)}`);
  print(`${'orders lost'.padEnd(44)}${String(lost.length).padStart(6)}`);
  print(`${'orders mailed twice'.padEnd(44)}${String(mailedTwice.length).padStart(6)}`);
  print(`${'touches'.padEnd(44)}${String(total).padStart(6)}, at most ${MOST_TOUCHES}`);
  for (const [cause, n] of [...touches].sort(([, one], [, other]) => other - one))
    print(`  ${cause.padEnd(42)}${String(n).padStart(6)}`);
  return lost.length === 0 && mailedTwice.length === 0 && total <= MOST_TOUCHES;
}
