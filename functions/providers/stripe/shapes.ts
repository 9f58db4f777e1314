/** The fields of Stripe's objects that Keypost uses: https://docs.stripe.com/api, stripe@23.1.0's Checkout/Sessions.d.ts and Events.d.ts. */
import * as z from 'zod/mini';
import * as s from '../../core/inbound/shapes.ts';

/** https://docs.stripe.com/currencies#zero-decimal and #three-decimal; all other currencies have two decimals. */
const ZERO_DECIMAL = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
const THREE_DECIMAL = new Set('BHD JOD KWD OMR TND'.split(' '));

export const money = (minor: number | undefined, currency = '') =>
  s.minorOf(minor, currency, ZERO_DECIMAL.has(currency) ? 0 : THREE_DECIMAL.has(currency) ? 3 : 2);

const [minor, currency] = [s.maybeMinor, s.maybeCurrency];
/** Seconds since 1970; the output is ISO 8601. */
const seconds = s.maybe(
  z.pipe(
    z.int().check(z.nonnegative(), z.maximum(8_000_000_000)),
    z.transform((at) => new Date(at * 1000).toISOString()),
  ),
);

const Envelope = z.object({
  id: s.text,
  object: z.literal('event'),
  type: z.string(),
  created: seconds,
  livemode: z.boolean(),
  data: z.object({ object: z.unknown() }),
});
const ThinEvent = z.object({
  id: s.text,
  object: z.literal('v2.core.event'),
  type: z.string(),
  created: s.maybeTime,
  livemode: z.boolean(),
  related_object: s.maybe(z.object({ url: z.string() })),
});
export const StripeEvent = z.union([ThinEvent, Envelope]);
/** The part of a session's event that identifies its order. */
export const Identified = z.object({
  data: z.object({
    object: z.object({ object: z.literal('checkout.session'), id: s.id, payment_intent: s.maybeId }),
  }),
});
export const Session = z.object({
  id: s.id,
  payment_intent: s.maybeId,
  payment_status: z.enum(['paid', 'unpaid', 'no_payment_required']),
  mode: z.string(),
  subscription: s.maybeId,
  invoice: s.maybeId,
  created: seconds,
  amount_total: minor,
  currency,
  locale: s.text,
  payment_link: s.maybeId,
  optional_items: s.maybe(z.array(z.unknown())),
  metadata: s.customFields,
  custom_fields: s.maybe(z.array(s.loose({ key: s.text, text: s.loose({ value: s.text }) }))),
  customer_email: s.text,
  customer_details: s.loose({
    name: s.text,
    individual_name: s.text,
    business_name: s.text,
    email: s.text,
    address: s.loose({ country: s.text }),
  }),
  collected_information: s.loose({ individual_name: s.text, business_name: s.text }),
});
export const LineItems = z.object({
  data: z.array(
    s.loose({
      /** Null for a metered price. */
      quantity: s.maybe(
        z.pipe(
          z.transform((count) => count ?? 1),
          s.quantity,
        ),
      ),
      amount_total: minor,
      currency,
      price: s.loose({ id: s.maybeId, product: s.maybeId }),
    }),
  ),
  has_more: s.maybe(z.boolean()),
});
const Payment = s.loose({ payment: s.loose({ payment_intent: s.maybeId }) });
/** The subscription is under `parent` and the payments in a list of their own since API version 2025-03-31.basil. */
export const Invoice = z.object({
  id: s.id,
  amount_paid: minor,
  currency,
  number: s.printed,
  subscription: s.maybeId,
  parent: s.loose({ subscription_details: s.loose({ subscription: s.maybeId }) }),
  payment_intent: s.maybeId,
  payments: s.loose({ data: s.maybe(z.array(Payment)) }),
});
export const InvoicePayment = z.object({
  invoice: s.maybeId,
  amount_paid: minor,
  currency,
  payment: s.loose({ payment_intent: s.maybeId }),
});
export const Subscription = z.object({ trial_end: seconds });
/** A payment, an invoice, or another object with an amount that was received. */
export const Received = z.object({
  id: s.text,
  amount_received: minor,
  amount_paid: minor,
  amount: minor,
  currency,
});
/** The invoice is stated before API version 2025-03-31.basil only. */
export const Charge = z.object({
  id: s.id,
  payment_intent: s.maybeId,
  invoice: s.maybeId,
  refunded: s.maybe(z.boolean()),
  amount_refunded: minor,
});
export const Refund = z.object({
  id: s.id,
  payment_intent: s.maybeId,
  charge: s.maybeId,
  status: s.text,
  amount: minor,
  currency,
});
export const Dispute = z.object({ id: s.id, payment_intent: s.maybeId, status: s.text });
