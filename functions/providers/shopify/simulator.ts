/** Sends an order, refund or dispute of Shopify's REST API, signed as @shopify/shopify-api verifies it. */
import { randomInt, randomUUID } from 'node:crypto';
import { doubling, fillTemplate, hmac, postJson, type Simulator } from '../simulator.ts';

const EVENTS: Readonly<Record<string, readonly [topic: string, file: string]>> = {
  paid: ['orders/paid', 'shopify/templates/order.json'],
  partly_refunded: ['refunds/create', 'shopify/templates/refund.json'],
  refunded: ['refunds/create', 'shopify/templates/refund.json'],
  disputed: ['disputes/create', 'shopify/templates/dispute.json'],
  dispute_won: ['disputes/update', 'shopify/templates/dispute.json'],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  demoKeys: { signing: ['example_shopify_client_secret'] },
  retries: doubling(8, 4),
  sign: (body, secret) => ({
    headers: { 'x-shopify-topic': 'orders/paid', 'x-shopify-hmac-sha256': hmac(secret, 'base64', body) },
  }),

  request(order, secret, _options, now) {
    const { event, id, test, floor } = order;
    const [topic = 'orders/paid', file = 'shopify/templates/order.json'] = EVENTS[event] ?? [];
    const orderId = id ?? `7${randomInt(10 ** 11, 10 ** 12)}`;
    const net = Math.max(39, floor);
    const total = (net * 1.21).toFixed(2);
    const at = new Date(now).toISOString();
    const body = JSON.stringify(
      fillTemplate(file, order, {
        order: Number(orderId),
        refund: randomInt(10 ** 11, 10 ** 12),
        transaction: randomInt(10 ** 11, 10 ** 12),
        ...{ at, total },
        net: net.toFixed(2),
        tax: (Number(total) - net).toFixed(2),
        back: event === 'refunded' ? total : '5.00',
        status: event === 'dispute_won' ? 'won' : 'needs_response',
      }),
    );
    return postJson(orderId, body, {
      'x-shopify-topic': topic,
      'x-shopify-hmac-sha256': hmac(secret, 'base64', body),
      'x-shopify-shop-domain': 'example.myshopify.com',
      'x-shopify-api-version': '2026-01',
      'x-shopify-webhook-id': randomUUID(),
      'x-shopify-event-id': randomUUID(),
      'x-shopify-triggered-at': at,
      ...(test ? { 'x-shopify-test': 'true' } : {}),
    });
  },

  /** https://shopify.dev/docs/api/admin-rest/latest/resources/order: the orders of the notifications, by ID, with refunds. */
  orders(sold, { searchParams }) {
    const all = sold
      .map(({ paid, refunded }) => ({ ...paid, refunds: refunded ? [refunded] : [] }))
      .filter(({ id }) => id > Number(searchParams.get('since_id')))
      .sort((one, other) => one.id - other.id);
    return { orders: all.slice(0, Number(searchParams.get('limit'))) };
  },
};
