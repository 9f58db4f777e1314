/** An order as PayPal's API has it, and as CHECKOUT.ORDER.APPROVED tells it: who buys what. */
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import type { Buyer, SoldLine } from '../../core/inbound/event.ts';
import type { Context } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { toEmailKey } from '../../core/mail/address.ts';
import { fromMinor } from '../../core/order/money.ts';

/** The order as PayPal has it; undefined where it will never tell. */
export async function asked(orderId: string, { api, ask }: Context): Promise<Order | undefined> {
  if (!api) return undefined;
  const url = api.url.replace(/\/$/, '');
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const basic = { authorization: `Basic ${Buffer.from(api.key).toString('base64')}` };
  const grant = { method: 'POST', headers: { ...basic, ...type }, body: 'grant_type=client_credentials' };
  try {
    const { access_token } = json(Token, await ask(`${url}/v1/oauth2/token`, grant));
    const headers = { authorization: `Bearer ${access_token}` };
    return json(Order, await ask(`${url}/v2/checkout/orders/${orderId}`, { headers }));
  } catch (error) {
    if (error instanceof Rejection && error.code === 'provider_refused') return undefined;
    throw error;
  }
}

export const buyerOf = ({ payer, payment_source: source }: Order): Buyer => ({
  name:
    [payer?.name?.given_name, payer?.name?.surname].filter(Boolean).join(' ') ||
    (source?.card?.name ?? undefined),
  email: payer?.email_address ?? undefined,
  country: payer?.address?.country_code ?? undefined,
});

/** What is sold for `amount`, each line with its share: a coupon stands beside the items, and a page can invent one. */
export function sold({ items, custom_id }: Order['purchase_units'][number], amount: Amount): SoldLine[] {
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

export const id = z.string().check(z.regex(/^[\w-]{1,100}$/));
export const text = z.nullish(z.string().check(z.maxLength(1000)));

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

const Token = z.object({ access_token: z.string() });
const quantity = z.string().check(z.regex(/^[1-9]\d{0,3}$/));
const Item = z.object({ name: z.string(), sku: text, quantity, unit_amount: Amount, tax: z.nullish(Amount) });
const Unit = z.object({
  amount: Amount,
  payee: Payee,
  custom_id: text,
  items: z.nullish(z.array(Item)),
  payments: z.nullish(z.object({ captures: z.nullish(z.array(z.object({ id }))) })),
});
export const Order = z.object({
  id,
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
