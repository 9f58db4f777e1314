/** What went wrong for others, sent over HTTP with the bodies and headers that a provider would send. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type Running, start } from '../../local/start.ts';
import { catalogueFile, decrypt, KEY, serial } from '../fixtures/catalogue.ts';
import { changed, sampleOf } from '../fixtures/sample.ts';
import { simulators } from '../fixtures/simulators.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-reported-'));
const sellerId = 'kL0psVL2admJSYRNs-EXAMPLE==';
let running: Running;
beforeAll(async () => {
  const config = join(folder, 'my.config.ts');
  const skus = {
    stripe: ['prod_W'],
    woocommerce: ['WP-WIN-3'],
    shopify: ['WP-WIN-3'],
    lemonsqueezy: ['300301'],
  };
  const file = catalogueFile({
    providers: {
      ...{ stripe: { testOrders: 'seller' }, woocommerce: {}, shopify: {}, lemonsqueezy: {} },
      gumroad: { options: { sellerId, reread: false } },
    },
    products: {
      widget: { name: 'Widget', serial, skus: { ...skus, gumroad: ['EXAMPLEproductId01=='] } },
      firm: { name: 'Firm', serial, licensee: ['company'], skus: { stripe: ['prod_F'] } },
      fixed: { name: 'Fixed', serial: { ...serial, name: { repair: true } }, skus: { woocommerce: ['FIX'] } },
    },
  });
  writeFileSync(config, file);
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: config });
  const keys = [{ version: 1, key: KEY }];
  const SecretString = JSON.stringify({ widget: keys, firm: keys, fixed: keys });
  const secrets = new SecretsManagerClient({ endpoint: running.aws });
  await secrets.send(new PutSecretValueCommand({ SecretId: 'product-keys', SecretString }));
}, 120_000);
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
});

type Headers = Readonly<Record<string, string>>;
const same = (headers: Headers) => headers;

/** Posts a body as the provider signs it, again after 5xx as the provider does, and returns the status of the last answer. */
async function send(provider: string, body: string | Buffer, more: Headers = {}, change = same) {
  const simulator = simulators[provider];
  const address = `${running.page}/orders/${provider}`;
  let status = 500;
  for (let tries = 0; status >= 500 && tries < 10; tries += 1) {
    const signed = simulator?.sign?.(body, simulator.demoKeys?.signing[0] ?? '', Date.now(), address);
    const headers = change({ 'content-type': 'application/json', ...signed?.headers, ...more });
    const url = signed?.query ? `${address}?${signed.query}` : address;
    ({ status } = await fetch(url, { method: 'POST', headers, body: signed?.body ?? body }));
  }
  return status;
}

const optional = z.nullable(z.string());
const Orders = z.array(
  z.object({
    ...{ key: z.string(), status: z.string(), test: z.boolean() },
    amount: z.nullish(z.object({ value: z.string(), currency: z.string() })),
    buyer: z.object({ name: optional, email: optional }),
    lines: z.array(
      z.object({
        sku: z.string(),
        quantity: z.number(),
        held: optional,
        licensee: optional,
        serial: optional,
      }),
    ),
  }),
);
const Mails = z.array(z.object({ to: z.array(z.string()), text: z.string() }));
const local = async (path: string) => (await fetch(`${running.page}/local/${path}`)).json();
const orderOf = async (...keys: readonly string[]) =>
  Orders.parse(await local('orders')).filter(({ key }) => keys.includes(key));
/** A mail for which a request had no time is sent by `redeliver`. */
const mailsTo = async (address: string) => {
  await fetch(`${running.page}/local/redeliver?ahead=0`, { method: 'POST' });
  return Mails.parse(await local('mails')).filter(({ to }) => to.includes(address));
};

const stripe = (
  id: string,
  changes: Readonly<Record<string, unknown>>,
  type = 'checkout.session.completed',
) => {
  const session = {
    id: `cs_${id}`,
    payment_intent: `pi_${id}`,
    metadata: { product_id: 'prod_W' },
    ...changes,
  };
  const paths = Object.entries(session).map(([path, value]) => [`data.object.${path}`, value]);
  const livemode = changes.livemode !== false;
  return changed('stripe/checkout.session.completed.json', { type, livemode, ...Object.fromEntries(paths) });
};
const woo = (id: number, changes: Readonly<Record<string, unknown>> = {}, topic = 'order.updated') =>
  send(
    'woocommerce',
    changed('woocommerce/order.updated.completed.json', { id, meta_data: [], ...changes }),
    { 'x-wc-webhook-topic': topic },
  );
const lemon = (id: string, changes: Readonly<Record<string, unknown>> = {}) =>
  changed('lemonsqueezy/order_created.json', { 'meta.custom_data': {}, 'data.id': id, ...changes });
const shopify = (topic: string, file: string, changes: Readonly<Record<string, unknown>>) =>
  send('shopify', changed(`shopify/${file}.json`, changes), { 'x-shopify-topic': topic });
function gumroad(changes: Readonly<Record<string, string>>) {
  const fields = new URLSearchParams(sampleOf('gumroad/sale.form').toString());
  for (const name of ['seller_id', 'Licence name', 'custom_fields[Licence name]']) fields.delete(name);
  for (const [name, value] of Object.entries(changes)) fields.set(name, value);
  return send('gumroad', String(fields), { 'content-type': 'application/x-www-form-urlencoded' });
}

describe('Stripe', () => {
  test('a coupon for the whole price, sent twice, is one order under the ID of the session', async () => {
    const nothing = { payment_status: 'no_payment_required', amount_total: 0, payment_intent: null };
    const body = stripe('coupon', { ...nothing, mode: 'payment' });
    expect([await send('stripe', body), await send('stripe', body)]).toEqual([200, 200]);
    expect(await orderOf('stripe#cs_coupon')).toMatchObject([{ status: 'paid', lines: [{ held: null }] }]);
  });

  test('a delayed payment gets nothing before it succeeds, and one mail then', async () => {
    const customer = { 'customer_details.email': 'delayed@example.com' };
    const unpaid = stripe('delayed', { ...customer, payment_status: 'unpaid' });
    await send('stripe', unpaid);
    expect(await orderOf('stripe#pi_delayed')).toEqual([]);
    await send('stripe', stripe('delayed', customer, 'checkout.session.async_payment_succeeded'));
    await send('stripe', unpaid);
    expect(await orderOf('stripe#pi_delayed')).toMatchObject([{ status: 'paid' }]);
    expect(await mailsTo('delayed@example.com')).toHaveLength(1);
  });

  test.each([
    ['ugx', 500_000, '5000'],
    ['isk', 390_000, '3900'],
    ['jpy', 4_900, '4900'],
    ['krw', 49_000, '49000'],
  ])('an amount in %s', async (currency, amount_total, value) => {
    await send('stripe', stripe(currency, { currency, amount_total }));
    const amount = { value, currency: currency.toUpperCase() };
    expect(await orderOf(`stripe#pi_${currency}`)).toMatchObject([{ amount }]);
  });

  test('a test order and a live order of one ID are two, and only the live one reaches the buyer', async () => {
    const customer = { 'customer_details.email': 'twice@example.com' };
    await send('stripe', stripe('twice', { ...customer, livemode: false }));
    expect(await mailsTo('twice@example.com')).toEqual([]);
    await send('stripe', stripe('twice', customer));
    expect(await mailsTo('twice@example.com')).toHaveLength(1);
    const [one, other] = await orderOf('stripe#test#pi_twice', 'stripe#pi_twice');
    expect(one?.lines[0]?.serial).not.toBe(other?.lines[0]?.serial);
  });

  test.each([
    ['prod_W', { held: 'no_name' }],
    ['prod_F', { licensee: 'Müller GmbH' }],
  ])('a business name only, for %s', async (product_id, line) => {
    const customer_details = { email: 'firm@example.com', name: null, business_name: 'Müller GmbH' };
    const bare = {
      metadata: { product_id },
      customer_details,
      collected_information: null,
      custom_fields: [],
    };
    await send('stripe', stripe(product_id, bare));
    expect(await orderOf(`stripe#pi_${product_id}`)).toMatchObject([{ lines: [line] }]);
  });
});

describe('WooCommerce', () => {
  const item = { sku: 'WP-WIN-3', quantity: 1, total: '39.00', total_tax: '8.97' };

  test('errors in place of orders are answered with success, and are one held item', async () => {
    const error = JSON.stringify({
      code: 'woocommerce_rest_cannot_view',
      message: 'Sorry',
      data: { status: 401 },
    });
    const headers = { 'x-wc-webhook-topic': 'order.updated' };
    expect([await send('woocommerce', error, headers), await send('woocommerce', error, headers)]).toEqual([
      200, 200,
    ]);
    const held = Orders.parse(await local('orders')).filter(({ key }) =>
      /^held#woocommerce#\w{64}$/.test(key),
    );
    expect(held).toMatchObject([{ lines: [{ held: 'bad_body' }] }]);
  });

  test('an order of a copy and 1.5 hours sends the serial, and holds the hours', async () => {
    const email = 'hours@example.com';
    await woo(9001, { 'billing.email': email, line_items: [item, { sku: 'HOURS', quantity: 1.5 }] });
    expect(await orderOf('woocommerce#9001')).toMatchObject([
      {
        lines: [
          { sku: 'WP-WIN-3', held: null },
          { sku: 'HOURS', held: expect.any(String) },
        ],
      },
    ]);
    expect(await mailsTo(email)).toHaveLength(1);
  });

  test.each([
    ['a name', 'WP-WIN-3', 'D&#8217;Angelo', 'sara@example.com', { held: 'unmappable_name' }],
    ['an address', 'WP-WIN-3', 'Dangelo', 'sara&#039;s@example.com', { held: 'bad_address' }],
    [
      'a name that may be repaired',
      'FIX',
      'D&#8217;Angelo',
      'sara@example.com',
      { licensee: 'Sara D’Angelo' },
    ],
  ])('entities in %s', async (what, sku, last_name, email, line) => {
    const id = 9100 + what.length;
    const billing = { first_name: 'Sara', last_name, email };
    await woo(id, { billing, line_items: [{ ...item, sku }] });
    expect(await orderOf(`woocommerce#${id}`)).toMatchObject([{ lines: [line] }]);
  });

  test('order.created twice with different bodies and order.updated are one order and one mail', async () => {
    const changes = { 'billing.email': 'created@example.com' };
    await woo(9002, changes, 'order.created');
    await woo(9002, { ...changes, customer_note: 'A note' }, 'order.created');
    await woo(9002, changes);
    expect(await orderOf('woocommerce#9002')).toMatchObject([{ lines: [{ held: null }] }]);
    expect(await mailsTo('created@example.com')).toHaveLength(1);
  });

  test('three changes of an order that cannot be read are one held item', async () => {
    for (const customer_note of ['a', 'b', 'c']) await woo(9003, { line_items: 'x', customer_note });
    expect(await orderOf('held#woocommerce#9003')).toHaveLength(1);
  });
});

describe('the bytes of a request', () => {
  test('escaped slashes and letters are signed as they came, and give the same serial', async () => {
    const whole = (id: string) => lemon(id, { 'data.attributes.user_name': 'Zoë Łuk' }).toString();
    const escaped = whole('32').replace(
      /[^\p{ASCII}]/gu,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    const bodies = [whole('31').replaceAll('/', '\\/'), escaped, whole('33')];
    for (const body of bodies) expect(await send('lemonsqueezy', body)).toBe(200);
    const orders = await orderOf(...[31, 32, 33].map((id) => `lemonsqueezy#${id}`));
    const serials = orders.map(({ lines }) => decrypt(lines[0]?.serial ?? ''));
    expect(serials).toEqual(['Zoë Łuk', 'Zoë Łuk', 'Zoë Łuk']);
  });

  test.each(['application/x-www-form-urlencoded', 'application/octet-stream', 'x-shop/order'])(
    'a body of the type %s, with headers in capital letters',
    async (type) => {
      const upper = (headers: Headers) =>
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
      const id = `4${type.length}`;
      const body = lemon(id, { 'data.attributes.user_name': 'Żółć' });
      expect(await send('lemonsqueezy', body, { 'content-type': type }, upper)).toBe(200);
      expect(await orderOf(`lemonsqueezy#${id}`)).toMatchObject([{ lines: [{ licensee: 'Żółć' }] }]);
    },
  );

  test('ten deliveries at once are one order and one mail', async () => {
    const body = lemon('50', { 'data.attributes.user_email': 'ten@example.com' });
    const statuses = await Promise.all(Array.from({ length: 10 }, () => send('lemonsqueezy', body)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await orderOf('lemonsqueezy#50')).toHaveLength(1);
    expect(await mailsTo('ten@example.com')).toHaveLength(1);
  });

  test.each([
    ['61', 'a b@example.com', undefined],
    ['62', 'jörg@example.com', undefined],
    ['63', 'zoe@bücher.example', 'zoe@xn--bcher-kva.example'],
    ['64', 'zoe+x@example.com', 'zoe+x@example.com'],
  ])('order %s, of the address %s', async (id, email, to) => {
    await send('lemonsqueezy', lemon(id, { 'data.attributes.user_email': email }));
    expect(await orderOf(`lemonsqueezy#${id}`)).toMatchObject([
      { lines: [{ held: to ? null : 'bad_address' }] },
    ]);
    expect(await mailsTo(to ?? email)).toHaveLength(to ? 1 : 0);
  });
});

test('Gumroad: a gift gets no serial in the name of the giver', async () => {
  const gift = { is_gift_receiver_purchase: 'true', price: '0', gift_price: '3900' };
  await gumroad({ ...gift, sale_id: 'gift==', email: 'gift@example.com' });
  expect(await orderOf('gumroad#gift==')).toMatchObject([{ lines: [{ held: 'no_name', serial: null }] }]);
  expect(await mailsTo('gift@example.com')).toEqual([]);
});

test('Gumroad: a name with a plus and a percent sign is encrypted as it was typed', async () => {
  await gumroad({ sale_id: 'plus==', full_name: 'Ann+Bob 100%' });
  const [order] = await orderOf('gumroad#plus==');
  expect(decrypt(order?.lines[0]?.serial ?? '')).toBe('Ann+Bob 100%');
});

test('Shopify: a tip waits, and the other line is delivered', async () => {
  const { line_items } = JSON.parse(sampleOf('shopify/orders-paid.json').toString());
  const tip = { title: 'Tip', quantity: 1, current_quantity: 1, price: '5.00', sku: null, product_id: null };
  await shopify('orders/paid', 'orders-paid', { id: 7001, line_items: [...line_items, tip] });
  expect(await orderOf('shopify#7001')).toMatchObject([
    { lines: [{ held: null }, { sku: 'Tip', held: 'unknown_product' }] },
  ]);
});

test('Shopify: refunds of nothing, of a part before the sale, and of the rest', async () => {
  const refund = (id: number, amount: string) =>
    shopify('refunds/create', 'refunds-create', {
      ...{ id, order_id: 7002, refund_line_items: [], order_adjustments: [] },
      transactions: [{ kind: 'refund', status: 'success', amount, currency: 'USD' }],
    });
  const statuses = async () => (await orderOf('shopify#7002')).map(({ status }) => status);
  await refund(1, '0.00');
  await refund(2, '10.00');
  await shopify('orders/paid', 'orders-paid', { id: 7002, email: 'part@example.com', total_price: '39.00' });
  expect(await statuses()).toEqual(['partly_refunded']);
  expect(await mailsTo('part@example.com')).toHaveLength(1);
  await refund(3, '29.00');
  expect(await statuses()).toEqual(['refunded']);
});
