/** Tests variants of the bodies of Polar: its samples, changed at named paths. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { polar } from '../../functions/providers/polar/provider.ts';
import { simulator } from '../../functions/providers/polar/simulator.ts';
import { contextWith } from '../fixtures/catalogue.ts';
import { testEach } from '../fixtures/in-words.ts';

const ORDER = 'dddddddd-0000-4000-8000-000000000001';
const context = contextWith({
  keys: [],
  now: 0,
});

/** Returns the sample with values set at dotted paths below `data`; undefined removes a value. */
function changed(file: string, type: string, changes: Record<string, unknown>): Buffer {
  const whole = JSON.parse(
    readFileSync(new URL(`../../functions/providers/polar/samples/${file}`, import.meta.url), 'utf8'),
  );
  whole.type = type;
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const holder = names.reduce((part, one) => part[one], whole.data);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  }
  return Buffer.from(JSON.stringify(whole));
}
const read = async (body: Buffer, change: Partial<Context> = {}) =>
  await polar.read({ method: 'POST', headers: {}, query: '', body }, { ...context, ...change });
const paid = (changes: Record<string, unknown>, change?: Partial<Context>) =>
  read(changed('order.paid.json', 'order.paid', changes), change);

describe('a webhook that is not a sale', () => {
  test.each(['order.created', 'order.updated', 'subscription.active', 'checkout.updated'])(
    'of the type %s yields no event',
    async (type) => {
      expect(await read(changed('order.paid.json', type, {}))).toEqual([]);
    },
  );

  test.each(['subscription_cycle', 'subscription_update', 'subscription_meter_cycle'])(
    '%s is a renewal: neither it nor its refund yields an event, at any price',
    async (billing_reason) => {
      expect(await paid({ billing_reason, total_amount: -500 })).toEqual([]);
      expect(await read(changed('order.refunded.json', 'order.refunded', { billing_reason }))).toEqual([]);
    },
  );
});

describe('a sale', () => {
  const line = { sku: 'widgetpro-mac', quantity: 1 };
  test.each([
    ['may be the first order of a subscription', { billing_reason: 'subscription_create' }, {}],
    ['counts its seats as copies', { seats: 5 }, { lines: [{ ...line, quantity: 5 }] }],
    ['counts its units as copies', { units: 3 }, { lines: [{ ...line, quantity: 3 }] }],
    [
      'uses the product ID as SKU if the product has no SKU',
      { 'product.metadata': {} },
      { lines: [{ sku: 'cccccccc-0000-4000-8000-000000000001' }] },
    ],
    ['has an empty SKU if it has no product', { product: null, product_id: null }, { lines: [{ sku: '' }] }],
    [
      'in yen has an amount without decimals',
      { currency: 'jpy', total_amount: 4900 },
      { amount: { value: '4900', currency: 'JPY' } },
    ],
    ['may be free', { total_amount: 0 }, { amount: { value: '0', currency: 'EUR' } }],
  ])('%s', async (_, changes, expected) => {
    expect(await paid(changes)).toMatchObject([{ kind: 'paid', id: ORDER, test: false, ...expected }]);
  });

  test('uses the product ID as SKU if the catalogue lists it', async () => {
    const knows = (sku: string) => sku === 'cccccccc-0000-4000-8000-000000000001';
    expect(await paid({}, { knows })).toMatchObject([
      { lines: [{ sku: 'cccccccc-0000-4000-8000-000000000001' }] },
    ]);
  });

  test.each([
    [
      'a billing name equal to the buyer’s name is not a company',
      { billing_name: 'Anna Grüber' },
      { company: undefined },
    ],
    [
      'without a billing name there is no company',
      { billing_name: null },
      { name: 'Anna Grüber', company: undefined },
    ],
    [
      'without a customer name the billing name is the name',
      { 'customer.name': null },
      { name: 'Grüber Labor KG', company: undefined },
    ],
    [
      'the names and the address may be missing',
      { 'customer.name': null, billing_name: null, 'customer.email': null },
      { name: undefined, email: undefined },
    ],
    ['the field for the licence may be missing', { custom_field_data: {} }, { registration: undefined }],
    [
      'a number in the field for the licence is ignored',
      { custom_field_data: { licensee: 7 } },
      { registration: undefined },
    ],
    ['the custom fields may be missing', { custom_field_data: undefined }, { registration: undefined }],
    ['the billing address may be missing', { billing_address: null }, { country: undefined }],
  ])('%s', async (_, changes, buyer) => {
    const [sale] = await paid(changes);
    expect(sale).toMatchObject({ kind: 'paid', buyer });
  });

  test('the catalogue’s licensee field names the field for the licence', async () => {
    const change = { licenseeField: 'name_on_licence' };
    expect(await paid({ custom_field_data: { name_on_licence: 'A. G.' } }, change)).toMatchObject([
      { buyer: { registration: 'A. G.' } },
    ]);
    // An inherited property is not a field.
    expect(await paid({}, { licenseeField: 'constructor' })).toMatchObject([
      { buyer: { registration: undefined } },
    ]);
  });

  test.each([
    ['no id', { id: undefined }],
    ['a long id', { id: 'x'.repeat(101) }],
  ])('a body with %s is refused as bad_body', async (_, changes) => {
    await expect(paid(changes)).rejects.toMatchObject({ code: 'bad_body' });
  });

  test('is a test order, and its refund too, if the catalogue sets sandbox', async () => {
    const options = { sandbox: true };
    expect(await paid({}, { options })).toMatchObject([{ test: true }]);
    for (const [file, type] of [
      ['order.refunded.json', 'order.refunded'],
      ['refund.updated.json', 'refund.created'],
    ] as const)
      expect(await read(changed(file, type, {}), { options })).toMatchObject([{ test: true }]);
  });
});

describe('a refund', () => {
  const twelve = { value: '12', currency: 'EUR' };
  const refundId = '34343434-0000-4000-8000-000000000001';
  test('of a part is partial', async () => {
    const body = changed('order.refunded.json', 'order.refunded', { status: 'partially_refunded' });
    expect(await read(body)).toMatchObject([
      { id: ORDER, reversalId: ORDER, reversal: { state: 'done', part: 'partial' } },
    ]);
  });

  test.each([
    ['refund.created', 'pending', [[refundId, 'open', twelve]]],
    ['refund.created', 'succeeded', [[refundId, 'done', twelve]]],
    ['refund.updated', 'succeeded', [[refundId, 'done', twelve]]],
    [
      'refund.updated',
      'failed',
      [
        [refundId, 'won', twelve],
        [ORDER, 'won', undefined],
      ],
    ],
    [
      'refund.updated',
      'canceled',
      [
        [refundId, 'won', twelve],
        [ORDER, 'won', undefined],
      ],
    ],
  ])('sent as %s with the status %s sets the state of the reversal', async (type, status, facts) => {
    expect(await read(changed('refund.updated.json', type, { status }))).toEqual(
      facts.map(([reversalId, state, amount]) => ({
        kind: 'reversed',
        id: ORDER,
        test: false,
        reversalId,
        reversal: { kind: 'refund', state, part: 'partial', amount, at: expect.any(String) },
      })),
    );
  });

  testEach([
    ['order.refunded.json', 'order.refunded', { status: 'unheard_of' }],
    ['refund.updated.json', 'refund.updated', { status: 'unheard_of' }],
    ['refund.updated.json', 'refund.updated', { order_id: null }],
  ])('$0 sent as $1, where $2, is refused as bad_body', async (file, type, changes) => {
    await expect(read(changed(file, type, changes))).rejects.toMatchObject({ code: 'bad_body' });
  });
});

test.each(['whsec_', 'whsec_QQ==', 'whsec_!!!!'])(
  'the key %s, which decodes to almost no bytes, accepts no signature',
  (secret) => {
    const body = readFileSync(
      new URL('../../functions/providers/polar/samples/order.paid.json', import.meta.url),
    );
    const guessed = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signature = createHmac('sha256', guessed).update('m.1795183402.').update(body).digest('base64');
    const headers = {
      'webhook-id': 'm',
      'webhook-timestamp': '1795183402',
      'webhook-signature': `v1,${signature}`,
    };
    const request = { method: 'POST', headers, query: '', body };
    expect(() => polar.verify(request, { ...context, keys: [secret], now: 1_795_183_402_000 })).toThrow(
      'no signature matches',
    );
  },
);

describe('the simulator', () => {
  const order = {
    event: 'paid',
    sku: 'w',
    name: 'Zoë Lindqvist',
    email: 'z@example.com',
    company: '',
    test: false,
    floor: 0,
  };
  const now = Date.now();
  test.each(simulator.events)('signs %s like the vendor’s library, with either kind of secret', (event) => {
    const base64 = 'ZXhhbXBsZS0zMi1ieXRlLXNlY3JldC0wMDAwMDAwMDE=';
    const legacy = 'polar_whs_example_0001';
    const cases = [
      [`whsec_${base64}`, base64],
      [legacy, Buffer.from(legacy).toString('base64')],
    ] as const;
    for (const [secret, key] of cases) {
      const { body, headers } = simulator.request({ ...order, event }, secret, {}, now);
      expect(new Webhook(key).verify(body, headers)).toMatchObject({
        type: expect.stringMatching(/^(?:order|payout)\./),
      });
    }
  });

  test('sends every field of the sample', () => {
    const { body } = simulator.request(order, 'whsec_x', {}, now);
    const sample = JSON.parse(
      readFileSync(
        new URL('../../functions/providers/polar/samples/order.paid.json', import.meta.url),
        'utf8',
      ),
    );
    const shape = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shape(part)]))
        : typeof value;
    expect(shape(JSON.parse(body))).toEqual(shape(sample));
  });

  test('sends each event with the matching content', async () => {
    const send = async (event: string, id?: string) => {
      const { body, orderId } = simulator.request(
        { ...order, event, id, company: 'L AB', floor: 50 },
        'whsec_x',
        {},
        now,
      );
      return { orderId, events: await read(Buffer.from(body)) };
    };
    const { orderId, events } = await send('paid');
    expect(events).toMatchObject([
      {
        kind: 'paid',
        id: orderId,
        amount: { value: '60' },
        buyer: {
          name: 'Zoë Lindqvist',
          email: 'z@example.com',
          company: 'L AB',
          registration: 'Zoë Lindqvist',
        },
        lines: [{ sku: 'w' }],
      },
    ]);
    expect((await send('refunded', orderId)).events).toMatchObject([
      { id: orderId, reversal: { part: 'full' } },
    ]);
    expect((await send('partly_refunded', orderId)).events).toMatchObject([
      { id: orderId, reversal: { part: 'partial' } },
    ]);
    expect((await send('renewed')).events).toMatchObject([{ kind: 'renewed', buyer: {}, lines: [] }]);
  });
});
