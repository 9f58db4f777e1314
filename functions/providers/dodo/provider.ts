// https://docs.dodopayments.com/developer-resources/webhooks and the types Payment, Refund, GetDispute and Subscription of dodopayments 2.52.0
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type OrderEvent } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { findRegistration } from '../../core/inbound/registration.ts';
import * as s from '../../core/inbound/shapes.ts';
import { verifyStandardWebhook } from '../../core/inbound/signature.ts';
import { paid } from './paid.ts';

export const dodo: Provider = {
  name: 'dodo',
  apiUrl: 'https://live.dodopayments.com',
  options: s.SandboxOptions,

  verify: verifyStandardWebhook,

  read({ body }, context) {
    const { type, timestamp: at, data } = json(Envelope, body);
    const { sandbox } = part(s.SandboxOptions, context.options);
    if (type === 'payment.succeeded') return parsePayment(part(Payment, data), sandbox, context);
    if (type === 'subscription.active') return parseStart(part(Subscription, data), sandbox, context);
    const { id, reversalId, is_partial, ...money } = part(Other, data);
    const amount = moneyIn(money.amount ?? money.total_amount, money.currency);
    const [, about, what = ''] = /^(refund|dispute)\.(\w+)$/.exec(type) ?? [];
    if (!about) return UNSOLD.test(type) ? [] : ignoredEvent(type, { id: id ?? type, test: sandbox, amount });
    const reversed = { kind: 'reversed', id: part(s.id, id), test: sandbox } as const;
    const [state, extent] = [what === 'failed' ? 'won' : 'done', is_partial ? 'partial' : 'full'] as const;
    const refund = { kind: 'refund', state, part: extent, amount, at } as const;
    const outcome = /^(cancelled|won)$/.test(what)
      ? 'won'
      : /^(accepted|expired|lost)$/.test(what)
        ? 'lost'
        : 'open';
    const dispute = { kind: 'chargeback', state: outcome, part: 'full', at } as const;
    if (about === 'refund' && isFree(amount)) return [];
    const reversal = about === 'refund' ? refund : dispute;
    return [{ ...reversed, reversalId: part(s.id, reversalId), reversal }];
  },

  idIn({ body }) {
    const { payment_id, subscription_id } = json(Identified, body).data;
    return part(s.id, subscription_id ?? payment_id);
  },

  paid,
};

/** These report no money, or money that payment.succeeded reports too. */
const UNSOLD =
  /^(payment\.(failed|processing|cancelled)$|(subscription|payout|credit|abandoned_checkout|dunning|entitlement_grant|license_key)\.)/;

/** A subscription is one order. Its payments have no product, and an ID each, which a refund names. */
function parsePayment(payment: z.output<typeof Payment>, sandbox: boolean, context: Context): OrderEvent[] {
  const { payment_id: id, subscription_id: subscription, product_cart: cart, created_at: placedAt } = payment;
  if (payment.is_update_payment_method) return [];
  const amount = moneyIn(payment.total_amount, payment.currency);
  const test = sandbox || `${payment.invoice_url} ${payment.payment_link}`.includes('https://test.');
  const { buyer, held } = buyerOf(payment, context);
  const paid = cart.length > 1 ? undefined : amount;
  const lines = cart.map(({ product_id: sku, quantity }) => s.soldLine({ sku, quantity, paid, held }));
  const common = { id: subscription ?? id, test, placedAt, amount };
  const isTrial = subscription && isFree(amount) && payment.discounts.length === 0 && !payment.discount_id;
  const sale = { ...common, kind: isTrial ? 'trial' : 'paid', buyer, lines } as const;
  if (!subscription || isTrial) return [sale];
  return [sale, { ...common, kind: 'renewed', aliases: [id], buyer: {}, lines: [] }];
}

/** The start of a subscription has its product. Its payment is reported by payment.succeeded. */
function parseStart(start: z.output<typeof Subscription>, test: boolean, context: Context): OrderEvent[] {
  const { subscription_id: id, product_id: sku, quantity, created_at: placedAt } = start;
  const { buyer, held } = buyerOf(start, context);
  const amount = moneyIn(start.recurring_pre_tax_amount, start.currency);
  const common = { id, test, placedAt, buyer, lines: [s.soldLine({ sku, quantity, paid: amount, held })] };
  const isTrial = start.trial_period_days && !start.trial_amount;
  if (isTrial) return [{ ...common, kind: 'trial', until: start.next_billing_date }];
  return [{ ...common, kind: 'announced', amount }];
}

function buyerOf(data: z.output<typeof Bought>, { licenseeField }: Context) {
  const attributes = data.custom_field_responses.map(({ key = '', value }) => ({ name: key, value }));
  const { registration, held } = findRegistration(attributes, licenseeField);
  const [{ name, email }, company] = [data.customer, data.customer_business_name];
  return { held, buyer: { name, email, company, country: data.billing.country, registration } };
}

/** ISO 4217; all other currencies have two decimals. `Intl` differs from it, and between versions of Node. */
const ZERO_DECIMAL = new Set('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' '));
const THREE_DECIMAL = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '));

/** Amounts are in the smallest unit of the currency. */
const moneyIn = (minor: number | undefined, currency = '') =>
  s.minorOf(minor, currency, ZERO_DECIMAL.has(currency) ? 0 : THREE_DECIMAL.has(currency) ? 3 : 2);

const { text, maybe, loose, list } = s;
const [cents, time, currency] = [maybe(s.minor), maybe(s.timestamp), maybe(s.currency)];
const Envelope = z.object({ type: z.string(), timestamp: time, data: z.unknown() });
const Identified = z.object({ data: z.object({ payment_id: text, subscription_id: text }) });
const Bought = z.object({
  customer: loose({ name: text, email: text }),
  billing: loose({ country: text }),
  custom_field_responses: list(loose({ key: text, value: text })),
  customer_business_name: text,
});
const Item = { product_id: maybe(s.sku), quantity: maybe(s.quantity) };
const Payment = z.extend(Bought, {
  ...{
    payment_id: s.pathId,
    subscription_id: maybe(s.pathId),
    created_at: time,
    total_amount: cents,
    currency,
  },
  ...{ is_update_payment_method: s.flag, discount_id: text, invoice_url: text, payment_link: text },
  ...{ product_cart: list(loose(Item)), discounts: list(z.unknown()) },
});
const Subscription = z.extend(Bought, {
  ...{ subscription_id: s.pathId, created_at: time, next_billing_date: time, trial_period_days: cents },
  ...{ trial_amount: cents, recurring_pre_tax_amount: cents, currency, ...Item },
});
const ids = { payment_id: maybe(s.id), refund_id: maybe(s.id), dispute_id: maybe(s.id) };
const Other = z.pipe(
  loose({ ...ids, is_partial: s.flag, total_amount: cents, amount: cents, currency }),
  z.transform(({ payment_id: id, refund_id, dispute_id, ...rest }) => ({
    id,
    reversalId: refund_id ?? dispute_id,
    ...rest,
  })),
);
