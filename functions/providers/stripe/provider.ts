// https://docs.stripe.com/webhooks and stripe@23.1.0, Webhooks.js; fields from its Checkout/Sessions.d.ts and Events.d.ts
import type * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { type Money, type OrderEvent, type Reversal, reversed } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { requireFresh, requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { paid } from './paid.ts';
import { definedOf, fetchObject, findInvoice, noticeOf, Options, parseSale, paymentsOf } from './sale.ts';
import * as shapes from './shapes.ts';

export const stripe: Provider = {
  name: 'stripe',
  apiUrl: 'https://api.stripe.com',
  options: Options,
  noticeOf,

  verify({ headers, body }, { keys, now }) {
    const parts = requireHeader(headers, 'stripe-signature')
      .split(',')
      .map((one) => one.trim().split('='));
    const all = (name: string) => parts.flatMap(([key, value]) => (key === name && value ? [value] : []));
    const signedAt = all('t')[0] ?? '';
    // The secret itself is the key, with whsec_; it is not base64, unlike in Standard Webhooks.
    requireHmac({ keys, content: [`${signedAt}.`, body], signatures: all('v1'), encoding: 'hex' });
    requireFresh(signedAt, now);
  },

  async read({ body }, context) {
    const event = json(shapes.StripeEvent, body);
    // A thin event has only the URL of its object, and "v1." before the type.
    const type = event.type.replace(/^v1\./, '');
    if (!HANDLED.test(type)) return [];
    const about = { type, test: !event.livemode, at: event.created, event: event.id };
    if (event.object === 'event') return await parseObject(about, event.data.object, context);
    if (!event.related_object)
      throw new Rejection(
        'bad_body',
        'found a thin event without an object; have Stripe send snapshot events',
      );
    return await parseObject(about, await fetchObject(event.related_object.url, context), context);
  },

  idIn({ body }) {
    const { payment_intent, id: own } = json(shapes.Identified, body).data.object;
    return payment_intent ?? own;
  },

  paid,
};

/** Money that is received in other ways than through Checkout is reported, but not handled. */
const OTHER_MONEY = /^(payment_intent|charge)\.succeeded$/;
const INVOICE = /^invoice\.(paid|payment_succeeded)$/;
const HANDLED = new RegExp(
  [
    /^checkout\.session\.(completed|async_payment_succeeded)$/,
    /^charge\.refunded$|^(charge\.)?refund\.(created|updated|failed)$|^charge\.dispute\./,
    /^invoice_payment\.paid$/,
    INVOICE,
    OTHER_MONEY,
  ]
    .map(({ source }) => source)
    .join('|'),
);

/** An event without its object. */
interface About {
  readonly type: string;
  readonly test: boolean;
  /** When Stripe made the event. */
  readonly at: string | undefined;
  readonly event: string | undefined;
}

async function parseObject(about: About, object: unknown, context: Context): Promise<OrderEvent[]> {
  const { type, test } = about;
  if (type.startsWith('checkout.')) return await parseSale(part(shapes.Session, object), test, context);
  if (INVOICE.test(type)) return await parseInvoice(about, part(shapes.Invoice, object), context);
  if (type === 'invoice_payment.paid') return parseInvoicePayment(about, part(shapes.InvoicePayment, object));
  if (OTHER_MONEY.test(type)) return ignored(about, part(shapes.Received, object));
  if (type === 'charge.refunded') return parseCharge(about, part(shapes.Charge, object));
  if (/^(charge\.)?refund\./.test(type)) return parseRefund(about, part(shapes.Refund, object));
  return parseDispute(about, part(shapes.Dispute, object));
}

function ignored({ type, test, event }: About, received: z.output<typeof shapes.Received>): OrderEvent[] {
  const { id = event ?? type, amount_received, amount_paid, amount: whole, currency } = received;
  const minor = amount_received ?? amount_paid ?? whole;
  return minor ? [{ kind: 'ignored', id, type, amount: shapes.money(minor, currency), test }] : [];
}

/** A payment of a subscription: the first, the first after a trial, or a renewal. */
async function parseInvoice(
  about: About,
  invoice: z.output<typeof shapes.Invoice>,
  context: Context,
): Promise<OrderEvent[]> {
  const { id, amount_paid, currency, parent } = invoice;
  const subscription = parent.subscription_details.subscription ?? invoice.subscription;
  if (!subscription) return ignored(about, { ...invoice, amount_received: undefined, amount: undefined });
  // The invoice that starts a trial.
  if (!amount_paid) return [];
  const stated = paymentsOf(invoice);
  const payments = stated.length > 0 ? stated : paymentsOf(await findInvoice(id, context));
  return [renewed(about, subscription, [id, ...payments], shapes.money(amount_paid, currency))];
}

function parseInvoicePayment(
  about: About,
  { invoice, payment: { payment_intent }, amount_paid, currency }: z.output<typeof shapes.InvoicePayment>,
): OrderEvent[] {
  if (!invoice || !payment_intent || !amount_paid) return [];
  return [renewed(about, invoice, [payment_intent], shapes.money(amount_paid, currency))];
}

const renewed = (
  { test, at }: About,
  id: string,
  aliases: readonly string[],
  amount: Money | undefined,
): OrderEvent => ({ kind: 'renewed', id, aliases, test, placedAt: at, amount, buyer: {}, lines: [] });

/** A charge states the sum of its refunds, so they are one reversal, which grows from partial to full. */
function parseCharge(
  about: About,
  { id, payment_intent, invoice, refunded, amount_refunded }: z.output<typeof shapes.Charge>,
): OrderEvent[] {
  if (amount_refunded === 0) return [];
  const part = refunded ? 'full' : 'partial';
  return reversals(about, [payment_intent, invoice], id, { kind: 'refund', state: 'done', part });
}

/** A failed refund also ends the reversal that charge.refunded recorded under the charge's ID. */
function parseRefund(
  about: About,
  { id, payment_intent, charge, status, amount, currency }: z.output<typeof shapes.Refund>,
): OrderEvent[] {
  if (amount === 0) return [];
  const failed = status === 'failed' || status === 'canceled';
  const state = failed ? 'won' : status === 'succeeded' ? 'done' : 'open';
  const reversal = { kind: 'refund', state, part: 'partial' } as const;
  const ofCharge = failed && charge ? reversals(about, [payment_intent], charge, reversal) : [];
  return [
    ...reversals(about, [payment_intent], id, { ...reversal, amount: shapes.money(amount, currency) }),
    ...ofCharge,
  ];
}

/** A closed inquiry counts as won, and an unknown status as open. */
function parseDispute(
  about: About,
  { id, payment_intent, status }: z.output<typeof shapes.Dispute>,
): OrderEvent[] {
  const state = status === 'won' || status === 'warning_closed' ? 'won' : status === 'lost' ? 'lost' : 'open';
  return reversals(about, [payment_intent], id, { kind: 'chargeback', state, part: 'full' });
}

/** Every payment of Checkout has a payment intent; other payments are ignored. */
function reversals(
  { test, at }: About,
  orders: readonly (string | undefined)[],
  reversalId: string,
  reversal: Reversal,
): OrderEvent[] {
  const [id, ...others] = definedOf(...orders);
  const aliases = others.length > 0 ? { aliases: others } : {};
  return id ? [reversed({ id, test, ...aliases }, reversalId, { ...reversal, at })] : [];
}
