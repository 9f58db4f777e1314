/** Tests Creem: both of its signatures, and variants of the samples, whose types are those of its SDK. */
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { creem } from '../../functions/providers/creem/provider.ts';
import { contextWith } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { testEach } from '../fixtures/in-words.ts';
import { changed } from '../fixtures/sample.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const hex = (body: Buffer, key = SECRET) => createHmac('sha256', key).update(body).digest('hex');
const SAMPLES: Readonly<Record<string, string>> = {
  refund: 'refund.created',
  dispute: 'dispute.created',
  subscription: 'subscription.trialing',
};
function webhook(
  type: string,
  changes: Readonly<Record<string, unknown>> = {},
  headers?: Readonly<Record<string, string>>,
) {
  const sample = SAMPLES[type.split('.')[0] ?? ''] ?? 'checkout.completed';
  const paths = Object.entries(changes).map(([path, value]) => [
    path === 'created_at' ? path : `object.${path}`,
    value,
  ]);
  const body = changed(`creem/${sample}.json`, { eventType: type, ...Object.fromEntries(paths) });
  return { method: 'POST', headers: headers ?? { 'creem-signature': hex(body) }, query: '', body };
}
const read = async (type: string, changes: Readonly<Record<string, unknown>> = {}, context = {}) =>
  creem.read(webhook(type, changes), contextWith(context));

describe('the signature', () => {
  const { body } = webhook('checkout.completed');
  const now = Date.parse('2026-11-20T14:03:22Z');
  const standard = (at = now, key = SECRET) => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at / 1000)),
    'webhook-signature': new Webhook(key).sign('msg_1', new Date(at), body.toString()),
  });
  const OTHER = 'whsec_c29tZSBvdGhlciBzZWNyZXQgb2YgYnl0ZXM=';
  testEach<[string, Readonly<Record<string, string>>, string]>([
    ['hex', { 'creem-signature': hex(body) }, 'accepted'],
    ['hex with its algorithm', { 'creem-signature': `sha256=${hex(body)}` }, 'accepted'],
    ['hex in capital letters', { 'creem-signature': hex(body).toUpperCase() }, 'accepted'],
    ['hex in the other header', { 'x-creem-signature': hex(body) }, 'accepted'],
    ['Standard Webhooks', standard(), 'accepted'],
    ['both', { ...standard(), 'creem-signature': hex(body) }, 'accepted'],
    ['none', {}, 'no_signature'],
    ['an empty one', { 'creem-signature': '' }, 'no_signature'],
    ['hex of another key', { 'creem-signature': hex(body, OTHER) }, 'bad_signature'],
    [
      'hex under the decoded key',
      { 'creem-signature': hex(body, Buffer.from(SECRET.slice(6), 'base64').toString('latin1')) },
      'bad_signature',
    ],
    ['a part of it', { 'creem-signature': hex(body).slice(0, 32) }, 'bad_signature'],
    ['Standard Webhooks of another key', standard(now, OTHER), 'bad_signature'],
    // The newer headers have a time. A wrong one is not replaced by the older header.
    [
      'Standard Webhooks of another key beside hex',
      { ...standard(now, OTHER), 'creem-signature': hex(body) },
      'bad_signature',
    ],
    ['Standard Webhooks six minutes old', standard(now - 360_000), 'stale'],
    ['Standard Webhooks six minutes ahead', standard(now + 360_000), 'stale'],
  ])('$0 is $2', async (_, headers, expected) => {
    const request = webhook('checkout.completed', {}, headers);
    const context = contextWith({ keys: ['another-key', SECRET], now });
    const result = await Promise.resolve()
      .then(() => creem.verify(request, context))
      .then(
        () => 'accepted',
        ({ code }) => code,
      );
    expect(result).toBe(expected);
  });
});

const EUR = (value: string) => ({ value, currency: 'EUR' });
testEach([
  [{ units: undefined }, { lines: [{ quantity: 1 }] }],
  [{ units: 1.5 }, { lines: [{ held: 'bad_body' }] }],
  [{ product: 'prod_1' }, { lines: [{ sku: 'prod_1' }] }],
  [{ product: null }, { lines: [{ sku: 'prod_WidgetProMac' }] }],
  [{ product: null, 'order.product': null }, { lines: [{ sku: '' }] }],
  [{ customer: 'cust_1' }, { buyer: { name: undefined, email: undefined } }],
  [{ mode: 'test' }, { test: true }],
  [{ mode: 'local' }, { test: true }],
  [{ mode: undefined, 'order.mode': 'test' }, { test: true }],
  [{ mode: undefined, 'order.mode': undefined }, { test: false }],
  [{ 'order.amount_paid': null }, { amount: EUR('49') }],
  [{ 'order.amount_paid': 0 }, { kind: 'paid', amount: EUR('0') }],
  [
    {
      custom_fields: [
        { key: 'licensee', text: { value: 'A' } },
        { key: 'licensee', text: { value: 'B' } },
      ],
    },
    { lines: [{ held: 'no_name' }] },
  ],
  [{ custom_fields: null }, { buyer: { registration: undefined } }],
  [{ subscription: 'sub_1' }, { kind: 'paid', id: 'sub_1', aliases: ['ord_EXAMPLE0001'] }],
  [
    {
      subscription: { id: 'sub_1', status: 'trialing', current_period_end_date: '2026-12-04T14:03:18Z' },
      'order.amount_paid': 0,
    },
    { kind: 'trial', id: 'sub_1', until: '2026-12-04T14:03:18.000Z' },
  ],
  [{ subscription: { id: 'sub_1', status: 'trialing' } }, { kind: 'paid' }],
])('a checkout where $0 is an event where $1', async (changes, expected) => {
  expect(await read('checkout.completed', changes)).toMatchObject([expected]);
});

testEach([
  ['checkout.completed', { 'order.status': 'pending' }],
  ['subscription.active', {}],
  ['subscription.canceled', {}],
  ['subscription.paid', {}],
  ['refund.created', { refund_amount: 0 }],
  ['customer_credits.exhausted', { amount: 100 }],
])('$0 where $1 is no event', async (type, changes) => {
  expect(await read(type, changes)).toEqual([]);
});

testEach([
  ['refund.created', { status: 'pending' }, { reversal: { state: 'open' } }],
  ['refund.created', { status: 'requiresAction' }, { reversal: { state: 'open' } }],
  ['refund.created', { status: 'failed' }, { reversal: { state: 'won' } }],
  ['refund.created', { status: 'canceled' }, { reversal: { state: 'won' } }],
  ['refund.created', { 'transaction.status': 'refunded' }, { reversal: { state: 'done', part: 'full' } }],
  ['refund.created', { order: undefined }, { id: 'ord_EXAMPLE0001' }],
  ['refund.created', { order: 'ord_2' }, { id: 'ord_2' }],
  ['refund.created', { 'transaction.subscription': 'sub_1' }, { id: 'sub_1' }],
  ['refund.created', { mode: 'test' }, { test: true }],
  [
    'dispute.created',
    { subscription: { id: 'sub_1' } },
    { id: 'sub_1', reversal: { kind: 'chargeback', state: 'open' } },
  ],
  ['dispute.won', {}, { reversal: { state: 'won' } }],
  [
    'transaction.created',
    { amount: 100, currency: 'usd' },
    { kind: 'ignored', amount: { value: '1', currency: 'USD' } },
  ],
  [
    'subscription.paid',
    { 'last_transaction.amount_paid': 4900 },
    { kind: 'renewed', id: 'sub_EXAMPLE0001', lines: [] },
  ],
  ['subscription.trialing', { 'items.0.units': 3 }, { kind: 'trial', lines: [{ quantity: 3 }] }],
])('$0 where $1 is an event where $2', async (type, changes, expected) => {
  expect(await read(type, changes)).toMatchObject([expected]);
});

test('an event may have the names of newer bodies, and any time', async () => {
  const renamed = JSON.parse(webhook('checkout.completed', { created_at: 9e15 }).body.toString());
  const { eventType: type, object: data, ...rest } = renamed;
  const request = { ...webhook('x'), body: Buffer.from(JSON.stringify({ ...rest, type, data })) };
  expect(await creem.read(request, contextWith())).toMatchObject([{ kind: 'paid', id: 'ord_EXAMPLE0001' }]);
});

testEach([
  ['checkout.completed', { order: null }],
  ['refund.created', { order: null, transaction: null }],
  ['subscription.paid', { id: null }],
])('$0 where $1 is refused as bad_body', async (type, changes) => {
  await expect(read(type, changes)).rejects.toMatchObject({ code: 'bad_body' });
});

describe('the deliveries of an order', () => {
  const sale = webhook('checkout.completed', { custom_fields: [] });
  const refund = (id: string, refund_amount: number, status = 'partialRefund') =>
    webhook('refund.created', { id, refund_amount, 'transaction.status': status });
  const sub = { id: 'sub_EXAMPLE0001', status: 'active' };
  const bought = webhook('checkout.completed', { custom_fields: [], subscription: sub });
  const onTrial = webhook('checkout.completed', {
    custom_fields: [],
    subscription: { ...sub, status: 'trialing' },
    'order.amount_paid': 0,
  });
  const trial = webhook('subscription.trialing');
  const payment = webhook('subscription.paid', { 'last_transaction.amount_paid': 4900 });

  test.each([
    ['a repeated sale', [sale, sale], 'paid', 1],
    ['a partial refund, twice', [sale, refund('1', 1000), refund('1', 1000)], 'partly_refunded', 1],
    ['partial refunds of the whole', [sale, refund('1', 1000), refund('2', 3900)], 'refunded', 1],
    ['a full refund', [sale, refund('1', 4900, 'refunded')], 'refunded', 1],
    ['a refund before its sale', [refund('1', 4900, 'refunded'), sale], 'refunded', 0],
    ['a chargeback', [sale, webhook('dispute.created')], 'disputed', 1],
    [
      'a chargeback that was won',
      [sale, webhook('dispute.created'), webhook('dispute.won', { created_at: 1795183999000 })],
      'paid',
      1,
    ],
    ['a subscription', [bought, payment, payment], 'paid', 1],
    ['a subscription whose payment comes first', [payment, bought, payment], 'paid', 1],
    [
      'the refund of a renewal, by the subscription',
      [bought, webhook('refund.created', { order: 'ord_9', subscription: 'sub_EXAMPLE0001' })],
      'partly_refunded',
      1,
    ],
    ['a trial', [onTrial, trial, onTrial], 'unpaid', 0],
    ['a trial and its first payment', [trial, onTrial, payment, payment], 'paid', 1],
  ])('%s make one order', async (_, requests, status, mails) => {
    const shop = deliveriesOf('creem', creem, { skus: ['prod_WidgetProMac'], signing: [SECRET] });
    for (const request of requests) expect(await shop.post(request)).toMatchObject({ status: 200 });
    expect(shop.orders()).toMatchObject([{ status }]);
    expect(shop.mails.filter(({ text }) => /[0-9A-F]{32}/.test(text))).toHaveLength(mails);
  });
});
