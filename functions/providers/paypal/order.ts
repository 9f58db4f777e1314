/** PayPal's order: its API returns it, and CHECKOUT.ORDER.APPROVED contains it. It has the buyer and the items. */
import * as z from 'zod/mini';
import { findInApi } from '../../core/inbound/ask-api.ts';
import { part } from '../../core/inbound/body.ts';
import type { Buyer, SoldLine } from '../../core/inbound/event.ts';
import type { Context } from '../../core/inbound/provider.ts';
import { pathId, text } from '../../core/inbound/shapes.ts';
import { toEmailKey } from '../../core/mail/address.ts';
import { fromMinor } from '../../core/order/money.ts';
import { findToken } from './confirm.ts';

/** Fetches the order; undefined without an API key, or if PayPal refuses to answer. */
export async function findOrder(orderId: string, context: Context): Promise<Order | undefined> {
  const headers = await findToken(context);
  if (!headers) return undefined;
  return await findInApi(context, Order, `/v2/checkout/orders/${orderId}`, { headers });
}

export const buyerOf = ({ payer, payment_source: source }: Order): Buyer => ({
  name:
    [payer?.name?.given_name, payer?.name?.surname].filter(Boolean).join(' ') ||
    (source?.card?.name ?? undefined),
  email: payer?.email_address ?? undefined,
  country: payer?.address?.country_code ?? undefined,
});

/** Gives each line its share of `amount`, since a coupon is stated beside the items, and the buyer's page can invent one. */
export function linesOf({ items, custom_id }: Order['purchase_units'][number], amount: Amount): SoldLine[] {
  if (!items?.length) return [{ sku: custom_id ?? '', quantity: 1, paid: amount }];
  const worth = items.map(
    ({ quantity, unit_amount, tax }) => BigInt(quantity) * (mills(unit_amount) + mills(tax)),
  );
  const whole = worth.reduce((sum, one) => sum + one, 0n) || 1n;
  return items.map(({ sku, name, quantity }, at) => ({
    sku: sku || name,
    quantity: Number(quantity),
    paid: fromMinor(Number((mills(amount) * (worth[at] ?? 0n)) / whole), 3, amount.currency),
  }));
}

function mills(amount: Amount | null | undefined): bigint {
  const [whole = '0', fraction = ''] = (amount?.value ?? '0').split('.');
  return BigInt(whole + fraction.padEnd(3, '0'));
}

const value = z.string().check(z.regex(/^\d{1,12}(?:\.\d{1,3})?$/));
const currency_code = z.string().check(z.regex(/^[A-Z]{3}$/));
export const Amount = z.pipe(
  z.object({ value, currency_code }),
  z.transform(({ value, currency_code: currency }) => ({ value, currency })),
);
type Amount = z.output<typeof Amount>;

export const Payee = z.nullish(z.object({ email_address: text, merchant_id: text }));
type Payee = z.output<typeof Payee>;

const PAYEE = 'write the merchant ID or the mail address of your PayPal account, or a list of them';
const account = z.string(PAYEE).check(z.regex(/\S/, PAYEE));
export const Options = z.strictObject({
  /** The seller's accounts: a capture for any other is held. */
  payee: z.union([account, z.array(account).check(z.minLength(1, PAYEE))], PAYEE),
});

/** True if the payee is one of the seller's accounts. The page in the buyer's browser can name any payee. */
export function isSeller(payee: Payee, { options }: Context): boolean {
  const accounts = [part(Options, options).payee].flat().map(toEmailKey);
  return [payee?.merchant_id, payee?.email_address].some(
    (name) => name && accounts.includes(toEmailKey(name)),
  );
}

const quantity = z.string().check(z.regex(/^[1-9]\d{0,3}$/));
const Item = z.object({ name: z.string(), sku: text, quantity, unit_amount: Amount, tax: z.nullish(Amount) });
const Unit = z.object({
  amount: Amount,
  payee: Payee,
  custom_id: text,
  items: z.nullish(z.array(Item)),
  payments: z.nullish(z.object({ captures: z.nullish(z.array(z.object({ id: pathId }))) })),
});
export const Order = z.object({
  id: pathId,
  purchase_units: z.array(Unit),
  payer: z.nullish(
    z.object({
      name: z.nullish(z.object({ given_name: text, surname: text })),
      email_address: text,
      address: z.nullish(z.object({ country_code: text })),
    }),
  ),
  payment_source: z.nullish(z.object({ card: z.nullish(z.object({ name: text })) })),
});
export type Order = z.output<typeof Order>;
