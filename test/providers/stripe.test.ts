/** Tests variants of the bodies of Stripe: its sample, changed at named paths. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { stripe } from '../../functions/providers/stripe/provider.ts';
import { contextWith } from '../fixtures/catalogue.ts';

const sample = (name: string) =>
  readFileSync(new URL(`../../functions/providers/stripe/samples/${name}.json`, import.meta.url), 'utf8');

/** Returns the sample with values set at dotted paths; undefined removes a value. */
function changed(name: string, changes: Record<string, unknown>): Buffer {
  const whole = JSON.parse(sample(name));
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const holder = names.reduce((part, one) => part[one], whole);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  }
  return Buffer.from(JSON.stringify(whole));
}

const context = contextWith({
  keys: ['whsec_ExampleSecret0001'],
  now: 0,
  knows: (sku) => sku === 'plink_known' || sku === 'price_known',
});
const api = { key: 'rk_test_example', url: 'https://api.stripe.example' };
const read = async (body: Buffer, change: Partial<Context> = {}) =>
  await stripe.read({ method: 'POST', headers: {}, query: '', body }, { ...context, ...change });

const session = (changes: Record<string, unknown>) =>
  changed(
    'checkout.session.completed',
    Object.fromEntries(
      Object.entries(changes).map(([path, value]) => [path === 'type' ? path : `data.object.${path}`, value]),
    ),
  );
const noMetadata = { metadata: {}, payment_link: null };

describe('a session', () => {
  test.each([
    ['an unpaid session, because a delayed method may still fail', { payment_status: 'unpaid' }],
    ['a session of mode setup', { mode: 'setup', payment_status: 'no_payment_required' }],
    [
      'a session whose delayed payment failed',
      { type: 'checkout.session.async_payment_failed', payment_status: 'unpaid' },
    ],
    ['an expired session', { type: 'checkout.session.expired' }],
    ['an event of an unknown type', { type: 'checkout.session.reimagined' }],
    ['a renewal', { type: 'invoice.paid' }],
  ])('%s yields no event', async (_, changes) => {
    expect(await read(session(changes))).toEqual([]);
  });

  test.each([
    [
      'may be paid by a delayed method',
      { type: 'checkout.session.async_payment_succeeded' },
      { id: 'pi_3TExample000001' },
    ],
    [
      'that is free has the session ID, because it has no payment intent',
      { payment_status: 'no_payment_required', payment_intent: null },
      { id: 'cs_live_a1Q7Zt3fKxExampleExampleExampleExampleExampleExample0001' },
    ],
    [
      'in yen has an amount without decimals',
      { currency: 'jpy', amount_total: 4900 },
      { amount: { value: '4900', currency: 'JPY' } },
    ],
    [
      'in dinars has an amount from thousandths',
      { currency: 'kwd', amount_total: 4900 },
      { amount: { value: '4.90', currency: 'KWD' } },
    ],
    [
      'without custom fields has the customer’s details',
      { custom_fields: [] },
      { buyer: { name: 'Zoë Lindqvist', email: 'zoe.lindqvist@example.com', country: 'SE', locale: 'sv' } },
    ],
    [
      'may be identified by a payment link of the catalogue',
      { metadata: {}, payment_link: 'plink_known' },
      { lines: [{ sku: 'plink_known', quantity: 1 }] },
    ],
    [
      'has the quantity from its metadata',
      { metadata: { product_id: 'w', quantity: '12' } },
      { lines: [{ sku: 'w', quantity: 12 }] },
    ],
    [
      'counts a malformed quantity as 1',
      { metadata: { product_id: 'w', quantity: 'many' } },
      { lines: [{ sku: 'w', quantity: 1 }] },
    ],
    [
      'without a product and without an API key is held',
      noMetadata,
      { lines: [{ sku: '', held: 'unknown_product' }] },
    ],
    [
      'with an unknown payment link is held',
      { metadata: {}, payment_link: 'plink_x' },
      { lines: [{ sku: 'plink_x', held: 'unknown_product' }] },
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await read(session(changes))).toMatchObject([{ kind: 'paid', test: false, ...expected }]);
  });

  test('in test mode is a test order', async () => {
    expect(await read(changed('checkout.session.completed', { livemode: false }))).toMatchObject([
      { test: true },
    ]);
  });

  test('fetches its line items if nothing else identifies the product', async () => {
    const calls: unknown[] = [];
    // The shape of https://docs.stripe.com/api/checkout/sessions/line_items
    const list = {
      object: 'list',
      has_more: false,
      data: [
        {
          object: 'item',
          amount_total: 3900,
          currency: 'eur',
          quantity: 3,
          price: { id: 'price_known', product: 'prod_1' },
        },
        {
          object: 'item',
          amount_total: 975,
          currency: 'eur',
          quantity: 1,
          price: { id: 'price_2', product: 'prod_2' },
        },
      ],
    };
    const ask: Context['ask'] = async (url, init) => {
      calls.push([url, init?.headers]);
      return JSON.stringify(list);
    };
    expect(await read(session(noMetadata), { api, ask })).toMatchObject([
      {
        lines: [
          { sku: 'price_known', quantity: 3, paid: { value: '39', currency: 'EUR' } },
          { sku: 'prod_2', quantity: 1, paid: { value: '9.75', currency: 'EUR' } },
        ],
      },
    ]);
    expect(calls).toEqual([
      [
        'https://api.stripe.example/v1/checkout/sessions/cs_live_a1Q7Zt3fKxExampleExampleExampleExampleExampleExample0001/line_items?limit=100',
        { authorization: 'Bearer rk_test_example' },
      ],
    ]);
  });

  test.each([
    ['provider_refused', 'held'],
    ['provider_unavailable', 'refused for a retry'],
  ] as const)('whose line items get %s is %s', async (code, outcome) => {
    const ask = () => Promise.reject(new Rejection(code, 'said Stripe'));
    const reading = read(session(noMetadata), { api, ask });
    if (outcome === 'held')
      expect(await reading).toMatchObject([{ lines: [{ sku: '', held: 'unknown_product' }] }]);
    else await expect(reading).rejects.toMatchObject({ code: 'provider_unavailable' });
  });
});

describe('a thin event', () => {
  // stripe@23.1.0, resources/V2/Core/Events.d.ts
  const thin = (type: string) =>
    Buffer.from(
      JSON.stringify({
        id: 'evt_1',
        object: 'v2.core.event',
        type,
        created: '2026-11-21T22:26:50Z',
        livemode: true,
        related_object: { id: 'cs_1', type: 'checkout.session', url: '/v1/checkout/sessions/cs_1' },
      }),
    );

  test('leads to its object, which is fetched', async () => {
    const ask = async (url: string) => {
      expect(url).toBe('https://api.stripe.example/v1/checkout/sessions/cs_1');
      return JSON.stringify(JSON.parse(sample('checkout.session.completed')).data.object);
    };
    expect(await read(thin('v1.checkout.session.completed'), { api, ask })).toMatchObject([
      { kind: 'paid', id: 'pi_3TExample000001' },
    ]);
  });

  test('without an API key is refused as bad_body', async () => {
    await expect(read(thin('v1.checkout.session.completed'))).rejects.toMatchObject({ code: 'bad_body' });
  });

  test('of an ignored type yields no event', async () => {
    expect(await read(thin('v1.customer.created'))).toEqual([]);
  });
});

describe('a refund or dispute', () => {
  const event = (type: string, object: Record<string, unknown>) =>
    Buffer.from(JSON.stringify({ id: 'evt_1', object: 'event', type, livemode: true, data: { object } }));
  const refund = {
    id: 're_1',
    object: 'refund',
    charge: 'ch_1',
    payment_intent: 'pi_1',
    amount: 975,
    currency: 'eur',
  };
  const dispute = {
    id: 'du_1',
    object: 'dispute',
    charge: 'ch_1',
    payment_intent: 'pi_1',
    amount: 4875,
    currency: 'eur',
  };
  const eur = { value: '9.75', currency: 'EUR' };

  test.each([
    ['refund.created', { ...refund, status: 'pending' }, [['re_1', 'refund', 'open', 'partial', eur]]],
    ['refund.updated', { ...refund, status: 'succeeded' }, [['re_1', 'refund', 'done', 'partial', eur]]],
    [
      'refund.failed',
      { ...refund, status: 'failed' },
      [
        ['re_1', 'refund', 'won', 'partial', eur],
        ['ch_1', 'refund', 'won', 'partial', undefined],
      ],
    ],
    [
      'charge.dispute.created',
      { ...dispute, status: 'needs_response' },
      [['du_1', 'chargeback', 'open', 'full', undefined]],
    ],
    [
      'charge.dispute.updated',
      { ...dispute, status: 'appeal_under_review' },
      [['du_1', 'chargeback', 'open', 'full', undefined]],
    ],
    [
      'charge.dispute.closed',
      { ...dispute, status: 'won' },
      [['du_1', 'chargeback', 'won', 'full', undefined]],
    ],
    [
      'charge.dispute.closed',
      { ...dispute, status: 'lost' },
      [['du_1', 'chargeback', 'lost', 'full', undefined]],
    ],
    [
      'charge.dispute.closed',
      { ...dispute, status: 'warning_closed' },
      [['du_1', 'chargeback', 'won', 'full', undefined]],
    ],
    ['charge.dispute.created', { ...dispute, payment_intent: null, status: 'needs_response' }, []],
  ])('in the event %s, %o, sets the state of the reversal', async (type, object, facts) => {
    expect(await read(event(type, object))).toEqual(
      facts.map(([reversalId, kind, state, part, amount]) => ({
        kind: 'reversed',
        id: 'pi_1',
        test: false,
        reversalId,
        reversal: { kind, state, part, ...(kind === 'refund' ? { amount } : {}) },
      })),
    );
  });

  test('of a part of a charge is partial', async () => {
    const body = changed('charge.refunded', {
      'data.object.refunded': false,
      'data.object.amount_refunded': 975,
    });
    expect(await read(body)).toMatchObject([
      { id: 'pi_3TExample000001', reversal: { part: 'partial', state: 'done' } },
    ]);
  });
});
