/**
 * A month in a shop with buyers' pages: 1,000 orders of a realistic mix on a nearly calm AWS. Counts the orders on which the
 * seller has to act (*touches*) by cause, beside the orders that are lost.
 */
import { defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import type { Buyer, OrderEvent, SoldLine } from '../../../functions/core/inbound/event.ts';
import { lacksName } from '../../../functions/core/order/due.ts';
import { seller, serial } from '../../fixtures/catalogue.ts';
import { type Fault, plain } from '../../fixtures/memory.ts';
import { linkIn, pagesWorld } from '../../fixtures/pages.ts';
import { type Random, randomOf } from '../world/random.ts';

/** The most touches in 1,000 orders. */
export const MOST_TOUCHES = 20;
const ORDERS = 1_000;
const MINUTE = 60_000;
/** The orders between two runs of `redeliver`, after which the buyers answer. */
const ROUND = 20;
const APART_MS = (30 * 24 * 60 * MINUTE) / ORDERS;

const PROVIDERS = ['paddle', 'fastspring', 'stripe', 'paypal'] as const;
const soldAs = (...skus: string[]) => Object.fromEntries(PROVIDERS.map((name) => [name, skus]));

const catalogue = defineConfig({
  seller,
  pages: {},
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

/** What a buyer asks for later, on the pages. */
const REQUESTS: Weighted<'nothing' | 'the lost serial'> = [
  [992, 'nothing'],
  [8, 'the lost serial'],
];

/** How a buyer helps whose order is held for the name: by the mail, later by asking for lost serials, or never. */
const HELPS = [
  [60, 'at once'],
  [30, 'later'],
  [10, 'never'],
] as const;

interface Checkout {
  readonly provider: (typeof PROVIDERS)[number];
  readonly id: string;
  readonly buyer: Buyer;
  readonly line: SoldLine;
  readonly isBounced: boolean;
  /** The name and the address that the buyer types if a page asks for it. */
  readonly name: string;
  readonly address: string;
  readonly helps: (typeof HELPS)[number][1];
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
    ...{ provider: random.pick(PROVIDERS), id: `txn_${String(n).padStart(26, '0')}` },
    buyer: { ...named, email, country },
    line: {
      ...{ sku, quantity: 1, paid: money },
      // A notification in 100 does not state what the provider pays out.
      settlement: isLocal && random.chance(0.99) ? { value, currency: 'USD' } : undefined,
    },
    isBounced: how === 'mistyped address',
    ...{ name, address: `right${n}@example.com`, helps: pickBy(random, HELPS) ?? 'never' },
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
  const world = pagesWorld(catalogue, plan);
  const checkouts = Array.from({ length: ORDERS }, (_, n) => checkoutOf(random, n));
  const asked = new Set<string>();
  for (const [n, checkout] of checkouts.entries()) {
    await sell(world, random, checkout);
    await seeOrder(world, checkout);
    const { email = '' } = checkout.buyer;
    if (pickBy(random, REQUESTS) === 'the lost serial') {
      asked.add(email);
      await visit(world, '/licences', { address: email });
    }
    world.state.now += APART_MS;
    if (n % ROUND !== ROUND - 1) continue;
    await world.redeliver();
    for (const one of checkouts.slice(n + 1 - ROUND, n + 1)) await giveName(world, one, asked);
  }
  await world.redeliver();
  return countMonth(world, checkouts, asked);
}

type World = ReturnType<typeof pagesWorld>;

/** A buyer whose page fails opens it again. */
const visit = (world: World, path: string, fields: Readonly<Record<string, string>>) =>
  world.page(path, fields).catch(() => world.page(path, fields));

/**
 * The buyer types the name on the page that a mail links to, then a spelling that the app can represent. Every mail with a
 * serial links to the page that sends such a link.
 */
async function giveName(
  world: World,
  { provider, id, buyer, name, helps }: Checkout,
  asked: Set<string>,
): Promise<void> {
  const order = world.items.get(`${provider}#${id}`);
  const { email = '' } = buyer;
  if (helps === 'never' || order?.kind !== 'order' || !lacksName(order)) return;
  const link = () => linkIn(world.mailsTo(email).at(-1)).url;
  if (helps === 'later' || !link().includes('/name/')) {
    asked.add(email);
    await visit(world, '/licences', { address: email });
    await world.redeliver();
  }
  if (!link().includes('/name/')) return;
  const { status, body } = await visit(world, link(), { name });
  const near = /This spelling is possible: ([^<]+)/.exec(body)?.[1];
  if (status === 400) await visit(world, link(), { name: near ?? 'Taro Tanaka' });
}

/** Paddle and Stripe redirect the buyer to the page of the order, which says if no mail arrives. */
async function seeOrder(world: World, { provider, id, address, helps }: Checkout): Promise<void> {
  if (provider !== 'paddle' && provider !== 'stripe') return;
  const path = `/licences/order/${provider}/${provider === 'stripe' ? `cs_live_${id}` : id}`;
  const { body } = await visit(world, path, {});
  if (helps !== 'never' && body.includes('No mail reaches')) await visit(world, path, { address });
}

/** Delivers the sale until it is stored, sometimes twice, and what SES and the provider report later. */
async function sell(world: World, random: Random, { provider, id, buyer, line, isBounced }: Checkout) {
  const key = `${provider}#${id}`;
  const sale = {
    kind: 'paid',
    id,
    aliases: [`cs_live_${id}`],
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
}

function countMonth(world: World, checkouts: readonly Checkout[], asked: ReadonlySet<string>): Month {
  const touches = new Map<string, number>();
  const lost: string[] = [];
  const mailedTwice: string[] = [];
  const orders = new Map(world.orders().map((order) => [order.key, order]));
  for (const { provider, id, buyer, line } of checkouts) {
    const key = `${provider}#${id}`;
    const order = orders.get(key);
    if (line.sku === 'support') continue;
    const made = order?.lines.flatMap(({ serial }) => serial ?? []) ?? [];
    const mails = world.mailsTo(order?.buyer.email ?? '');
    const serials = Math.max(0, ...made.map((one) => mails.filter(({ text }) => text.includes(one)).length));
    const held = order?.held[0];
    if (held) touches.set(held, (touches.get(held) ?? 0) + 1);
    if (!order || (order.status === 'paid' && !held && serials === 0)) lost.push(key);
    if (serials > (asked.has(buyer.email ?? '') ? 2 : 1)) mailedTwice.push(key);
  }
  const total = [...touches.values()].reduce((sum, n) => sum + n, 0);
  return { touches, total, lost, mailedTwice, mails: world.mails.length };
}

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
