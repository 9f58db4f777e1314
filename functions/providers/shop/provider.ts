// Keypost's own format: docs/providers/shop.md and shop.schema.json, signed after https://www.standardwebhooks.com.
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { Provider } from '../../core/inbound/provider.ts';
import { decimal, flag, id, sku, text, timestamp } from '../../core/inbound/shapes.ts';
import { requireStandardWebhook } from '../../core/inbound/signature.ts';
import { multiply } from '../../core/order/money.ts';

export const shop: Provider = {
  name: 'shop',
  verify(request, { keys, now }) {
    const secrets = keys.map((key) => Buffer.from(key.replace(/^whsec_/, ''), 'base64'));
    requireStandardWebhook(request, secrets, now);
  },

  read({ headers, body }) {
    const { type, data } = json(Envelope, body);
    if (type === 'order.paid') return [parseSale(part(PaidOrder, data))];
    if (type === 'order.refunded') return [parseRefund(part(Refund, data), headers['webhook-id'] ?? '')];
    return [];
  },
};

function parseSale({ buyer, items, ...order }: z.output<typeof PaidOrder>): OrderEvent {
  const { id, test, placedAt, currency, total, licensee } = order;
  const money = (value: string | null | undefined) => (value && currency ? { value, currency } : undefined);
  return {
    kind: 'paid',
    id,
    test,
    placedAt: placedAt ? new Date(placedAt).toISOString() : undefined,
    amount: money(total),
    buyer: {
      name: buyer.name ?? undefined,
      email: buyer.email ?? undefined,
      company: buyer.company ?? undefined,
      country: buyer.country ?? undefined,
      locale: buyer.locale ?? undefined,
      registration: licensee ?? undefined,
    },
    lines: items.map(({ sku, quantity, price }) => {
      const each = money(price);
      return { sku, quantity, paid: each && multiply(each, quantity) };
    }),
  };
}

/** A refund without an amount is a full one. A refund without an ID gets that of its message. */
function parseRefund(
  { id, test, refundId, amount, currency }: z.output<typeof Refund>,
  messageId: string,
): OrderEvent {
  const part = amount ? 'partial' : 'full';
  const money = amount && currency ? { value: amount, currency } : undefined;
  const reversal = { kind: 'refund', state: 'done', part, amount: money } as const;
  return { kind: 'reversed', id, test, reversalId: refundId ?? messageId, reversal };
}

const amount = z.nullish(decimal);
const currency = z.nullish(z.string().check(z.regex(/^[A-Z]{3}$/)));

const Envelope = z.object({ type: z.string(), data: z.unknown() });
const PaidOrder = z.object({
  id,
  test: flag,
  placedAt: z.nullish(timestamp),
  currency,
  total: amount,
  buyer: z._default(z.object({ name: text, email: text, company: text, country: text, locale: text }), {}),
  licensee: text,
  items: z
    .array(
      z.object({
        sku,
        quantity: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 1),
        price: amount,
      }),
    )
    .check(z.minLength(1), z.maxLength(100)),
});
const Refund = z.object({ id, test: flag, refundId: z.nullish(id), amount, currency });
