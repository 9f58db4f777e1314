/**
 * A day of lost notifications at each provider whose API lists orders: of 100 (or 1,000) orders 30 % were lost and 5 % were
 * refunded meanwhile. The API is called over HTTP. It is busy now and then, and the first run dies in the middle.
 */
import { describe, expect, test } from 'vitest';
import { ask } from '../../functions/aws/ask.ts';
import { productKeys, providerKeys } from '../../functions/core/catalogue/keys.ts';
import { fulfil } from '../../functions/core/fulfil.ts';
import type { Provider } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { orderAt } from '../../functions/core/order/change.ts';
import { statusOf } from '../../functions/core/order/due.ts';
import { type Item, keyOf, type Order } from '../../functions/core/order/types.ts';
import { reconcile } from '../../functions/core/reconcile.ts';
import { requestWorld } from '../../functions/core/request-world.ts';
import type { Ports, Store } from '../../functions/core/world.ts';
import { providers } from '../../functions/providers/index.ts';
import { loadSimulator } from '../../functions/providers/simulate.ts';
import { answerOrders, type SoldOrder } from '../../functions/providers/simulator.ts';
import demo from '../../local/demo-shop.ts';
import { isProve } from '../fixtures/prove.ts';
import { startServer } from '../local/server.ts';

const NOW = Date.parse('2027-01-02T00:00:00Z');
const DAY_MS = 24 * 3_600_000;
/** `npm run prove` plays all of them. */
const ORDERS = isProve ? 1_000 : 100;
const DIES_AFTER = ORDERS * 0.42;
const isLost = (n: number) => n % 10 < 3;
const isRefunded = (n: number) => n % 20 === 7 || n % 20 === 1;

function memoryStore(): Store & { readonly items: ReadonlyMap<string, Item> } {
  const items = new Map<string, Item>();
  const versionOf = (item: Item | undefined) => (item && 'version' in item ? item.version : undefined);
  return {
    items,
    get: async (key) => items.get(key),
    async put(item, expected) {
      const stored = items.get(item.key);
      if (stored && versionOf(stored) !== expected) return stored;
      items.set(item.key, item);
      return undefined;
    },
  };
}

function portsFor(name: string, signing: readonly string[], url: string, store: Store) {
  const mails: string[] = [];
  const fixed = <Value>(value: Value) => ({ read: async () => value, newer: async () => undefined });
  const ports: Ports = {
    catalogue: demo,
    now: () => NOW,
    ask,
    report: () => undefined,
    productKeys: fixed(productKeys({ 'widgetpro-mac': [{ version: 1, key: '1234567890123456' }] })),
    providerKeys: fixed(providerKeys({ [name]: { signing, api: { key: 'user:secret', url } } })),
    mailer: async ({ to }) => {
      mails.push(to);
      return { kind: 'sent', messageId: String(mails.length) };
    },
    store,
  };
  return { ports, mails };
}

/** The webhook's half of the comparison. Its signature is not the subject of this test. */
async function deliver(ports: Ports, provider: Provider, body: string, headers: Record<string, string>) {
  const request = { method: 'POST', headers, query: '', body: Buffer.from(body) };
  const trusting = { ...provider, verify: () => undefined };
  for await (const _ of fulfil(requestWorld(ports, provider.name, request), trusting, request));
}

const sellers = Object.values(providers).filter(({ paid }) => paid);

test('twelve providers list their orders', () => {
  expect(sellers.map(({ name }) => name).sort()).toEqual([
    ...[
      '2checkout',
      'dodo',
      'fastspring',
      'freemius',
      'gumroad',
      'lemonsqueezy',
      'paddle',
      'paypal',
      'polar',
    ],
    ...['shopify', 'stripe', 'woocommerce'],
  ]);
});

describe.each(sellers)('$name', (provider) => {
  test('each order is correct and processed exactly once', { timeout: 120_000 }, async () => {
    const { name } = provider;
    const simulator = await loadSimulator(name);
    const signing = simulator?.demoKeys?.signing ?? [];
    const sku = demo.products['widgetpro-mac']?.skus[name]?.[0] ?? '';
    const options = demo.providers[name]?.options ?? {};
    const make = (event: string, n: number, id?: string) => {
      const [buyer, email] = [`Zoë Example${n}`, `zoe${n}@example.com`];
      const order = { event, id, sku, name: buyer, email, company: '', test: false, floor: 39 };
      const made = simulator?.request(order, signing[0] ?? '', options, NOW - DAY_MS + n * 1_000);
      if (!made) throw new Error(`found no simulator of ${name}; write one`);
      return made;
    };
    const requests = Array.from({ length: ORDERS }, (_, n) => {
      const paid = make('paid', n);
      return { paid, refunded: isRefunded(n) ? make('refunded', n, paid.orderId) : undefined };
    });
    const sold: SoldOrder[] = requests.map(({ paid, refunded }) => ({
      ...{ id: paid.orderId, paid: paid.body, before: paid.before?.body, refunded: refunded?.body },
    }));

    let calls = 0;
    const api = await startServer((request, response) => {
      calls += 1;
      const isBusy = calls % 7 === 3;
      const { method = 'GET', url = '', headers } = request;
      const answer = simulator && answerOrders(simulator, sold, { method, path: url, headers });
      if (isBusy) response.writeHead(429, { 'retry-after': '2' }).end();
      else response.writeHead(answer?.status ?? 404, { 'content-type': answer?.type }).end(answer?.body);
    });
    try {
      const store = memoryStore();
      const { ports, mails } = portsFor(name, signing, api.url, store);
      // A provider repeats a notification that was answered with 503; here the call is repeated.
      const patientAsk: Ports['ask'] = (url, init) =>
        ask(url, init).catch((error: unknown) => {
          if (error instanceof Rejection && error.code === 'provider_unavailable') return ask(url, init);
          throw error;
        });
      const webhook = { ...ports, ask: patientAsk };
      for (const [n, { paid }] of requests.entries()) {
        if (isLost(n)) continue;
        if (paid.before) await deliver(webhook, provider, paid.before.body, paid.before.headers);
        await deliver(webhook, provider, paid.body, paid.headers);
      }
      const before = mails.length;
      expect(before).toBe(requests.filter((_, n) => !isLost(n)).length);

      const waits: number[] = [];
      const run = { since: NOW - 3 * DAY_MS, job: name, sleep: async (ms: number) => void waits.push(ms) };
      let first = 0;
      for await (const { seen } of reconcile(ports, name, provider, run)) {
        first = seen;
        if (seen === DIES_AFTER) break;
      }
      let second = 0;
      for await (const { seen } of reconcile(ports, name, provider, run)) second = seen;
      expect(first).toBe(DIES_AFTER);
      expect(second).toBeLessThan(ORDERS * 1.2);
      expect(new Set(waits)).toEqual(new Set([2_000]));

      const wrong: unknown[] = [];
      for (const [n, { id }] of sold.entries()) {
        const order = await orderAt(store, keyOf(name, false, id));
        const found = order && { status: statusOf(order), buyer: order.buyer.name, email: order.buyer.email };
        const expected = { buyer: `Zoë Example${n}`, email: `zoe${n}@example.com` };
        const serial = order?.lines.every(
          ({ state, product }) => product === 'widgetpro-mac' && state !== 'held',
        );
        const isRight =
          found?.buyer === expected.buyer &&
          found.email === expected.email &&
          serial === true &&
          order?.lines.length === 1 &&
          found.status === (isRefunded(n) ? 'refunded' : 'paid');
        if (!isRight) wrong.push({ n, ...found, lines: order?.lines });
      }
      expect(wrong.slice(0, 3)).toEqual([]);
      // A lost order that was refunded gets no mail, and each of the others exactly one.
      const late = sold.filter((_, n) => isLost(n) && !isRefunded(n)).length;
      expect(mails.length - before).toBe(late);
      expect(new Set(mails).size).toBe(mails.length);

      const again: number[] = [];
      for await (const { missing } of reconcile(ports, name, provider, run)) again.push(missing);
      expect(again.at(-1)).toBe(0);

      await expectPair(provider, requests[0]?.paid, store, webhook);
    } finally {
      await api.stop();
    }
  });
});

/** The order that reconcile has made equals the one that the webhook makes of the notification. */
async function expectPair(
  provider: Provider,
  paid: { orderId: string; body: string; headers: Readonly<Record<string, string>> } | undefined,
  store: Store,
  ports: Ports,
) {
  if (!paid) throw new Error('found no order to compare; make one');
  const other = memoryStore();
  await deliver({ ...ports, store: other }, provider, paid.body, { ...paid.headers });
  const key = keyOf(provider.name, false, paid.orderId);
  expect(factsOf(await orderAt(store, key))).toEqual(factsOf(await orderAt(other, key)));
}

const factsOf = (order: Order | undefined) =>
  order && {
    key: order.key,
    aliases: order.aliases,
    buyer: order.buyer,
    amount: order.amount,
    lines: order.lines,
  };
