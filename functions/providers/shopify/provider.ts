// @shopify/shopify-api@13.1.0, lib/utils/hmac-validator.js and lib/webhooks/types.js (both families of headers); the bodies
// are those of https://shopify.dev/docs/api/admin-rest/latest/resources/order, …/refund and …/dispute
import * as z from 'zod/mini';
import { json } from '../../core/inbound/body.ts';
import type { Money, OrderEvent } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { findRegistration } from '../../core/inbound/registration.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { add, atLeast, multiply } from '../../core/order/money.ts';
import { paid } from './paid.ts';

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
    if (!/^disputes\/(create|update)$/.test(topic)) return [];
    const at = s.maybeTime.parse(header('triggered-at'));
    return disputes(json(Dispute, body), test, at);
  },

  idIn: ({ body }) => String(json(Paid, body).id),

  paid,
};

/** The admin's test notification also comes as orders/paid, but its order is voided. */
const PAID = /^(paid|partially_refunded|refunded)$/;

function sales(
  { id, currency, customer, billing_address: billing, ...order }: z.output<typeof Order>,
  isTest: boolean,
  { knows, licenseeField }: Context,
): OrderEvent[] {
  const test = isTest || order.test;
  const amount = s.moneyOf(order.total_price, currency);
  const items = order.line_items.filter((item) => item.current_quantity !== 0);
  if (!PAID.test(order.financial_status) || items.length === 0) return [];
  // Shops with subscriptions send subscription_contract and subscription_contract_checkout_one; the body names no contract.
  if (order.source_name?.startsWith('subscription_contract'))
    return [
      { kind: 'ignored', id: String(id), type: 'orders/paid of a subscription contract', amount, test },
    ];
  const pairs = [...order.note_attributes, ...items.flatMap(({ properties }) => properties)];
  const attributes = pairs.map(({ name = '', value }) => ({ name, value }));
  const { registration, held } = findRegistration(attributes, licenseeField);
  const { default_address: address } = customer;
  const email = s.firstText(order.email, order.contact_email, customer.email);
  return [
    {
      kind: 'paid',
      id: String(id),
      test,
      placedAt: order.created_at,
      amount,
      printed: order.name ?? order.order_number,
      buyer: {
        name: s.firstText(
          billing.name,
          fullName(billing),
          fullName(customer),
          address.name,
          fullName(address),
        ),
        email,
        company: s.firstText(billing.company, address.company),
        country: s.firstText(billing.country_code, address.country_code),
        locale: order.customer_locale || undefined,
        registration,
      },
      lines: items.map(({ sku, variant_id, product_id, title, ...item }) => {
        const skus = [sku, variant_id, product_id, title].flatMap((one) => (one ? [String(one)] : []));
        const quantity = item.current_quantity ?? item.quantity;
        const paid =
          quantity === undefined ? undefined : paidFor(item, quantity, currency, order.taxes_included);
        // Shopify sends no buyer to an app that may not see buyers.
        return s.soldLine({
          sku: skus.find(knows) ?? skus[0],
          quantity,
          paid,
          held: email ? held : 'no_buyer',
        });
      }),
    },
  ];
}

const fullName = ({ first_name, last_name }: z.output<typeof Named>) => s.joinName(first_name, last_name);

/** The price is that of one copy, before discounts, and before taxes unless the shop includes them. */
function paidFor(
  { price, tax_lines, discount_allocations }: z.output<typeof Item>,
  quantity: number,
  currency: string | undefined,
  taxesIncluded: boolean,
): Money | undefined {
  const one = s.moneyOf(price, currency);
  const taxes = sumOf(taxesIncluded ? [] : (tax_lines ?? []).map((tax) => tax.price), currency);
  const off = sumOf(
    (discount_allocations ?? []).map(({ amount }) => amount),
    currency,
  );
  const gross = one && taxes && add(multiply(one, quantity), taxes);
  return gross && off && atLeast([gross], off) ? add(gross, { ...off, value: `-${off.value}` }) : undefined;
}

/** Undefined if one of the amounts is not known. */
function sumOf(amounts: readonly (string | undefined)[], currency: string | undefined): Money | undefined {
  const [first, ...others] = amounts.length > 0 ? amounts : ['0'];
  return others.reduce<Money | undefined>(
    (sum, value) => {
      const one = s.moneyOf(value, currency);
      return sum && one && add(sum, one);
    },
    s.moneyOf(first, currency),
  );
}

/** A return without a repayment is a refund without transactions. */
function refunds(refund: z.output<typeof Refund>, test: boolean): OrderEvent[] {
  const { id, order_id, transactions, created_at: at } = refund;
  const back = transactions.filter(
    ({ kind, status, amount }) =>
      kind === 'refund' && /^(success|pending)$/.test(status ?? '') && Number(amount ?? 1) !== 0,
  );
  if (back.length === 0) return [];
  const [one, another] = new Set(back.map(({ currency }) => currency));
  const paid = another
    ? undefined
    : sumOf(
        back.map(({ amount }) => amount),
        one,
      );
  const state = back.every(({ status }) => status === 'success') ? 'done' : 'open';
  const reversal = { kind: 'refund', state, part: 'partial', amount: inShopMoney(refund, paid), at } as const;
  const isTest = test || back.some((one) => one.test);
  return [{ kind: 'reversed', id: String(order_id), test: isTest, reversalId: String(id), reversal }];
}

/**
 * A refund may be paid in the buyer's currency, but an order is counted in the shop's: the price of what is given back,
 * with its tax, less the adjustments, which are negative for what is given back beside the lines.
 */
function inShopMoney(
  { refund_line_items: items, order_adjustments, total_duties_set: duties }: z.output<typeof Refund>,
  paid: Money | undefined,
): Money | undefined {
  const returned = items.flatMap(({ subtotal_set, total_tax_set }) => [subtotal_set, total_tax_set]);
  const adjusted = order_adjustments.flatMap(({ amount_set, tax_amount_set }) => [
    amount_set,
    tax_amount_set,
  ]);
  const all = [...returned, ...adjusted].map(({ shop_money }) => shop_money);
  const shop = duties.shop_money.currency_code ?? all.find((one) => one.currency_code)?.currency_code;
  if (!shop || !paid || paid.currency === shop) return paid;
  const amountsOf = (sets: readonly z.output<typeof MoneySet>[]) =>
    sets.flatMap(({ shop_money }) => shop_money.amount ?? []);
  const more = amountsOf(adjusted).flatMap((value) => (value.startsWith('-') ? value.slice(1) : []));
  const back = sumOf([...amountsOf(returned), ...more], shop);
  const kept = sumOf(
    amountsOf(adjusted).filter((value) => !value.startsWith('-')),
    shop,
  );
  if (!back || !kept || all.length === 0 || !atLeast([back], kept)) return undefined;
  return add(back, { ...kept, value: `-${kept.value}` });
}

/** An inquiry counts as a dispute. A dispute that the seller accepted or refunded stays in force like an open one. */
function disputes(
  { id, order_id, status }: z.output<typeof Dispute>,
  test: boolean,
  at: string | undefined,
): OrderEvent[] {
  if (!order_id) return [];
  const state = status === 'won' || status === 'lost' ? status : 'open';
  const reversal = { kind: 'chargeback', state, part: 'full', at } as const;
  return [{ kind: 'reversed', id: String(order_id), test, reversalId: String(id), reversal }];
}

/** A test notification has an ID that a JavaScript number cannot hold exactly; it is rounded the same way everywhere. */
const id = z.number().check(z.refine(Number.isInteger), z.positive(), z.lt(1e20));
const pairs = s.list(s.loose({ name: s.text, value: z.optional(z.unknown()) }));
const MoneySet = s.loose({ shop_money: s.loose({ amount: s.text, currency_code: s.maybeCurrency }) });
const person = { first_name: s.text, last_name: s.text };
const Named = s.loose(person);
const Address = {
  ...person,
  name: s.text,
  company: s.text,
  country_code: s.text,
};
const Item = s.loose({
  sku: s.text,
  variant_id: s.maybe(id),
  product_id: s.maybe(id),
  title: s.text,
  quantity: s.maybe(s.quantity),
  current_quantity: s.maybe(z.union([z.literal(0), s.quantity])),
  price: s.maybeDecimal,
  tax_lines: s.maybe(z.array(s.loose({ price: s.maybeDecimal }))),
  discount_allocations: s.maybe(z.array(s.loose({ amount: s.maybeDecimal }))),
  properties: pairs,
});
const Paid = z.object({ id, financial_status: z.string().check(z.regex(PAID)) });
const Order = z.object({
  id,
  test: s.flag,
  financial_status: z.string(),
  source_name: s.text,
  created_at: s.maybeTime,
  currency: s.maybeCurrency,
  total_price: s.maybeDecimal,
  name: s.printed,
  order_number: s.printed,
  taxes_included: s.flag,
  email: s.text,
  contact_email: s.text,
  customer_locale: s.text,
  customer: s.loose({ ...person, email: s.text, default_address: s.loose(Address) }),
  billing_address: s.loose(Address),
  note_attributes: pairs,
  line_items: z.array(Item),
});
const Transaction = s.loose({
  kind: s.text,
  status: s.text,
  amount: s.maybeDecimal,
  currency: s.maybeCurrency,
  test: s.flag,
});
const Refund = z.object({
  id,
  order_id: id,
  created_at: s.maybeTime,
  transactions: z.array(Transaction),
  refund_line_items: s.list(s.loose({ subtotal_set: MoneySet, total_tax_set: MoneySet })),
  order_adjustments: s.list(s.loose({ amount_set: MoneySet, tax_amount_set: MoneySet })),
  total_duties_set: MoneySet,
});
const Dispute = z.object({ id, order_id: s.maybe(id), status: z.string() });
