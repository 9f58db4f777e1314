/** Sends as a seller's own shop: docs/providers/shop.md, signed after https://www.standardwebhooks.com. */
import { randomUUID } from 'node:crypto';
import { fillTemplate, postJson, type Simulator, standardHeaders } from '../simulator.ts';

export const simulator: Simulator = {
  events: ['paid', 'refunded', 'partly_refunded'],
  demoKeys: { signing: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] },
  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability
  retries: [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400],
  sign: (body, secret, now) => ({ headers: standardHeaders(body, secret, now) }),

  request(order, secret, _options, now) {
    const orderId = order.id ?? `SIM-${randomUUID().slice(0, 8)}`;
    const isPart = order.event === 'partly_refunded';
    const filled = fillTemplate(`shop/templates/${order.event === 'paid' ? 'order' : 'refund'}.json`, order, {
      ...{ order: orderId, at: new Date(now).toISOString(), company: order.company || undefined },
      ...{ price: Math.max(39, order.floor).toFixed(2), refund: `R-${randomUUID().slice(0, 8)}` },
      ...{ amount: isPart ? '10.00' : undefined, currency: isPart ? 'EUR' : undefined },
    });
    const body = JSON.stringify(filled);
    return postJson(orderId, body, standardHeaders(body, secret, now));
  },
};
