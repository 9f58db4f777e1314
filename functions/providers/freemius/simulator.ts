/** Sends Freemius's events with the objects of its SDK types. The signature covers the body only. */
import { randomInt } from 'node:crypto';
import { doubling, fillTemplate, hmac, postJson, type Simulator } from '../simulator.ts';

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
  sign,

  request(order, secret, _options, now) {
    const [type = '', kind = '', share = 0] = EVENTS[order.event] ?? [];
    const at = new Date(now).toISOString().slice(0, 19).replace('T', ' ');
    const orderId = order.id ?? number();
    const own = order.event === 'paid' ? `${orderId}1` : number();
    const file = order.event === 'trial' ? 'subscription' : 'payment';
    const body = JSON.stringify(
      fillTemplate(`freemius/templates/${file}.json`, order, {
        ...{ type, kind, at, own, licence: orderId, environment: order.test ? 1 : 0 },
        ...{ renewal: order.event === 'renewed', gross: Math.max(39, order.floor) * share },
        bound: kind === 'payment' ? null : '555',
      }),
    );
    return postJson(orderId, body, sign(body, secret).headers);
  },

  /** https://freemius.com/help/api/payments/list and …/users/retrieve: the payments and refunds of the notifications. */
  orders(sold, { pathname, searchParams }) {
    const [, user] = /\/users\/(\w+)\.json$/.exec(pathname) ?? [];
    if (user) return sold.find(({ id }) => id === user)?.paid.objects.user;
    // Every notification of the simulator has the same user's ID.
    const payments = sold.flatMap(({ id, paid, refunded }) =>
      [paid, ...(refunded ? [refunded] : [])].map(({ objects }) => ({ ...objects.payment, user_id: id })),
    );
    const [from, count] = [Number(searchParams.get('offset')), Number(searchParams.get('count'))];
    return { payments: payments.slice(from, from + count) };
  },
};

function sign(body: string | Buffer, secret: string) {
  return { headers: { 'x-signature': hmac(secret, 'hex', body) } };
}
const number = () => String(randomInt(1_000_000, 9_000_000));
