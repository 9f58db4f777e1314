// woocommerce/woocommerce, includes/class-wc-webhook.php (signature, ping, no retry), and the order of its REST API:
// https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties; subscriptions as in woocommerce-subscriptions-core
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { type OrderEvent, reversed } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { findRegistration } from '../../core/inbound/registration.ts';
import type { WebhookRequest } from '../../core/inbound/request.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { add } from '../../core/order/money.ts';
import { paid } from './paid.ts';

export const woocommerce: Provider = {
  name: 'woocommerce',
  options: s.SandboxOptions,

  verify(request, { keys }) {
    if (isPing(request)) return;
    const signature = requireHeader(request.headers, 'x-wc-webhook-signature');
    requireHmac({ keys, content: [request.body], signatures: [signature], encoding: 'base64' });
  },

  read(request, context) {
    if (isPing(request)) return [];
    const { sandbox } = part(s.SandboxOptions, context.options);
    const topic = request.headers['x-wc-webhook-topic'] ?? '';
    if (/^subscription\.(created|updated)$/.test(topic))
      return trials(json(Subscription, request.body), sandbox);
    // The body of a deleted order has only an ID; other topics are about products, coupons and customers.
    if (!/^order\.(created|updated|restored)$/.test(topic)) return [];
    // An unpaid order that cannot be parsed is not held: it comes again when it is paid.
    const { status, date_paid_gmt } = json(Head, request.body);
    const isPaid = PAID.test(status) && Boolean(date_paid_gmt);
    if (!isPaid && status !== 'refunded') return [];
    const order = json(Order, request.body);
    return [...(isPaid ? [sale(order, sandbox, context)] : []), ...refunds(order, sandbox)];
  },

  idIn({ headers, body }) {
    const { id, parent_id } = json(Identified, body);
    const isSubscription = headers['x-wc-webhook-topic']?.startsWith('subscription.');
    return String(isSubscription ? part(number, parent_id) : id);
  },

  paid,
};

/** WooCommerce has no event for a payment: it sends every change of an order, most of them long after it was paid. */
const PAID = /^(processing|completed)$/;

/** The shop pings a new address unsigned, with the webhook's number only, and rejects the address unless it gets 200. */
const isPing = ({ headers, body }: WebhookRequest): boolean =>
  !headers['x-wc-webhook-signature'] && /^webhook_id=\d{1,20}$/.test(body.toString('latin1', 0, 40));

function sale(order: z.output<typeof Order>, test: boolean, { knows, licenseeField }: Context): OrderEvent {
  const { id, currency, billing, shipping, line_items: items } = order;
  const money = (value: string | undefined) => s.moneyOf(value, currency);
  const amount = money(order.total);
  const common = { test, placedAt: order.date_paid_gmt, printed: order.number, amount };
  const subscription = order.meta_data.find(({ key }) => key === '_subscription_renewal')?.value;
  // WooCommerce Subscriptions makes renewals, wcs_create_order_from_subscription, and takes some through the checkout.
  if (subscription !== undefined || order.created_via === 'subscription') {
    const known = typeof subscription === 'number' || (typeof subscription === 'string' && subscription);
    if (!known)
      return { kind: 'ignored', id: String(id), type: 'renewal without a subscription', amount, test };
    return {
      ...common,
      kind: 'renewed',
      id: String(subscription),
      aliases: [String(id)],
      buyer: {},
      lines: [],
    };
  }
  const meta = [...order.meta_data, ...items.flatMap((line) => line.meta_data)];
  const attributes = meta.map(({ key = '', value }) => ({ name: key, value }));
  const { registration, held } = findRegistration(attributes, licenseeField);
  return {
    ...common,
    kind: isTrial(order) ? 'trial' : 'paid',
    id: String(id),
    buyer: {
      name: s.firstText(fullName(billing), fullName(shipping)),
      email: billing.email || undefined,
      company: billing.company || undefined,
      country: billing.country || undefined,
      registration,
    },
    lines: items.map(({ sku, variation_id, product_id, quantity, total, total_tax }) => {
      const skus = [sku, variation_id, product_id].filter((one) => one && one !== '0');
      const net = money(total);
      const tax = money(total_tax);
      const paid = net && tax ? add(net, tax) : net;
      return s.soldLine({ sku: skus.find((one) => one && knows(one)) ?? skus[0], quantity, paid, held });
    }),
  };
}

const fullName = ({ first_name, last_name }: z.output<typeof Person>) => s.joinName(first_name, last_name);

/** The first order of a trial costs 0 without a discount; a coupon for the whole price is a discount. */
const isTrial = ({ total, discount_total, line_items: items }: z.output<typeof Order>): boolean =>
  ZERO.test(total ?? '') &&
  ZERO.test(discount_total ?? '0') &&
  items.length > 0 &&
  items.every(({ subtotal }) => ZERO.test(subtotal ?? ''));
const ZERO = /^-?0+(?:\.0+)?$/;

/** A subscription names its first order, and its renewals name the subscription. */
function trials({ id, parent_id, trial_end }: z.output<typeof Subscription>, test: boolean): OrderEvent[] {
  if (!parent_id || !trial_end) return [];
  const common = { test, until: trial_end, buyer: {}, lines: [] };
  return [{ ...common, kind: 'trial', id: String(parent_id), aliases: [String(id)] }];
}

/** Each body repeats all refunds so far. A shop can also set an order to refunded without a refund. */
function refunds(order: z.output<typeof Order>, test: boolean): OrderEvent[] {
  const id = String(order.id);
  const isFull = order.status === 'refunded';
  const refund = { kind: 'refund', state: 'done', part: isFull ? 'full' : 'partial' } as const;
  const stated = (order.refunds ?? []).flatMap(({ id: own, total }) => {
    if (!own || ZERO.test(total ?? '')) return [];
    const amount = s.moneyOf(s.maybeDecimal.parse(total?.replace('-', '')), order.currency);
    return reversed({ id, test }, String(own), { ...refund, amount });
  });
  return isFull && stated.length === 0 ? [reversed({ id, test }, id, refund)] : stated;
}

const number = z.int().check(z.positive());
/** In UTC, mostly without a zone. */
const utc = s.maybe(
  z.union([
    z.pipe(
      z.iso.datetime({ local: true }).check(z.regex(/\d$/)),
      z.transform((time) => new Date(`${time}Z`).toISOString()),
    ),
    s.timestamp,
  ]),
);
/** A plugin may write a number in place of a text. */
const word = s.maybe(z.pipe(z.union([z.string(), z.number()]), z.transform(String)));
const Person = s.loose({ first_name: s.text, last_name: s.text });
const meta_data = s.list(s.loose({ key: word, value: z.optional(z.unknown()) }));

const Identified = z.object({ id: number, parent_id: z.optional(z.unknown()) });
const Head = z.object({ id: number, status: z.string(), date_paid_gmt: z.unknown() });
const Order = z.object({
  id: number,
  status: z.string(),
  currency: s.maybeCurrency,
  total: s.text,
  discount_total: s.text,
  number: s.printed,
  created_via: s.text,
  date_paid_gmt: utc,
  billing: s.loose({
    first_name: s.text,
    last_name: s.text,
    company: s.text,
    country: s.text,
    email: s.text,
  }),
  shipping: Person,
  meta_data,
  line_items: z.array(
    s.loose({
      sku: word,
      product_id: word,
      variation_id: word,
      quantity: s.maybe(s.quantity),
      subtotal: s.text,
      total: s.maybeDecimal,
      total_tax: s.maybeDecimal,
      meta_data,
    }),
  ),
  refunds: s.maybe(z.array(s.loose({ id: s.maybe(number), total: s.text }))),
});
const Subscription = z.pipe(
  z.object({ id: number, parent_id: s.maybe(number), trial_end_date_gmt: utc, trial_end_date: utc }),
  z.transform(({ trial_end_date_gmt, trial_end_date, ...subscription }) => ({
    ...subscription,
    trial_end: trial_end_date_gmt ?? trial_end_date,
  })),
);
