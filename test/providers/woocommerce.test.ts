/** Tests variants of the bodies of WooCommerce: its sample, changed at named paths. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { woocommerce } from '../../functions/providers/woocommerce/provider.ts';
import { simulator } from '../../functions/providers/woocommerce/simulator.ts';
import { contextWith } from '../fixtures/catalogue.ts';

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
    ['', 'no_signature'],
    ['webhook_id=', 'no_signature'],
    ['webhook_id=5&status=completed', 'no_signature'],
    ['webhook_id=5\n{}', 'no_signature'],
    [`webhook_id=${'5'.repeat(50)}`, 'no_signature'],
    ['{"id":727}', 'no_signature'],
  ])('%j is not a ping and needs a signature', async (body, code) => {
    expect(await answerTo(body, { 'x-wc-webhook-topic': 'order.updated' })).toBe(code);
  });

  test('with a signature is checked like an order', async () => {
    expect(await answerTo('webhook_id=5', { 'x-wc-webhook-signature': 'AAAA' })).toBe('bad_signature');
  });
});

describe('a webhook that is not a sale', () => {
  test.each(['order.deleted', 'product.updated', 'customer.created', 'action.woocommerce_x', ''])(
    'of the topic %j yields no event',
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
    ['a renewal', { created_via: 'subscription' }],
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
      'may have no name',
      { 'billing.first_name': '', 'billing.last_name': '' },
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

  test.each([
    ['no id', { id: undefined }],
    ['a time that does not exist', { date_paid_gmt: '2026-02-30T14:03:18' }],
    ['a time with a zone', { date_paid_gmt: '2026-11-20T14:03:18Z' }],
    ['a quantity of 0.5', { 'line_items.0.quantity': 0.5 }],
    ['a total that is a number', { total: 47.97 }],
    ['no billing address', { billing: undefined }],
    ['no lines', { line_items: undefined }],
    ['an error of the API in place of the order', { id: undefined, code: 'woocommerce_rest_cannot_view' }],
  ])('a body with %s is refused as bad_body', async (_, changes) => {
    await expect(read(changes)).rejects.toMatchObject({ code: 'bad_body' });
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
