// woocommerce/woocommerce, includes/class-wc-webhook.php (signature, ping, no retry), and the order of its REST API:
// https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { findRegistration } from '../../core/inbound/registration.ts';
import type { WebhookRequest } from '../../core/inbound/request.ts';
import { decimal, printed, SandboxOptions, text } from '../../core/inbound/shapes.ts';
import { requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { add } from '../../core/order/money.ts';

export const woocommerce: Provider = {
  name: 'woocommerce',
  options: SandboxOptions,

  verify(request, { keys }) {
    if (isPing(request)) return;
    const signature = requireHeader(request.headers, 'x-wc-webhook-signature');
    requireHmac({ keys, content: [request.body], signatures: [signature], encoding: 'base64' });
  },

  read(request, context) {
    // The body of a deleted order has only an ID; other topics are about products, coupons and customers.
    const isOurs = /^order\.(created|updated|restored)$/.test(request.headers['x-wc-webhook-topic'] ?? '');
    if (isPing(request) || !isOurs) return [];
    const order = json(Order, request.body);
    // WooCommerce Subscriptions marks a renewal so: wcs_create_order_from_subscription.
    if (order.created_via === 'subscription') return [];
    const { sandbox } = part(SandboxOptions, context.options);
    return [...sales(order, sandbox, context), ...refunds(order, sandbox)];
  },
};

/** The shop pings a new address unsigned, with the webhook's number only, and rejects the address unless it gets 200. */
const isPing = ({ headers, body }: WebhookRequest): boolean =>
  !headers['x-wc-webhook-signature'] && /^webhook_id=\d{1,20}$/.test(body.toString('latin1', 0, 40));

/** WooCommerce has no event for a payment: it sends every change of an order, most of them long after it was paid. */
function sales(
  { id, status, currency, total, billing, date_paid_gmt, ...order }: z.output<typeof Order>,
  test: boolean,
  { knows, licenseeField }: Context,
): OrderEvent[] {
  if (!date_paid_gmt || (status !== 'processing' && status !== 'completed')) return [];
  const meta = [...order.meta_data, ...order.line_items.flatMap((line) => line.meta_data)];
  const attributes = meta.map(({ key: name, value }) => ({ name, value }));
  const { registration, held } = findRegistration(attributes, licenseeField);
  return [
    {
      kind: 'paid',
      id: String(id),
      test,
      placedAt: new Date(`${date_paid_gmt}Z`).toISOString(),
      amount: { value: total, currency },
      printed: order.number,
      buyer: {
        name: [billing.first_name, billing.last_name].filter(Boolean).join(' ') || undefined,
        email: billing.email || undefined,
        company: billing.company || undefined,
        country: billing.country || undefined,
        registration,
      },
      lines: order.line_items.map(({ sku, variation_id, product_id, quantity, ...line }) => {
        const skus = [sku, variation_id, product_id].flatMap((one) => (one ? [String(one)] : []));
        const paid = add({ value: line.total, currency }, { value: line.total_tax, currency });
        return { sku: skus.find(knows) ?? skus[0] ?? '', quantity, paid, held };
      }),
    },
  ];
}

/** Each body repeats all refunds so far. A shop can also set an order to refunded without a refund. */
function refunds({ id, status, currency, refunds }: z.output<typeof Order>, test: boolean): OrderEvent[] {
  const partial = refunds.map((refund) => ({
    reversalId: String(refund.id),
    amount: { value: refund.total.replace('-', ''), currency },
  }));
  const isFull = status === 'refunded';
  const all = isFull && partial.length === 0 ? [{ reversalId: String(id), amount: undefined }] : partial;
  return all.map(({ reversalId, amount }) => ({
    kind: 'reversed',
    id: String(id),
    test,
    reversalId,
    reversal: { kind: 'refund', state: 'done', part: isFull ? 'full' : 'partial', amount },
  }));
}

const number = z.int().check(z.positive());
const meta_data = z._default(z.array(z.object({ key: z.string(), value: z.unknown() })), []);

const Order = z.object({
  id: number,
  status: z.string(),
  currency: z.string().check(z.regex(/^[A-Z]{3}$/)),
  total: decimal,
  number: printed,
  created_via: text,
  /** In UTC, without a zone. */
  date_paid_gmt: z.nullish(z.iso.datetime({ local: true }).check(z.regex(/\d$/))),
  billing: z.object({ first_name: text, last_name: text, company: text, country: text, email: text }),
  meta_data,
  line_items: z.array(
    z.object({
      sku: text,
      product_id: z.nullish(z.int()),
      variation_id: z.nullish(z.int()),
      quantity: z.int().check(z.minimum(1), z.maximum(10_000)),
      total: decimal,
      total_tax: decimal,
      meta_data,
    }),
  ),
  refunds: z.array(z.object({ id: number, total: z.string().check(z.regex(/^-?\d{1,15}(?:\.\d{1,6})?$/)) })),
});
