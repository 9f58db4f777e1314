// Our own: docs/providers/shop.md and shop.schema.json, signed as https://www.standardwebhooks.com says.
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { Provider } from '../../core/inbound/provider.ts';
import { requireStandardWebhook } from '../../core/inbound/signature.ts';
import { DECIMAL, multiply } from '../../core/order/money.ts';

export const shop: Provider = {
  verify(request, { keys, now }) {
    const secrets = keys.map((key) => Buffer.from(key.replace(/^whsec_/, ''), 'base64'));
    requireStandardWebhook(request, secrets, now);
  },

  read({ headers, body }) {
    const { type, data } = json(Envelope, body);
    if (type === 'order.paid') return [paid(part(PaidOrder, data))];
    if (type === 'order.refunded') return [refunded(part(Refund, data), headers['webhook-id'] ?? '')];
    return [];
  },
};

function paid({ buyer, items, ...order }: z.output<typeof PaidOrder>): OrderEvent {
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

/** Without an amount all is given back; a refund that has no id of its own goes by its message's. */
function refunded(
  { id, test, refundId, amount, currency }: z.output<typeof Refund>,
  messageId: string,
): OrderEvent {
  const part = amount ? 'partial' : 'full';
  const money = amount && currency ? { value: amount, currency } : undefined;
  const reversal = { kind: 'refund', state: 'done', part, amount: money } as const;
  return { kind: 'reversed', id, test, reversalId: refundId ?? messageId, reversal };
}

const id = z.string().check(z.regex(/^[\x20-\x7e]{1,100}$/));
const text = z.nullish(z.string().check(z.maxLength(1000)));
const test = z._default(z.boolean(), false);
const decimal = z.nullish(z.string().check(z.regex(DECIMAL)));
const currency = z.nullish(z.string().check(z.regex(/^[A-Z]{3}$/)));

const Envelope = z.object({ type: z.string(), data: z.unknown() });
const PaidOrder = z.object({
  id,
  test,
  placedAt: z.nullish(z.iso.datetime({ offset: true })),
  currency,
  total: decimal,
  buyer: z._default(z.object({ name: text, email: text, company: text, country: text, locale: text }), {}),
  licensee: text,
  items: z
    .array(
      z.object({
        sku: z.string().check(z.minLength(1), z.maxLength(200)),
        quantity: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 1),
        price: decimal,
      }),
    )
    .check(z.minLength(1), z.maxLength(100)),
});
const Refund = z.object({ id, test, refundId: z.nullish(id), amount: decimal, currency });
