/** Tests variants of the bodies of Lemon Squeezy: its samples, changed at named paths. */
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import type { WebhookRequest } from '../../functions/core/inbound/request.ts';
import { lemonsqueezy } from '../../functions/providers/lemonsqueezy/provider.ts';
import { lemonsqueezySignature, simulator } from '../../functions/providers/lemonsqueezy/simulator.ts';
import { contextWith, decrypt } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { changed, sampleOf, shapeOf } from '../fixtures/sample.ts';

const SECRET = 'example-ls-secret';
const context = contextWith({
  keys: [SECRET],
  now: Date.parse('2026-11-20T14:03:24Z'),
});
const api = { key: 'eyJexample', url: 'https://api.lemonsqueezy.example' };
const webhook = (body: Buffer): WebhookRequest => ({
  method: 'POST',
  headers: { 'x-signature': lemonsqueezySignature(SECRET, body.toString()) },
  query: '',
  body,
});
const read = async (body: Buffer, change: Partial<Context> = {}) => {
  const request = webhook(body);
  await lemonsqueezy.verify(request, { ...context, ...change });
  return await lemonsqueezy.read(request, { ...context, ...change });
};
const order = (changes: Readonly<Record<string, unknown>>, file = 'order_created') =>
  changed(
    `lemonsqueezy/${file}.json`,
    Object.fromEntries(
      Object.entries(changes).map(([path, value]) => [
        path.startsWith('meta') || path === 'data.id' ? path : `data.attributes.${path}`,
        value,
      ]),
    ),
  );

describe('an order', () => {
  test.each([
    ['an order that is not paid yet', { status: 'pending' }],
    ['an order whose payment failed', { status: 'failed' }],
    ['a fraudulent order', { status: 'fraudulent' }],
    ['a failed renewal', { 'meta.event_name': 'subscription_payment_failed' }],
  ])('%s yields no event', async (_, changes) => {
    expect(await read(order(changes))).toEqual([]);
  });

  test.each([
    ['in test mode is a test order', { test_mode: true }, { test: true }],
    ['is a test order if only the envelope says so', { 'meta.test_mode': true }, { test: true }],
    ['without a mode in the envelope is a live order', { 'meta.test_mode': undefined }, { test: false }],
    ['may have no custom data', { 'meta.custom_data': undefined }, { buyer: { registration: undefined } }],
    [
      'may have an empty list as custom data',
      { 'meta.custom_data': [] },
      { buyer: { registration: undefined } },
    ],
    ['may have no name', { user_name: null }, { buyer: { name: undefined } }],
    ['may be free', { total: 0, discount_total: 3840 }, { amount: { value: '0', currency: 'GBP' } }],
    [
      'has the quantity of its first item',
      { 'first_order_item.quantity': 3 },
      { lines: [{ sku: '300301', quantity: 3 }] },
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await read(order(changes))).toMatchObject([{ kind: 'paid', id: '5100001', ...expected }]);
  });

  test('uses the variant ID as SKU if the catalogue lists it', async () => {
    const knows = (sku: string) => sku === '400401';
    expect(await read(order({}), { knows })).toMatchObject([{ lines: [{ sku: '400401' }] }]);
  });

  test('the catalogue’s licensee field names the field for the licence', async () => {
    expect(await read(order({}), { licenseeField: 'campaign' })).toMatchObject([
      { buyer: { registration: 'launch' } },
    ]);
  });

  test.each([
    ['refunded', { status: 'refunded', refunded: true, refunded_amount: 3840 }, 'full'],
    ['refunded in part', { status: 'partial_refund', refunded_amount: 1000 }, 'partial'],
  ])('sent again after it was %s reports the refund before the payment', async (_, changes, part) => {
    expect(await read(order(changes))).toMatchObject([
      { kind: 'reversed', reversal: { part } },
      { kind: 'paid', lines: [{ sku: '300301' }] },
    ]);
  });

  test.each([
    ['data.attributes.status', { status: 'reimagined' }],
    ['data.id', { 'data.id': '../1' }],
  ])('with a malformed field %s is refused as bad_body', async (path, changes) => {
    await expect(read(order(changes))).rejects.toThrow(
      new Rejection('bad_body', `not as documented at ${path.replace('data.', '')}`),
    );
  });
});

const money = (value: string, currency: string) => ({ value, currency });

describe('the items of an order', () => {
  const item = (product_id: number, variant_id: number, price?: number, quantity = 1) => ({
    type: 'order-items',
    id: String(product_id),
    attributes: { order_id: 5100001, product_id, variant_id, price, quantity },
  });

  test.each([
    [
      'in proportion to their prices',
      [2000, 600],
      [money('24', 'GBP'), money('14.40', 'GBP')],
      ['31.16875', '18.70125'],
    ],
    ['only if each has a price', [2000, undefined], [undefined, undefined], [undefined, undefined]],
    ['only if one is not free', [0, 0], [undefined, undefined], [undefined, undefined]],
  ])('share the total %s', async (_, [first, second], paid, settlement) => {
    const data = [item(300301, 400401, first), item(300302, 400402, second, 2)];
    const events = await read(order({}), { api, ask: async () => JSON.stringify({ data }) });
    expect(events).toMatchObject([
      {
        lines: paid.map((one, at) => ({
          paid: one,
          settlement: settlement[at] && money(settlement[at], 'USD'),
        })),
      },
    ]);
  });

  test('are fetched if there is an API key', async () => {
    const calls: unknown[] = [];
    const ask: Context['ask'] = async (url, init) => {
      calls.push([url, init?.headers]);
      return JSON.stringify({ data: [item(300301, 400401), item(300302, 400402)] });
    };
    expect(await read(order({}), { api, ask })).toMatchObject([
      {
        lines: [
          { sku: '300301', quantity: 1 },
          { sku: '300302', quantity: 1 },
        ],
      },
    ]);
    expect(calls).toEqual([
      [
        'https://api.lemonsqueezy.example/v1/orders/5100001/order-items?page[size]=100',
        { accept: 'application/vnd.api+json', authorization: 'Bearer eyJexample' },
      ],
    ]);
  });

  test('cost the total of the order if there is only one', async () => {
    const ask = async () => JSON.stringify({ data: [item(300301, 400401)] });
    expect(await read(order({}), { api, ask })).toMatchObject([
      { lines: [{ sku: '300301', paid: { value: '38.40', currency: 'GBP' } }] },
    ]);
  });

  test('may be refused by the API: the first item is mailed and the rest is held', async () => {
    const ask = () => Promise.reject(new Rejection('provider_refused', 'the API answered 401'));
    expect(await read(order({}), { api, ask })).toMatchObject([
      {
        lines: [
          { sku: '300301', paid: { value: '38.40', currency: 'GBP' } },
          { sku: '', held: 'unknown_product' },
        ],
      },
    ]);
  });

  test('are retried if the API does not answer', async () => {
    const down = new Rejection('provider_unavailable', 'the API answered 500');
    await expect(read(order({}), { api, ask: () => Promise.reject(down) })).rejects.toBe(down);
  });
});

describe('a refund', () => {
  test.each([
    ['of the total is full', {}, 'full'],
    ['of the total without an amount is full', { refunded_amount: undefined }, 'full'],
    [
      'of less than the total is partial',
      { refunded: false, status: 'partial_refund', refunded_amount: 1000 },
      'partial',
    ],
    [
      'in parts that reach the total is full',
      { refunded: false, status: 'partial_refund', refunded_amount: 3840 },
      'full',
    ],
    ['without an amount is partial', { refunded: false, refunded_amount: undefined }, 'partial'],
  ])('%s', async (_, changes, part) => {
    expect(await read(order(changes, 'order_refunded'))).toEqual([
      {
        kind: 'reversed',
        id: '5100001',
        test: false,
        reversalId: '5100001',
        reversal: { kind: 'refund', state: 'done', part },
      },
    ]);
  });
});

describe('the deliveries of an order', () => {
  const selling = { skus: ['300301'], signing: [SECRET] };
  const sale = webhook(sampleOf('lemonsqueezy/order_created.json'));
  const refund = webhook(sampleOf('lemonsqueezy/order_refunded.json'));

  test('repeated give one order and one mail', async () => {
    const shop = deliveriesOf('lemonsqueezy', lemonsqueezy, selling);
    for (let time = 0; time < 4; time += 1) expect(await shop.post(sale)).toEqual({ status: 200, body: '' });
    expect(shop.mails).toHaveLength(1);
    expect(shop.orders()).toMatchObject([{ key: 'lemonsqueezy#5100001', status: 'paid' }]);
    expect(decrypt(shop.orders()[0]?.lines[0]?.serial ?? '')).toBe("Siobhán O'Brien");
    for (let time = 0; time < 4; time += 1) await shop.post(refund);
    expect(shop.orders()).toMatchObject([{ status: 'refunded' }]);
  });

  test('that start with the refund send no mail', async () => {
    const shop = deliveriesOf('lemonsqueezy', lemonsqueezy, selling);
    for (const request of [refund, sale]) await shop.post(request);
    expect(shop.mails).toEqual([]);
    expect(shop.orders()).toMatchObject([{ status: 'refunded' }]);
  });
});

describe('the simulator', () => {
  const testOrder = {
    event: 'paid',
    sku: '300301',
    name: 'Zoë Lindqvist',
    email: 'zoe@example.com',
    company: '',
    test: false,
    floor: 0,
  };
  const simulated = (change: object) =>
    Buffer.from(simulator.request({ ...testOrder, ...change }, SECRET, {}, context.now).body);

  test('signs like RFC 4231', () => {
    expect(lemonsqueezySignature('Jefe', 'what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  test.each([
    ['paid', { kind: 'paid', test: false, buyer: { name: testOrder.name }, lines: [{ sku: '300301' }] }],
    ['refunded', { kind: 'reversed', reversal: { part: 'full' } }],
    ['partly_refunded', { kind: 'reversed', reversal: { part: 'partial' } }],
  ])('sends %s with the matching event', async (event, expected) => {
    expect(simulator.events).toContain(event);
    expect(await read(simulated({ event, id: '77' }))).toMatchObject([{ id: '77', ...expected }]);
    expect(await read(simulated({ event, test: true }))).toMatchObject([{ test: true }]);
  });

  test('sends every field of the sample', () => {
    const shape = (body: Buffer) => shapeOf(JSON.parse(body.toString()));
    const sample = order({ 'meta.custom_data': { campaign: 'launch' } });
    expect(shape(simulated({}))).toEqual(shape(sample));
  });
});
