// https://freemius.com/help/documentation/saas/events-webhooks, and verifySignature and the types Payment, Subscription and User of
// @freemius/sdk 0.3.0
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type OrderEvent, type Reversal } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import * as s from '../../core/inbound/shapes.ts';
import { verifyHeader } from '../../core/inbound/signature.ts';
import { paid } from './paid.ts';

export const freemius: Provider = {
  name: 'freemius',
  apiUrl: 'https://api.freemius.com',

  verify: verifyHeader('x-signature', 'hex'),

  read({ body }, context) {
    const { id, type, created, objects } = json(Envelope, body);
    const { payment, subscription } = objects;
    if (type === 'subscription.created') return subscription?.trial_ends ? parseTrial(objects, context) : [];
    if (!payment && type.startsWith('payment.'))
      throw new Rejection('bad_body', 'the event has no payment; expected one in its objects');
    if (!payment) return [];
    const [test, amount] = [payment.environment === 1, amountOf(payment)];
    const [kind, state] = REVERSALS.find(([pattern]) => pattern.test(`${type} ${payment.type}`))?.[1] ?? [];
    if (kind && state) {
      const bound = payment.bound_payment_id ?? part(identifier, payment.id);
      const order = payment.license_id ?? objects.license.id ?? `payment ${bound}`;
      const reversalId = (kind === 'refund' && payment.id) || bound;
      const extent = kind === 'refund' && amount ? 'partial' : 'full';
      const reversal = { kind, state, part: extent, amount, at: created } as const;
      if (kind === 'refund' && isFree(amount)) return [];
      return [{ kind: 'reversed', id: order, test, reversalId, reversal }];
    }
    if (type === 'payment.created') return parsePayment(objects, payment, context);
    return ignoredEvent(type, { id: payment.id ?? id ?? type, test, amount });
  },

  idIn({ body }) {
    const { payment, license, subscription } = json(Envelope, body).objects;
    return part(identifier, payment?.license_id ?? license.id ?? subscription?.license_id);
  },

  paid,
};

/** The type of the event, and that of its payment: a refund or dispute is a payment that is bound to another one. */
const REVERSALS: readonly [RegExp, readonly [Reversal['kind'], Reversal['state']]][] = [
  [/^payment\.refund| refund$/, ['refund', 'done']],
  [/^payment\.dispute\.won| won_dispute$/, ['chargeback', 'won']],
  [/^payment\.dispute\.(lost|closed)| (lost_dispute|chargeback)$/, ['chargeback', 'lost']],
  [/^payment\.dispute| disputed$/, ['chargeback', 'open']],
];

/** All payments of a licence are one order. */
function parsePayment(objects: Objects, payment: z.output<typeof Payment>, context: Context): OrderEvent[] {
  const { id, license_id, is_renewal, coupon_id, environment, created: placedAt } = payment;
  const amount = amountOf(payment);
  const order = license_id ?? objects.license.id ?? part(identifier, id);
  const common = { id: order, test: environment === 1, placedAt, amount };
  if (is_renewal) return isFree(amount) ? [] : [{ ...common, kind: 'renewed', buyer: {}, lines: [] }];
  const isTrial = isFree(amount) && !coupon_id && payment.subscription_id !== undefined;
  const aliases = id ? [`payment ${id}`] : undefined;
  const sale = { kind: isTrial ? 'trial' : 'paid', aliases, printed: id } as const;
  const line = s.soldLine({ sku: skuOf(payment, context), quantity: 1, paid: amount });
  return [{ ...common, ...sale, buyer: buyerOf(objects, payment.country_code), lines: [line] }];
}

function parseTrial(objects: Objects, context: Context): OrderEvent[] {
  const { license_id, country_code, environment, ...subscription } = objects.subscription ?? {};
  const order = { id: part(identifier, license_id ?? objects.license.id), test: environment === 1 };
  const times = { placedAt: subscription.created, until: subscription.trial_ends };
  const lines = [s.soldLine({ sku: skuOf(subscription, context), quantity: 1 })];
  return [{ kind: 'trial', ...order, ...times, buyer: buyerOf(objects, country_code), lines }];
}

function buyerOf({ user: { first, last, email } }: Objects, country: string | undefined) {
  const name = s.firstText(s.joinName(first, last));
  return { name, email, country: country?.toUpperCase() };
}

/** A price, a plan or a product, as the catalogue lists it; else the plan. */
function skuOf(
  { pricing_id, plan_id, plugin_id }: Partial<z.output<typeof Subscription>>,
  { knows }: Context,
): string | undefined {
  const skus = [plan_id, pricing_id, plugin_id].flatMap((sku) => sku ?? []);
  return skus.find(knows) ?? skus[0];
}

/** `gross` is without the tax. A refund is negative. */
function amountOf({ gross, vat, currency }: z.output<typeof Payment>) {
  if (gross === undefined || !currency) return undefined;
  return { value: (Math.abs(gross) + Math.abs(vat ?? 0)).toFixed(2), currency };
}

const identifier = z.pipe(z.union([z.string(), z.int()]), z.pipe(z.transform(String), s.pathId));
const id = s.maybe(identifier);
/** Such as 2026-11-20 14:03:18, in UTC. */
const utc = z.transform((date: string) => (date.endsWith('Z') ? date : `${date.replace(' ', 'T')}Z`));
const time = s.maybe(z.pipe(z.string(), z.pipe(utc, s.timestamp)));
const decimal = s.maybe(z.number().check(z.minimum(-1e9), z.maximum(1e9)));
const bought = {
  ...{ id, license_id: id, pricing_id: id, plan_id: id, plugin_id: id, created: time, country_code: s.text },
  environment: s.maybe(z.int()),
};
const Payment = s.loose({
  ...{ ...bought, bound_payment_id: id, subscription_id: id, coupon_id: id, type: s.text },
  ...{ is_renewal: s.flag, gross: decimal, vat: decimal, currency: s.maybe(s.currency) },
});
const Subscription = s.loose({ ...bought, trial_ends: time });
const Objects = s.loose({
  ...{ payment: z.optional(Payment), subscription: z.optional(Subscription), license: s.loose({ id }) },
  user: s.loose({ first: s.text, last: s.text, email: s.text }),
});
type Objects = z.output<typeof Objects>;
const Envelope = z.object({ id, type: z.string(), created: time, objects: Objects });
