/** Sends Freemius's events with the objects of its SDK types. The signature covers the body only. */
import { createHmac, randomInt } from 'node:crypto';
import { doubling, type Simulator } from '../simulator.ts';
import { fillTemplate } from '../template.ts';
import { freemiusOrders } from './fake-api.ts';

/** Type of the event and of its payment, and the part of the price. */
const EVENTS: Readonly<Record<string, readonly [type: string, payment: string, part: number]>> = {
  paid: ['payment.created', 'payment', 1],
  refunded: ['payment.refund', 'refund', -1],
  partly_refunded: ['payment.refund', 'refund', -0.25],
  disputed: ['payment.dispute.created', 'disputed', -1],
  dispute_won: ['payment.dispute.won', 'won_dispute', 1],
  trial: ['subscription.created', 'payment', 0],
  renewed: ['payment.created', 'payment', 1],
  ignored: ['payment.adjusted', 'payment', 1],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  demoKeys: { signing: ['sk_example_freemius_secret_0123456789'] },
  // The schedule is not documented.
  retries: doubling(5, 24),
  orders: freemiusOrders,
  sign: (body, secret) => ({ headers: { 'x-signature': sign(body, secret) } }),

  request({ event, id, sku, name, email, test, floor }, secret, _options, now) {
    const [type = '', kind = '', share = 0] = EVENTS[event] ?? [];
    const at = new Date(now).toISOString().slice(0, 19).replace('T', ' ');
    const [orderId, words] = [id ?? number(), name.split(' ')];
    const own = event === 'paid' ? `${orderId}1` : number();
    const file = event === 'trial' ? 'subscription' : 'payment';
    const body = JSON.stringify(
      fillTemplate(`freemius/templates/${file}.json`, {
        ...{ type, kind, sku, email, at, own, licence: orderId, environment: test ? 1 : 0 },
        ...{ first: words.slice(0, -1).join(' '), last: words.at(-1), renewal: event === 'renewed' },
        gross: Math.max(39, floor) * share,
        bound: kind === 'payment' ? null : '555',
      }),
    );
    const headers = { 'content-type': 'application/json', 'x-signature': sign(body, secret) };
    return { method: 'POST', query: '', headers, body, orderId };
  },
};

const sign = (body: string | Buffer, secret: string) =>
  createHmac('sha256', secret).update(body).digest('hex');
const number = () => String(randomInt(1_000_000, 9_000_000));
