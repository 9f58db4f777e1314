/** Tests variants of the bodies of Stripe: its sample, changed at named paths. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { stripe } from '../../functions/providers/stripe/provider.ts';
import { contextWith } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';

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
      'without a quantity in its metadata is one copy',
      { metadata: { product_id: 'w' } },
      { lines: [{ sku: 'w', quantity: 1, held: undefined }] },
    ],
    [
      'with a malformed quantity is held',
      { metadata: { product_id: 'w', quantity: 'many' } },
      { lines: [{ sku: 'w', quantity: 1, held: 'bad_body' }] },
    ],
    [
      'with a quantity beyond the maximum is held',
      { metadata: { product_id: 'w', quantity: '10001' } },
      { lines: [{ sku: 'w', held: 'bad_body' }] },
    ],
    [
      'with items that the buyer may have added is held without an API key',
      { optional_items: [{ price: 'price_2', quantity: 1 }] },
      { lines: [{ sku: 'widgetpro-mac', held: 'unknown_product' }] },
    ],
    [
      'takes the typed name before the name on the card',
      {
        'customer_details.name': 'Z LINDQVIST',
        'customer_details.individual_name': 'Zoë Lindqvist',
        custom_fields: null,
      },
      { buyer: { name: 'Zoë Lindqvist', registration: undefined } },
    ],
    [
      'takes the name that was collected before the name on the card',
      {
        'customer_details.name': 'Z LINDQVIST',
        'customer_details.individual_name': null,
        'collected_information.individual_name': 'Zoë Lindqvist',
      },
      { buyer: { name: 'Zoë Lindqvist' } },
    ],
    [
      'is sold without anything that it does not need',
      {
        amount_total: '48.75',
        currency: 5,
        created: 'today',
        customer_details: [],
        collected_information: [],
        custom_fields: {},
        payment_link: [],
        locale: {},
      },
      { lines: [{ sku: 'widgetpro-mac', paid: undefined }] },
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

  test('is held if the catalogue calls its payment link adjustable and there is no API key', async () => {
    const link = session({ metadata: {}, payment_link: 'plink_known' });
    expect(await read(link, { options: { adjustable: ['plink_known'] } })).toMatchObject([
      { lines: [{ sku: 'plink_known', held: 'unknown_product' }] },
    ]);
    expect(await read(link, { options: { adjustable: ['plink_other'] } })).toMatchObject([
      { lines: [{ sku: 'plink_known', held: undefined }] },
    ]);
  });

  const list = (...data: readonly object[]) => ({ object: 'list', has_more: false, data });
  const item = (change: object = {}) => ({
    object: 'item',
    amount_total: 3900,
    currency: 'eur',
    quantity: 1,
    price: { id: 'price_known', product: 'prod_1' },
    ...change,
  });
  const other = { price: { id: 'price_2', product: 'prod_2' } };
  test.each<[string, Record<string, unknown>, readonly object[], readonly object[]]>([
    ['decide the quantity', {}, [item({ quantity: 3 })], [{ sku: 'price_known', quantity: 3 }]],
    [
      'decide what an optional item was',
      { optional_items: [{ price: 'price_2', quantity: 1 }] },
      [item(), item({ ...other, amount_total: 900 })],
      [{ sku: 'price_known' }, { sku: 'widgetpro-mac', paid: { value: '9', currency: 'EUR' } }],
    ],
    [
      'that the catalogue does not list leave the metadata to the only one',
      {},
      [item(other)],
      [{ sku: 'widgetpro-mac', quantity: 1 }],
    ],
    [
      'that the catalogue does not list are held if the metadata can be of either',
      {},
      [item(other), item({ price: { id: 'price_3', product: 'prod_3' } })],
      [{ sku: 'prod_2' }, { sku: 'prod_3' }],
    ],
    [
      'without a price are one held line',
      noMetadata,
      [item(), item({ price: null })],
      [{ sku: 'price_known', held: undefined }, { sku: '' }],
    ],
    [
      'with a bad quantity are one held line',
      noMetadata,
      [item({ quantity: 1.5 }), item({ quantity: null }), item({ quantity: 10_001 })],
      [{ held: 'bad_body' }, { quantity: 1, held: undefined }, { held: 'bad_body' }],
    ],
  ])('with an API key: line items %s', async (_, changes, data, lines) => {
    const ask = async () => JSON.stringify(list(...data));
    expect(await read(session(changes), { api, ask })).toMatchObject([{ lines }]);
  });

  test('with more line items than one page is refused as bad_body', async () => {
    const ask = async () => JSON.stringify({ ...list(item()), has_more: true });
    await expect(read(session({}), { api, ask })).rejects.toMatchObject({ code: 'bad_body' });
  });

  test('fetches its line items with the API key', async () => {
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
      if (url !== 'https://api.stripe.example/v1/checkout/sessions/cs_1')
        throw new Rejection('provider_refused', 'said 404');
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
    Buffer.from(
      JSON.stringify({
        id: 'evt_1',
        object: 'event',
        type,
        created: 1795300000,
        livemode: true,
        data: { object },
      }),
    );
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
    [
      'a pending refund opens the reversal',
      'refund.created',
      { ...refund, status: 'pending' },
      [['re_1', 'refund', 'open', 'partial', eur]],
    ],
    [
      'a refund that succeeded ends the reversal',
      'refund.updated',
      { ...refund, status: 'succeeded' },
      [['re_1', 'refund', 'done', 'partial', eur]],
    ],
    [
      'a failed refund is won back, also that of its charge',
      'refund.failed',
      { ...refund, status: 'failed' },
      [
        ['re_1', 'refund', 'won', 'partial', eur],
        ['ch_1', 'refund', 'won', 'partial', undefined],
      ],
    ],
    [
      'a dispute that needs a response opens the reversal',
      'charge.dispute.created',
      { ...dispute, status: 'needs_response' },
      [['du_1', 'chargeback', 'open', 'full', undefined]],
    ],
    [
      'a dispute with an appeal under review keeps the reversal open',
      'charge.dispute.updated',
      { ...dispute, status: 'appeal_under_review' },
      [['du_1', 'chargeback', 'open', 'full', undefined]],
    ],
    [
      'a dispute that is won is won back',
      'charge.dispute.closed',
      { ...dispute, status: 'won' },
      [['du_1', 'chargeback', 'won', 'full', undefined]],
    ],
    [
      'a dispute that is lost is lost',
      'charge.dispute.closed',
      { ...dispute, status: 'lost' },
      [['du_1', 'chargeback', 'lost', 'full', undefined]],
    ],
    [
      'a closed warning is won back',
      'charge.dispute.closed',
      { ...dispute, status: 'warning_closed' },
      [['du_1', 'chargeback', 'won', 'full', undefined]],
    ],
    [
      'a dispute without a payment is no event',
      'charge.dispute.created',
      { ...dispute, payment_intent: null, status: 'needs_response' },
      [],
    ],
    ['a refund of 0 is no event', 'refund.created', { ...refund, status: 'succeeded', amount: 0 }, []],
    [
      'a charge of which 0 is refunded is no event',
      'charge.refunded',
      { id: 'ch_1', payment_intent: 'pi_1', refunded: false, amount_refunded: 0 },
      [],
    ],
  ])('%s: %s', async (_, type, object, facts) => {
    expect(await read(event(type, object))).toEqual(
      facts.map(([reversalId, kind, state, part, amount]) => ({
        kind: 'reversed',
        id: 'pi_1',
        test: false,
        reversalId,
        // The time of the event decides between states that come in any order.
        reversal: { kind, state, part, amount, at: '2026-11-21T22:26:40.000Z' },
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

describe('a subscription', () => {
  const subscription = (changes: object = {}) =>
    session({
      mode: 'subscription',
      payment_intent: null,
      subscription: 'sub_1',
      invoice: 'in_1',
      ...changes,
    });
  const trial = { payment_status: 'no_payment_required', amount_total: 0 };
  const answering = (answers: Readonly<Record<string, unknown>>) => {
    const ask: Context['ask'] = async (url) => {
      const [, answer] = Object.entries(answers).find(([path]) => url.includes(path)) ?? [];
      if (answer === undefined) throw new Rejection('provider_refused', 'said 403');
      return JSON.stringify(answer);
    };
    return { api, ask };
  };
  const SESSION = 'cs_live_a1Q7Zt3fKxExampleExampleExampleExampleExampleExample0001';
  const line = { sku: 'widgetpro-mac', quantity: 1 };

  test('is sold under the session, with the subscription and the first invoice as aliases', async () => {
    expect(await read(subscription())).toMatchObject([
      { kind: 'paid', id: SESSION, aliases: ['sub_1', 'in_1'], lines: [line] },
    ]);
  });

  test('that starts with a trial is a trial, with its end from the API', async () => {
    const expected = { kind: 'trial', id: SESSION, aliases: ['sub_1', 'in_1'], lines: [line] };
    expect(await read(subscription(trial))).toMatchObject([{ ...expected, until: undefined }]);
    const change = answering({ '/v1/subscriptions/sub_1': { id: 'sub_1', trial_end: 1_796_500_000 } });
    expect(await read(subscription(trial), change)).toMatchObject([
      { ...expected, until: '2026-12-05T19:46:40.000Z' },
    ]);
  });

  test('has its payment and the number of its receipt from the invoice, in either version of the API', async () => {
    const payments = { data: [{ payment: { type: 'payment_intent', payment_intent: 'pi_1' } }] };
    for (const invoice of [
      { id: 'in_1', number: 'EX-0001', payments },
      { id: 'in_1', number: 'EX-0001', payment_intent: 'pi_1' },
    ])
      expect(
        await read(subscription(), answering({ '/v1/invoices/in_1?expand[]=payments': invoice })),
      ).toMatchObject([
        { kind: 'paid', id: SESSION, aliases: ['sub_1', 'in_1', 'pi_1'], printed: 'EX-0001' },
      ]);
  });

  const event = (type: string, object: object) =>
    Buffer.from(
      JSON.stringify({
        id: 'evt_1',
        object: 'event',
        type,
        created: 1795300000,
        livemode: true,
        data: { object },
      }),
    );
  const invoice = { id: 'in_2', object: 'invoice', amount_paid: 3900, currency: 'eur' };
  const parent = { type: 'subscription_details', subscription_details: { subscription: 'sub_1' } };
  const renewal = {
    kind: 'renewed',
    id: 'sub_1',
    amount: { value: '39', currency: 'EUR' },
    placedAt: '2026-11-21T22:26:40.000Z',
    lines: [],
  };
  test.each<[string, string, object, readonly object[]]>([
    ['renews', 'invoice.paid', { ...invoice, parent }, [{ ...renewal, aliases: ['in_2'] }]],
    [
      'renews, in the older version of the API',
      'invoice.payment_succeeded',
      { ...invoice, subscription: 'sub_1', payment_intent: 'pi_2' },
      [{ ...renewal, aliases: ['in_2', 'pi_2'] }],
    ],
    ['starts a trial with an invoice of 0', 'invoice.paid', { ...invoice, parent, amount_paid: 0 }, []],
    [
      'has a payment',
      'invoice_payment.paid',
      { id: 'inpay_1', invoice: 'in_1', amount_paid: 3900, payment: { payment_intent: 'pi_1' } },
      [{ kind: 'renewed', id: 'in_1', aliases: ['pi_1'] }],
    ],
  ])('%s by %s', async (_, type, object, expected) => {
    expect(await read(event(type, object))).toMatchObject(expected);
  });

  test('its renewal finds its payment by the API', async () => {
    const change = answering({ '/v1/invoices/in_2': { id: 'in_2', payment_intent: 'pi_2' } });
    expect(await read(event('invoice.paid', { ...invoice, parent }), change)).toMatchObject([
      { ...renewal, aliases: ['in_2', 'pi_2'] },
    ]);
  });

  const settings = { testOrders: 'seller' } as const;
  const charge = { id: 'ch_1', payment_intent: 'pi_1', refunded: true, amount_refunded: 4875 };
  const paymentOf = { invoice: 'in_1', amount_paid: 4875, payment: { payment_intent: 'pi_1' } };
  test.each<[string, readonly Buffer[], Partial<Context>]>([
    [
      'by the invoice of the charge',
      [subscription(), event('charge.refunded', { ...charge, invoice: 'in_1' })],
      {},
    ],
    [
      'by the payment of the invoice',
      [subscription(), event('invoice_payment.paid', paymentOf), event('charge.refunded', charge)],
      {},
    ],
    [
      'by the payment of the invoice, in the opposite order',
      [event('charge.refunded', charge), event('invoice_payment.paid', paymentOf), subscription()],
      {},
    ],
    [
      'by the API',
      [subscription(), event('charge.refunded', charge)],
      answering({ '/v1/invoices/in_1': { id: 'in_1', payment_intent: 'pi_1' } }),
    ],
  ])('the refund of its first payment finds its order %s', async (_, bodies, { api: own, ask }) => {
    const shop = deliveriesOf(
      'stripe',
      { ...stripe, verify() {} },
      { settings, skus: ['widgetpro-mac'], signing: ['whsec_a'], ...(own && ask ? { api: own, ask } : {}) },
    );
    for (const body of bodies) await shop.post({ method: 'POST', headers: {}, query: '', body });
    expect(shop.orders()).toMatchObject([{ key: `stripe#${SESSION}`, status: 'refunded' }]);
  });

  test('a trial gets its serial with its first payment, once', async () => {
    const shop = deliveriesOf(
      'stripe',
      { ...stripe, verify() {} },
      { settings, skus: ['widgetpro-mac'], signing: ['whsec_a'] },
    );
    const post = (body: Buffer) => shop.post({ method: 'POST', headers: {}, query: '', body });
    for (const body of [subscription(trial), subscription(trial)]) await post(body);
    expect(shop.orders()).toMatchObject([{ status: 'unpaid', lines: [{ serial: null }] }]);
    const mails = shop.mails.length;
    for (let n = 0; n < 3; n += 1) await post(event('invoice.paid', { ...invoice, parent, id: `in_${n}` }));
    expect(shop.orders()).toMatchObject([{ status: 'paid', lines: [{ serial: expect.any(String) }] }]);
    expect(shop.mails.length).toBe(mails + 1);
  });
});

test.each<[string, string, object, object[]]>([
  [
    'a payment is ignored with the amount that was received',
    'payment_intent.succeeded',
    { id: 'pi_9', amount: 4000, amount_received: 3900, currency: 'eur' },
    [{ id: 'pi_9', type: 'payment_intent.succeeded', amount: { value: '39', currency: 'EUR' } }],
  ],
  [
    'a charge is ignored with its amount',
    'charge.succeeded',
    { id: 'ch_9', amount: 4900, currency: 'jpy' },
    [{ id: 'ch_9', type: 'charge.succeeded', amount: { value: '4900', currency: 'JPY' } }],
  ],
  [
    'a paid invoice is ignored with its amount',
    'invoice.paid',
    { id: 'in_9', amount_paid: 3900, currency: 'eur' },
    [{ id: 'in_9', type: 'invoice.paid', amount: { value: '39', currency: 'EUR' } }],
  ],
  [
    'a payment of 0 is no event',
    'payment_intent.succeeded',
    { id: 'pi_9', amount_received: 0, currency: 'eur' },
    [],
  ],
  [
    'a payment that is not made yet is no event',
    'payment_intent.created',
    { id: 'pi_9', amount: 4000, currency: 'eur' },
    [],
  ],
])('outside of Checkout, %s: %s', async (_, type, object, expected) => {
  const body = Buffer.from(JSON.stringify({ object: 'event', type, livemode: true, data: { object } }));
  expect(await read(body)).toMatchObject(expected.map((one) => ({ kind: 'ignored', test: false, ...one })));
});

test.each([
  ['a session', 'checkout.session', 'pi_3TExample000001'],
  ['another object, whose body says something else of the order', 'charge', 'bad_body'],
])('an unparseable event of %s is identified by %s', async (_, object, expected) => {
  const body = session({ object, created: 'x', payment_status: 'x' });
  const request = { method: 'POST', headers: {}, query: '', body };
  try {
    expect(stripe.idIn?.(request, context)).toBe(expected);
  } catch (error) {
    expect(error).toMatchObject({ code: expected });
  }
});
