/** Sends an order, refund or dispute of Shopify's REST API, signed as @shopify/shopify-api verifies it. */
import { createHmac, randomInt, randomUUID } from 'node:crypto';
import { doubling, type Simulator } from '../simulator.ts';
import { fillTemplate } from '../template.ts';
import { shopifyOrders } from './fake-api.ts';

const EVENTS: Readonly<Record<string, readonly [topic: string, file: string]>> = {
  paid: ['orders/paid', 'shopify/templates/order.json'],
  partly_refunded: ['refunds/create', 'shopify/templates/refund.json'],
  refunded: ['refunds/create', 'shopify/templates/refund.json'],
  disputed: ['disputes/create', 'shopify/templates/dispute.json'],
  dispute_won: ['disputes/update', 'shopify/templates/dispute.json'],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  orders: shopifyOrders,
  demoKeys: { signing: ['example_shopify_client_secret'] },
  retries: doubling(8, 4),
  sign: (body, secret) => ({
    headers: { 'x-shopify-topic': 'orders/paid', 'x-shopify-hmac-sha256': signature(body, secret) },
  }),

  request({ event, id, sku, name, email, company, test, floor }, secret, _options, now) {
    const [topic = 'orders/paid', file = 'shopify/templates/order.json'] = EVENTS[event] ?? [];
    const orderId = id ?? `7${randomInt(10 ** 11, 10 ** 12)}`;
    const net = Math.max(39, floor);
    const total = (net * 1.21).toFixed(2);
    const at = new Date(now).toISOString();
    const words = name.split(' ');
    const body = JSON.stringify(
      fillTemplate(file, {
        order: Number(orderId),
        refund: randomInt(10 ** 11, 10 ** 12),
        transaction: randomInt(10 ** 11, 10 ** 12),
        ...{ at, sku, name, email, company, test, total },
        net: net.toFixed(2),
        tax: (Number(total) - net).toFixed(2),
        back: event === 'refunded' ? total : '5.00',
        firstName: words.slice(0, -1).join(' '),
        lastName: words.at(-1),
        status: event === 'dispute_won' ? 'won' : 'needs_response',
      }),
    );
    const headers = {
      'content-type': 'application/json',
      'x-shopify-topic': topic,
      'x-shopify-hmac-sha256': signature(body, secret),
      'x-shopify-shop-domain': 'example.myshopify.com',
      'x-shopify-api-version': '2026-01',
      'x-shopify-webhook-id': randomUUID(),
      'x-shopify-event-id': randomUUID(),
      'x-shopify-triggered-at': at,
      ...(test ? { 'x-shopify-test': 'true' } : {}),
    };
    return { method: 'POST', query: '', headers, body, orderId };
  },
};

const signature = (body: string | Buffer, secret: string): string =>
  createHmac('sha256', secret).update(body).digest('base64');
