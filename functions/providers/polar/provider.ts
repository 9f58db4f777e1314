// https://polar.sh/docs/integrate/webhooks/delivery and @polar-sh/sdk@1.0.1: its hmacKeys, and its types Order and Refund
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import type { OrderEvent, Reversal } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import {
  currency,
  customFields,
  id,
  minor,
  printed,
  SandboxOptions,
  text,
  timestamp,
} from '../../core/inbound/shapes.ts';
import { requireStandardWebhook } from '../../core/inbound/signature.ts';
import { fromMinor } from '../../core/order/money.ts';

export const polar: Provider = {
  name: 'polar',
  options: SandboxOptions,

  verify(request, { keys, now }) {
    requireStandardWebhook(request, keys.flatMap(keysFrom), now);
  },

  read({ body }, context) {
    const { type, data } = json(Envelope, body);
    const { sandbox } = part(SandboxOptions, context.options);
    if (type === 'refund.created' || type === 'refund.updated')
      return parseRefund(part(Refund, data), sandbox);
    if (type !== 'order.paid' && type !== 'order.refunded') return [];
    // A renewal may have a negative amount, so nothing else of it is parsed.
    if (RENEWAL.test(part(Reason, data).billing_reason)) return [];
    if (type === 'order.paid') return [parseSale(part(Order, data), sandbox, context)];
    const { id, status } = part(RefundedOrder, data);
    return [reversed(id, sandbox, id, { ...DONE, part: status === 'refunded' ? 'full' : 'partial' })];
  },
};

const RENEWAL = /^subscription_(?!create$)/;

/** A secret from before September 2026 is itself the key, with whsec_; a later one is base64. Both look the same. */
function keysFrom(secret: string): Buffer[] {
  const decoded = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  // A text that is not base64 may decode to almost no bytes, and anybody could sign with such a key.
  return decoded.length >= LEAST_BYTES ? [Buffer.from(secret), decoded] : [Buffer.from(secret)];
}

/** https://github.com/standard-webhooks/standard-webhooks: secrets have 24 to 64 bytes. */
const LEAST_BYTES = 24;

function parseSale(
  order: z.output<typeof Order>,
  test: boolean,
  { knows, licenseeField }: Context,
): OrderEvent {
  const { id, created_at, total_amount, currency, billing_name, billing_address, customer } = order;
  const { product, product_id, seats, units } = order;
  const name = customer.name ?? billing_name ?? undefined;
  const typed = order.custom_field_data?.[licenseeField];
  const skus = [product?.metadata?.sku, product_id].filter((sku) => typeof sku === 'string');
  const amount = money(total_amount, currency);
  return {
    kind: 'paid',
    id,
    test,
    placedAt: new Date(created_at).toISOString(),
    amount,
    printed: order.invoice_number,
    buyer: {
      name,
      email: customer.email ?? undefined,
      // Polar sets billing_name to the customer's name if there is no invoice name.
      company: billing_name !== name ? (billing_name ?? undefined) : undefined,
      registration: typeof typed === 'string' ? typed : undefined,
      country: billing_address?.country ?? undefined,
      locale: customer.locale ?? undefined,
    },
    lines: [{ sku: skus.find(knows) ?? skus[0] ?? '', quantity: seats ?? units ?? 1, paid: amount }],
  };
}

/** A failed refund also ends the reversal that order.refunded recorded under the order's ID. */
function parseRefund(
  { id, order_id, status, amount, tax_amount, currency }: z.output<typeof Refund>,
  test: boolean,
): OrderEvent[] {
  const refunded = money(amount + tax_amount, currency);
  if (status === 'succeeded' || status === 'pending') {
    const state = status === 'pending' ? 'open' : 'done';
    return [reversed(order_id, test, id, { ...DONE, state, amount: refunded })];
  }
  return [
    reversed(order_id, test, id, { ...DONE, state: 'won', amount: refunded }),
    reversed(order_id, test, order_id, { ...DONE, state: 'won' }),
  ];
}

const DONE = { kind: 'refund', state: 'done', part: 'partial' } as const;

const reversed = (id: string, test: boolean, reversalId: string, reversal: Reversal): OrderEvent => ({
  kind: 'reversed',
  id,
  test,
  reversalId,
  reversal,
});

/** polarsource/polar, server/polar/kit/currency.py: all other currencies have two decimals. */
const ZERO_DECIMAL = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF'.split(' '));

const money = (minor: number, currency: string) =>
  fromMinor(minor, ZERO_DECIMAL.has(currency) ? 0 : 2, currency);

const copies = z.nullish(z.int().check(z.minimum(1), z.maximum(10_000)));

const Envelope = z.object({ type: z.string(), data: z.unknown() });
const Reason = z.object({ billing_reason: z.string() });
const Order = z.object({
  id,
  created_at: timestamp,
  total_amount: minor,
  invoice_number: printed,
  currency,
  billing_name: text,
  billing_address: z.nullish(z.object({ country: text })),
  custom_field_data: customFields,
  customer: z.object({ name: text, email: text, locale: text }),
  product_id: z.nullish(id),
  product: z.nullish(z.object({ metadata: customFields })),
  seats: copies,
  units: copies,
});
const RefundedOrder = z.object({ id, status: z.enum(['refunded', 'partially_refunded']) });
const Refund = z.object({
  id,
  order_id: id,
  status: z.enum(['pending', 'succeeded', 'failed', 'canceled']),
  amount: minor,
  tax_amount: minor,
  currency,
});
