/** Sends the objects of Creem's SDK types, signed both ways. */
import { createHmac, randomBytes } from 'node:crypto';
import { type Simulator, standardHeaders } from '../simulator.ts';
import { fillTemplate } from '../template.ts';

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

  request({ event, id, sku, name, email, test, floor }, secret, _options, now) {
    const [type = '', file = '', share = 0] = EVENTS[event] ?? [];
    const [orderId, own, price] = [
      id ?? `ord_${shortId()}`,
      shortId(),
      Math.round(Math.max(39, floor) * 100),
    ];
    const values = { type, sku, name, email, own, order: orderId, price, amount: Math.round(price * share) };
    const more = { now, at: new Date(now).toISOString(), mode: test ? 'test' : 'prod' };
    const status = share === 1 ? 'refunded' : 'partialRefund';
    const body = JSON.stringify(fillTemplate(`creem/templates/${file}.json`, { ...values, ...more, status }));
    const headers = { 'content-type': 'application/json', ...signed(body, secret, now) };
    return { method: 'POST', query: '', headers, body, orderId };
  },
};

const signed = (body: string | Buffer, secret: string, now: number) => ({
  'creem-signature': createHmac('sha256', secret).update(body).digest('hex'),
  ...standardHeaders(body, Buffer.from(secret.replace(/^whsec_/, ''), 'base64'), now),
});
const shortId = () => randomBytes(11).toString('hex');
