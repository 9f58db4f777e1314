/** Sends the objects of Creem's SDK types, signed both ways. */
import { randomBytes } from 'node:crypto';
import { fillTemplate, hmac, postJson, type Simulator, standardHeaders } from '../simulator.ts';

/** Type, template, and the part of the price that it is about. */
const EVENTS: Readonly<Record<string, readonly [type: string, file: string, part: number]>> = {
  paid: ['checkout.completed', 'checkout', 1],
  refunded: ['refund.created', 'refund', 1],
  partly_refunded: ['refund.created', 'refund', 0.25],
  disputed: ['dispute.created', 'dispute', 1],
  trial: ['subscription.trialing', 'subscription', 0],
  renewed: ['subscription.paid', 'subscription', 1],
  ignored: ['transaction.created', 'dispute', 1],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  demoKeys: { signing: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] },
  retries: [30, 60, 300, 3_600],
  sign: (body, secret, now) => ({ headers: signed(body, secret, now) }),

  request(order, secret, _options, now) {
    const [type = '', file = '', share = 0] = EVENTS[order.event] ?? [];
    const orderId = order.id ?? `ord_${shortId()}`;
    const price = Math.round(Math.max(39, order.floor) * 100);
    const values = { type, own: shortId(), order: orderId, price, amount: Math.round(price * share) };
    const more = { now, at: new Date(now).toISOString(), mode: order.test ? 'test' : 'prod' };
    const status = share === 1 ? 'refunded' : 'partialRefund';
    const filled = fillTemplate(`creem/templates/${file}.json`, order, { ...values, ...more, status });
    const body = JSON.stringify(filled);
    return postJson(orderId, body, signed(body, secret, now));
  },
};

const signed = (body: string | Buffer, secret: string, now: number) => ({
  'creem-signature': hmac(secret, 'hex', body),
  ...standardHeaders(body, secret, now),
});
const shortId = () => randomBytes(11).toString('hex');
