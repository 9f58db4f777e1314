/** Tests variants of the bodies of Shopify: its samples, changed at named paths. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { shopify } from '../../functions/providers/shopify/provider.ts';
import { simulator } from '../../functions/providers/shopify/simulator.ts';
import { contextWith } from '../fixtures/catalogue.ts';

const ORDER = '6100000000001';
const context = contextWith({
  keys: ['secret'],
  now: 0,
  licenseeField: 'Licence name',
});
const sample = (name: string) =>
  JSON.parse(
    readFileSync(new URL(`../../functions/providers/shopify/samples/${name}.json`, import.meta.url), 'utf8'),
  );

/** Returns the sample with values set at dotted paths; undefined removes a value. */
function changed(name: string, changes: Record<string, unknown>): Buffer {
  const whole = sample(name);
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
  topic: string,
  body: Buffer,
  { headers = {}, ...change }: Partial<Context> & { headers?: Record<string, string> } = {},
) =>
  await shopify.read(
    { method: 'POST', headers: { 'x-shopify-topic': topic, ...headers }, query: '', body },
    { ...context, ...change },
  );
const paid = (changes: Record<string, unknown>, change?: Partial<Context>) =>
  read('orders/paid', changed('orders-paid', changes), change);

describe('a webhook that is not a sale', () => {
  test.each(['orders/create', 'orders/updated', 'orders/cancelled', 'app/uninstalled', ''])(
    'of the topic "%s" yields no event',
    async (topic) => {
      expect(await read(topic, changed('orders-paid', {}))).toEqual([]);
    },
  );

  test.each([
    ['pending', { financial_status: 'pending' }],
    ['authorized and not captured', { financial_status: 'authorized' }],
    ['voided, as in the test notification of the admin', { financial_status: 'voided', test: true }],
    ['without any remaining line', { 'line_items.0.current_quantity': 0 }],
  ])('with an order that is %s yields no event', async (_, changes) => {
    expect(await paid(changes)).toEqual([]);
  });
});

describe('a sale', () => {
  const usd = (value: string) => ({ value, currency: 'USD' });
  test.each([
    ['may be refunded by now', { financial_status: 'refunded' }, {}],
    ['may be partly refunded by now', { financial_status: 'partially_refunded' }, {}],
    ['through a test gateway is a test order', { test: true }, { test: true }],
    [
      'without a billing address has the customer’s name',
      { billing_address: null },
      { buyer: { name: 'María José Peña' } },
    ],
    [
      'without an address of its own has the customer’s',
      { email: '' },
      { buyer: { email: 'mj.pena@example.com' } },
    ],
    ['may have no customer', { customer: null }, { buyer: { name: 'María José Peña' } }],
    [
      'has the name for the licence in an attribute of the order',
      { note_attributes: [{ name: 'Licence name', value: 'X. Y.' }], 'line_items.0.properties': [] },
      { buyer: { registration: 'X. Y.' } },
    ],
    [
      'has the name for the licence in a property of the line',
      {},
      { buyer: { registration: 'María José Peña' } },
    ],
    [
      'uses the variant ID if there is no SKU',
      { 'line_items.0.sku': '' },
      { lines: [{ sku: '46100000000001' }] },
    ],
    [
      'uses the product ID if there is no SKU and no variant',
      { 'line_items.0.sku': null, 'line_items.0.variant_id': null },
      { lines: [{ sku: '8100000000001' }] },
    ],
    [
      'uses the title if there is no product',
      {
        'line_items.0.sku': null,
        'line_items.0.variant_id': null,
        'line_items.0.product_id': null,
        'line_items.0.title': 'Tip',
      },
      { lines: [{ sku: 'Tip' }] },
    ],
    [
      'counts the copies that are left',
      { 'line_items.0.quantity': 3, 'line_items.0.current_quantity': 2 },
      { lines: [{ quantity: 2 }] },
    ],
    [
      'counts the copies ordered if the remaining ones are not stated',
      { 'line_items.0.quantity': 3, 'line_items.0.current_quantity': undefined },
      { lines: [{ quantity: 3 }] },
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await paid(changes)).toMatchObject([{ kind: 'paid', id: ORDER, test: false, ...expected }]);
  });

  test.each([
    [
      'adds taxes that the price excludes',
      { 'line_items.0.quantity': 2, 'line_items.0.current_quantity': 2 },
      usd('86.19'),
    ],
    ['does not add taxes that the price includes', { taxes_included: true }, usd('39')],
    [
      'subtracts discounts',
      { 'line_items.0.discount_allocations': [{ amount: '10.05' }, { amount: '5.10' }] },
      usd('32.04'),
    ],
    [
      'is 0 after a discount of the whole price',
      { 'line_items.0.discount_allocations': [{ amount: '39.00' }], 'line_items.0.tax_lines': [] },
      usd('0'),
    ],
    [
      'is unknown if the discounts exceed the price',
      { 'line_items.0.discount_allocations': [{ amount: '50.05' }] },
      undefined,
    ],
    [
      'has no decimals in yen',
      { currency: 'JPY', total_price: '4900', 'line_items.0.price': '4900', 'line_items.0.tax_lines': [] },
      { value: '4900', currency: 'JPY' },
    ],
  ])('the price paid for a line %s', async (_, changes, expected) => {
    const [sale] = await paid(changes);
    expect(sale).toMatchObject({ lines: [{ paid: expected }] });
  });

  test('has the same ID as its refund even if the ID exceeds 2^53', async () => {
    const great = (name: string) =>
      Buffer.from(changed(name, {}).toString().replaceAll(ORDER, '820982911946154508'));
    const ids = [
      await read('orders/paid', great('orders-paid')),
      await read('refunds/create', great('refunds-create')),
    ];
    expect(ids).toMatchObject([[{ id: '820982911946154500' }], [{ id: '820982911946154500' }]]);
  });

  test('is a test order if a test header of either family says so', async () => {
    for (const name of ['x-shopify-test', 'shopify-test'])
      expect(
        await read('orders/paid', changed('orders-paid', {}), { headers: { [name]: 'true' } }),
      ).toMatchObject([{ test: true }]);
  });

  test('uses the ID or title that the catalogue lists as SKU', async () => {
    for (const known of ['46100000000001', '8100000000001', 'WidgetPro'])
      expect(await paid({}, { knows: (sku) => sku === known })).toMatchObject([{ lines: [{ sku: known }] }]);
  });

  test('is held if the app has no access to the buyer’s data', async () => {
    const hidden = {
      email: null,
      contact_email: null,
      customer: { email: null, first_name: null, last_name: null },
      billing_address: null,
    };
    expect(await paid(hidden)).toMatchObject([
      { buyer: { name: undefined, email: undefined }, lines: [{ sku: 'WP-WIN-3', held: 'no_buyer' }] },
    ]);
  });

  test('with two names for the licence is held', async () => {
    const [line] = sample('orders-paid').line_items;
    const other = { ...line, sku: 'B', properties: [{ name: 'Licence name', value: 'Another' }] };
    expect(await paid({ line_items: [line, other] })).toMatchObject([
      { buyer: { registration: undefined }, lines: [{ held: 'no_name' }, { sku: 'B', held: 'no_name' }] },
    ]);
    expect(await paid({ line_items: [line, { ...line, sku: 'B' }] })).toMatchObject([
      { buyer: { registration: 'María José Peña' }, lines: [{ held: undefined }, { held: undefined }] },
    ]);
  });

  test.each(['subscription_contract', 'subscription_contract_checkout_one'])(
    'that renews, from %s, is ignored with its amount',
    async (source_name) => {
      expect(await paid({ source_name })).toMatchObject([
        { kind: 'ignored', id: ORDER, amount: usd('47.19') },
      ]);
    },
  );

  const [line] = sample('orders-paid').line_items;
  test.each<[string, Record<string, unknown>, object]>([
    [
      'with a bad line has that line held',
      { line_items: [line, { ...line, sku: 'TIP', quantity: 1.5, current_quantity: undefined }, null] },
      { lines: [{ held: undefined }, { sku: 'TIP', held: 'bad_body' }, { sku: '' }] },
    ],
    [
      'with a negative price of a line has no price for it',
      { 'line_items.0.price': '-5.00' },
      { lines: [{ paid: undefined, held: undefined }] },
    ],
    [
      'has the contact address and the default address of the customer as fallbacks',
      {
        ...{ email: null, contact_email: 'c@example.com', billing_address: null },
        customer: { email: 'x@example.com', default_address: { name: 'María Peña', country_code: 'ES' } },
      },
      { buyer: { email: 'c@example.com', name: 'María Peña', country: 'ES' } },
    ],
    [
      'has a number on the receipt in either field',
      { name: undefined, order_number: 1042 },
      { printed: '1042' },
    ],
    [
      'is sold without anything that it does not need',
      {
        ...{ created_at: '2026', currency: '', total_price: 47.19, customer: [], note_attributes: null },
        ...{ 'line_items.0.properties': null, 'line_items.0.price': 39, 'line_items.0.tax_lines': null },
      },
      {
        amount: undefined,
        placedAt: undefined,
        lines: [{ sku: 'WP-WIN-3', paid: undefined, held: undefined }],
      },
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await paid(changes)).toMatchObject([{ kind: 'paid', id: ORDER, ...expected }]);
  });

  test.each([
    ['no id', { id: undefined }],
    ['a fractional ID', { id: 1.5 }],
    ['no lines', { line_items: undefined }],
  ])('a body with %s is refused as bad_body', async (_, changes) => {
    await expect(paid(changes)).rejects.toMatchObject({ code: 'bad_body' });
  });
});

describe('a refund or dispute', () => {
  const [transaction] = sample('refunds-create').transactions;
  const refund = (transactions: unknown) =>
    read('refunds/create', changed('refunds-create', { transactions }));
  const usd = (value: string) => ({ value, currency: 'USD' });

  test.each([
    [
      'in two transactions has their sum',
      [
        { ...transaction, amount: '40.00' },
        { ...transaction, amount: '7.19' },
      ],
      { state: 'done', amount: usd('47.19') },
    ],
    [
      'that is pending is open',
      [{ ...transaction, status: 'pending' }],
      { state: 'open', amount: usd('47.19') },
    ],
    [
      'leaves out a failed transaction',
      [transaction, { ...transaction, status: 'failure' }],
      { state: 'done', amount: usd('47.19') },
    ],
    [
      'in two currencies has no amount',
      [transaction, { ...transaction, currency: 'EUR' }],
      { state: 'done', amount: undefined },
    ],
  ])('%s', async (_, transactions, reversal) => {
    const [event] = await refund(transactions);
    expect(event).toMatchObject({
      kind: 'reversed',
      id: ORDER,
      test: false,
      reversalId: '929361464001',
      reversal: { kind: 'refund', part: 'partial', ...reversal },
    });
  });

  const shopMoney = (amount: string) => ({ shop_money: { amount, currency_code: 'USD' } });
  test.each<[string, Record<string, unknown>, object]>([
    [
      'in the buyer’s currency counts in the shop’s',
      { refund_line_items: [{ subtotal_set: shopMoney('39.00'), total_tax_set: shopMoney('8.19') }] },
      usd('47.19'),
    ],
    [
      'with adjustments counts what was kept and what was given back beside the lines',
      {
        refund_line_items: [{ subtotal_set: shopMoney('39.00'), total_tax_set: shopMoney('8.19') }],
        order_adjustments: [
          { amount_set: shopMoney('-5.00'), tax_amount_set: shopMoney('-1.00') },
          { amount_set: shopMoney('10.00') },
        ],
      },
      usd('43.19'),
    ],
    [
      'without any line counts the adjustment',
      { order_adjustments: [{ amount_set: shopMoney('-5.00') }] },
      usd('5'),
    ],
  ])('%s', async (_, changes, amount) => {
    const eur = { transactions: [{ ...transaction, amount: '43.40', currency: 'EUR' }] };
    const body = changed('refunds-create', {
      refund_line_items: [],
      order_adjustments: [],
      ...eur,
      ...changes,
    });
    expect(await read('refunds/create', body)).toMatchObject([{ reversal: { amount } }]);
  });

  test.each([
    ['a refund of 0.00', [{ ...transaction, amount: '0.00' }]],
    ['a return without a payment', []],
    ['a refund that failed', [{ ...transaction, status: 'failure' }]],
    ['a capture', [{ ...transaction, kind: 'capture' }]],
  ])('with %s yields no event', async (_, transactions) => {
    expect(await refund(transactions)).toEqual([]);
  });

  test('of a test order is a test', async () => {
    expect(await refund([{ ...transaction, test: true }])).toMatchObject([{ test: true }]);
  });

  test.each([
    ['needs_response', 'open'],
    ['under_review', 'open'],
    ['charge_refunded', 'open'],
    ['accepted', 'open'],
    ['lost', 'lost'],
    ['won', 'won'],
    ['unheard_of', 'open'],
  ])('of the status %s is a chargeback in the state %s', async (status, state) => {
    for (const topic of ['disputes/create', 'disputes/update'])
      expect(await read(topic, changed('disputes-create', { status }))).toEqual([
        {
          kind: 'reversed',
          id: ORDER,
          test: false,
          reversalId: '815713555001',
          reversal: { kind: 'chargeback', state, part: 'full' },
        },
      ]);
  });

  test('of a dispute has the time of the event, so that one that is won, reopened and lost is lost', async () => {
    const headers = { 'x-shopify-triggered-at': '2026-11-23T10:00:00.123Z' };
    const body = changed('disputes-create', { status: 'lost' });
    expect(await read('disputes/update', body, { headers })).toMatchObject([
      { reversal: { state: 'lost', at: '2026-11-23T10:00:00.123Z' } },
    ]);
  });

  test('without an order yields no event', async () => {
    expect(await read('disputes/create', changed('disputes-create', { order_id: null }))).toEqual([]);
  });

  test('with the body of another topic is refused as bad_body', async () => {
    for (const [topic, name] of [
      ['refunds/create', 'orders-paid'],
      ['orders/paid', 'refunds-create'],
      ['disputes/create', 'orders-paid'],
    ] as const)
      await expect(read(topic, changed(name, {}))).rejects.toMatchObject({ code: 'bad_body' });
  });
});

describe('the simulator', () => {
  const order = {
    event: 'paid',
    sku: 'w',
    name: 'Zoë van der Lindqvist',
    email: 'z@example.com',
    company: 'L AB',
    test: false,
    floor: 50,
  };

  test.each(simulator.events)('signs %s like openssl', (event) => {
    const { body, headers } = simulator.request({ ...order, event }, 'sécret', {}, 0);
    const key = Buffer.from('sécret').toString('hex');
    const mac = execFileSync(
      'openssl',
      ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key}`, '-binary'],
      { input: body },
    );
    expect(headers['x-shopify-hmac-sha256']).toBe(mac.toString('base64'));
  });

  test.each([
    ['paid', 'orders-paid'],
    ['refunded', 'refunds-create'],
    ['disputed', 'disputes-create'],
  ])('sends %s with every field of the sample', (event, name) => {
    const fields = (body: object) => Object.keys(body).sort();
    const { body } = simulator.request({ ...order, event }, 'secret', {}, 0);
    expect(fields(JSON.parse(body))).toEqual(fields(sample(name)));
  });

  test.each([
    [
      'paid',
      {
        kind: 'paid',
        amount: { value: '60.50', currency: 'EUR' },
        buyer: { name: order.name, email: order.email, company: 'L AB', registration: order.name },
        lines: [{ sku: 'w', paid: { value: '60.50', currency: 'EUR' } }],
      },
    ],
    ['partly_refunded', { reversal: { kind: 'refund', amount: { value: '5.00', currency: 'EUR' } } }],
    ['refunded', { reversal: { kind: 'refund', amount: { value: '60.50', currency: 'EUR' } } }],
    ['disputed', { reversal: { kind: 'chargeback', state: 'open' } }],
    ['dispute_won', { reversal: { kind: 'chargeback', state: 'won' } }],
  ])('sends %s with the matching event', async (event, expected) => {
    const { orderId } = simulator.request(order, 'secret', {}, 0);
    const { body, headers } = simulator.request(
      { ...order, event, id: orderId, test: true },
      'secret',
      {},
      0,
    );
    expect(
      await read('', Buffer.from(body), { headers: { ...headers }, licenseeField: 'licensee' }),
    ).toMatchObject([{ id: orderId, test: true, ...expected }]);
  });
});
