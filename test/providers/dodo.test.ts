/** Tests Dodo Payments: variants of the samples, whose types are those of its SDK. */
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { dodo } from '../../functions/providers/dodo/provider.ts';
import { contextWith } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { testEach } from '../fixtures/in-words.ts';
import { changed } from '../fixtures/sample.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** A sample with changes, signed by the library that Dodo's SDK uses. */
function webhook(
  type: string,
  changes: Readonly<Record<string, unknown>> = {},
  sentAt = Date.parse('2026-11-23T03:00:00Z'),
) {
  const file = { 'payment.succeeded': 'payment.succeeded', 'subscription.active': 'subscription.active' }[
    type
  ];
  const sample =
    file ??
    (type.startsWith('dispute')
      ? 'dispute.opened'
      : type.startsWith('refund')
        ? 'refund.succeeded'
        : 'payment.succeeded');
  const data = Object.fromEntries(
    Object.entries(changes).map(([path, value]) => [path === 'timestamp' ? path : `data.${path}`, value]),
  );
  const body = changed(`dodo/${sample}.json`, { type, ...data });
  const at = new Date(sentAt);
  const signature = new Webhook(SECRET).sign('msg_1', at, body.toString());
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(+at / 1000)),
    'webhook-signature': signature,
  };
  return { method: 'POST', headers, query: '', body };
}
const read = async (type: string, changes: Readonly<Record<string, unknown>> = {}, context = {}) =>
  dodo.read(webhook(type, changes), contextWith(context));

const EUR = (value: string) => ({ value, currency: 'EUR' });
testEach([
  [
    {
      product_cart: [
        { product_id: 'a', quantity: 1 },
        { product_id: 'b', quantity: 3 },
      ],
    },
    {
      lines: [
        { sku: 'a', paid: undefined },
        { sku: 'b', quantity: 3 },
      ],
    },
  ],
  [
    {
      product_cart: [
        { product_id: 'a', quantity: 1.5 },
        { product_id: 'b', quantity: 1 },
      ],
    },
    { lines: [{ held: 'bad_body' }, { held: undefined }] },
  ],
  [{ product_cart: null }, { lines: [] }],
  [{ customer: null, billing: null }, { buyer: { name: undefined, email: undefined } }],
  [
    {
      custom_field_responses: [
        { key: 'licensee', value: 'A' },
        { key: 'licensee', value: 'B' },
      ],
    },
    { lines: [{ held: 'no_name' }] },
  ],
  [{ invoice_url: 'https://test.dodopayments.com/invoices/payments/pay_1' }, { test: true }],
  [{ payment_link: 'https://test.checkout.dodopayments.com/abc' }, { test: true }],
  [{ currency: 'JPY', total_amount: 4900 }, { amount: { value: '4900', currency: 'JPY' } }],
  [{ currency: 'KWD', total_amount: 12_345 }, { amount: { value: '12.345', currency: 'KWD' } }],
  ...['HUF', 'TWD', 'IDR', 'COP'].map((currency): [Record<string, unknown>, object] => [
    { currency, total_amount: 490_000 },
    { amount: { value: '4900', currency } },
  ]),
  [{ currency: 'Euro' }, { amount: undefined }],
  [{ total_amount: 0 }, { kind: 'paid', amount: EUR('0') }],
  [
    { total_amount: 0, subscription_id: 'sub_1' },
    { kind: 'trial', id: 'sub_1' },
  ],
])('a payment where $0 is an event where $1', async (changes, expected) => {
  expect(await read('payment.succeeded', changes)).toMatchObject([expected]);
});

test('a subscription with a coupon for the whole price is a sale, whose payments are its aliases', async () => {
  const events = await read('payment.succeeded', {
    total_amount: 0,
    subscription_id: 'sub_1',
    discount_id: 'd',
  });
  expect(events).toMatchObject([
    { kind: 'paid', id: 'sub_1' },
    { kind: 'renewed', aliases: ['pay_EXAMPLE0001'] },
  ]);
});

test('the sandbox makes every event a test', async () => {
  const options = { options: { sandbox: true } };
  for (const type of [
    'payment.succeeded',
    'refund.succeeded',
    'dispute.won',
    'subscription.active',
    'payment.other',
  ])
    expect(await read(type, {}, options)).toMatchObject([{ test: true }]);
});

testEach([
  ['payment.failed', {}],
  ['payment.processing', {}],
  ['payment.cancelled', {}],
  ['payment.succeeded', { is_update_payment_method: true }],
  ['subscription.renewed', {}],
  ['payout.success', {}],
  ['license_key.created', {}],
  ['refund.succeeded', { amount: 0 }],
  ['something.new', { total_amount: 0 }],
])('$0 where $1 is no event', async (type, changes) => {
  expect(await read(type, changes)).toEqual([]);
});

testEach([
  [
    'subscription.active',
    { trial_period_days: 0 },
    { kind: 'announced', id: 'sub_EXAMPLE0001', lines: [{ sku: 'pdt_WidgetProMac' }] },
  ],
  ['subscription.active', { trial_amount: 100 }, { kind: 'announced' }],
  [
    'refund.succeeded',
    { is_partial: false, amount: null },
    { reversal: { part: 'full', amount: undefined } },
  ],
  ['refund.failed', {}, { reversal: { kind: 'refund', state: 'won' } }],
  ['dispute.challenged', {}, { reversal: { kind: 'chargeback', state: 'open' } }],
  ['dispute.accepted', {}, { reversal: { state: 'lost' } }],
  ['dispute.expired', {}, { reversal: { state: 'lost' } }],
  ['dispute.lost', {}, { reversal: { state: 'lost' } }],
  ['dispute.cancelled', {}, { reversal: { state: 'won' } }],
  ['dispute.reimagined', {}, { reversal: { state: 'open' } }],
  ['payment.partially_captured', {}, { kind: 'ignored', amount: EUR('49') }],
])('$0 where $1 is an event where $2', async (type, changes, expected) => {
  expect(await read(type, changes)).toMatchObject([expected]);
});

testEach([
  ['refund.succeeded', { payment_id: null }],
  ['refund.succeeded', { refund_id: null }],
  ['dispute.won', { dispute_id: 7 }],
  ['payment.succeeded', { payment_id: '../1' }],
])('$0 where $1 is refused as bad_body', async (type, changes) => {
  await expect(read(type, changes)).rejects.toMatchObject({ code: 'bad_body' });
});

describe('the deliveries of an order', () => {
  const sale = webhook('payment.succeeded', { custom_field_responses: null });
  const refund = (refund_id: string, amount: number, is_partial = true) =>
    webhook('refund.succeeded', { refund_id, amount, is_partial });
  const dispute = (type: string, day: number) => webhook(type, { timestamp: `2026-11-${day}T00:00:00Z` });
  const sub = { subscription_id: 'sub_EXAMPLE0001', product_cart: null, custom_field_responses: null };
  const payment = (n: number, amount = 4900) =>
    webhook('payment.succeeded', { ...sub, payment_id: `pay_${n}`, total_amount: amount });
  const started = webhook('subscription.active', { trial_period_days: 0 });
  const trial = webhook('subscription.active');
  const renewals = Array.from({ length: 25 }, (_, n) => payment(n + 2));

  test.each([
    ['a repeated sale', [sale, sale], 'paid', 1],
    ['a partial refund, twice', [sale, refund('1', 1000), refund('1', 1000)], 'partly_refunded', 1],
    ['partial refunds of the whole', [sale, refund('1', 1000), refund('2', 3900)], 'refunded', 1],
    ['a full refund', [sale, refund('1', 4900, false)], 'refunded', 1],
    ['a refund before its sale', [refund('1', 4900, false), sale], 'refunded', 0],
    [
      'a refund that failed',
      [
        sale,
        refund('1', 4900, false),
        webhook('refund.failed', { refund_id: '1', timestamp: '2026-11-22T00:00:00Z' }),
      ],
      'paid',
      1,
    ],
    ['a chargeback', [sale, dispute('dispute.opened', 21)], 'disputed', 1],
    [
      'a chargeback that was won',
      [sale, dispute('dispute.won', 22), dispute('dispute.opened', 21)],
      'paid',
      1,
    ],
    ['a subscription', [started, payment(1), ...renewals], 'paid', 1],
    ['a subscription whose payment comes first', [payment(1), started, payment(2)], 'paid', 1],
    ['a subscription without its start', [payment(1), payment(2)], 'paid', 0],
    ['a trial', [trial, payment(1, 0)], 'unpaid', 0],
    ['a trial and its payments', [trial, payment(1, 0), payment(2), payment(3)], 'paid', 1],
    [
      'a disputed renewal',
      [started, payment(1), payment(2), webhook('dispute.opened', { payment_id: 'pay_2' })],
      'disputed',
      1,
    ],
  ])('%s make one order', async (_, requests, status, mails) => {
    const shop = deliveriesOf('dodo', dodo, { skus: ['pdt_WidgetProMac'], signing: [SECRET] });
    for (const request of requests) expect(await shop.post(request)).toMatchObject({ status: 200 });
    expect(shop.orders()).toMatchObject([{ status }]);
    expect(shop.mails.filter(({ text }) => /[0-9A-F]{32}/.test(text))).toHaveLength(mails);
  });
});
