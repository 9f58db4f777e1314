/** Sends the order of Polar's SDK types, signed after Standard Webhooks. */
import { randomUUID } from 'node:crypto';
import { fillTemplate, postJson, type Simulator, standardHeaders } from '../simulator.ts';

/** Type, billing reason, and the share of the price that is refunded. */
const EVENTS: Readonly<Record<string, readonly [type: string, reason: string, share: number]>> = {
  paid: ['order.paid', 'purchase', 0],
  partly_refunded: ['order.refunded', 'purchase', 0.25],
  refunded: ['order.refunded', 'purchase', 1],
  trial: ['order.paid', 'subscription_create', 0],
  renewed: ['order.paid', 'subscription_cycle', 0],
  ignored: ['payout.created', 'purchase', 0],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  demoKeys: { signing: ['whsec_ZXhhbXBsZS0zMi1ieXRlLXNlY3JldC0wMDAwMDAwMDE='] },
  retries: [4, 8, 16, 32, 64, 128, 256, 512, 600],
  sign: (body, secret, now) => ({ headers: standardHeaders(body, keyOf(secret), now) }),

  request(order, secret, _options, now) {
    const { event, id, name, company, floor } = order;
    const [type = 'order.paid', reason = 'purchase', share = 0] = EVENTS[event] ?? [];
    const orderId = id ?? randomUUID();
    const net = event === 'trial' ? 0 : Math.round(Math.max(39, floor) * 100);
    const back = Math.round(net * share);
    const tax = Math.round(net / 5);
    const backTax = Math.round(back / 5);
    const body = JSON.stringify(
      fillTemplate('polar/templates/order.json', order, {
        type,
        reason,
        // A renewal is an order of its own.
        order: event === 'renewed' ? randomUUID() : orderId,
        subscription: ['trial', 'renewed'].includes(event) ? `sub-${orderId}` : null,
        at: new Date(now).toISOString(),
        status: share === 1 ? 'refunded' : share > 0 ? 'partially_refunded' : 'paid',
        ...{ net, tax, back, backTax },
        total: net + tax,
        left: net - back,
        leftTax: tax - backTax,
        initial: name.slice(0, 1),
        billingName: company || name,
      }),
    );
    const signed = standardHeaders(body, keyOf(secret), now);
    return postJson(orderId, body, { 'user-agent': 'polar.sh webhooks', ...signed });
  },

  /** https://polar.sh/docs/api-reference/orders/list: the orders of the notifications, the newest first. */
  orders(sold, { searchParams }) {
    const [page, limit] = [Number(searchParams.get('page')), Number(searchParams.get('limit'))];
    const all = sold.map(({ paid, refunded }) => (refunded ?? paid).data).reverse();
    const items = all.slice((page - 1) * limit, page * limit);
    return {
      items,
      pagination: { total_count: all.length, max_page: Math.ceil(all.length / limit) },
    };
  },
};

/** Decodes the base64 after `whsec_`. Any other secret is an old one, whose text is the key. */
function keyOf(secret: string): Buffer {
  const isNew = /^whsec_(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(secret);
  return isNew ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
}
