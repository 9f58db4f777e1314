/** Sends Lemon Squeezy's JSON:API. The signature covers the body only. */
import { randomInt, randomUUID } from 'node:crypto';
import { fillTemplate, hmac, postJson, type Simulator } from '../simulator.ts';

/** Name of the event, status of the order, and the share of the price that is refunded. */
const EVENTS: Readonly<Record<string, readonly [name: string, status: string, share: number]>> = {
  paid: ['order_created', 'paid', 0],
  refunded: ['order_refunded', 'refunded', 1],
  partly_refunded: ['order_refunded', 'partial_refund', 0.25],
  trial: ['subscription_created', 'on_trial', 0],
  renewed: ['subscription_payment_success', 'paid', 0],
  // No such event is known.
  ignored: ['subscription_payment_adjusted', 'paid', 0],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  demoKeys: { signing: ['example-ls-secret'] },
  retries: [5, 25, 125],
  sign: (body, secret) => ({ headers: { 'x-signature': lemonsqueezySignature(secret, body) } }),

  request(order, secret, _options, now) {
    const { event, id, sku, floor } = order;
    const [eventName = 'order_created', status = 'paid', share = 0] = EVENTS[event] ?? [];
    const orderId = id ?? String(randomInt(5_000_000, 9_000_000));
    const at = new Date(now).toISOString().replace('Z', '000Z');
    const total = Math.round(Math.max(39, floor) * 100);
    const tax = Math.round(total / 6);
    const amounts = { total, tax, subtotal: total - tax, refunded_amount: Math.round(total * share) };
    const file = eventName.startsWith('subscription_') ? 'subscription' : 'order';
    const notification = fillTemplate(`lemonsqueezy/templates/${file}.json`, order, {
      ...amounts,
      ...Object.fromEntries(
        Object.entries(amounts).map(([what, cents]) => [`${what}_formatted`, `€${(cents / 100).toFixed(2)}`]),
      ),
      event: eventName,
      status,
      refunded: share === 1,
      refunded_at: share > 0 ? at : null,
      order: orderId,
      id: Number(orderId),
      subscription: Number(orderId) + 1,
      subscription_text: String(Number(orderId) + 1),
      next: new Date(now + 14 * 86_400_000).toISOString(),
      number: randomInt(1_000, 9_999),
      identifier: randomUUID(),
      webhook: randomUUID(),
      product: Number(sku),
      variant: randomInt(400_000, 500_000),
      at,
    });
    const body = JSON.stringify(notification);
    const signature = lemonsqueezySignature(secret, body);
    return postJson(orderId, body, { 'x-event-name': eventName, 'x-signature': signature });
  },

  /** https://docs.lemonsqueezy.com/api/orders/list-all-orders: the orders of the notifications, the newest first. */
  orders(sold, { pathname, searchParams }) {
    const all = sold.map(({ paid, refunded }) => (refunded ?? paid).data).reverse();
    const [, id] = /^\/v1\/orders\/(\d+)\/order-items$/.exec(pathname) ?? [];
    if (id) {
      const { first_order_item } = all.find((one) => one.id === id).attributes;
      return { data: [{ type: 'order-items', id: '1', attributes: first_order_item }] };
    }
    const [page, size] = [Number(searchParams.get('page[number]')), Number(searchParams.get('page[size]'))];
    const meta = { page: { currentPage: page, perPage: size, lastPage: Math.ceil(all.length / size) } };
    return { meta, data: all.slice((page - 1) * size, page * size) };
  },
};

/** https://docs.lemonsqueezy.com/help/webhooks/signing-requests */
export const lemonsqueezySignature = (secret: string, body: string | Buffer): string =>
  hmac(secret, 'hex', body);
