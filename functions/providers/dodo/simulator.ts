/** Sends the payment of Dodo's SDK types, signed after Standard Webhooks. */
import { randomBytes } from 'node:crypto';
import { doubling, fillTemplate, postJson, type Simulator, standardHeaders } from '../simulator.ts';

/** Type, template, and the part of the price that it is about. */
const EVENTS: Readonly<Record<string, readonly [type: string, file: string, part: number]>> = {
  paid: ['payment.succeeded', 'payment', 1],
  refunded: ['refund.succeeded', 'refund', 1],
  partly_refunded: ['refund.succeeded', 'refund', 0.25],
  disputed: ['dispute.opened', 'dispute', 1],
  dispute_won: ['dispute.won', 'dispute', 1],
  trial: ['subscription.active', 'subscription', 1],
  renewed: ['payment.succeeded', 'payment', 1],
  ignored: ['payment.partially_captured', 'payment', 1],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  demoKeys: { signing: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] },
  // The number and the span are not documented.
  retries: doubling(8, 27),
  sign: (body, secret, now) => ({ headers: standardHeaders(body, secret, now) }),

  request(order, secret, _options, now) {
    const [type = '', file = '', share = 0] = EVENTS[order.event] ?? [];
    const [orderId, own] = [order.id ?? `pay_${shortId()}`, `pay_${shortId()}`];
    const isRenewal = order.event === 'renewed';
    const [at, status] = [new Date(now).toISOString(), type.split('.')[1]];
    const payment = isRenewal
      ? { payment: own, subscription: orderId }
      : { payment: orderId, subscription: null };
    const amount = Math.round(Math.max(39, order.floor) * 100 * share);
    const body = JSON.stringify(
      fillTemplate(`dodo/templates/${file}.json`, order, {
        ...{ type, company: order.company || null, status, at, amount, isPartial: share < 1 },
        ...{ ...payment, order: orderId, reversal: shortId(), host: order.test ? 'test' : 'live' },
        cart: isRenewal ? null : [{ product_id: order.sku, quantity: 1 }],
      }),
    );
    return postJson(orderId, body, standardHeaders(body, secret, now));
  },

  /** https://docs.dodopayments.com/api-reference/payments/get-payments: the payments of the notifications, with their refunds. */
  orders(sold, { pathname, searchParams }) {
    const all = sold.map(({ paid, refunded }) => ({
      ...paid.data,
      ...(refunded ? { refund_status: 'full', refunds: [refunded.data] } : {}),
    }));
    const one = all.find(({ payment_id }) => pathname === `/payments/${payment_id}`);
    const [page, size] = [Number(searchParams.get('page_number')), Number(searchParams.get('page_size'))];
    return one ?? { items: all.slice(page * size, (page + 1) * size) };
  },
};

const shortId = () => randomBytes(12).toString('hex');
