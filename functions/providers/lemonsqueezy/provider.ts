// https://docs.lemonsqueezy.com/help/webhooks/webhook-requests; fields from https://docs.lemonsqueezy.com/api/orders
import * as z from 'zod/mini';
import { askApi } from '../../core/inbound/ask-api.ts';
import { json, part } from '../../core/inbound/body.ts';
import type { Money, OrderEvent, SoldLine } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { currency, minor, pathId, printed, quantity, text, timestamp } from '../../core/inbound/shapes.ts';
import { requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { add, fromMinor, shareOf } from '../../core/order/money.ts';

export const lemonsqueezy: Provider = {
  name: 'lemonsqueezy',
  apiUrl: 'https://api.lemonsqueezy.com',
  verify({ headers, body }, { keys }) {
    requireHmac({
      keys,
      content: [body],
      signatures: [requireHeader(headers, 'x-signature')],
      encoding: 'hex',
    });
  },

  async read({ body }, context) {
    const { meta, data } = json(Envelope, body);
    if (meta.event_name !== 'order_created' && meta.event_name !== 'order_refunded') return [];
    const order = part(Order, data);
    const test = order.attributes.test_mode || meta.test_mode === true;
    if (meta.event_name === 'order_refunded') return [parseRefund(order, test)];
    const typed = meta.custom_data[context.licenseeField];
    const registration = (typeof typed === 'string' && part(text, typed)) || undefined;
    const sale = await parseSale(order, test, registration, context);
    // An event that is sent again by hand may contain a later refund. The refund comes first, so that no serial is mailed.
    const { refunded: all, refunded_amount: some } = order.attributes;
    return all || some ? [parseRefund(order, test), ...sale] : sale;
  },
};

async function parseSale(
  { id, attributes }: z.output<typeof Order>,
  test: boolean,
  registration: string | undefined,
  context: Context,
): Promise<OrderEvent[]> {
  const { status, total, total_usd, currency, created_at, user_name, user_email } = attributes;
  if (status === 'pending' || status === 'failed' || status === 'fraudulent') return [];
  const amount = fromMinor(total, 2, currency);
  const settlement = total_usd == null ? undefined : fromMinor(total_usd, 2, 'USD');
  return [
    {
      kind: 'paid',
      id,
      test,
      placedAt: new Date(created_at).toISOString(),
      amount,
      printed: attributes.order_number,
      buyer: { name: user_name ?? undefined, email: user_email ?? undefined, registration },
      lines: await findLines(id, attributes.first_order_item, { paid: amount, settlement }, context),
    },
  ];
}

/** Returns a line per item. The body has the first item only; with an API key, all are fetched. */
async function findLines(
  id: string,
  first: z.output<typeof Item>,
  { paid, settlement }: { readonly paid: Money; readonly settlement: Money | undefined },
  context: Context,
): Promise<SoldLine[]> {
  const line = ({ product_id, variant_id, quantity }: z.output<typeof Item>) => ({
    sku: [String(variant_id), String(product_id)].find(context.knows) ?? String(product_id),
    quantity,
  });
  const only = { ...line(first), paid, settlement };
  if (!context.api) return [only];
  const path = `/v1/orders/${id}/order-items?page[size]=100`;
  try {
    const { data } = await askApi(context, Items, path, { headers: { accept: 'application/vnd.api+json' } });
    if (data.length <= 1) return [only];
    // Tax and discounts are stated for the whole order, so each item gets its share of the total, by its price.
    const prices = data.map(({ attributes: { price, quantity } }) =>
      price == null ? undefined : fromMinor(price * quantity, 2, paid.currency),
    );
    const whole = prices.reduce((sum, price) => sum && price && add(sum, price));
    return data.map(({ attributes }, at) => {
      const shareIn = (total: Money | undefined) => shareOf(total, prices[at], whole);
      return { ...line(attributes), paid: shareIn(paid), settlement: shareIn(settlement) };
    });
  } catch (error) {
    if (!(error instanceof Rejection && error.code === 'provider_refused')) throw error;
    return [only, { sku: '', quantity: 1, held: 'unknown_product' }];
  }
}

/** All refunds of an order are one reversal, which grows from partial to full; its amount is their sum so far. */
function parseRefund({ id, attributes }: z.output<typeof Order>, test: boolean): OrderEvent {
  const { refunded: all, refunded_amount: some, total } = attributes;
  const part = all || (some ?? 0) >= total ? 'full' : 'partial';
  return { kind: 'reversed', id, test, reversalId: id, reversal: { kind: 'refund', state: 'done', part } };
}

const itemId = z.int().check(z.nonnegative());

const Envelope = z.object({
  meta: z.object({
    event_name: z.string(),
    test_mode: z.nullish(z.boolean()),
    // PHP writes an empty list instead of an empty object.
    custom_data: z.catch(z.record(z.string(), z.unknown()), {}),
  }),
  data: z.unknown(),
});
const Item = z.object({
  product_id: itemId,
  variant_id: itemId,
  quantity: z._default(quantity, 1),
  /** The price of one copy (inferred), without tax. */
  price: z.nullish(minor),
});
const Order = z.object({
  id: pathId,
  attributes: z.object({
    status: z.enum(['paid', 'refunded', 'partial_refund', 'pending', 'failed', 'fraudulent']),
    test_mode: z.boolean(),
    order_number: printed,
    user_name: text,
    user_email: text,
    currency,
    total: minor,
    total_usd: z.nullish(minor),
    refunded: z.nullish(z.boolean()),
    refunded_amount: z.nullish(minor),
    first_order_item: Item,
    created_at: timestamp,
  }),
});
const Items = z.object({ data: z.array(z.object({ attributes: Item })) });
