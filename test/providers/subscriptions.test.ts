/** Subscriptions, refunds and money without an order, through the complete pipeline. */
import { describe, expect, test } from 'vitest';
import { providers } from '../../functions/providers/index.ts';
import { catalogueWith, contextWith, serial } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { memoryWorld } from '../fixtures/memory.ts';
import { changed } from '../fixtures/sample.ts';
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
    expect(noticed).toMatchObject([{ details: { provider: name, type: expect.any(String) } }]);
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
])('%s: an unparseable body has the ID of its order', (name, body, id) => {
  const request = { method: 'POST', headers: {}, query: '', body: Buffer.from(body) };
  expect(providers[name]?.idIn?.(request, contextWith())).toBe(id);
});

test('a dispute that was won and is opened again is in force', async () => {
  const { send, sales } = shopOf('paddle');
  const id = await send('paid');
  const statuses = [];
  for (const event of ['disputed', 'dispute_won', 'disputed']) {
    await send(event, id);
    statuses.push(sales()[0]?.status);
  }
  expect(statuses).toEqual(['disputed', 'paid', 'disputed']);
});

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
])('%s: a refund of 0.00 is no reversal', async (name, body) => {
  expect(await read(name, body)).toEqual([]);
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

  test.each([
    [{ trial: 'serial' }, 'paid', 1],
    [{ trial: 'serial', floor: { USD: '10' } }, 'paid', 1],
    [{}, 'unpaid', 0],
  ])('with %j a trial is %s', async (changes, status, count) => {
    const world = shopWith(changes);
    await world.deliver([{ ...event, kind: 'trial', lines: [line('0')] }]);
    expect(world.orders()).toMatchObject([{ status }]);
    expect(world.mails.filter(({ text }) => /[0-9A-F]{32}/.test(text))).toHaveLength(count);
  });

  const floor = { USD: '30', EUR: '20', other: { USD: '10' }, upgrade: { USD: '5' } };
  test.each([
    ['plain', 'w', '30', null],
    ['plain', 'w', '29.99', 'below_floor'],
    ['plain', 'upgrade', '5', null],
    ['plain', 'upgrade', '4.99', 'below_floor'],
    ['other', 'w', '10', null],
    ['other', 'w', '9.99', 'below_floor'],
  ])('the floor: at %s, %s for %s is held for %j', async (provider, sku, paid, held) => {
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
