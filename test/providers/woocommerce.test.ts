/** Tests variants of the bodies of WooCommerce: its sample, changed at named paths. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { woocommerce } from '../../functions/providers/woocommerce/provider.ts';
import { simulator } from '../../functions/providers/woocommerce/simulator.ts';
import { contextWith } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';

const context = contextWith({
  keys: ['secret'],
  now: 0,
  licenseeField: '_license_name',
});
const sample = (name: string) =>
  JSON.parse(
    readFileSync(
      new URL(`../../functions/providers/woocommerce/samples/${name}.json`, import.meta.url),
      'utf8',
    ),
  );

/** Returns the sample with values set at dotted paths; undefined removes a value. */
function changed(changes: Record<string, unknown>): Buffer {
  const whole = sample('order.updated.completed');
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const holder = names.reduce((part, one) => part[one], whole);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  }
  return Buffer.from(JSON.stringify(whole));
}
const read = async (
  changes: Record<string, unknown>,
  change: Partial<Context> = {},
  topic = 'order.updated',
) =>
  await woocommerce.read(
    { method: 'POST', headers: { 'x-wc-webhook-topic': topic }, query: '', body: changed(changes) },
    { ...context, ...change },
  );

describe('the ping', () => {
  const answerTo = async (body: string, headers: Record<string, string> = {}) => {
    const request = { method: 'POST', headers, query: '', body: Buffer.from(body) };
    try {
      await woocommerce.verify(request, context);
      return await woocommerce.read(request, context);
    } catch (error) {
      return error instanceof Rejection ? error.code : error;
    }
  };

  test('is accepted and yields no event', async () => {
    expect(await answerTo('webhook_id=5', { 'content-type': 'application/x-www-form-urlencoded' })).toEqual(
      [],
    );
  });

  test('yields no event even with the topic of an order', async () => {
    expect(await answerTo('webhook_id=5', { 'x-wc-webhook-topic': 'order.updated' })).toEqual([]);
  });

  test.each([
    ['that is empty', '', 'no_signature'],
    ['without an ID', 'webhook_id=', 'no_signature'],
    ['with another field', 'webhook_id=5&status=completed', 'no_signature'],
    ['with a second line', 'webhook_id=5\n{}', 'no_signature'],
    ['with an ID of 50 digits', `webhook_id=${'5'.repeat(50)}`, 'no_signature'],
    ['in JSON', '{"id":727}', 'no_signature'],
  ])('a body %s is not a ping and needs a signature', async (_, body, code) => {
    expect(await answerTo(body, { 'x-wc-webhook-topic': 'order.updated' })).toBe(code);
  });

  test('with a signature is checked like an order', async () => {
    expect(await answerTo('webhook_id=5', { 'x-wc-webhook-signature': 'AAAA' })).toBe('bad_signature');
  });
});

describe('a webhook that is not a sale', () => {
  test.each(['order.deleted', 'product.updated', 'customer.created', 'action.woocommerce_x', ''])(
    'of the topic "%s" yields no event',
    async (topic) => {
      expect(await read({}, {}, topic)).toEqual([]);
    },
  );

  test.each([
    ['pending', { status: 'pending' }],
    ['on hold', { status: 'on-hold' }],
    ['cancelled', { status: 'cancelled' }],
    ['of a status that a plugin defines', { status: 'shipped' }],
    ['to be paid on delivery', { status: 'processing', date_paid_gmt: null }],
  ])('with an order that is %s yields no event', async (_, changes) => {
    expect(await read(changes)).toEqual([]);
  });
});

describe('a sale', () => {
  test.each(['order.created', 'order.updated', 'order.restored'])(
    'arrives under the topic %s',
    async (topic) => {
      expect(await read({}, {}, topic)).toMatchObject([{ kind: 'paid', id: '727' }]);
    },
  );

  const [line] = sample('order.updated.completed').line_items;
  const eur = (value: string) => ({ value, currency: 'EUR' });
  test.each([
    ['may be processing', { status: 'processing' }, {}],
    ['has its ID even if its number differs', { number: 'A-7' }, {}],
    [
      'uses the variation ID if there is no SKU',
      { 'line_items.0.sku': '', 'line_items.0.variation_id': 94 },
      { lines: [{ sku: '94' }] },
    ],
    [
      'uses the product ID if there is no SKU and no variation',
      { 'line_items.0.sku': '' },
      { lines: [{ sku: '93' }] },
    ],
    [
      'has an empty SKU if there is no ID',
      { 'line_items.0.sku': '', 'line_items.0.product_id': 0 },
      { lines: [{ sku: '' }] },
    ],
    [
      'has its quantity and total',
      { 'line_items.0.quantity': 3 },
      { lines: [{ quantity: 3, paid: eur('47.97') }] },
    ],
    ['may have no company', { 'billing.company': '' }, { buyer: { company: undefined } }],
    ['may have only a last name', { 'billing.first_name': '' }, { buyer: { name: 'Wójcik' } }],
    [
      'has the shipping name if there is no billing name',
      { 'billing.first_name': '', 'billing.last_name': '' },
      { buyer: { name: 'Łukasz Wójcik' } },
    ],
    [
      'may have no name',
      { 'billing.first_name': '', 'billing.last_name': '', shipping: [] },
      { buyer: { name: undefined } },
    ],
    [
      'has the name for the licence in the order’s metadata',
      {},
      { buyer: { registration: 'Łukasz Wójcik' } },
    ],
    [
      'has the name for the licence in the line’s metadata',
      { meta_data: [], 'line_items.0.meta_data': [{ id: 1, key: '_license_name', value: 'X. Y.' }] },
      { buyer: { registration: 'X. Y.' } },
    ],
    [
      'ignores a name for the licence that is not text',
      { meta_data: [{ id: 1, key: '_license_name', value: { name: 'X' } }] },
      { buyer: { registration: undefined } },
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await read(changes)).toMatchObject([{ kind: 'paid', id: '727', test: false, ...expected }]);
  });

  test('has its payment time in UTC, whatever the local time zone', async () => {
    const { TZ } = process.env;
    process.env.TZ = 'America/New_York';
    try {
      expect(await read({})).toMatchObject([{ placedAt: '2026-11-20T14:03:18.000Z' }]);
    } finally {
      if (TZ === undefined) delete process.env.TZ;
      else process.env.TZ = TZ;
    }
  });

  test('uses the product ID as SKU if the catalogue lists it', async () => {
    expect(await read({}, { knows: (sku) => sku === '93' })).toMatchObject([{ lines: [{ sku: '93' }] }]);
  });

  test('with two names for the licence is held', async () => {
    const named = (value: string) => ({ ...line, meta_data: [{ id: 1, key: '_license_name', value }] });
    expect(
      await read({ meta_data: [], line_items: [named('A'), { ...named('B'), sku: 'B' }] }),
    ).toMatchObject([
      { buyer: { registration: undefined }, lines: [{ held: 'no_name' }, { sku: 'B', held: 'no_name' }] },
    ]);
  });

  test('is a test order, and its refund too, if the catalogue sets sandbox', async () => {
    const refunds = [{ id: 1, reason: '', total: '-1.00' }];
    expect(await read({ refunds }, { options: { sandbox: true } })).toMatchObject([
      { test: true },
      { test: true },
    ]);
  });

  const second = { ...line, id: 316, sku: 'HOURS', quantity: 1.5 };
  test.each<[string, Record<string, unknown>, object]>([
    [
      'with a line of 1.5 copies has that line held',
      { line_items: [line, second] },
      {
        lines: [
          { sku: 'WP-WIN-3', held: undefined },
          { sku: 'HOURS', held: 'bad_body' },
        ],
      },
    ],
    ...[0, -1, 10_001, '1.5', null].map((quantity): [string, Record<string, unknown>, object] => [
      `with a line of ${JSON.stringify(quantity)} copies has that line held`,
      { 'line_items.0.quantity': quantity },
      { lines: [{ sku: 'WP-WIN-3', held: 'bad_body' }] },
    ]),
    [
      'with a negative total of a line has no price for it',
      { 'line_items.0.total': '-5.00' },
      { lines: [{ paid: undefined, held: undefined }] },
    ],
    [
      'is sold without anything that it does not need',
      {
        ...{ meta_data: [{ id: 1, key: 7, value: 'x' }, null], refunds: undefined, currency: 'eur' },
        ...{ total: 47.97, date_paid_gmt: 'yesterday', billing: [], number: {}, created_via: [] },
        'line_items.0.meta_data': {},
      },
      { amount: undefined, placedAt: undefined, lines: [{ sku: 'WP-WIN-3', paid: eur('47.97') }] },
    ],
    [
      'may have its time with a zone',
      { date_paid_gmt: '2026-11-20T14:03:18Z' },
      { placedAt: '2026-11-20T14:03:18.000Z' },
    ],
    ['may have a SKU that is a number', { 'line_items.0.sku': 93 }, { lines: [{ sku: '93' }] }],
  ])('%s', async (_, changes, expected) => {
    expect(await read(changes)).toMatchObject([{ kind: 'paid', id: '727', ...expected }]);
  });

  test('that is unpaid is not held, even if it cannot be parsed', async () => {
    expect(await read({ status: 'pending', line_items: null })).toEqual([]);
    expect(await read({ date_paid_gmt: null, line_items: null })).toEqual([]);
  });

  test('three changes of one unparseable order are one held item', async () => {
    const settings = { testOrders: 'seller' } as const;
    const unsigned = { ...woocommerce, verify() {} };
    const shop = deliveriesOf('woocommerce', unsigned, { settings, skus: ['WP-WIN-3'], signing: ['secret'] });
    const headers = { 'x-wc-webhook-topic': 'order.updated' };
    for (const note of ['', 'one', 'two'])
      await shop.post({
        method: 'POST',
        headers,
        query: '',
        body: changed({ line_items: null, customer_note: note }),
      });
    expect([...shop.items.keys()]).toEqual(['held#woocommerce#727']);
  });

  test.each([
    ['no id', { id: undefined }],
    ['no lines', { line_items: undefined }],
    ['an error of the API in place of the order', { id: undefined, code: 'woocommerce_rest_cannot_view' }],
  ])('a body with %s is refused as bad_body', async (_, changes) => {
    await expect(read(changes)).rejects.toMatchObject({ code: 'bad_body' });
  });
});

describe('a subscription', () => {
  const free = {
    ...{ total: '0.00', discount_total: '0.00' },
    ...{ 'line_items.0.subtotal': '0.00', 'line_items.0.total': '0.00', 'line_items.0.total_tax': '0.00' },
  };
  const renewal = { meta_data: [{ id: 1, key: '_subscription_renewal', value: '800' }], id: 900 };

  test.each<[string, Record<string, unknown>, object]>([
    [
      'with a trial costs 0 without a discount',
      free,
      { kind: 'trial', id: '727', lines: [{ sku: 'WP-WIN-3' }] },
    ],
    [
      'or product with a coupon for the whole price is a sale',
      { ...free, discount_total: '39.00', 'line_items.0.subtotal': '39.00' },
      { kind: 'paid', id: '727' },
    ],
    [
      'that is renewed names itself',
      { ...renewal, created_via: 'subscription' },
      { kind: 'renewed', id: '800', aliases: ['900'], lines: [] },
    ],
    [
      'may be renewed through the checkout',
      { ...renewal, created_via: 'checkout' },
      { kind: 'renewed', id: '800', aliases: ['900'] },
    ],
    [
      'that is renewed without a name is ignored with its amount',
      { created_via: 'subscription' },
      { kind: 'ignored', id: '727', amount: { value: '47.97', currency: 'EUR' } },
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await read(changes)).toMatchObject([expected]);
  });

  // woocommerce-subscriptions-core, class-wc-rest-subscriptions-controller.php
  const subscription = (change: object = {}) =>
    Buffer.from(
      JSON.stringify({ id: 800, parent_id: 727, trial_end_date_gmt: '2026-12-04T14:03:18', ...change }),
    );
  const readSubscription = async (body: Buffer) =>
    await woocommerce.read(
      { method: 'POST', headers: { 'x-wc-webhook-topic': 'subscription.created' }, query: '', body },
      context,
    );

  test('names its first order and the end of its trial', async () => {
    expect(await readSubscription(subscription())).toMatchObject([
      { kind: 'trial', id: '727', aliases: ['800'], until: '2026-12-04T14:03:18.000Z', lines: [] },
    ]);
    expect(await readSubscription(subscription({ trial_end_date_gmt: '' }))).toEqual([]);
    expect(await readSubscription(subscription({ parent_id: 0 }))).toEqual([]);
  });

  const post = (topic: string, body: Buffer) => ({
    ...{ method: 'POST', headers: { 'x-wc-webhook-topic': topic }, query: '' },
    body,
  });
  const [order, sub, paid] = [
    post('order.updated', changed(free)),
    post('subscription.created', subscription()),
    post('order.updated', changed(renewal)),
  ];
  test.each([
    ['in the usual order', [order, sub, paid, paid]],
    ['with the subscription last', [order, paid, sub]],
    ['with the subscription first', [sub, order, paid]],
  ])('gets its serial with the first payment, %s', async (_, requests) => {
    const settings = { testOrders: 'seller' } as const;
    const unsigned = { ...woocommerce, verify() {} };
    const shop = deliveriesOf('woocommerce', unsigned, { settings, skus: ['WP-WIN-3'], signing: ['secret'] });
    for (const request of requests) expect((await shop.post(request)).status).toBe(200);
    expect(shop.orders()).toMatchObject([
      { key: 'woocommerce#727', status: 'paid', lines: [{ serial: expect.any(String) }] },
    ]);
    await shop.redeliver();
    expect(shop.mails.at(-1)?.subject).toContain('Your serial');
  });
});

describe('a refund', () => {
  const eur = (value: string) => ({ value, currency: 'EUR' });
  const fact = (reversalId: string, part: string, amount?: object) => ({
    kind: 'reversed',
    id: '727',
    test: false,
    reversalId,
    reversal: { kind: 'refund', state: 'done', part, ...(amount ? { amount } : {}) },
  });

  test('of a part is reported after the sale, one event per refund', async () => {
    const refunds = [
      { id: 730, reason: '', total: '-5.00' },
      { id: 729, reason: '', total: '-10.50' },
    ];
    const [sale, ...facts] = await read({ refunds });
    expect(sale).toMatchObject({ kind: 'paid', id: '727' });
    expect(facts).toEqual([fact('730', 'partial', eur('5.00')), fact('729', 'partial', eur('10.50'))]);
  });

  test('of the total is full', async () => {
    const refunds = [
      { id: 730, reason: '', total: '-40.00' },
      { id: 729, reason: '', total: '-7.97' },
    ];
    expect(await read({ refunds, status: 'refunded' })).toEqual([
      fact('730', 'full', eur('40.00')),
      fact('729', 'full', eur('7.97')),
    ]);
  });

  test('of 0.00, or without an ID, is none', async () => {
    const refunds = [{ id: 730, reason: '', total: '-0.00' }, { reason: '', total: '-1.00' }, null];
    expect(await read({ refunds })).toMatchObject([{ kind: 'paid' }]);
  });

  test('by the status alone is full', async () => {
    expect(await read({ status: 'refunded' })).toEqual([fact('727', 'full')]);
  });
});

describe('the simulator', () => {
  const order = {
    event: 'paid',
    sku: 'w',
    name: 'Zoë van der Lindqvist',
    email: 'z@example.com',
    company: '',
    test: false,
    floor: 50,
  };
  const secret = `ex&ample"sécret`;

  test.each(['paid', 'partly_refunded', 'refunded', 'unpaid'])('signs %s like openssl', (event) => {
    const { body, headers } = simulator.request({ ...order, event }, secret, {}, 0);
    const key = Buffer.from(secret).toString('hex');
    const mac = execFileSync(
      'openssl',
      ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key}`, '-binary'],
      { input: body },
    );
    expect(headers['x-wc-webhook-signature']).toBe(mac.toString('base64'));
  });

  test('sends every field of the sample', () => {
    const fields = (body: object) => Object.keys(body).sort();
    expect(fields(JSON.parse(simulator.request(order, secret, {}, 0).body))).toEqual(
      fields(sample('order.updated.completed')),
    );
  });

  test.each([
    [
      'paid',
      [
        {
          kind: 'paid',
          amount: { value: '61.50', currency: 'EUR' },
          buyer: { name: order.name, email: order.email, registration: order.name },
          lines: [{ sku: 'w', paid: { value: '61.50', currency: 'EUR' } }],
        },
      ],
    ],
    ['partly_refunded', [{ kind: 'paid' }, { reversal: { part: 'partial', amount: { value: '5.00' } } }]],
    ['refunded', [{ reversal: { part: 'full', amount: { value: '61.50' } } }]],
    ['unpaid', []],
    ['trial', [{ kind: 'trial', lines: [{ sku: 'w' }] }]],
    ['subscribed', [{ kind: 'trial', aliases: [expect.any(String)] }]],
    ['renewed', [{ kind: 'renewed', id: expect.any(String), lines: [] }]],
    ['ping', []],
  ])('sends %s with the matching events', async (event, expected) => {
    const { orderId } = simulator.request(order, secret, {}, 0);
    const { body, headers } = simulator.request({ ...order, event, id: orderId }, secret, {}, 0);
    const request = { method: 'POST', headers, query: '', body: Buffer.from(body) };
    await woocommerce.verify(request, { ...context, keys: [secret] });
    const events = await woocommerce.read(request, { ...context, licenseeField: 'licensee' });
    expect(events).toMatchObject(expected.map((one) => ({ id: orderId, ...one })));
  });
});
