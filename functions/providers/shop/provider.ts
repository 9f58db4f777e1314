// Keypost's own format: docs/providers/shop.md and shop.schema.json, signed after https://www.standardwebhooks.com.
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type OrderEvent } from '../../core/inbound/event.ts';
import type { Provider } from '../../core/inbound/provider.ts';
import * as s from '../../core/inbound/shapes.ts';
import { verifyStandardWebhook } from '../../core/inbound/signature.ts';
import { multiply } from '../../core/order/money.ts';

export const shop: Provider = {
  name: 'shop',
  verify: verifyStandardWebhook,

  read({ headers, body }) {
    const { type, timestamp: at, data } = json(Envelope, body);
    if (type === 'order.paid') return [parseSale(part(PaidOrder, data))];
    if (type === 'order.refunded') return parseRefund(part(Refund, data), at, headers['webhook-id'] ?? '');
    const { id = '', test, total, amount, currency } = part(Other, data);
    return ignoredEvent(type, { id, test, amount: s.moneyOf(total ?? amount, currency) });
  },

  idIn: ({ body }) => json(Identified, body).data.id,
};

function parseSale({ buyer, items, ...order }: z.output<typeof PaidOrder>): OrderEvent {
  const { id, test, placedAt, currency, total, licensee } = order;
  return {
    kind: 'paid',
    id,
    test,
    placedAt,
    amount: s.moneyOf(total, currency),
    buyer: { ...buyer, registration: licensee },
    lines: items.map(({ sku, quantity, price }) => {
      const each = s.moneyOf(price, currency);
      return s.soldLine({ sku, quantity, paid: each && multiply(each, quantity ?? 1) });
    }),
  };
}

/** A refund without an amount is a full one. A refund without an ID gets that of its message. */
function parseRefund(
  { id, test, refundId, amount: value, currency }: z.output<typeof Refund>,
  at: string | undefined,
  messageId: string,
): OrderEvent[] {
  const amount = s.moneyOf(value ?? undefined, currency ?? undefined);
  if (isFree(amount)) return [];
  const reversal = { kind: 'refund', state: 'done', part: value ? 'partial' : 'full', amount, at } as const;
  return [{ kind: 'reversed', id, test, reversalId: refundId ?? messageId, reversal }];
}

const Envelope = z.object({ type: z.string(), timestamp: s.maybeTime, data: z.unknown() });
const Identified = z.object({ data: z.object({ id: s.id }) });
const PaidOrder = z.object({
  id: s.id,
  test: z._default(z.boolean(), false),
  placedAt: s.maybeTime,
  currency: s.maybeCurrency,
  total: s.maybeDecimal,
  buyer: s.loose({ name: s.text, email: s.text, company: s.text, country: s.text, locale: s.text }),
  licensee: s.text,
  items: z
    .array(
      s.loose({ sku: s.maybe(s.sku), quantity: s.maybe(z._default(s.quantity, 1)), price: s.maybeDecimal }),
    )
    .check(z.minLength(1), z.maxLength(100)),
});
const Refund = z.object({
  id: s.id,
  test: z._default(z.boolean(), false),
  refundId: s.maybeId,
  amount: z.nullish(s.decimal),
  currency: z.nullish(s.currency),
});
const Other = s.loose({
  id: s.maybeId,
  test: s.flag,
  total: s.maybeDecimal,
  amount: s.maybeDecimal,
  currency: s.maybeCurrency,
});
