// https://docs.lemonsqueezy.com/help/webhooks/webhook-requests; fields from https://docs.lemonsqueezy.com/api/orders
import * as z from 'zod/mini';
import { askApi } from '../../core/inbound/ask-api.ts';
import { json, part } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type OrderEvent, type SoldLine } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import * as s from '../../core/inbound/shapes.ts';
import { verifyHeader } from '../../core/inbound/signature.ts';
import { add, shareOf } from '../../core/order/money.ts';
import { paid } from './paid.ts';

export const lemonsqueezy: Provider = {
  name: 'lemonsqueezy',
  apiUrl: 'https://api.lemonsqueezy.com',
  verify: verifyHeader('x-signature', 'hex'),

  async read({ body }, context) {
    const { meta, data } = json(Envelope, body);
    const registration = s.customText(meta.custom_data, context.licenseeField);
    switch (meta.event_name) {
      case 'order_created': {
        const order = part(Order, data);
        const sale = await parseSale(order, meta.test_mode, registration, context);
        // An event that is sent again by hand may contain a later refund. The refund comes first, so that no serial is mailed.
        const { refunded, refunded_amount } = order.attributes;
        return refunded || refunded_amount ? [...parseRefund(order, meta.test_mode), ...sale] : sale;
      }
      case 'order_refunded':
        return parseRefund(part(Order, data), meta.test_mode);
      case 'subscription_created':
        return parseStart(part(Subscription, data), meta.test_mode, registration, context);
      default:
        return parsePayment(part(Payment, data), meta);
    }
  },

  idIn({ body }) {
    const { meta, data } = json(Identified, body);
    const isOrder = !meta.event_name?.startsWith('subscription_');
    return isOrder ? data.id : String(part(z.int(), data.attributes.order_id));
  },

  paid,
};

async function parseSale(
  { id, attributes }: z.output<typeof Order>,
  inTestMode: boolean,
  registration: string | undefined,
  context: Context,
): Promise<OrderEvent[]> {
  const {
    status,
    total,
    total_usd,
    currency,
    user_name: name,
    user_email: email,
    discount_total,
  } = attributes;
  if (status === 'pending' || status === 'failed' || status === 'fraudulent') return [];
  const amount = s.minorOf(total, currency);
  return [
    {
      // The order does not say that it starts a trial. A coupon for the whole price is a discount.
      kind: isFree(amount) && !discount_total ? 'trial' : 'paid',
      id,
      test: attributes.test_mode || inTestMode,
      placedAt: attributes.created_at,
      amount,
      printed: attributes.order_number,
      buyer: { name, email, registration },
      lines: await findLines(
        id,
        attributes.first_order_item,
        { paid: amount, settlement: s.minorOf(total_usd, 'USD') },
        context,
      ),
    },
  ];
}

/** Orders and subscriptions are numbered separately. */
const subscriptionId = (id: string | number) => `subscription ${id}`;

/** Tells of a subscription under the ID of its order, which may arrive later, and of the subscription's ID. */
function parseStart(
  { id, attributes }: z.output<typeof Subscription>,
  inTestMode: boolean,
  registration: string | undefined,
  context: Context,
): OrderEvent[] {
  const { status, order_id, user_name: name, user_email: email, trial_ends_at: until } = attributes;
  if (status !== 'on_trial' && status !== 'active') return [];
  const quantity = attributes.first_subscription_item.quantity ?? 1;
  return [
    {
      kind: status === 'active' ? 'announced' : 'trial',
      id: String(order_id),
      aliases: [subscriptionId(id)],
      test: attributes.test_mode || inTestMode,
      placedAt: attributes.created_at,
      until,
      buyer: { name, email, registration },
      lines: [s.soldLine({ sku: skuOf(attributes, context), quantity })],
    },
  ];
}

/** A payment of a subscription. That of its first invoice is the order's. */
function parsePayment(
  { id = '', attributes }: z.output<typeof Payment>,
  { event_name: type, test_mode }: z.output<typeof Envelope>['meta'],
): OrderEvent[] {
  const { subscription_id, billing_reason, total, currency, created_at: placedAt } = attributes;
  const test = attributes.test_mode || test_mode;
  const amount = s.minorOf(total, currency);
  if (type === 'subscription_payment_failed' || type === 'subscription_payment_recovered') return [];
  if (type === 'subscription_payment_refunded' && subscription_id !== undefined)
    return reversed(subscriptionId(subscription_id), `payment ${id}`, attributes, test);
  if (type !== 'subscription_payment_success' || subscription_id === undefined)
    return ignoredEvent(type, { id, test, amount });
  if (billing_reason === 'initial' || isFree(amount)) return [];
  const about = { id: subscriptionId(subscription_id), test, placedAt, amount };
  return [{ kind: 'renewed', ...about, buyer: {}, lines: [] }];
}

/** The variant if the catalogue knows it, else the product. */
function skuOf(
  { product_id, variant_id }: Pick<z.output<typeof Item>, 'product_id' | 'variant_id'>,
  { knows }: Context,
): string | undefined {
  const skus = [variant_id, product_id].flatMap((one) => (one === undefined ? [] : String(one)));
  return skus.find(knows) ?? skus.at(-1);
}

/** Returns a line per item. The body has the first item only; with an API key, all are fetched. */
async function findLines(
  id: string,
  first: z.output<typeof Item>,
  { paid, settlement }: Pick<SoldLine, 'paid' | 'settlement'>,
  context: Context,
): Promise<SoldLine[]> {
  const line = (item: z.output<typeof Item>, price: Pick<SoldLine, 'paid' | 'settlement'>) =>
    s.soldLine({ sku: skuOf(item, context), quantity: item.quantity, ...price });
  const only = line(first, { paid, settlement });
  if (!context.api) return [only];
  const path = `/v1/orders/${id}/order-items?page[size]=100`;
  try {
    const { data } = await askApi(context, Items, path, { headers: { accept: 'application/vnd.api+json' } });
    if (data.length <= 1) return [only];
    // Tax and discounts are stated for the whole order, so each item gets its share of the total, by its price.
    const prices = data.map(({ attributes: { price, quantity } }) =>
      s.minorOf(price === undefined || quantity === undefined ? undefined : price * quantity, paid?.currency),
    );
    const whole = prices.reduce((sum, price) => sum && price && add(sum, price));
    return data.map(({ attributes }, at) => {
      const shareIn = (total: SoldLine['paid']) => shareOf(total, prices[at], whole);
      return line(attributes, { paid: shareIn(paid), settlement: shareIn(settlement) });
    });
  } catch (error) {
    if (!(error instanceof Rejection && error.code === 'provider_refused')) throw error;
    return [only, { sku: '', quantity: 1, held: 'unknown_product' }];
  }
}

const parseRefund = ({ id, attributes }: z.output<typeof Order>, inTestMode: boolean): OrderEvent[] =>
  reversed(id, id, attributes, attributes.test_mode || inTestMode);

/** All refunds of a payment are one reversal, which grows from partial to full; its amount is their sum so far. */
function reversed(
  id: string,
  reversalId: string,
  { refunded: all, refunded_amount: some, total }: z.output<typeof Refunded>,
  test: boolean,
): OrderEvent[] {
  if (!all && some === 0) return [];
  const isWhole = some !== undefined && total !== undefined && some >= total;
  const part = all || isWhole ? 'full' : 'partial';
  return [{ kind: 'reversed', id, test, reversalId, reversal: { kind: 'refund', state: 'done', part } }];
}

const itemId = s.maybe(z.int().check(z.nonnegative()));

const Envelope = z.object({
  meta: z.object({ event_name: z.string(), test_mode: s.flag, custom_data: s.customFields }),
  data: z.unknown(),
});
const Identified = z.object({
  meta: s.loose({ event_name: s.text }),
  data: z.object({ id: s.pathId, attributes: s.loose({ order_id: z.optional(z.unknown()) }) }),
});
const Item = s.loose({
  product_id: itemId,
  variant_id: itemId,
  /** 1 if it is missing. */
  quantity: s.maybe(z._default(s.quantity, 1)),
  /** The price of one copy (inferred), without tax. */
  price: s.maybeMinor,
});
const Refunded = z.object({ total: s.maybeMinor, refunded: s.flag, refunded_amount: s.maybeMinor });
const Order = z.object({
  id: s.pathId,
  attributes: z.object({
    status: z.enum(['paid', 'refunded', 'partial_refund', 'pending', 'failed', 'fraudulent']),
    test_mode: s.flag,
    order_number: s.printed,
    user_name: s.text,
    user_email: s.text,
    currency: s.maybeCurrency,
    ...Refunded.shape,
    total_usd: s.maybeMinor,
    discount_total: s.maybeMinor,
    first_order_item: Item,
    created_at: s.maybeTime,
  }),
});
const Subscription = z.object({
  id: s.pathId,
  attributes: z.object({
    product_id: itemId,
    variant_id: itemId,
    status: s.text,
    order_id: z.int(),
    test_mode: s.flag,
    user_name: s.text,
    user_email: s.text,
    trial_ends_at: s.maybeTime,
    created_at: s.maybeTime,
    first_subscription_item: s.loose({ quantity: s.maybe(s.quantity) }),
  }),
});
const Payment = s.loose({
  id: s.maybe(s.pathId),
  attributes: s.loose({
    subscription_id: itemId,
    billing_reason: s.text,
    ...Refunded.shape,
    currency: s.maybeCurrency,
    test_mode: s.flag,
    created_at: s.maybeTime,
  }),
});
const Items = z.object({ data: z.array(z.object({ attributes: Item })) });
