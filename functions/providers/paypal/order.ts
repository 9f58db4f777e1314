/** PayPal's order: its API returns it, and CHECKOUT.ORDER.APPROVED contains it. It has the buyer and the items. */
import * as z from 'zod/mini';
import { findInApi } from '../../core/inbound/ask-api.ts';
import { part } from '../../core/inbound/body.ts';
import type { Buyer, Money, SoldLine } from '../../core/inbound/event.ts';
import type { Context } from '../../core/inbound/provider.ts';
import * as s from '../../core/inbound/shapes.ts';
import { toEmailKey } from '../../core/mail/address.ts';
import { fromMinor } from '../../core/order/money.ts';
import { findToken } from './confirm.ts';

/** Fetches the order; undefined without an API key, or if PayPal refuses to answer. */
export async function findOrder(orderId: string, context: Context): Promise<Order | undefined> {
  const headers = await findToken(context);
  if (!headers) return undefined;
  return await findInApi(context, Order, `/v2/checkout/orders/${orderId}`, { headers });
}

/** `payer` is deprecated; the source of the payment has the same fields, and names that are one text. */
export function buyerOf({ payer, payment_source: sources }: Order): Buyer {
  const people = [payer, ...Object.values(sources)];
  const first = (field: (one: Person) => string | undefined) => s.firstText(...people.map(field));
  return {
    name: first(({ name }) => name),
    email: first(({ email_address, email }) => email_address ?? email),
    country: first(({ address, country_code }) => address.country_code ?? country_code),
  };
}

/** Gives each line its share of `amount`, since a coupon is stated beside the items, and the buyer's page can invent one. */
export function linesOf(
  { items, custom_id }: Order['purchase_units'][number],
  amount: Money | undefined,
): SoldLine[] {
  if (!items?.length) return [{ sku: custom_id ?? '', quantity: 1, paid: amount }];
  const worth = items.map(({ quantity, unit_amount, tax }) =>
    quantity && unit_amount ? BigInt(quantity) * (mills(unit_amount) + mills(tax)) : undefined,
  );
  const whole = worth.reduce<bigint | undefined>(
    (sum, one) => (sum === undefined || one === undefined ? undefined : sum + one),
    0n,
  );
  const shareOf = (part: bigint | undefined): Money | undefined => {
    if (!amount || part === undefined || whole === undefined) return items.length === 1 ? amount : undefined;
    return fromMinor(Number((mills(amount) * part) / (whole || 1n)), 3, amount.currency);
  };
  return items.map(({ sku, name, quantity }, at) =>
    s.soldLine({ sku: sku || name, quantity, paid: shareOf(worth[at]) }),
  );
}

function mills(amount: Money | undefined): bigint {
  const [whole = '0', fraction = ''] = (amount?.value ?? '0').split('.');
  return BigInt(whole + fraction.padEnd(3, '0'));
}

const value = z.string().check(z.regex(/^\d{1,12}(?:\.\d{1,3})?$/));
export const Amount = s.maybe(
  z.pipe(
    z.object({ value, currency_code: s.currency }),
    z.transform(({ value, currency_code: currency }) => ({ value, currency })),
  ),
);

export const Payee = z.nullish(s.loose({ email_address: s.text, merchant_id: s.text }));
type Payee = z.output<typeof Payee>;

const PAYEE = 'write the merchant ID or the mail address of your PayPal account, or a list of them';
const account = z.string(PAYEE).check(z.regex(/\S/, PAYEE));
export const Options = z.strictObject({
  payee: z.union([account, z.array(account).check(z.minLength(1, PAYEE))], PAYEE),
});

/** True if a payee is one of the seller's accounts. The page in the buyer's browser can name any payee. */
export function isSeller(payee: Payee, { options }: Context): boolean {
  const accounts = [part(Options, options).payee].flat().map(toEmailKey);
  return [payee?.merchant_id, payee?.email_address].some(
    (name) => name && accounts.includes(toEmailKey(name)),
  );
}

const Item = s.loose({
  name: s.text,
  sku: s.text,
  quantity: s.maybe(s.quantity),
  unit_amount: Amount,
  tax: Amount,
});
const Unit = s.loose({
  amount: Amount,
  payee: Payee,
  custom_id: s.text,
  items: s.maybe(z.array(Item)),
  payments: s.loose({ captures: s.maybe(z.array(s.loose({ id: s.maybe(s.pathId) }))) }),
});
const name = s.maybe(
  z.pipe(
    z.union([z.string(), s.loose({ given_name: s.text, surname: s.text })]),
    z.transform((name) =>
      typeof name === 'string' ? name : [name.given_name, name.surname].filter(Boolean).join(' '),
    ),
  ),
);
const Person = s.loose({
  name,
  email_address: s.text,
  email: s.text,
  address: s.loose({ country_code: s.text }),
  country_code: s.text,
});
type Person = z.output<typeof Person>;
export const Order = z.object({
  id: s.pathId,
  purchase_units: s.list(Unit),
  payer: Person,
  payment_source: z.catch(z.record(z.string(), Person), {}),
});
export type Order = z.output<typeof Order>;
