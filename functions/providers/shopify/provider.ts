// @shopify/shopify-api@13.1.0, lib/utils/hmac-validator.js and lib/webhooks/types.js (both families of headers); the bodies
// are those of https://shopify.dev/docs/api/admin-rest/latest/resources/order, …/refund and …/dispute
import * as z from 'zod/mini';
import { json } from '../../core/inbound/body.ts';
import type { Money, OrderEvent } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { findRegistration } from '../../core/inbound/registration.ts';
import { currency, decimal, flag, printed, text, timestamp } from '../../core/inbound/shapes.ts';
import { requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { add, atLeast, multiply } from '../../core/order/money.ts';

export const shopify: Provider = {
  name: 'shopify',
  verify({ headers, body }, { keys }) {
    const signature = headers['shopify-hmac-sha256'] ?? requireHeader(headers, 'x-shopify-hmac-sha256');
    requireHmac({ keys, content: [body], signatures: [signature], encoding: 'base64' });
  },

  read({ headers, body }, context) {
    const header = (name: string) => headers[`shopify-${name}`] ?? headers[`x-shopify-${name}`] ?? '';
    const topic = header('topic');
    const test = header('test') === 'true';
    if (topic === 'orders/paid') return sales(json(Order, body), test, context);
    if (topic === 'refunds/create') return refunds(json(Refund, body), test);
    if (/^disputes\/(create|update)$/.test(topic)) return disputes(json(Dispute, body), test);
    return [];
  },
};

/** The admin's test notification also comes as orders/paid, but its order is voided. */
const PAID = /^(paid|partially_refunded|refunded)$/;

function sales(
  { id, currency, customer, billing_address: billing, ...order }: z.output<typeof Order>,
  test: boolean,
  { knows, licenseeField }: Context,
): OrderEvent[] {
  // Shops with subscriptions send subscription_contract and subscription_contract_checkout_one.
  const isRenewal = order.source_name?.startsWith('subscription_contract');
  const items = order.line_items.filter((item) => item.current_quantity !== 0);
  if (!PAID.test(order.financial_status) || isRenewal || items.length === 0) return [];
  const pairs = [...order.note_attributes, ...items.flatMap(({ properties }) => properties)];
  const { registration, held } = findRegistration(pairs, licenseeField);
  const person = [customer?.first_name, customer?.last_name].filter(Boolean).join(' ');
  const email = order.email || customer?.email || undefined;
  return [
    {
      kind: 'paid',
      id: String(id),
      test: test || order.test,
      placedAt: new Date(order.created_at).toISOString(),
      amount: { value: order.total_price, currency },
      printed: order.name,
      buyer: {
        name: billing?.name || person || undefined,
        email,
        company: billing?.company || undefined,
        country: billing?.country_code || undefined,
        locale: order.customer_locale || undefined,
        registration,
      },
      lines: items.map(({ sku, variant_id, product_id, title, ...item }) => {
        const skus = [sku, variant_id, product_id, title].flatMap((one) => (one ? [String(one)] : []));
        const quantity = item.current_quantity ?? item.quantity;
        const paid = paidFor(item, quantity, currency, order.taxes_included);
        // Shopify sends no buyer to an app that may not see buyers.
        return { sku: skus.find(knows) ?? skus[0] ?? '', quantity, paid, held: email ? held : 'no_buyer' };
      }),
    },
  ];
}

/** The price is that of one copy, before discounts, and before taxes unless the shop includes them. */
function paidFor(
  item: Pick<z.output<typeof Item>, 'price' | 'tax_lines' | 'discount_allocations'>,
  quantity: number,
  currency: string,
  taxesIncluded: boolean,
): Money | undefined {
  const money = (value: string): Money => ({ value, currency });
  const sum = (amounts: readonly string[]) =>
    amounts.map(money).reduce((total, one) => add(total, one) ?? total, money('0'));
  const taxes = sum(taxesIncluded ? [] : item.tax_lines.map(({ price }) => price));
  const gross = add(multiply(money(item.price), quantity), taxes);
  const off = sum(item.discount_allocations.map(({ amount }) => amount));
  return gross && atLeast([gross], off) ? add(gross, money(`-${off.value}`)) : undefined;
}

/** A return without a repayment is a refund without transactions. */
function refunds({ id, order_id, transactions }: z.output<typeof Refund>, test: boolean): OrderEvent[] {
  const back = transactions.filter(
    ({ kind, status }) => kind === 'refund' && /^(success|pending)$/.test(status),
  );
  const [first, ...others] = back.map(({ amount, currency }) => ({ value: amount, currency }));
  if (!first) return [];
  const amount = others.reduce<Money | undefined>((sum, one) => sum && add(sum, one), first);
  const state = back.every(({ status }) => status === 'success') ? 'done' : 'open';
  const reversal = { kind: 'refund', state, part: 'partial', amount } as const;
  const isTest = test || back.some((one) => one.test);
  return [{ kind: 'reversed', id: String(order_id), test: isTest, reversalId: String(id), reversal }];
}

/** An inquiry counts as a dispute. A dispute that the seller accepted or refunded stays in force like an open one. */
function disputes({ id, order_id, status }: z.output<typeof Dispute>, test: boolean): OrderEvent[] {
  if (!order_id) return [];
  const state = status === 'won' || status === 'lost' ? status : 'open';
  const reversal = { kind: 'chargeback', state, part: 'full' } as const;
  return [{ kind: 'reversed', id: String(order_id), test, reversalId: String(id), reversal }];
}

/** A test notification has an ID that a JavaScript number cannot hold exactly; it is rounded the same way everywhere. */
const id = z.number().check(z.refine(Number.isInteger), z.positive(), z.lt(1e20));
const quantity = z.int().check(z.nonnegative(), z.maximum(10_000));
const pairs = z._default(z.array(z.object({ name: z.string(), value: z.unknown() })), []);

const Item = z.object({
  sku: text,
  variant_id: z.nullish(id),
  product_id: z.nullish(id),
  title: text,
  quantity: quantity.check(z.positive()),
  current_quantity: z.optional(quantity),
  price: decimal,
  tax_lines: z._default(z.array(z.object({ price: decimal })), []),
  discount_allocations: z._default(z.array(z.object({ amount: decimal })), []),
  properties: pairs,
});
const Order = z.object({
  id,
  test: flag,
  financial_status: z.string(),
  source_name: text,
  created_at: timestamp,
  currency,
  total_price: decimal,
  name: printed,
  taxes_included: flag,
  email: text,
  customer_locale: text,
  customer: z.nullish(z.object({ first_name: text, last_name: text, email: text })),
  billing_address: z.nullish(z.object({ name: text, company: text, country_code: text })),
  note_attributes: pairs,
  line_items: z.array(Item),
});
const Transaction = z.object({ kind: z.string(), status: z.string(), amount: decimal, currency, test: flag });
const Refund = z.object({ id, order_id: id, transactions: z.array(Transaction) });
const Dispute = z.object({ id, order_id: z.nullish(id), status: z.string() });
