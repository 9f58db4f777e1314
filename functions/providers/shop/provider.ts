// Keypost's own format: docs/providers/shop.md and shop.schema.json, signed after https://www.standardwebhooks.com.
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type OrderEvent } from '../../core/inbound/event.ts';
import type { Provider } from '../../core/inbound/provider.ts';
import {
  currency,
  decimal,
  flag,
  id,
  loose,
  maybe,
  moneyOf,
  quantity,
  sku,
  soldLine,
  text,
  timestamp,
} from '../../core/inbound/shapes.ts';
import { requireStandardWebhook } from '../../core/inbound/signature.ts';
import { multiply } from '../../core/order/money.ts';

export const shop: Provider = {
  name: 'shop',
  verify(request, { keys, now }) {
    const secrets = keys.map((key) => Buffer.from(key.replace(/^whsec_/, ''), 'base64'));
    requireStandardWebhook(request, secrets, now);
  },

  read({ headers, body }) {
    const { type, timestamp: at, data } = json(Envelope, body);
    if (type === 'order.paid') return [parseSale(part(PaidOrder, data))];
    if (type === 'order.refunded') return parseRefund(part(Refund, data), at, headers['webhook-id'] ?? '');
    const { id = '', test, total, amount, currency } = part(Other, data);
    return ignoredEvent(type, { id, test, amount: moneyOf(total ?? amount, currency) });
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
    amount: moneyOf(total, currency),
    buyer: {
      ...buyer,
      registration: licensee,
    },
    lines: items.map(({ sku, quantity, price }) => {
      const each = moneyOf(price, currency);
      return soldLine({ sku, quantity, paid: each && multiply(each, quantity ?? 1) });
    }),
  };
}

/** A refund without an amount is a full one. A refund without an ID gets that of its message. */
function parseRefund(
  { id, test, refundId, amount: value, currency }: z.output<typeof Refund>,
  at: string | undefined,
  messageId: string,
): OrderEvent[] {
  const amount = moneyOf(value ?? undefined, currency ?? undefined);
  if (isFree(amount)) return [];
  const reversal = { kind: 'refund', state: 'done', part: value ? 'partial' : 'full', amount, at } as const;
  return [{ kind: 'reversed', id, test, reversalId: refundId ?? messageId, reversal }];
}

const optionalCurrency = maybe(currency);
const amount = maybe(decimal);

const Envelope = z.object({ type: z.string(), timestamp: maybe(timestamp), data: z.unknown() });
const Identified = z.object({ data: z.object({ id }) });
const PaidOrder = z.object({
  id,
  test: z._default(z.boolean(), false),
  placedAt: maybe(timestamp),
  currency: optionalCurrency,
  total: amount,
  buyer: loose({ name: text, email: text, company: text, country: text, locale: text }),
  licensee: text,
  items: z
    .array(loose({ sku: maybe(sku), quantity: maybe(z._default(quantity, 1)), price: amount }))
    .check(z.minLength(1), z.maxLength(100)),
});
const Refund = z.object({
  id,
  test: z._default(z.boolean(), false),
  refundId: maybe(id),
  amount: z.nullish(decimal),
  currency: z.nullish(currency),
});
const Other = loose({ id: maybe(id), test: flag, total: amount, amount, currency: optionalCurrency });
