/** Sends Stripe's events, with line breaks as its API writes them, signed together with the time before them. */
import { randomBytes } from 'node:crypto';
import { doubling, fillTemplate, hmac, postJson, type Simulator, type TestOrder } from '../simulator.ts';
import { paidCheckout, stripeApi, stripeOrders } from './fake-api.ts';

/** The share of a charge that is refunded, or the event's type and status of a dispute. */
const REVERSALS: Readonly<Record<string, number | readonly [type: string, status: string]>> = {
  refunded: 1,
  partly_refunded: 0.25,
  disputed: ['charge.dispute.created', 'needs_response'],
  dispute_won: ['charge.dispute.closed', 'won'],
};

export const simulator: Simulator = {
  events: ['paid', ...Object.keys(REVERSALS), 'unpaid', 'trial', 'renewed', 'ignored'],
  orders: stripeOrders,
  demoKeys: { signing: ['whsec_ExampleSecret0001'], apiKey: 'rk_test_example' },
  api: stripeApi,
  retries: doubling(16, 72),
  sign,

  request(order, secret, _options, now) {
    const id = randomBytes(8).toString('hex');
    const orderId = order.id ?? (order.event === 'trial' ? sessionId(order, id) : `pi_${id}`);
    const at = Math.floor(now / 1000);
    const body = JSON.stringify(event(order, id, orderId, at), null, 2);
    const { headers } = sign(body, secret, now);
    return postJson(orderId, body, { 'content-type': 'application/json; charset=utf-8', ...headers });
  },
};

/** https://docs.stripe.com/webhooks#verify-manually */
function sign(body: string | Buffer, secret: string, now: number) {
  const at = Math.floor(now / 1000);
  const signature = hmac(secret, 'hex', `${at}.`, body);
  return { headers: { 'stripe-signature': `t=${at},v1=${signature}` } };
}

function event(order: TestOrder, id: string, orderId: string, at: number) {
  const { test, floor } = order;
  const cents = Math.max(paidCheckout.data.object.amount_total, Math.round(floor * 100));
  const reversal = REVERSALS[order.event];
  const common = { id, at, order: orderId, cents, live: !test };
  if (typeof reversal === 'number')
    return fillTemplate('stripe/templates/charge.json', order, {
      ...common,
      back: Math.round(cents * reversal),
      whole: reversal === 1,
    });
  if (order.event === 'renewed')
    return fillTemplate('stripe/templates/invoice.json', order, {
      ...common,
      number: id.slice(0, 4).toUpperCase(),
      subscription: subscriptionOf(orderId),
    });
  // A payment that Checkout did not take.
  if (order.event === 'ignored') return fillTemplate('stripe/templates/payment_intent.json', order, common);
  if (!reversal) return checkout(order, { id, orderId, at, cents });
  const [type, status] = reversal;
  const dueBy = at + 7 * 86_400;
  return fillTemplate('stripe/templates/dispute.json', order, { ...common, type, status, dueBy });
}

interface Ids {
  readonly id: string;
  readonly orderId: string;
  readonly at: number;
  readonly cents: number;
}

/** The fake API finds the line of the session in its ID. */
const sessionId = ({ test, sku }: TestOrder, id: string) =>
  `cs_${test ? 'test' : 'live'}_${id}_${Buffer.from(sku).toString('base64url')}`.slice(0, 100);

const subscriptionOf = (orderId: string) => `sub_${orderId.replace(/^[a-z]+_/, '')}`.slice(0, 100);

function checkout(order: TestOrder, { id, orderId, at, cents }: Ids) {
  const { event: kind, name, email, company, sku, test } = order;
  const sample = paidCheckout.data.object;
  const trial = {
    id: orderId,
    mode: 'subscription',
    payment_intent: null,
    payment_status: 'no_payment_required',
    amount_total: 0,
    subscription: subscriptionOf(orderId),
    invoice: `in_${id}`,
  };
  const object = {
    ...sample,
    id: sessionId(order, id),
    payment_intent: orderId,
    created: at,
    livemode: !test,
    amount_total: cents,
    payment_status: kind === 'unpaid' ? 'unpaid' : 'paid',
    customer_details: {
      ...sample.customer_details,
      name,
      email,
      individual_name: name,
      business_name: company || null,
    },
    collected_information: null,
    custom_fields: [],
    metadata: { product_id: sku, quantity: '1' },
    payment_link: null,
    ...(kind === 'trial' ? trial : {}),
  };
  return { ...paidCheckout, id: `evt_${id}1`, created: at, livemode: !test, data: { object } };
}
