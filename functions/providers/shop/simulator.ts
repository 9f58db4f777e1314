/** Sends as a seller's own shop: docs/providers/shop.md, signed after https://www.standardwebhooks.com. */
import { createHmac, randomUUID } from 'node:crypto';
import type { Simulator, TestOrder } from '../simulator.ts';

export const simulator: Simulator = {
  events: ['paid', 'refunded', 'partly_refunded'],
  demoKeys: { signing: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] },

  request(order, secret, _options, now) {
    const messageId = `msg_${randomUUID()}`;
    const at = String(Math.floor(now / 1000));
    const orderId = order.id ?? `SIM-${randomUUID().slice(0, 8)}`;
    const type = order.event === 'paid' ? 'order.paid' : 'order.refunded';
    const data = order.event === 'paid' ? sale(order, orderId, now) : refund(order, orderId);
    const body = JSON.stringify({ type, timestamp: new Date(now).toISOString(), data });
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const signature = createHmac('sha256', key).update(`${messageId}.${at}.${body}`).digest('base64');
    const headers = {
      'content-type': 'application/json',
      'webhook-id': messageId,
      'webhook-timestamp': at,
      'webhook-signature': `v1,${signature}`,
    };
    return { method: 'POST', query: '', headers, body, orderId };
  },
};

function sale({ sku, name, email, company, test, floor }: TestOrder, id: string, now: number) {
  const price = Math.max(39, floor).toFixed(2);
  return {
    id,
    test,
    placedAt: new Date(now).toISOString(),
    currency: 'EUR',
    total: price,
    buyer: { name, email, ...(company ? { company } : {}) },
    items: [{ sku, quantity: 1, price }],
  };
}

const refund = ({ event, test }: TestOrder, id: string) => ({
  id,
  test,
  refundId: `R-${randomUUID().slice(0, 8)}`,
  ...(event === 'partly_refunded' ? { amount: '10.00', currency: 'EUR' } : {}),
});
