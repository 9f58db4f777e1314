// https://docs.creem.io/code/webhooks, and webhooks.ts and the types CheckoutEntity, RefundEntity, DisputeEntity and WebhookSubscriptionEntity
// of creem 1.13.0
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type OrderEvent } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { findRegistration } from '../../core/inbound/registration.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireHeader, requireHmac, verifyStandardWebhook } from '../../core/inbound/signature.ts';

export const creem: Provider = {
  name: 'creem',

  verify(request, context) {
    const { headers, body } = request;
    if (headers['webhook-signature'] && headers['webhook-id'] && headers['webhook-timestamp'])
      return verifyStandardWebhook(request, context);
    const signature = headers['x-creem-signature'] ?? requireHeader(headers, 'creem-signature');
    const signatures = [signature.trim().replace(/^sha256=/, '')];
    requireHmac({ keys: context.keys, content: [body], signatures, encoding: 'hex' });
  },

  read({ body }, context) {
    const { eventType, type = eventType ?? '', created_at, object, data = object } = json(Envelope, body);
    const at = created_at === undefined ? undefined : new Date(created_at).toISOString();
    if (type === 'checkout.completed') return parseCheckout(part(Checkout, data), context);
    if (type === 'subscription.trialing' || type === 'subscription.paid')
      return parseSubscription(type, part(Subscription, data), at);
    const { id = type, mode, order, subscription, transaction, status = '', ...money } = part(Other, data);
    const amount = s.minorOf(money.refund_amount ?? money.amount, money.refund_currency ?? money.currency);
    const [, about] = /^(refund|dispute)\./.exec(type) ?? [];
    if (!about) return UNSOLD.test(type) ? [] : ignoredEvent(type, { id, test: isTest(mode), amount });
    if (about === 'refund' && isFree(amount)) return [];
    const own = part(s.id, subscription ?? transaction.subscription ?? order ?? transaction.order);
    const reversed = { kind: 'reversed', id: own, test: isTest(mode), reversalId: id } as const;
    const failed = /^(failed|canceled)$/.test(status) || /won|cancel/.test(type);
    const state = failed
      ? 'won'
      : about === 'refund' && !/^(pending|requires)/.test(status)
        ? 'done'
        : 'open';
    const extent = about === 'dispute' || transaction.status === 'refunded' ? 'full' : 'partial';
    const kind = about === 'dispute' ? 'chargeback' : 'refund';
    return [{ ...reversed, reversal: { kind, state, part: extent, amount, at } }];
  },

  idIn({ body }) {
    const { object, data = object } = json(Envelope, body);
    const { order, subscription } = part(Other, data);
    return part(s.id, subscription ?? order);
  },
};

/** Other events of subscriptions and credits report no money, or money that the events above report too. */
const UNSOLD = /^(subscription|credits|customer_credits)\./;

/** `test`, `sandbox` or `local`, but not `prod`. */
const isTest = (mode: string | undefined) => mode !== undefined && !/^(prod|production|live)$/.test(mode);

/** A subscription is one order, under its ID; the order's ID is another one. */
function parseCheckout(checkout: z.output<typeof Checkout>, { licenseeField }: Context): OrderEvent[] {
  const { order, subscription, customer, product, units, custom_fields } = checkout;
  if (order.status === 'pending') return [];
  const amount = s.minorOf(order.amount_paid ?? order.amount, order.currency);
  const attributes = custom_fields.map(({ key = '', text }) => ({ name: key, value: text.value }));
  const { registration, held } = findRegistration(attributes, licenseeField);
  const isTrial = subscription.status === 'trialing' && !order.amount_paid;
  const { name, email, country } = customer;
  return [
    {
      kind: isTrial ? 'trial' : 'paid',
      ...{ id: part(s.id, subscription.id ?? order.id), test: isTest(checkout.mode ?? order.mode), amount },
      aliases: subscription.id && order.id ? [order.id] : undefined,
      ...{ placedAt: order.created_at, until: isTrial ? subscription.current_period_end_date : undefined },
      buyer: { name, email, country, registration },
      lines: [s.soldLine({ sku: product.id ?? order.product, quantity: units, paid: amount, held })],
    },
  ];
}

/** A trial has no payment. `subscription.paid` tells of each payment, the first included. */
function parseSubscription(
  type: string,
  {
    id,
    mode,
    product,
    customer,
    items,
    last_transaction: last,
    ...subscription
  }: z.output<typeof Subscription>,
  at: string | undefined,
): OrderEvent[] {
  const common = { id, test: isTest(mode), placedAt: at };
  const amount = s.minorOf(last.amount_paid ?? last.amount, last.currency);
  if (type === 'subscription.paid')
    return isFree(amount) ? [] : [{ ...common, kind: 'renewed', amount, buyer: {}, lines: [] }];
  const { name, email, country } = customer;
  const [item = { units: 1 }] = items;
  const lines = [s.soldLine({ sku: product.id, quantity: item.units })];
  const until = subscription.current_period_end_date;
  return [{ ...common, kind: 'trial', until, buyer: { name, email, country }, lines }];
}

const { text, maybe, loose, list } = s;
const [id, cents, date, currency] = [maybe(s.id), maybe(s.minor), maybe(s.timestamp), maybe(s.currency)];
const units = maybe(z._default(s.quantity, 1));
/** An object, or only its ID. */
function whole<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const schema = loose({ id, ...shape });
  const read = (value: unknown) => schema.parse(typeof value === 'string' ? { id: value } : value);
  return z.pipe(z.optional(z.unknown()), z.transform(read));
}
const unknown = z.optional(z.unknown());
const time = maybe(s.minor.check(z.maximum(4e12)));
const Envelope = z.object({ eventType: text, type: text, created_at: time, object: unknown, data: unknown });
const Customer = whole({ name: text, email: text, country: text });
const Checkout = z.object({
  mode: text,
  order: whole({
    ...{
      product: id,
      mode: text,
      status: text,
      created_at: date,
      currency,
      amount: cents,
      amount_paid: cents,
    },
  }),
  ...{ product: whole({}), customer: Customer, units },
  subscription: whole({ status: text, current_period_end_date: date }),
  custom_fields: list(loose({ key: text, text: loose({ value: text }) })),
});
const Transaction = loose({
  ...{ order: id, subscription: id, status: text, amount: cents, amount_paid: cents, currency },
});
const Subscription = z.object({
  ...{ id: s.id, mode: text, product: whole({}), customer: Customer, items: list(loose({ units })) },
  ...{ last_transaction: Transaction, current_period_end_date: date },
});
const ofWhole = z.pipe(
  whole({}),
  z.transform(({ id }) => id),
);
const Other = loose({
  ...{ id, mode: text, status: text, order: ofWhole, subscription: ofWhole, transaction: Transaction },
  ...{ refund_amount: cents, refund_currency: currency, amount: cents, currency },
});
