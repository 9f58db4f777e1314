// https://developer.paddle.com/webhooks/about/signature-verification and @paddle/paddle-node-sdk@3.10.0, notifications/types
import * as z from 'zod/mini';
import { findInApi } from '../../core/inbound/ask-api.ts';
import { json, part } from '../../core/inbound/body.ts';
import { type Buyer, ignoredEvent, isFree, type OrderEvent, reversed } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireFresh, requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { shareOf } from '../../core/order/money.ts';
import { paid } from './paid.ts';

export const paddle: Provider = {
  name: 'paddle',
  buyerFromApi: true,
  apiUrl: 'https://api.paddle.com',
  options: s.SandboxOptions,

  verify({ headers, body }, { keys, now }) {
    const parts = new URLSearchParams(requireHeader(headers, 'paddle-signature').replaceAll(';', '&'));
    const signedAt = parts.get('ts') ?? '';
    // There are several h1 during a key rotation. Paddle's own SDK checks the last one only.
    requireHmac({ keys, content: [`${signedAt}:`, body], signatures: parts.getAll('h1'), encoding: 'hex' });
    requireFresh(signedAt, now);
  },

  async read({ body }, context) {
    const { sandbox } = part(s.SandboxOptions, context.options);
    const { event_type: type, occurred_at: at, data } = json(Envelope, body);
    if (type === 'transaction.completed') return await parseSale(part(Transaction, data), sandbox, context);
    if (type === 'adjustment.created' || type === 'adjustment.updated')
      return parseAdjustment(part(Adjustment, data), at, sandbox);
    // The other states of a transaction precede its completion.
    if (type.startsWith('transaction.')) return [];
    const { id = '', currency_code, details } = part(Other, data);
    return ignoredEvent(type, {
      id,
      test: sandbox,
      amount: money(details.totals.grand_total, currency_code),
    });
  },

  idIn: ({ body }) => json(Identified, body).data.id,

  paid,
};

type Transaction = z.output<typeof Transaction>;

async function parseSale(transaction: Transaction, test: boolean, context: Context): Promise<OrderEvent[]> {
  const { id, origin, currency_code: currency, details, billed_at, created_at } = transaction;
  const { subscription_id: subscription, invoice_number: printed, billing_period, items } = transaction;
  const amount = money(details.totals.grand_total, currency);
  const placedAt = billed_at ?? created_at;
  if (origin === 'subscription_charge') return ignoredEvent(origin, { id, test, amount });
  if (origin?.startsWith('subscription_')) {
    // A change of the card is a transaction of 0.
    if (isFree(amount)) return [];
    const about = { id: subscription ?? id, aliases: [id], test, placedAt, amount };
    return [{ kind: 'renewed', ...about, buyer: {}, lines: [] }];
  }
  const buyer = await findBuyer(transaction, context);
  const payout = money(details.payout_totals.total, details.payout_totals.currency_code);
  const whole = money(details.totals.total, currency);
  const lines = details.line_items.map(({ price_id, product, quantity, totals }) => {
    const paid = money(totals.total, currency);
    return {
      ...s.soldLine({
        sku: [price_id ?? '', product.id ?? ''].find(context.knows) ?? product.id ?? price_id,
        quantity,
        paid,
        // Paddle states the payout for the whole transaction only.
        settlement: shareOf(payout, paid, whole),
        held: buyer.email ? undefined : 'no_buyer',
      }),
      isTrial:
        isFree(paid) && items.some(({ price }) => price.id === price_id && price.trial_period !== undefined),
    };
  });
  const aliases = subscription ? [subscription] : undefined;
  const until = billing_period.ends_at;
  return [{ ...s.withTrials(lines), id, aliases, test, placedAt, until, amount, printed, buyer }];
}

/** A transaction has only the ID of its buyer. The custom_data that the seller's own page adds takes precedence. */
async function findBuyer({ id, custom_data: data }: Transaction, context: Context): Promise<Buyer> {
  const custom = (name: string) => s.customText(data, name);
  const [name, email, company] = [custom('name'), custom('email'), custom('company')];
  const buyer: Buyer = { name, email, company, registration: custom(context.licenseeField) };
  if (email && (name || buyer.registration)) return buyer;
  const path = `/transactions/${id}?include=customer,address,business`;
  const found = (await findInApi(context, Answer, path))?.data;
  return {
    ...buyer,
    name: name ?? found?.customer.name,
    email: email ?? found?.customer.email,
    company: company ?? found?.business.name,
    country: found?.address.country_code,
    locale: found?.customer.locale,
  };
}

/**
 * A refund is a request until Paddle approves it. The adjustment that ends a chargeback does not name it, so all
 * chargebacks of one kind are one reversal, whose last state counts. Credits return no money.
 */
function parseAdjustment(
  adjustment: z.output<typeof Adjustment>,
  at: string | undefined,
  test: boolean,
): OrderEvent[] {
  const { id, action, status, type: part, transaction_id, totals, currency_code } = adjustment;
  const amount = money(totals.total, currency_code);
  const order = { id: transaction_id, test };
  if (action === 'refund') {
    if (isFree(amount) || (status !== 'approved' && status !== 'reversed')) return [];
    const state = status === 'reversed' ? 'won' : 'done';
    return [reversed(order, id, { kind: 'refund', state, part, amount, at })];
  }
  const [, dispute, isReversed] = /^(chargeback(?:_warning)?)(_reverse)?$/.exec(action) ?? [];
  if (!dispute)
    return action.startsWith('credit') ? [] : ignoredEvent(`adjustment ${action}`, { id, test, amount });
  const state = isReversed || status === 'reversed' ? 'won' : dispute === 'chargeback' ? 'lost' : 'open';
  // A chargeback that is won also ends the warning that preceded it.
  const ended = state === 'won' && dispute === 'chargeback' ? [dispute, 'chargeback_warning'] : [dispute];
  return ended.map((one) => reversed(order, one, { kind: 'chargeback', state, part, at }));
}

/** The zero-decimal currencies among those that the SDK lists; https://developer.paddle.com/api-reference/currencies */
const money = (minor: string | undefined, currency = '') =>
  s.minorOf(minor ? Number(minor) : undefined, currency, /^(CLP|JPY|KRW|VND)$/.test(currency) ? 0 : 2);

const minor = s.maybe(z.string().check(z.regex(/^\d{1,15}$/)));
const optionalId = s.maybe(s.pathId);

const Envelope = z.object({ event_type: z.string(), occurred_at: s.maybeTime, data: z.unknown() });
const Identified = z.object({ data: z.object({ id: s.pathId }) });
const Other = s.loose({
  id: optionalId,
  currency_code: s.maybeCurrency,
  details: s.loose({ totals: s.loose({ grand_total: minor }) }),
});
const Transaction = z.object({
  id: s.pathId,
  origin: s.text,
  subscription_id: optionalId,
  custom_data: s.customFields,
  currency_code: s.maybeCurrency,
  created_at: s.maybeTime,
  billed_at: s.maybeTime,
  billing_period: s.loose({ ends_at: s.maybeTime }),
  invoice_number: s.printed,
  items: s.list(s.loose({ price: s.loose({ id: optionalId, trial_period: s.maybe(z.object({})) }) })),
  details: z.object({
    totals: s.loose({ total: minor, grand_total: minor }),
    payout_totals: s.loose({ total: minor, currency_code: s.maybeCurrency }),
    line_items: z.array(
      s.loose({
        price_id: optionalId,
        quantity: s.maybe(s.quantity),
        totals: s.loose({ total: minor }),
        product: s.loose({ id: optionalId }),
      }),
    ),
  }),
});
const Answer = z.object({
  data: z.object({
    customer: s.loose({ name: s.text, email: s.text, locale: s.text }),
    address: s.loose({ country_code: s.text }),
    business: s.loose({ name: s.text }),
  }),
});
const Adjustment = z.object({
  id: s.pathId,
  action: z.string(),
  status: s.text,
  type: z.catch(z.enum(['full', 'partial']), 'full'),
  transaction_id: s.pathId,
  currency_code: s.maybeCurrency,
  totals: s.loose({ total: minor }),
});
