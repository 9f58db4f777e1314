/** The fields of Stripe's objects that Keypost uses: https://docs.stripe.com/api, stripe@23.1.0's Checkout/Sessions.d.ts and Events.d.ts. */
import * as z from 'zod/mini';
import type { Money } from '../../core/inbound/event.ts';
import {
  currency as currencyCode,
  customFields,
  id,
  loose,
  maybe,
  minor as minorUnits,
  printed,
  quantity,
  text,
  timestamp,
} from '../../core/inbound/shapes.ts';
import { fromMinor } from '../../core/order/money.ts';

/** https://docs.stripe.com/currencies#zero-decimal and #three-decimal; all other currencies have two decimals. */
const ZERO_DECIMAL = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
const THREE_DECIMAL = new Set('BHD JOD KWD OMR TND'.split(' '));

export function money(minor: number | undefined, currency: string | undefined): Money | undefined {
  if (minor === undefined || !currency) return undefined;
  return fromMinor(minor, ZERO_DECIMAL.has(currency) ? 0 : THREE_DECIMAL.has(currency) ? 3 : 2, currency);
}

const minor = maybe(minorUnits);
const currency = maybe(currencyCode);
/** Seconds since 1970; the output is ISO 8601. */
const seconds = maybe(
  z.pipe(
    z.int().check(z.nonnegative(), z.maximum(8_000_000_000)),
    z.transform((at) => new Date(at * 1000).toISOString()),
  ),
);

export const Envelope = z.object({
  id: text,
  object: z.literal('event'),
  type: z.string(),
  created: seconds,
  livemode: z.boolean(),
  data: z.object({ object: z.unknown() }),
});
export const ThinEvent = z.object({
  id: text,
  object: z.literal('v2.core.event'),
  type: z.string(),
  created: maybe(timestamp),
  livemode: z.boolean(),
  related_object: maybe(z.object({ url: z.string() })),
});
/** The part of a session's event that identifies its order. */
export const Identified = z.object({
  data: z.object({
    object: z.object({ object: z.literal('checkout.session'), id, payment_intent: maybe(id) }),
  }),
});
export const Session = z.object({
  id,
  payment_intent: maybe(id),
  payment_status: z.enum(['paid', 'unpaid', 'no_payment_required']),
  mode: z.string(),
  subscription: maybe(id),
  invoice: maybe(id),
  created: seconds,
  amount_total: minor,
  currency,
  locale: text,
  payment_link: maybe(id),
  optional_items: maybe(z.array(z.unknown())),
  metadata: customFields,
  custom_fields: maybe(z.array(loose({ key: text, text: loose({ value: text }) }))),
  customer_email: text,
  customer_details: loose({
    name: text,
    individual_name: text,
    business_name: text,
    email: text,
    address: loose({ country: text }),
  }),
  collected_information: loose({ individual_name: text, business_name: text }),
});
export const LineItems = z.object({
  data: z.array(
    loose({
      /** Null for a metered price. */
      quantity: maybe(
        z.pipe(
          z.transform((count) => count ?? 1),
          quantity,
        ),
      ),
      amount_total: minor,
      currency,
      price: loose({ id: maybe(id), product: maybe(id) }),
    }),
  ),
  has_more: maybe(z.boolean()),
});
const Payment = loose({ payment: loose({ payment_intent: maybe(id) }) });
/** The subscription is under `parent` and the payments in a list of their own since API version 2025-03-31.basil. */
export const Invoice = z.object({
  id,
  amount_paid: minor,
  currency,
  number: printed,
  subscription: maybe(id),
  parent: loose({ subscription_details: loose({ subscription: maybe(id) }) }),
  payment_intent: maybe(id),
  payments: loose({ data: maybe(z.array(Payment)) }),
});
export const InvoicePayment = z.object({
  invoice: maybe(id),
  amount_paid: minor,
  currency,
  payment: loose({ payment_intent: maybe(id) }),
});
export const Subscription = z.object({ trial_end: seconds });
/** A payment, an invoice, or another object with an amount that was received. */
export const Received = z.object({
  id: text,
  amount_received: minor,
  amount_paid: minor,
  amount: minor,
  currency,
});
/** The invoice is stated before API version 2025-03-31.basil only. */
export const Charge = z.object({
  id,
  payment_intent: maybe(id),
  invoice: maybe(id),
  refunded: maybe(z.boolean()),
  amount_refunded: minor,
});
export const Refund = z.object({
  id,
  payment_intent: maybe(id),
  charge: maybe(id),
  status: text,
  amount: minor,
  currency,
});
export const Dispute = z.object({ id, payment_intent: maybe(id), status: text });
