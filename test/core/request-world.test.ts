/** The limits of one request and of one run, and what is stored of a request. */
import { describe, expect, test } from 'vitest';
import { defineConfig } from '../../functions/core/catalogue/catalogue.ts';
import type { ProviderKeys } from '../../functions/core/catalogue/keys.ts';
import { fulfil } from '../../functions/core/fulfil.ts';
import type { Provider } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { requestWorld } from '../../functions/core/request-world.ts';
import type { Store } from '../../functions/core/world.ts';
import { seller, serial } from '../fixtures/catalogue.ts';
import { memoryWorld, plain } from '../fixtures/memory.ts';

const catalogue = defineConfig({
  seller,
  providers: { plain: { testOrders: 'seller' } },
  products: { widget: { name: 'Widget', serial, skus: { plain: ['w'] } } },
});
const sale = {
  ...{ kind: 'paid', id: '1', test: false, buyer: { name: 'Zoë', email: 'zoe@example.com' } },
  lines: [{ sku: 'w', quantity: 1 }],
};
const request = { method: 'POST', headers: {}, query: '', body: Buffer.from(JSON.stringify([sale])) };

test.each([
  ['2.4 s', 2_400, 1],
  ['2.6 s', 2_600, 0],
])(
  'if the write takes %s of 4 s, the webhook sends %d mails, and redeliver the rest',
  async (_, ms, sent) => {
    const world = memoryWorld(catalogue);
    const { store } = world.ports;
    const slow: Store = {
      ...store,
      put(item, expected) {
        world.state.now += ms;
        return store.put(item, expected);
      },
    };
    const shared = { ...world.ports, store: slow };
    for await (const _claim of fulfil(requestWorld(shared, 'plain', request), plain, request));
    expect(world.mails).toHaveLength(sent);
    world.state.now += 3 * 60_000;
    await world.redeliver();
    expect(world.mails).toHaveLength(1);
  },
);

test('each call of the store may take what is left of the 4 s, and 1 s if it marks a mail', async () => {
  const world = memoryWorld(catalogue);
  const { store, mailer } = world.ports;
  const limits: number[] = [];
  const within = (ms: () => number): Store => ({
    ...store,
    put(item, expected) {
      limits.push(ms());
      return store.put(item, expected);
    },
  });
  const slow: typeof mailer = (message) => {
    world.state.now += 3_500;
    return mailer(message);
  };
  const ports = { ...world.ports, mailer: slow, store: { ...store, within } };
  for await (const _ of fulfil(requestWorld(ports, 'plain', request), plain, request));
  expect(limits).toEqual([4_000, 1_000]);
});

describe('a run of redeliver', () => {
  async function worldWith(orders: number) {
    const world = memoryWorld(catalogue);
    world.state.outcome = { kind: 'throttled', code: 'Throttling' };
    for (let n = 0; n < orders; n += 1) await world.deliver([{ ...sale, id: String(n) }]);
    world.state.outcome = undefined;
    world.state.now += 60 * 60_000;
    return world;
  }

  test('renews its lease every 30 s, and ends if another run has taken it', async () => {
    const world = await worldWith(90);
    const leases: number[] = [];
    await world.redeliver({
      rate: async () => 1,
      async hold(now, until) {
        leases.push(until - now);
        return leases.length < 3;
      },
    });
    expect(leases).toEqual([120_000, 120_000, 120_000]);
    expect(world.mails.length).toBeGreaterThan(50);
    expect(world.mails.length).toBeLessThan(70);
  });

  test('ends after every mail is marked as sent', async () => {
    const world = await worldWith(1);
    world.state.meanwhile = () => new Promise((resolve) => setImmediate(resolve));
    await world.redeliver();
    expect(world.stored()[0]?.sends.at(-1)?.state).toBe('accepted');
  });
});

test('a request that no known key has signed is verified with the newer key too', async () => {
  const world = memoryWorld(catalogue);
  const keys = (signing: string): ProviderKeys => ({ plain: { signing: [signing] } });
  const shared = {
    ...world.ports,
    providerKeys: { read: async () => keys('old'), newer: async () => keys('new') },
  };
  const signed: Provider = {
    ...plain,
    verify({ headers }, context) {
      if (!context.keys.includes(headers.signature ?? '')) throw new Rejection('bad_signature', 'forged');
    },
  };
  const deliver = async (signature: string) => {
    const one = { ...request, headers: { signature } };
    for await (const _ of fulfil(requestWorld(shared, 'plain', one), signed, one));
  };
  await expect(deliver('forged')).rejects.toThrow('forged');
  expect(world.items.size).toBe(0);
  await deliver('new');
  expect(world.mails).toHaveLength(1);
});

test('a held request is stored without the proof of its sender', async () => {
  const world = memoryWorld(catalogue);
  const kept = { 'content-type': 'text/plain', 'user-agent': 'Provider/1.0' };
  const proof = [
    ...['authorization', 'cookie', 'x-webhook-secret', 'x-api-token', 'x-api-key', 'stripe-signature'],
    ...['x-shopify-hmac-sha256', 'x-body-hash', 'x-forwarded-for'],
  ];
  const broken = {
    ...{ method: 'POST', query: 'shop=1&key=secret', body: Buffer.from('no JSON') },
    headers: { ...kept, ...Object.fromEntries(proof.map((name) => [name, 'proof'])), 'x-custom': 'secret' },
  };
  for await (const _ of fulfil(requestWorld(world.ports, 'plain', broken), plain, broken));
  expect(world.orders()).toMatchObject([{ raw: { headers: kept, query: 'shop=1' } }]);
  expect(Object.keys(world.orders()[0]?.raw?.headers ?? {})).toEqual(Object.keys(kept));
});

test('a request that can be parsed is not held because the table does not answer', async () => {
  const world = memoryWorld(catalogue, new Map([[1, 'error']]));
  const unnamed: Provider = {
    ...plain,
    idIn() {
      throw new Rejection('bad_body', 'the request has no ID');
    },
  };
  expect(await world.deliver([sale], unnamed)).toBe(false);
  expect(world.items.size).toBe(0);
  expect(await world.deliver([sale], unnamed)).toBe(true);
  expect(world.orders()).toMatchObject([{ key: 'plain#1', status: 'paid' }]);
});
