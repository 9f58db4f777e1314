/** Sends as a seller's own shop: docs/providers/shop.md, signed after https://www.standardwebhooks.com. */
import { randomUUID } from 'node:crypto';
import { type Simulator, standardHeaders, type TestOrder } from '../simulator.ts';

export const simulator: Simulator = {
  events: ['paid', 'refunded', 'partly_refunded'],
  demoKeys: { signing: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] },
  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability
  retries: [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400],
  sign: (body, secret, now) => ({ headers: standardHeaders(body, keyOf(secret), now) }),

  request(order, secret, _options, now) {
    const orderId = order.id ?? `SIM-${randomUUID().slice(0, 8)}`;
    const type = order.event === 'paid' ? 'order.paid' : 'order.refunded';
    const data = order.event === 'paid' ? sale(order, orderId, now) : refund(order, orderId);
    const body = JSON.stringify({ type, timestamp: new Date(now).toISOString(), data });
    const headers = { 'content-type': 'application/json', ...standardHeaders(body, keyOf(secret), now) };
    return { method: 'POST', query: '', headers, body, orderId };
  },
};

const keyOf = (secret: string) => Buffer.from(secret.replace(/^whsec_/, ''), 'base64');

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
