/** Sends as WooCommerce's class-wc-webhook.php does: each change of an order sends the whole order of the REST API. */
import { createHmac, randomBytes, randomInt } from 'node:crypto';
import type { Simulator } from '../simulator.ts';
import { fillTemplate } from '../template.ts';

const STATUS: Readonly<Record<string, string>> = {
  paid: 'completed',
  partly_refunded: 'completed',
  refunded: 'refunded',
  unpaid: 'pending',
  trial: 'completed',
  renewed: 'completed',
};

export const simulator: Simulator = {
  events: [...Object.keys(STATUS), 'ping'],
  demoKeys: { signing: ['ex&ample"secret'] },
  sign: (body, secret) => ({
    headers: { 'x-wc-webhook-topic': 'order.updated', 'x-wc-webhook-signature': signature(body, secret) },
  }),

  request({ event, id, sku, name, email, company, floor }, secret, _options, now) {
    if (event === 'ping') return PING;
    const orderId = id ?? String(randomInt(1_000, 1_000_000_000));
    const net = Math.max(39, floor);
    const total = (net * 1.23).toFixed(2);
    const at = new Date(now).toISOString().slice(0, 19);
    const back = { refunded: [total], partly_refunded: ['5.00'] }[event] ?? [];
    const words = name.split(' ');
    const body = JSON.stringify(
      fillTemplate('woocommerce/templates/order.json', {
        order: Number(orderId),
        number: orderId,
        status: STATUS[event],
        unpaid: event === 'unpaid',
        paidAt: event === 'unpaid' ? null : at,
        refunds: back.map((amount) => ({ id: Number(orderId) + 1, reason: '', total: `-${amount}` })),
        ...{ at, sku, name, email, company, total },
        net: net.toFixed(2),
        price: net,
        tax: (Number(total) - net).toFixed(2),
        firstName: words.slice(0, -1).join(' '),
        lastName: words.at(-1),
      }),
    );
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'WooCommerce/10.4.0 Hookshot (WordPress/6.9)',
      'x-wc-webhook-source': 'https://shop.example.com/',
      'x-wc-webhook-topic': 'order.updated',
      'x-wc-webhook-resource': 'order',
      'x-wc-webhook-event': 'updated',
      'x-wc-webhook-signature': signature(body, secret),
      'x-wc-webhook-id': '5',
      'x-wc-webhook-delivery-id': randomBytes(16).toString('hex'),
    };
    return { method: 'POST', query: '', headers, body, orderId };
  },
};

const signature = (body: string | Buffer, secret: string): string =>
  createHmac('sha256', secret).update(body).digest('base64');

/** The shop sends this unsigned request when the webhook is saved. */
const PING = {
  method: 'POST',
  query: '',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'webhook_id=5',
  orderId: '',
} as const;
