/** Refunds and disputes whose outcome changes, in the providers' own bodies, through the complete pipeline. */
import { describe, expect, test } from 'vitest';
import { providers } from '../../functions/providers/index.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { changed, changedForm, sampleOf } from '../fixtures/sample.ts';

/** A refund, by its ID, of a part of the price, or the failure of one; `back` is the sum of what is given back by then. */
interface Refund {
  readonly id: string;
  readonly percent: number;
  readonly failed: boolean;
  readonly back: number;
  /** What is given back by then, in the smallest unit, by the ID of the refund. */
  readonly all: ReadonlyMap<string, number>;
  readonly currency: string;
}
/** `taken`: what precedes a dispute, Paddle's warning and PayPal's reversal. */
type Outcome = 'open' | 'won' | 'lost' | 'taken';
type Body = Buffer | readonly [headers: Readonly<Record<string, string>>, body: Buffer];
interface Shop {
  readonly sku: string;
  readonly sale: Body;
  /** Precedes the sale, because the sale has no buyer. */
  readonly announced?: Body;
  /** The price, in the smallest unit. */
  readonly price: number;
  readonly currency: string;
  readonly refund: (refund: Refund, cents: number, at: Date) => readonly Body[];
  /** Set if its refunds can fail. */
  readonly refundsFail?: true;
  readonly dispute?: (outcome: Outcome, at: Date) => Body;
  /** The outcomes that it reports, `open` and `won` by default. */
  readonly outcomes?: readonly Outcome[];
  /** True if it states the time of each event, so that their order does not matter. */
  readonly isTimed: boolean;
  readonly options?: Readonly<Record<string, unknown>>;
  /** What its API answers about the last request. */
  readonly answer?: (body: Buffer) => unknown;
}

const decimal = (cents: number) => (cents / 100).toFixed(2);
const seconds = (at: Date) => Math.floor(at.getTime() / 1000);
/** 2026-11-24 10:00:00 */
const plain = (at: Date) => at.toISOString().replace('T', ' ').slice(0, 19);
/** 11/24/2026 10:00 AM */
const american = (at: Date) =>
  at
    .toLocaleString('en-US', {
      ...{ timeZone: 'UTC', year: 'numeric', month: '2-digit', day: '2-digit' },
      ...{ hour: '2-digit', minute: '2-digit' },
    })
    .replace(/,|\u202f/g, (one) => (one === ',' ? '' : ' '));
const pick = <Value>(outcome: Outcome, open: Value, won: Value, lost: Value, taken = open): Value =>
  ({ open, won, lost, taken })[outcome];

const stripeEvent = (type: string, at: Date, object: object) =>
  changed('stripe/charge.refunded.json', { type, created: seconds(at), 'data.object': object });
const stripe = { payment_intent: 'pi_3TExample000001', charge: 'ch_3TExample000001', currency: 'eur' };

const SHOPS: Readonly<Record<string, Shop>> = {
  stripe: {
    ...{ sku: 'widgetpro-mac', price: 4875, currency: 'EUR', isTimed: true, refundsFail: true },
    sale: changed('stripe/checkout.session.completed.json', {}),
    refund: ({ id, failed, back, currency }, amount, at) => {
      const refund = { ...stripe, id: `re_${id}`, amount, status: failed ? 'failed' : 'succeeded' };
      const type = failed ? 'charge.refund.updated' : 'refund.created';
      const charge = { ...stripe, id: stripe.charge, amount_refunded: back, refunded: back >= 4875 };
      return [
        stripeEvent(type, at, { ...refund, currency: currency.toLowerCase() }),
        ...(failed || amount === 0 ? [] : [stripeEvent('charge.refunded', at, charge)]),
      ];
    },
    outcomes: ['open', 'won', 'lost'],
    dispute: (outcome, at) =>
      stripeEvent(`charge.dispute.${pick(outcome, 'updated', 'closed', 'closed')}`, at, {
        ...{ ...stripe, id: 'dp_1', status: pick(outcome, 'needs_response', 'won', 'lost') },
      }),
  },
  paddle: {
    ...{ sku: 'pro_01kexample00000000000000001', price: 7830, currency: 'EUR' },
    ...{ isTimed: true, refundsFail: true },
    sale: changed('paddle/transaction.completed.json', {
      'data.custom_data': { name: 'Zoë', email: 'zoe@example.com' },
    }),
    refund: ({ id, percent, failed, currency }, cents, at) => [
      changed('paddle/adjustment.updated.json', {
        ...{
          occurred_at: at.toISOString(),
          'data.id': `adj_${id}`,
          'data.type': percent === 100 ? 'full' : 'partial',
        },
        ...{ 'data.status': failed ? 'reversed' : 'approved', 'data.currency_code': currency },
        'data.totals.total': String(cents),
      }),
    ],
    outcomes: ['open', 'won', 'taken'],
    dispute: (outcome, at) =>
      changed('paddle/adjustment.created.json', {
        ...{ occurred_at: at.toISOString(), 'data.id': `adj_${at.getTime()}`, 'data.status': 'approved' },
        'data.action': pick(outcome, 'chargeback', 'chargeback_reverse', 'chargeback', 'chargeback_warning'),
      }),
  },
  fastspring: {
    ...{ sku: 'widgetpro-mac', price: 9360, currency: 'EUR', isTimed: true },
    sale: changed('fastspring/order.completed.json', {}),
    refund: ({ id, currency }, cents, at) => [
      changed('fastspring/return.created.json', {
        ...{ 'events.0.created': at.getTime(), 'events.0.data.return': id },
        ...{ 'events.0.data.totalReturn': cents / 100, 'events.0.data.currency': currency },
      }),
    ],
    outcomes: ['open'],
    dispute: (_, at) => changed('fastspring/chargeback.created.json', { 'events.0.created': at.getTime() }),
  },
  polar: {
    ...{ sku: 'widgetpro-mac', price: 4680, currency: 'EUR', isTimed: true, refundsFail: true },
    sale: changed('polar/order.paid.json', {}),
    refund: ({ id, failed, back, currency }, cents, at) => [
      changed('polar/refund.updated.json', {
        ...{ timestamp: at.toISOString(), 'data.id': id, 'data.status': failed ? 'failed' : 'succeeded' },
        ...{ 'data.amount': cents, 'data.tax_amount': 0, 'data.currency': currency.toLowerCase() },
      }),
      ...(failed
        ? []
        : [
            changed('polar/order.refunded.json', {
              ...{ timestamp: at.toISOString(), 'data.refunded_amount': back },
              'data.status': back >= 4680 ? 'refunded' : 'partially_refunded',
            }),
          ]),
    ],
  },
  lemonsqueezy: {
    ...{ sku: '300301', price: 3840, currency: 'GBP', isTimed: false },
    sale: changed('lemonsqueezy/order_created.json', {}),
    refund: ({ back }) => [
      changed('lemonsqueezy/order_refunded.json', {
        ...{ 'data.attributes.refunded_amount': back, 'data.attributes.refunded': back >= 3840 },
        'data.attributes.status': back >= 3840 ? 'refunded' : 'partial_refund',
      }),
    ],
  },
  gumroad: {
    ...{ sku: 'EXAMPLEproductId01==', price: 3900, currency: 'USD', isTimed: false },
    options: { sellerId: 'kL0psVL2admJSYRNs-EXAMPLE==' },
    answer(body) {
      const ping = new URLSearchParams(body.toString());
      const flags = ['refunded', 'disputed', 'dispute_won'].map((flag) => [flag, ping.get(flag) === 'true']);
      return {
        sale: {
          ...JSON.parse(sampleOf('gumroad/sale.api.json').toString()).sale,
          ...Object.fromEntries(flags),
        },
      };
    },
    sale: changedForm('gumroad/sale.form', {}),
    refund: ({ back }) =>
      back === 0 ? [] : [changedForm('gumroad/refund.form', { refunded: String(back >= 3900) })],
    dispute: (outcome) =>
      changedForm(`gumroad/${pick(outcome, 'dispute', 'dispute_won', 'dispute')}.form`, {}),
  },
  paypal: {
    ...{ sku: 'widgetpro-mac', price: 3900, currency: 'USD', isTimed: true, refundsFail: true },
    options: { payee: 'EXAMPLEMERCH1' },
    announced: changed('paypal/CHECKOUT.ORDER.APPROVED.json', {}),
    sale: changed('paypal/PAYMENT.CAPTURE.COMPLETED.json', {}),
    refund: ({ id, failed, currency }, cents, at) => [
      changed('paypal/PAYMENT.CAPTURE.REFUNDED.json', {
        ...{ create_time: at.toISOString(), 'resource.id': id },
        'resource.status': failed ? 'FAILED' : 'COMPLETED',
        'resource.amount': { currency_code: currency, value: decimal(cents) },
      }),
    ],
    outcomes: ['open', 'won', 'lost', 'taken'],
    dispute: (outcome, at) =>
      changed('paypal/PAYMENT.CAPTURE.REFUNDED.json', {
        create_time: at.toISOString(),
        event_type: pick(
          outcome,
          'CUSTOMER.DISPUTE.UPDATED',
          'CUSTOMER.DISPUTE.RESOLVED',
          'CUSTOMER.DISPUTE.RESOLVED',
          'PAYMENT.CAPTURE.REVERSED',
        ),
        ...(outcome !== 'taken' && {
          resource: {
            dispute_id: 'PP-D-1',
            status: pick(outcome, 'UNDER_REVIEW', 'RESOLVED', 'RESOLVED'),
            dispute_outcome: {
              outcome_code: pick(outcome, null, 'RESOLVED_SELLER_FAVOUR', 'RESOLVED_BUYER_FAVOUR'),
            },
            disputed_transactions: [{ seller_transaction_id: '9EX00001EX000002B' }],
          },
        }),
      }),
  },
  'paypal-ipn': {
    ...{ sku: 'widgetpro-mac', price: 3900, currency: 'USD', isTimed: true },
    options: { receiver: 'sales@vendor.example.com' },
    sale: changedForm('paypal-ipn/ipn.completed.form', {}),
    refund: ({ id, currency }, cents, at) => [
      changedForm('paypal-ipn/ipn.refunded.form', {
        ...{ txn_id: id, payment_date: `${plain(at)} GMT`, mc_gross: decimal(-cents), mc_currency: currency },
      }),
    ],
    dispute: (outcome, at) =>
      changedForm('paypal-ipn/ipn.refunded.form', {
        ...{ payment_date: `${plain(at)} GMT`, txn_id: String(at.getTime()) },
        payment_status: pick(outcome, 'Reversed', 'Canceled_Reversal', 'Reversed'),
        mc_gross: pick(outcome, '-39.00', '39.00', '-39.00'),
      }),
  },
  bluesnap: {
    ...{ sku: '3047000', price: 4641, currency: 'EUR', isTimed: true },
    sale: changedForm('bluesnap/CHARGE.form', {}),
    refund: ({ id, percent, currency }, cents, at) => [
      changedForm('bluesnap/REFUND.form', {
        ...{ reversalRefNum: id, transactionDate: american(at), fullRefund: percent === 100 ? 'Y' : 'N' },
        ...{ invoiceChargeAmount: decimal(-cents), invoiceChargeCurrency: currency },
      }),
    ],
    outcomes: ['open', 'won', 'lost'],
    dispute: (outcome, at) =>
      changedForm('bluesnap/REFUND.form', {
        ...{ transactionType: 'CHARGEBACK_STATUS_CHANGED', transactionDate: american(at) },
        ...{
          reversalRefNum: '',
          fullRefund: '',
          cbStatus: pick(outcome, 'WORKING', 'COMPLETED_WON', 'COMPLETED_LOST'),
        },
      }),
  },
  shopify: {
    ...{ sku: 'WP-WIN-3', price: 4719, currency: 'USD', isTimed: true },
    sale: [{ 'x-shopify-topic': 'orders/paid' }, changed('shopify/orders-paid.json', {})],
    refund: ({ id, currency }, cents, at) => [
      [
        { 'x-shopify-topic': 'refunds/create' },
        changed('shopify/refunds-create.json', {
          ...{ id: Number.parseInt(id, 36), created_at: at.toISOString() },
          ...{ 'transactions.0.amount': decimal(cents), 'transactions.0.currency': currency },
          'total_duties_set.shop_money.currency_code': currency,
        }),
      ],
    ],
    outcomes: ['open', 'won', 'lost'],
    dispute: (outcome, at) => [
      { 'x-shopify-topic': 'disputes/update', 'x-shopify-triggered-at': at.toISOString() },
      changed('shopify/disputes-create.json', { status: pick(outcome, 'under_review', 'won', 'lost') }),
    ],
  },
  '2checkout': {
    ...{ sku: 'widgetpro-win', price: 4641, currency: 'EUR', isTimed: true },
    sale: changedForm('2checkout/ipn-complete.form', {}),
    refund: ({ id, percent, currency }, cents, at) => [
      changedForm('2checkout/ipn-refund.form', {
        ...{ MESSAGE_ID: id, IPN_DATE: plain(at).replace(/\D/g, ''), CURRENCY: currency },
        ...{ IPN_TOTALGENERAL: decimal(-cents), REFUND_TYPE: percent === 100 ? 'TOTAL' : 'PARTIAL' },
      }),
    ],
    outcomes: ['open', 'won', 'lost'],
    dispute: (outcome, at) =>
      changedForm('2checkout/ipn-complete.form', {
        ...{ CHARGEBACK_RESOLUTION: pick(outcome, 'OPEN', 'WON', 'LOST') },
        IPN_DATE: plain(at).replace(/\D/g, ''),
      }),
  },
  dodo: {
    ...{ sku: 'pdt_WidgetProMac', price: 4900, currency: 'EUR', isTimed: true, refundsFail: true },
    sale: changed('dodo/payment.succeeded.json', {}),
    refund: ({ id, percent, failed, currency }, amount, at) => [
      changed('dodo/refund.succeeded.json', {
        ...{ type: failed ? 'refund.failed' : 'refund.succeeded', timestamp: at.toISOString() },
        ...{ 'data.refund_id': id, 'data.is_partial': percent !== 100, 'data.amount': amount },
        'data.currency': currency,
      }),
    ],
    outcomes: ['open', 'won', 'lost'],
    dispute: (outcome, at) =>
      changed('dodo/dispute.opened.json', {
        ...{ type: `dispute.${pick(outcome, 'challenged', 'won', 'lost')}`, timestamp: at.toISOString() },
      }),
  },
  creem: {
    ...{ sku: 'prod_WidgetProMac', price: 4900, currency: 'EUR', isTimed: true, refundsFail: true },
    sale: changed('creem/checkout.completed.json', {}),
    refund: ({ id, back, failed, currency }, amount, at) => [
      changed('creem/refund.created.json', {
        ...{ created_at: at.getTime(), 'object.id': id, 'object.status': failed ? 'failed' : 'succeeded' },
        ...{ 'object.refund_amount': amount, 'object.refund_currency': currency },
        'object.transaction.status': back >= 4900 ? 'refunded' : 'partialRefund',
      }),
    ],
    outcomes: ['open'],
    dispute: (_, at) => changed('creem/dispute.created.json', { created_at: at.getTime() }),
  },
  freemius: {
    ...{ sku: '2001', price: 4641, currency: 'EUR', isTimed: true },
    sale: changed('freemius/payment.created.json', {}),
    refund: ({ id, currency }, cents, at) => [
      changed('freemius/payment.refund.json', {
        ...{ created: plain(at), 'objects.payment.id': String(Number.parseInt(id, 36)) },
        ...{ 'objects.payment.gross': -cents / 100, 'objects.payment.currency': currency.toLowerCase() },
      }),
    ],
    outcomes: ['open', 'won', 'lost'],
    dispute: (outcome, at) =>
      changed('freemius/payment.dispute.created.json', {
        ...{ created: plain(at), type: `payment.dispute.${pick(outcome, 'created', 'won', 'lost')}` },
        'objects.payment.type': pick(outcome, 'disputed', 'won_dispute', 'lost_dispute'),
      }),
  },
  shop: {
    ...{ sku: 'widgetpro-mac', price: 7800, currency: 'EUR', isTimed: true },
    sale: changed('shop/order.paid.json', {}),
    refund: ({ id, currency }, cents, at) => [
      changed('shop/order.refunded.json', {
        ...{ timestamp: at.toISOString(), 'data.refundId': id },
        ...{ 'data.amount': decimal(cents), 'data.currency': currency },
      }),
    ],
  },
  woocommerce: {
    ...{ sku: 'WP-WIN-3', price: 4797, currency: 'EUR', isTimed: true },
    sale: [
      { 'x-wc-webhook-topic': 'order.updated' },
      changed('woocommerce/order.updated.completed.json', {}),
    ],
    refund: ({ all, back, currency }) => [
      [
        { 'x-wc-webhook-topic': 'order.updated' },
        changed('woocommerce/order.updated.completed.json', {
          ...{ status: back >= 4797 ? 'refunded' : 'completed', currency },
          refunds: [...all].map(([id, one]) => ({
            id: Number.parseInt(id, 36),
            reason: '',
            total: decimal(-one),
          })),
        }),
      ],
    ],
  },
};

/**
 * `open`, `won` and `lost` are the states of a dispute, `A40` is a refund of 40 % under the ID A, and `A-` its failure. The status
 * is that after the last one.
 */
const HISTORIES = [
  ['open', 'disputed'],
  ['open won', 'paid'],
  ['open won open', 'disputed'],
  ['open won open lost', 'disputed'],
  ['open lost', 'disputed'],
  ['open lost won', 'paid'],
  ['open won open won', 'paid'],
  ['taken', 'disputed'],
  ['taken open won', 'paid'],
  ['open taken won', 'paid'],
  ['open won taken', 'disputed'],
  ['A100', 'refunded'],
  ['A40', 'partly_refunded'],
  ['A40 B60', 'refunded'],
  ['A40 B40', 'partly_refunded'],
  ['A0', 'paid'],
  ['A0 B100', 'refunded'],
  ['A100 A-', 'paid'],
  ['A100 A- B100', 'refunded'],
  ['A100 A- B40', 'partly_refunded'],
  ['A100 A- B40 C60', 'refunded'],
  ['A40 B60 B-', 'partly_refunded'],
  ['A40 B60 B- C60', 'refunded'],
  ['A40 open', 'disputed'],
  ['A40 open won', 'partly_refunded'],
  ['open won A100', 'refunded'],
] as const;

function bodiesOf(shop: Shop, history: string, currency = shop.currency): readonly Body[] | undefined {
  const given = new Map<string, number>();
  const bodies: Body[] = [];
  for (const [at, step] of history.split(' ').entries()) {
    const now = new Date(Date.UTC(2026, 10, 24, 10, at));
    if (step === 'open' || step === 'won' || step === 'lost' || step === 'taken') {
      const { dispute, outcomes = ['open', 'won'] } = shop;
      if (!dispute || !outcomes.includes(step)) return undefined;
      bodies.push(dispute(step, now));
      continue;
    }
    const id = step.charAt(0);
    const failed = step.endsWith('-');
    if (failed && !shop.refundsFail) return undefined;
    const known = given.get(id) ?? 0;
    const percent = failed ? known : Number(step.slice(1));
    given.set(id, failed ? 0 : percent);
    const part = (share: number) => Math.round((shop.price * share) / 100);
    const all = new Map([...given].map(([one, share]) => [one, part(share)]));
    const back = part([...given.values()].reduce((sum, one) => sum + one, 0));
    bodies.push(...shop.refund({ id, percent, failed, back, all, currency }, part(percent), now));
  }
  return bodies;
}

async function opened(name: string, { sku, options = {}, announced, answer }: Shop) {
  const provider = providers[name];
  if (!provider) throw new Error(name);
  let last: Buffer;
  const shop = deliveriesOf(
    name,
    { ...provider, verify() {} },
    {
      ...{ settings: { options }, skus: [sku], signing: ['key'] },
      ...(answer && { api: { key: 'k', url: 'https://api.example.com' } }),
      ask: async () => JSON.stringify(answer?.(last)),
    },
  );
  async function send(bodies: readonly Body[]) {
    for (const one of bodies) {
      shop.state.now += 1_000;
      const [headers, body] = Buffer.isBuffer(one) ? [{}, one] : one;
      last = body;
      expect(await shop.post({ method: 'POST', headers, query: '', body })).toMatchObject({ status: 200 });
    }
  }
  await send(announced ? [announced] : []);
  return { ...shop, send };
}

/** Delivers all events, and returns the statuses and the number of mails with a serial. SES takes no mail until all has been said. */
async function outcomeOf(name: string, shop: Shop, events: readonly Body[]) {
  const { send, orders, state, mails, redeliver } = await opened(name, shop);
  state.outcome = { kind: 'throttled', code: 'Throttling' };
  await send(events);
  state.outcome = undefined;
  state.now += 3_600_000;
  await redeliver();
  return [orders().map(({ status }) => status), mails.filter(({ text }) => /[0-9A-F]{32}/.test(text)).length];
}

describe.each(Object.entries(SHOPS))('%s', (name, shop) => {
  test('each history of refunds and disputes ends in its status, and no mail follows a reversal', async () => {
    const [found, expected]: unknown[][] = [[], []];
    for (const [history, status] of HISTORIES) {
      const bodies = bodiesOf(shop, history);
      if (!bodies) continue;
      const mails = status === 'paid' || status === 'partly_refunded' ? 1 : 0;
      for (const [order, events] of [
        ['the sale first', [shop.sale, ...bodies]],
        ['each twice, the sale last', [...bodies, ...bodies, shop.sale, shop.sale]],
        ['the last first', shop.isTimed ? [...bodies.toReversed(), shop.sale] : undefined],
      ] as const) {
        if (!events) continue;
        found?.push([history, order, await outcomeOf(name, shop, events)]);
        expected?.push([history, order, [[status], mails]]);
      }
    }
    expect(found?.length).toBeGreaterThan(0);
    expect(found).toEqual(expected);
  });

  test('a refund in another currency is not compared with the price', async () => {
    const other = bodiesOf(shop, 'A40 B60', 'CHF') ?? [];
    const [statuses] = await outcomeOf(name, shop, [shop.sale, ...other]);
    expect(statuses).toEqual([expect.stringMatching(/refunded$/)]);
  });
});
