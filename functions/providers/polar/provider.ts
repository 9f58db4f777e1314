// https://polar.sh/docs/integrate/webhooks/delivery and @polar-sh/sdk@1.0.1: its hmacKeys, and its types Order and Refund
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type OrderEvent, reversed } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireStandardWebhook } from '../../core/inbound/signature.ts';
import { paid } from './paid.ts';

export const polar: Provider = {
  name: 'polar',
  options: s.SandboxOptions,

  verify(request, { keys, now }) {
    requireStandardWebhook(request, keys.flatMap(keysFrom), now);
  },

  read({ body }, context) {
    const { type, timestamp: at, data } = json(Envelope, body);
    const { sandbox } = part(s.SandboxOptions, context.options);
    if (type === 'refund.created' || type === 'refund.updated')
      return parseRefund(part(Refund, data), at, sandbox);
    if (type === 'order.paid') return parseSale(part(Order, data), sandbox, context);
    if (type !== 'order.refunded') {
      // These report a payment that order.paid reports too.
      if (/^(?:order|checkout|subscription)\./.test(type)) return [];
      const { id = '', total_amount, currency } = part(Other, data);
      return ignoredEvent(type, { id, test: sandbox, amount: money(total_amount, currency) });
    }
    const { id, status, billing_reason, refunded_amount } = part(RefundedOrder, data);
    if (RENEWAL.test(billing_reason ?? '') || refunded_amount === 0) return [];
    return [
      reversed({ id, test: sandbox }, id, { ...DONE, part: status === 'refunded' ? 'full' : 'partial', at }),
    ];
  },

  idIn: ({ body }) => json(Identified, body).data.id,

  paid,
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
): OrderEvent[] {
  const {
    id,
    created_at: placedAt,
    currency,
    billing_reason,
    billing_name,
    billing_address,
    customer,
  } = order;
  const { product, product_id, subscription_id, subscription, discount_amount = 0 } = order;
  const amount = money(order.total_amount, currency);
  if (RENEWAL.test(billing_reason ?? '')) {
    // The balance of an upgrade may be 0 or negative.
    if (order.total_amount !== undefined && order.total_amount <= 0) return [];
    const about = { id: subscription_id ?? id, aliases: [id], test, placedAt, amount };
    return [{ kind: 'renewed', ...about, buyer: {}, lines: [] }];
  }
  const isTrial = billing_reason === 'subscription_create' && isFree(amount) && discount_amount === 0;
  const name = s.firstText(customer.name, billing_name);
  const skus = [s.customText(product.metadata, 'sku'), product_id].filter((sku) => sku !== undefined);
  // A price is per seat or per unit; an order that states two numbers is held.
  const [copies = 1, ...more] = new Set([order.seats, order.units].filter((count) => count != null));
  return [
    {
      kind: isTrial ? 'trial' : 'paid',
      id,
      aliases: subscription_id ? [subscription_id] : undefined,
      test,
      placedAt,
      until: subscription.trial_end,
      amount,
      printed: order.invoice_number,
      buyer: {
        name,
        email: customer.email,
        // Polar sets billing_name to the customer's name if there is no invoice name.
        company: billing_name !== name ? billing_name : undefined,
        registration: s.customText(order.custom_field_data, licenseeField),
        country: billing_address.country,
        locale: customer.locale,
      },
      lines: [
        s.soldLine({
          sku: skus.find(knows) ?? skus[0],
          quantity: more.length > 0 ? undefined : s.maybe(s.quantity).parse(copies),
          paid: amount,
        }),
      ],
    },
  ];
}

/** A failed refund also ends the reversal that order.refunded recorded under the order's ID. */
function parseRefund(
  { id, order_id, status, amount, tax_amount = 0, currency }: z.output<typeof Refund>,
  at: string | undefined,
  test: boolean,
): OrderEvent[] {
  const refunded = money(amount === undefined ? undefined : amount + tax_amount, currency);
  if (isFree(refunded)) return [];
  const order = { id: order_id, test };
  if (status === 'succeeded' || status === 'pending') {
    const state = status === 'pending' ? 'open' : 'done';
    return [reversed(order, id, { ...DONE, state, amount: refunded, at })];
  }
  return [
    reversed(order, id, { ...DONE, state: 'won', amount: refunded, at }),
    reversed(order, order_id, { ...DONE, state: 'won', at }),
  ];
}

const DONE = { kind: 'refund', state: 'done', part: 'partial' } as const;

/** polarsource/polar, server/polar/kit/currency.py: all other currencies have two decimals. */
const ZERO_DECIMAL = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF'.split(' '));

const money = (minor: number | undefined, currency = '') =>
  s.minorOf(
    minor !== undefined && minor < 0 ? undefined : minor,
    currency,
    ZERO_DECIMAL.has(currency) ? 0 : 2,
  );

const cents = s.maybe(z.int());

const Envelope = z.object({ type: z.string(), timestamp: s.maybeTime, data: z.unknown() });
const Identified = z.object({ data: z.object({ id: s.id }) });
const Other = s.loose({ id: s.maybeId, total_amount: cents, currency: s.maybeCurrency });
const Order = z.object({
  id: s.id,
  created_at: s.maybeTime,
  billing_reason: s.text,
  total_amount: cents,
  discount_amount: cents,
  invoice_number: s.printed,
  currency: s.maybeCurrency,
  billing_name: s.text,
  billing_address: s.loose({ country: s.text }),
  custom_field_data: s.customFields,
  customer: s.loose({ name: s.text, email: s.text, locale: s.text }),
  product_id: s.maybeId,
  product: s.loose({ metadata: s.customFields }),
  subscription_id: s.maybeId,
  subscription: s.loose({ trial_end: s.maybeTime }),
  seats: z.optional(z.unknown()),
  units: z.optional(z.unknown()),
});
const RefundedOrder = z.object({
  id: s.id,
  status: z.enum(['refunded', 'partially_refunded']),
  billing_reason: s.text,
  refunded_amount: cents,
});
const Refund = z.object({
  id: s.id,
  order_id: s.id,
  status: z.enum(['pending', 'succeeded', 'failed', 'canceled']),
  amount: s.maybeMinor,
  tax_amount: s.maybeMinor,
  currency: s.maybeCurrency,
});
