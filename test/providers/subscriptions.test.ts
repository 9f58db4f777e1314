/** Subscriptions, refunds and money without an order, through the complete pipeline. */
import { describe, expect, test } from 'vitest';
import { providers } from '../../functions/providers/index.ts';
import { catalogueWith, contextWith, serial } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { testEach } from '../fixtures/in-words.ts';
import { memoryWorld } from '../fixtures/memory.ts';
import { changed, changedForm } from '../fixtures/sample.ts';
import { simulators } from '../fixtures/simulators.ts';

const SKU = '300301';

/** The options that these providers need. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'paypal-ipn': { receiver: 'sales@vendor.example.com' },
};

/** A shop of the provider, and its simulator. */
function shopOf(name: string) {
  const [provider, simulator] = [providers[name], simulators[name]];
  if (!provider || !simulator) throw new Error(name);
  const signing = simulator.demoKeys?.signing ?? [];
  const options = OPTIONS[name] ?? {};
  const ask = async (path: string) => simulator.api?.({ method: 'POST', path, headers: {} }).body ?? '';
  const shop = deliveriesOf(name, provider, { settings: { options }, skus: [SKU], signing, ask });
  const buyer = { name: 'Zoë Lindqvist', email: 'zoe@example.com', company: '', test: false, floor: 0 };
  return {
    ...shop,
    async send(event: string, id?: string) {
      shop.state.now += 1_000;
      const order = { ...buyer, event, id, sku: SKU, address: '' };
      const { orderId, ...made } = simulator.request(order, signing[0] ?? '', options, shop.state.now);
      const headers = Object.fromEntries(
        Object.entries(made.headers).map(([header, value]) => [header.toLowerCase(), value]),
      );
      const answer = await shop.post({ ...made, headers, body: Buffer.from(made.body) });
      expect(answer.status).toBe(200);
      return orderId;
    },
    sales: () => shop.orders().filter(({ lines }) => lines.length > 0),
  };
}

describe.each([
  'paddle',
  'fastspring',
  'polar',
  'lemonsqueezy',
  'bluesnap',
  'paypal-ipn',
  '2checkout',
  'dodo',
  'creem',
  'freemius',
])('%s', (name) => {
  test('a trial gets no serial and no mail with one', async () => {
    const { send, sales, mails } = shopOf(name);
    const id = await send('trial');
    await send('trial', id);
    expect(sales()).toMatchObject([{ status: 'unpaid', lines: [{ sku: SKU, serial: null }] }]);
    expect(mails.filter(({ text }) => /[0-9A-F]{32}/.test(text))).toEqual([]);
  });

  test.each([['trial,renewed'], ['renewed,trial'], ['trial,renewed,renewed,trial,renewed']])(
    '%s: the first payment makes one sale of the trial',
    async (events) => {
      const { send, sales, mails, redeliver } = shopOf(name);
      const { orderId: id } = { orderId: await shopOf(name).send('trial') };
      for (const event of events.split(',')) await send(event, id);
      await redeliver();
      const [sale, ...others] = sales();
      expect(others).toEqual([]);
      expect(sale).toMatchObject({ status: 'paid', lines: [{ sku: SKU, held: null }] });
      const made = sale?.lines[0]?.serial ?? '?';
      expect(mails.filter(({ text }) => text.includes(made))).toHaveLength(1);
    },
  );

  test('a renewal of what is paid changes no line and sends no mail', async () => {
    const { send, sales, mails } = shopOf(name);
    const id = await send('paid');
    const before = sales().map(({ lines }) => lines);
    await send('renewed', id);
    await send('renewed', id);
    expect(sales().map(({ lines }) => lines)).toEqual(before);
    expect(mails).toHaveLength(1);
  });

  test('money without an order is reported once for its type', async () => {
    const { send, sales, reports, items } = shopOf(name);
    for (let n = 0; n < 3; n += 1) await send('ignored');
    expect(sales()).toEqual([]);
    const noticed = reports.filter((one) => one.name === 'ignored_amount');
    expect(noticed).toMatchObject([
      { details: { provider: name, type: expect.any(String), value: expect.any(String) } },
    ]);
    expect([...items.keys()]).toEqual([`notice#${name}#${noticed[0]?.details.type}`]);
    // Another instance finds the notice in the table.
    const other = shopOf(name);
    for (const [key, item] of items) other.items.set(key, item);
    await other.send('ignored');
    expect(other.reports.map((one) => one.name)).not.toContain('ignored_amount');
  });
});

test.each([
  ['paddle', '{"event_type":"transaction.completed","data":{"id":"txn_1","details":null}}', 'txn_1'],
  ['polar', '{"type":"order.paid","data":{"id":"1","customer":1}}', '1'],
  ['lemonsqueezy', '{"meta":{},"data":{"id":"1"}}', '1'],
  ['shop', '{"type":"order.paid","data":{"id":"1","items":"x"}}', '1'],
  ['bluesnap', 'referenceNumber=1&referenceNumber=1&promoteContractsNum=x', '1'],
  ['fastspring', 'reference=1&security_request_hash=1', '1'],
  [
    'lemonsqueezy',
    '{"meta":{"event_name":"subscription_created"},"data":{"id":"7","attributes":{"order_id":42}}}',
    '42',
  ],
  ['woocommerce', '{"id":7,"status":"active","parent_id":42}', '42'],
  ['paypal-ipn', 'txn_id=1&txn_id=1&charset=unknown', '1'],
  ['paypal-ipn', 'txn_id=1&subscr_id=S-1', 'S-1'],
  ['paypal-ipn', 'txn_id=2&parent_txn_id=1&payment_status=Refunded', '1'],
])('%s: an unparseable body has the ID of its order', (name, body, id) => {
  const headers = { 'x-wc-webhook-topic': 'subscription.updated' };
  const request = { method: 'POST', headers, query: '', body: Buffer.from(body) };
  expect(providers[name]?.idIn?.(request, contextWith())).toBe(id);
});

test.each(['2checkout', 'dodo', 'freemius', 'paddle', 'paypal-ipn', 'shopify'])(
  '%s: a dispute that was won and is opened again is in force, however often',
  async (name) => {
    const { send, sales, state } = shopOf(name);
    const id = await send('paid');
    const statuses = [];
    for (const event of ['disputed', 'dispute_won', 'disputed', 'dispute_won', 'disputed']) {
      state.now += 60_000;
      await send(event, id);
      statuses.push(sales()[0]?.status);
    }
    expect(statuses).toEqual(['disputed', 'paid', 'disputed', 'paid', 'disputed']);
  },
);

const START = { 'data.attributes.order_id': 5100001, 'data.attributes.product_id': 300301, 'data.id': '7' };
const paymentOf = (event: string, changes: object) =>
  changed('lemonsqueezy/order_created.json', {
    ...{ 'meta.event_name': event, 'data.id': '99', 'data.attributes.subscription_id': 7, ...changes },
  });
const startOf = (status: string) =>
  changed('lemonsqueezy/order_created.json', {
    ...{ 'meta.event_name': 'subscription_created', ...START, 'data.attributes.status': status },
  });
const chargeOf = (order: unknown) =>
  changed('fastspring/order.completed.json', {
    ...{ 'events.0.type': 'subscription.charge.completed', 'events.0.data.order': order },
    'events.0.data.subscription': 'sub_1',
  });
const TRIAL_ITEM = { 'events.0.data.items.0.subscription': 'sub_1', 'events.0.data.items.0.discount': 0 };

/** A trial or a first payment, the payment that follows, and the refund of that payment, which only names the payment. */
const REFUNDED: readonly (readonly [name: string, sku: string, bodies: readonly Buffer[]])[] = [
  [
    'paddle',
    'pro_01kexample00000000000000001',
    [
      changed('paddle/transaction.completed.json', {
        ...{ 'data.subscription_id': 'sub_1', 'data.details.totals.grand_total': '0' },
        'data.items.0.price.trial_period': { interval: 'day', frequency: 14 },
        'data.details.line_items.0.totals.total': '0',
      }),
      changed('paddle/transaction.completed.json', {
        ...{ 'data.id': 'txn_2', 'data.subscription_id': 'sub_1', 'data.origin': 'subscription_recurring' },
      }),
      changed('paddle/adjustment.updated.json', { 'data.transaction_id': 'txn_2' }),
    ],
  ],
  [
    'polar',
    'widgetpro-mac',
    [
      changed('polar/order.paid.json', {
        ...{ 'data.billing_reason': 'subscription_create', 'data.total_amount': 0 },
        'data.subscription_id': 'sub_1',
      }),
      changed('polar/order.paid.json', {
        ...{
          'data.id': 'order_2',
          'data.billing_reason': 'subscription_cycle',
          'data.subscription_id': 'sub_1',
        },
      }),
      changed('polar/refund.updated.json', {
        ...{ 'data.order_id': 'order_2', 'data.amount': 3900, 'data.tax_amount': 780 },
      }),
    ],
  ],
  ...['OrExAmPlEorderId000002', { id: 'OrExAmPlEorderId000002', reference: 'EXA-2' }].map(
    (order) =>
      [
        'fastspring',
        'widgetpro-mac',
        [
          changed('fastspring/order.completed.json', { 'events.0.data.total': 0, ...TRIAL_ITEM }),
          chargeOf(order),
          changed('fastspring/return.created.json', {
            'events.0.data.original.order': 'OrExAmPlEorderId000002',
            'events.0.data.original.reference': 'EXA-2',
          }),
        ],
      ] as const,
  ),
  [
    '2checkout',
    'widgetpro-win',
    [
      changedForm('2checkout/ipn-complete.form', {
        ...{ 'IPN_LICENSE_TYPE[]': 'TRIAL', 'IPN_TOTAL[]': '0.00', IPN_TOTALGENERAL: '0.00' },
      }),
      changedForm('2checkout/ipn-complete.form', { REFNO: '250000002', 'IPN_LICENSE_TYPE[]': 'RENEWAL' }),
      changedForm('2checkout/ipn-refund.form', { REFNO: '250000002' }),
    ],
  ],
  [
    'bluesnap',
    '3047000',
    [
      changedForm('bluesnap/CHARGE.form', { subscriptionId: '7', invoiceChargeAmount: '0.00' }),
      changedForm('bluesnap/CHARGE.form', {
        ...{ subscriptionId: '7', transactionType: 'RECURRING', referenceNumber: '1000000002' },
      }),
      changedForm('bluesnap/REFUND.form', { referenceNumber: '1000000002' }),
    ],
  ],
  ...['on_trial', 'active'].map(
    (status) =>
      [
        'lemonsqueezy',
        '300301',
        [
          changed(
            'lemonsqueezy/order_created.json',
            status === 'active' ? {} : { 'data.attributes.total': 0 },
          ),
          startOf(status),
          paymentOf('subscription_payment_success', {
            'data.attributes.billing_reason': status === 'active' ? 'initial' : 'renewal',
          }),
          paymentOf('subscription_payment_refunded', {
            'data.attributes.status': 'refunded',
            'data.attributes.refunded': true,
          }),
        ],
      ] as const,
  ),
];

test.each(REFUNDED)(
  '%s: the refund of the first payment of a subscription finds its order',
  async (name, sku, bodies) => {
    const provider = providers[name];
    if (!provider) throw new Error(name);
    for (const order of [bodies, bodies.toReversed()]) {
      const shop = deliveriesOf(name, { ...provider, verify() {} }, { skus: [sku], signing: ['key'] });
      for (const body of order) {
        shop.state.now += 1_000;
        await shop.post({ method: 'POST', headers: {}, query: '', body });
        if (order === bodies && body === bodies.at(-2))
          expect(shop.orders()).toMatchObject([{ status: 'paid' }]);
      }
      expect(shop.orders()).toMatchObject([{ status: 'refunded', lines: [{ product: 'widget-0' }] }]);
    }
  },
);

const read = async (name: string, body: Buffer) =>
  (await providers[name]?.read({ method: 'POST', headers: {}, query: '', body }, contextWith())) ?? [];

test.each([
  ['paddle', changed('paddle/adjustment.updated.json', { 'data.totals.total': '0' })],
  ['fastspring', changed('fastspring/return.created.json', { 'events.0.data.totalReturn': 0 })],
  ['polar', changed('polar/refund.updated.json', { 'data.amount': 0, 'data.tax_amount': 0 })],
  [
    'lemonsqueezy',
    changed('lemonsqueezy/order_refunded.json', {
      'data.attributes.refunded': false,
      'data.attributes.refunded_amount': 0,
    }),
  ],
  ['shop', changed('shop/order.refunded.json', { 'data.amount': '0.00', 'data.currency': 'EUR' })],
  ['dodo', changed('dodo/refund.succeeded.json', { 'data.amount': 0 })],
  ['creem', changed('creem/refund.created.json', { 'object.refund_amount': 0 })],
  [
    'freemius',
    changed('freemius/payment.refund.json', { 'objects.payment.gross': 0, 'objects.payment.vat': 0 }),
  ],
  ['2checkout', changedForm('2checkout/ipn-refund.form', { IPN_TOTALGENERAL: '0.00' })],
  ['bluesnap', changedForm('bluesnap/REFUND.form', { invoiceChargeAmount: '0.00' })],
  ['paypal-ipn', changedForm('paypal-ipn/ipn.refunded.form', { mc_gross: '0.00' })],
])('%s: a refund of 0.00 is no reversal', async (name, body) => {
  expect(await read(name, body)).toEqual([]);
});

test.each([
  ['creem', changed('creem/dispute.created.json', { 'object.amount': 0 })],
  ['dodo', changed('dodo/dispute.opened.json', { 'data.amount': '0' })],
  ['freemius', changed('freemius/payment.dispute.created.json', { 'objects.payment.gross': 0 })],
  [
    'paypal-ipn',
    changedForm('paypal-ipn/ipn.refunded.form', { payment_status: 'Reversed', mc_gross: '0.00' }),
  ],
  [
    'bluesnap',
    changedForm('bluesnap/REFUND.form', { transactionType: 'CHARGEBACK', invoiceChargeAmount: '0.00' }),
  ],
])('%s: a dispute is in force, whatever amount it states', async (name, body) => {
  expect(await read(name, body)).toMatchObject([{ reversal: { kind: 'chargeback', part: 'full' } }]);
});

test('freemius: an event of a payment without one is held', async () => {
  await expect(read('freemius', changed('freemius/payment.created.json', { objects: [] }))).rejects.toThrow(
    'the event has no payment',
  );
});

test.each([
  ['paddle', 'transaction.completed.json', '74-10001'],
  ['polar', 'order.paid.json', 'EXA-1A2B3C-0001'],
  ['lemonsqueezy', 'order_created.json', '1042'],
])('%s: the number on the receipt is reported', async (name, file, printed) => {
  expect(await read(name, changed(`${name}/${file}`, {}))).toMatchObject([{ printed }]);
});

test.each([
  [
    'paddle',
    'paddle/transaction.completed.json',
    'data.details.line_items.0.totals.total',
    'data.details.totals.grand_total',
  ],
  ['polar', 'polar/order.paid.json', 'data.total_amount', 'data.subtotal_amount'],
])('%s: a sale with a coupon for the whole price stays a sale', async (name, file, ...paths) => {
  const free = name === 'paddle' ? '0' : 0;
  const body = changed(file, Object.fromEntries(paths.map((path) => [path, free])));
  expect(await read(name, body)).toMatchObject([{ kind: 'paid', amount: { value: '0' } }]);
});

test.each([
  ['a subscription with a coupon', { 'data.discount_amount': 3900 }, 'paid'],
  ['a trial', {}, 'trial'],
])('polar: %s', async (_, changes, kind) => {
  const free = { 'data.billing_reason': 'subscription_create', 'data.total_amount': 0 };
  expect(await read('polar', changed('polar/order.paid.json', { ...free, ...changes }))).toMatchObject([
    { kind },
  ]);
});

test('polar: an order that states two different numbers of copies is held', async () => {
  const body = changed('polar/order.paid.json', { 'data.seats': 2, 'data.units': 3 });
  expect(await read('polar', body)).toMatchObject([{ lines: [{ held: 'bad_body' }] }]);
});

describe('the catalogue decides', () => {
  const event = { id: '1', test: false, buyer: { name: 'Zoë', email: 'zoe@example.com' } };
  const product = { name: 'Widget', serial, skus: { plain: ['w', 'upgrade'], other: ['w'] } };
  const shopWith = (changes: object) =>
    memoryWorld(
      catalogueWith({
        providers: { plain: {}, other: {} },
        products: { widget: { ...product, ...changes } },
      }),
    );
  const line = (value: string, sku = 'w') => ({ sku, quantity: 1, paid: { value, currency: 'USD' } });

  testEach([
    [{ trial: 'serial' }, 'paid', 1],
    [{ trial: 'serial', floor: { USD: '10' } }, 'paid', 1],
    [{}, 'unpaid', 0],
  ])('for a product where $0, a trial is $1', async (changes, status, count) => {
    const world = shopWith(changes);
    await world.deliver([{ ...event, kind: 'trial', lines: [line('0')] }]);
    expect(world.orders()).toMatchObject([{ status }]);
    expect(world.mails.filter(({ text }) => /[0-9A-F]{32}/.test(text))).toHaveLength(count);
  });

  const floor = { USD: '30', EUR: '20', other: { USD: '10' }, upgrade: { USD: '5' } };
  testEach([
    ['plain', 'w', '30', null],
    ['plain', 'w', '29.99', 'below_floor'],
    ['plain', 'upgrade', '5', null],
    ['plain', 'upgrade', '4.99', 'below_floor'],
    ['other', 'w', '10', null],
    ['other', 'w', '9.99', 'below_floor'],
  ])('the floor: the held reason of $1 for $2 at $0 is $3', async (provider, sku, paid, held) => {
    const world = shopWith({ floor });
    await world.deliver([{ ...event, kind: 'paid', lines: [line(paid, sku)] }], undefined, provider);
    expect(world.orders()).toMatchObject([{ lines: [{ held }] }]);
  });

  test('a floor for one provider does not hold the sales of another', async () => {
    const world = shopWith({ floor: { other: { USD: '10' } } });
    await world.deliver([{ ...event, kind: 'paid', lines: [line('1')] }]);
    expect(world.orders()).toMatchObject([{ lines: [{ held: null }] }]);
  });

  test('the same unparseable order is held once, by its ID', async () => {
    const world = shopWith({});
    const provider = {
      name: 'plain',
      verify() {},
      read: () => JSON.parse('not JSON'),
      idIn: () => '77',
    };
    for (const change of [1, 2, 3]) await world.deliver([change], provider);
    expect(world.orders()).toMatchObject([{ key: 'held#plain#77' }]);
  });
});
