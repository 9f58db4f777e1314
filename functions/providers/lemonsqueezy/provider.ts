// https://docs.lemonsqueezy.com/help/webhooks/webhook-requests; fields from https://docs.lemonsqueezy.com/api/orders
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import type { Money, OrderEvent, SoldLine } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { add, fromMinor, shareOf } from '../../core/order/money.ts';

export const lemonsqueezy: Provider = {
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
    if (meta.event_name === 'order_refunded') return [refunded(order, test)];
    const typed = meta.custom_data[context.licenseeField];
    const registration = (typeof typed === 'string' && part(text, typed)) || undefined;
    const sale = await sold(order, test, registration, context);
    // One that is sent again by hand may tell of a refund since. That goes first, so that no mail does.
    const { refunded: all, refunded_amount: some } = order.attributes;
    return all || some ? [refunded(order, test), ...sale] : sale;
  },
};

async function sold(
  { id, attributes }: z.output<typeof Order>,
  test: boolean,
  registration: string | undefined,
  context: Context,
): Promise<OrderEvent[]> {
  const { status, total, total_usd, currency, created_at, user_name, user_email } = attributes;
  if (status === 'pending' || status === 'failed' || status === 'fraudulent') return [];
  const amount = fromMinor(total, 2, currency);
  const settled = total_usd == null ? undefined : fromMinor(total_usd, 2, 'USD');
  return [
    {
      kind: 'paid',
      id,
      test,
      placedAt: new Date(created_at).toISOString(),
      amount,
      buyer: { name: user_name ?? undefined, email: user_email ?? undefined, registration },
      lines: await lines(id, attributes.first_order_item, { paid: amount, settled }, context),
    },
  ];
}

/** The body has the first item only. Where there is an API key, all are asked for. */
async function lines(
  id: string,
  first: z.output<typeof Item>,
  { paid, settled }: { readonly paid: Money; readonly settled: Money | undefined },
  { api, ask, knows }: Context,
): Promise<SoldLine[]> {
  const line = ({ product_id, variant_id, quantity }: z.output<typeof Item>) => ({
    sku: [String(variant_id), String(product_id)].find(knows) ?? String(product_id),
    quantity,
  });
  const only = { ...line(first), paid, settled };
  if (!api) return [only];
  const url = `${api.url.replace(/\/$/, '')}/v1/orders/${id}/order-items?page[size]=100`;
  const headers = { accept: 'application/vnd.api+json', authorization: `Bearer ${api.key}` };
  try {
    const { data } = json(Items, await ask(url, { headers }));
    if (data.length <= 1) return [only];
    // Tax and discounts are stated for the whole order: each item has its share of the total, by its price.
    const prices = data.map(({ attributes: { price, quantity } }) =>
      price == null ? undefined : fromMinor(price * quantity, 2, paid.currency),
    );
    const whole = prices.reduce((sum, price) => sum && price && add(sum, price));
    return data.map(({ attributes }, at) => {
      const shareIn = (total: Money | undefined) => shareOf(total, prices[at], whole);
      return { ...line(attributes), paid: shareIn(paid), settled: shareIn(settled) };
    });
  } catch (error) {
    if (!(error instanceof Rejection && error.code === 'provider_refused')) throw error;
    return [only, { sku: '', quantity: 1, held: 'unknown_product' }];
  }
}

/** One fact, that grows from partial to full: the amount is that of all refunds so far. */
function refunded({ id, attributes }: z.output<typeof Order>, test: boolean): OrderEvent {
  const { refunded: all, refunded_amount: some, total } = attributes;
  const part = all || (some ?? 0) >= total ? 'full' : 'partial';
  return { kind: 'reversed', id, test, reversalId: id, reversal: { kind: 'refund', state: 'done', part } };
}

const text = z.nullish(z.string().check(z.maxLength(1000)));
const minor = z.int().check(z.nonnegative());
const itemId = z.int().check(z.nonnegative());

const Envelope = z.object({
  meta: z.object({
    event_name: z.string(),
    test_mode: z.nullish(z.boolean()),
    // PHP writes an empty list where there is nothing.
    custom_data: z.catch(z.record(z.string(), z.unknown()), {}),
  }),
  data: z.unknown(),
});
const Item = z.object({
  product_id: itemId,
  variant_id: itemId,
  quantity: z._default(z.int().check(z.positive()), 1),
  /** Of one copy (I), without tax. */
  price: z.nullish(minor),
});
const Order = z.object({
  id: z.string().check(z.regex(/^[\w-]{1,100}$/)),
  attributes: z.object({
    status: z.enum(['paid', 'refunded', 'partial_refund', 'pending', 'failed', 'fraudulent']),
    test_mode: z.boolean(),
    user_name: text,
    user_email: text,
    currency: z.string().check(z.regex(/^[A-Za-z]{3}$/)),
    total: minor,
    total_usd: z.nullish(minor),
    refunded: z.nullish(z.boolean()),
    refunded_amount: z.nullish(minor),
    first_order_item: Item,
    created_at: z.iso.datetime({ offset: true }),
  }),
});
const Items = z.object({ data: z.array(z.object({ attributes: Item })) });
