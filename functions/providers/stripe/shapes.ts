/** The fields of Stripe's objects that Keypost uses: https://docs.stripe.com/api, stripe@23.1.0's Checkout/Sessions.d.ts and Events.d.ts. */
import * as z from 'zod/mini';
import type { Money } from '../../core/inbound/event.ts';
import {
  currency as currencyCode,
  id,
  minor as minorUnits,
  quantity,
  text,
} from '../../core/inbound/shapes.ts';
import { fromMinor } from '../../core/order/money.ts';

/** https://docs.stripe.com/currencies#zero-decimal and #three-decimal; all other currencies have two decimals. */
const ZERO_DECIMAL = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
const THREE_DECIMAL = new Set('BHD JOD KWD OMR TND'.split(' '));

export function money(
  minor: number | null | undefined,
  currency: string | null | undefined,
): Money | undefined {
  if (minor == null || !currency) return undefined;
  return fromMinor(minor, ZERO_DECIMAL.has(currency) ? 0 : THREE_DECIMAL.has(currency) ? 3 : 2, currency);
}

const minor = z.nullish(minorUnits);
const currency = z.nullish(currencyCode);

export const Envelope = z.object({
  object: z.literal('event'),
  type: z.string(),
  livemode: z.boolean(),
  data: z.object({ object: z.unknown() }),
});
export const ThinEvent = z.object({
  object: z.literal('v2.core.event'),
  type: z.string(),
  livemode: z.boolean(),
  related_object: z.nullish(z.object({ url: z.string() })),
});
export const Session = z.object({
  id,
  payment_intent: z.nullish(id),
  payment_status: z.enum(['paid', 'unpaid', 'no_payment_required']),
  mode: z.string(),
  created: z.int().check(z.nonnegative(), z.maximum(8_000_000_000)),
  amount_total: minor,
  currency,
  locale: text,
  payment_link: z.nullish(id),
  metadata: z.nullish(z.record(z.string(), z.string())),
  custom_fields: z.nullish(
    z.array(z.object({ key: z.string(), text: z.nullish(z.object({ value: text })) })),
  ),
  customer_email: text,
  customer_details: z.nullish(
    z.object({
      name: text,
      individual_name: text,
      business_name: text,
      email: text,
      address: z.nullish(z.object({ country: text })),
    }),
  ),
  collected_information: z.nullish(z.object({ individual_name: text, business_name: text })),
});
export const LineItems = z.object({
  data: z.array(
    z.object({
      quantity: z.nullish(quantity),
      amount_total: minor,
      currency,
      price: z.object({ id, product: id }),
    }),
  ),
});
export const Charge = z.object({ id, payment_intent: z.nullish(id), refunded: z.boolean() });
export const Refund = z.object({
  id,
  payment_intent: z.nullish(id),
  charge: z.nullish(id),
  status: z.nullish(z.string()),
  amount: minor,
  currency,
});
export const Dispute = z.object({ id, payment_intent: z.nullish(id), status: z.string() });
