/** Tests Freemius: variants of the samples, whose types are those of its SDK. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { freemius } from '../../functions/providers/freemius/provider.ts';
import { contextWith } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { testEach } from '../fixtures/in-words.ts';
import { changed } from '../fixtures/sample.ts';

const SECRET = 'sk_example_freemius_secret_0123456789';
function webhook(
  type: string,
  changes: Readonly<Record<string, unknown>> = {},
  created = '2026-11-20 14:03:18',
) {
  const sample = type.startsWith('subscription') ? 'subscription.created' : 'payment.created';
  const paths = Object.entries(changes).map(([path, value]) => [`objects.${path}`, value]);
  const body = changed(`freemius/${sample}.json`, { type, created, ...Object.fromEntries(paths) });
  const headers = { 'x-signature': createHmac('sha256', SECRET).update(body).digest('hex') };
  return { method: 'POST', headers, query: '', body };
}
const read = async (type: string, changes: Readonly<Record<string, unknown>> = {}, context = {}) =>
  freemius.read(webhook(type, changes), contextWith(context));
const EUR = (value: string) => ({ value, currency: 'EUR' });

testEach([
  ['payment.created', { 'payment.environment': 1 }, { test: true }],
  ['payment.created', { 'payment.license_id': 900001, 'payment.id': 7 }, { id: '900001', printed: '7' }],
  ['payment.created', { 'payment.license_id': null }, { id: '900001' }],
  ['payment.refund', { 'payment.license_id': null }, { id: '900001' }],
  // Its refund is of `payment 555`.
  [
    'payment.created',
    { 'payment.license_id': null, 'license.id': null },
    { id: '555', aliases: ['payment 555'] },
  ],
  ['payment.created', { 'payment.plan_id': null }, { lines: [{ sku: '4321' }] }],
  ['payment.created', { user: null }, { buyer: { name: undefined, email: undefined } }],
  ['payment.created', { 'user.first': '', 'user.last': 'Łuk' }, { buyer: { name: 'Łuk' } }],
  ['payment.created', { 'payment.gross': '39' }, { kind: 'paid', amount: undefined }],
  [
    'payment.created',
    { 'payment.gross': 0, 'payment.vat': 0, 'payment.coupon_id': '5', 'payment.subscription_id': '8' },
    { kind: 'paid', amount: EUR('0.00') },
  ],
  [
    'payment.created',
    { 'payment.gross': 0, 'payment.vat': 0, 'payment.subscription_id': '8' },
    { kind: 'trial' },
  ],
  ['payment.created', { 'payment.is_renewal': true }, { kind: 'renewed', id: '900001', lines: [] }],
  [
    'payment.created',
    { 'payment.type': 'refund', 'payment.bound_payment_id': '555' },
    { kind: 'reversed', reversalId: '555' },
  ],
  [
    'payment.refund',
    { 'payment.id': '9', 'payment.gross': -10, 'payment.vat': -1.9 },
    { reversalId: '9', reversal: { kind: 'refund', state: 'done', amount: EUR('11.90') } },
  ],
  [
    'payment.refund',
    { 'payment.license_id': null, 'license.id': null, 'payment.bound_payment_id': '555' },
    { id: 'payment 555' },
  ],
  [
    'payment.dispute.created',
    { 'payment.bound_payment_id': '555' },
    { reversalId: '555', reversal: { kind: 'chargeback', state: 'open' } },
  ],
  ['payment.dispute.won', {}, { reversal: { state: 'won' } }],
  ['payment.dispute.lost', {}, { reversal: { state: 'lost' } }],
  // Closed by a refund.
  ['payment.dispute.closed', {}, { reversal: { state: 'lost' } }],
  ['payment.updated', { 'payment.type': 'lost_dispute' }, { reversal: { state: 'lost' } }],
  ['payment.updated', { 'payment.type': 'chargeback' }, { reversal: { state: 'lost' } }],
  ['payment.updated', { 'payment.type': 'won_dispute' }, { reversal: { state: 'won' } }],
  ['payment.adjusted', {}, { kind: 'ignored', type: 'payment.adjusted', amount: EUR('46.41') }],
  ['subscription.created', { 'subscription.environment': 1 }, { kind: 'trial', test: true }],
])('$0 where $1 is an event where $2', async (type, changes, expected) => {
  expect(await read(type, changes)).toMatchObject([expected]);
});

testEach([
  ['license.created', { payment: undefined }],
  ['user.created', { payment: undefined }],
  ['payment.refund', { 'payment.gross': 0, 'payment.vat': 0 }],
  ['payment.created', { 'payment.is_renewal': true, 'payment.gross': 0, 'payment.vat': 0 }],
  ['subscription.created', { 'subscription.trial_ends': null }],
  ['subscription.cancelled', {}],
])('$0 where $1 is no event', async (type, changes) => {
  expect(await read(type, changes)).toEqual([]);
});

test.each(['2001', '4321', '1234'])('the SKU %s is used if the catalogue lists it', async (sku) => {
  expect(await read('payment.created', {}, { knows: (one: string) => one === sku })).toMatchObject([
    { lines: [{ sku }] },
  ]);
});

test('a payment without any ID is refused as bad_body', async () => {
  const changes = { 'payment.license_id': null, 'payment.id': '../1', 'license.id': null };
  await expect(read('payment.created', changes)).rejects.toMatchObject({ code: 'bad_body' });
});

describe('the deliveries of an order', () => {
  const sale = webhook('payment.created');
  const refund = (id: string, gross: number) =>
    webhook('payment.refund', {
      'payment.id': id,
      'payment.gross': gross,
      'payment.vat': 0,
      'payment.bound_payment_id': '555',
    });
  const dispute = (what: string, day: number) =>
    webhook(`payment.dispute.${what}`, { 'payment.bound_payment_id': '555' }, `2026-11-${day} 00:00:00`);
  const renewal = (id: string) =>
    webhook('payment.created', { 'payment.id': id, 'payment.is_renewal': true });
  const trial = webhook('subscription.created');

  test.each([
    ['a repeated sale', [sale, sale], 'paid', 1],
    ['a partial refund, twice', [sale, refund('1', -10), refund('1', -10)], 'partly_refunded', 1],
    ['partial refunds of the whole', [sale, refund('1', -10), refund('2', -36.41)], 'refunded', 1],
    ['a full refund', [sale, refund('1', -46.41)], 'refunded', 1],
    ['a refund before its sale', [refund('1', -46.41), sale], 'refunded', 0],
    ['a chargeback', [sale, dispute('created', 21)], 'disputed', 1],
    ['a chargeback that was won', [sale, dispute('won', 22), dispute('created', 21)], 'paid', 1],
    ['a chargeback that was lost', [sale, dispute('created', 21), dispute('lost', 22)], 'disputed', 1],
    ['renewals', [sale, renewal('2'), renewal('3')], 'paid', 1],
    ['a trial', [trial, trial], 'unpaid', 0],
    ['a trial and its first payment', [trial, renewal('2'), renewal('3')], 'paid', 1],
    ['a trial and its first payment as a sale', [trial, sale, trial], 'paid', 1],
  ])('%s make one order', async (_, requests, status, mails) => {
    const shop = deliveriesOf('freemius', freemius, { skus: ['2001'], signing: [SECRET] });
    for (const request of requests) expect(await shop.post(request)).toMatchObject({ status: 200 });
    expect(shop.orders()).toMatchObject([{ status }]);
    expect(shop.mails.filter(({ text }) => /[0-9A-F]{32}/.test(text))).toHaveLength(mails);
  });
});
