// https://developer.paddle.com/webhooks/about/signature-verification and @paddle/paddle-node-sdk@3.10.0, notifications/types
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import type { Buyer, Money, OrderEvent, Reversal } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { requireFresh, requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { fromMinor, shareOf } from '../../core/order/money.ts';

/** A sandbox is an account of its own whose events look like real ones: only the seller can say that it is one. */
const Options = z.strictObject({ sandbox: z._default(z.boolean(), false) });

export const paddle: Provider = {
  apiUrl: 'https://api.paddle.com',
  options: Options,

  verify({ headers, body }, { keys, now }) {
    const parts = new URLSearchParams(requireHeader(headers, 'paddle-signature').replaceAll(';', '&'));
    const signedAt = parts.get('ts') ?? '';
    // While a secret is replaced there are several h1, of which Paddle's own SDK looks at the last alone.
    requireHmac({ keys, content: [`${signedAt}:`, body], signatures: parts.getAll('h1'), encoding: 'hex' });
    requireFresh(signedAt, now);
  },

  async read({ body }, context) {
    const { sandbox } = part(Options, context.options);
    const { event_type: type, data } = json(Envelope, body);
    if (type === 'transaction.completed') return await sold(part(Transaction, data), sandbox, context);
    if (type === 'adjustment.created' || type === 'adjustment.updated')
      return adjusted(part(Adjustment, data), sandbox);
    return [];
  },
};

type Sold = z.output<typeof Transaction>;

async function sold(transaction: Sold, test: boolean, context: Context): Promise<OrderEvent[]> {
  // Renewals, and whatever else is charged to a subscription that was sold before.
  if (transaction.origin.startsWith('subscription_')) return [];
  const { id, currency_code: currency, details, billed_at, created_at } = transaction;
  const buyer = await buyerOf(transaction, context);
  const { totals: whole, payout_totals: payout } = details;
  const lines = details.line_items.map(({ price_id, product, quantity, totals }) => {
    const paid = totals ? money(totals.total, currency) : undefined;
    const settled = payout ? money(payout.total, payout.currency_code) : undefined;
    return {
      sku: [price_id, product?.id ?? ''].find(context.knows) ?? product?.id ?? price_id,
      quantity,
      paid,
      // The payout is stated for the whole transaction.
      settled: shareOf(settled, paid, money(whole.total, currency)),
      held: buyer.email ? undefined : ('no_buyer' as const),
    };
  });
  const placedAt = new Date(billed_at ?? created_at).toISOString();
  const amount = money(details.totals.grand_total, currency);
  return [{ kind: 'paid', id, test, placedAt, amount, buyer, lines }];
}

/** A transaction names its buyer by ids only. What the seller's own page has put into custom_data goes first. */
async function buyerOf({ id, custom_data: data }: Sold, context: Context): Promise<Buyer> {
  const own = (name: string) => (typeof data?.[name] === 'string' && part(text, data[name])) || undefined;
  const [name, email, company] = [own('name'), own('email'), own('company')];
  const said: Buyer = { name, email, company, registration: own(context.licenseeField) };
  if (!context.api || (email && (name || said.registration))) return said;
  const { key, url } = context.api;
  try {
    const answer = await context.ask(
      `${url.replace(/\/$/, '')}/transactions/${id}?include=customer,address,business`,
      { headers: { authorization: `Bearer ${key}` } },
    );
    const { customer, address, business } = json(Answer, answer).data;
    return {
      ...said,
      name: name ?? customer?.name ?? undefined,
      email: email ?? customer?.email ?? undefined,
      company: company ?? business?.name ?? undefined,
      country: address?.country_code ?? undefined,
      locale: customer?.locale ?? undefined,
    };
  } catch (error) {
    if (error instanceof Rejection && error.code === 'provider_refused') return said;
    throw error;
  }
}

/**
 * A refund is a wish until Paddle approves it. A chargeback is taken back by an adjustment that does not name it, so
 * all of one kind are one fact. Credits give no money back.
 */
function adjusted(adjustment: z.output<typeof Adjustment>, test: boolean): OrderEvent[] {
  const { id, action, status, type: part, transaction_id, totals, currency_code } = adjustment;
  const fact = (reversalId: string, reversal: Reversal): OrderEvent[] => [
    { kind: 'reversed', id: transaction_id, test, reversalId, reversal },
  ];
  if (action === 'refund' && status === 'approved')
    return fact(id, { kind: 'refund', state: 'done', part, amount: money(totals.total, currency_code) });
  const [, dispute, taken] = /^(chargeback(?:_warning)?)(_reverse)?$/.exec(action) ?? [];
  if (!dispute) return [];
  const state = taken || status === 'reversed' ? 'won' : dispute === 'chargeback' ? 'lost' : 'open';
  return fact(dispute, { kind: 'chargeback', state, part });
}

/** ISO 4217, of the currencies that the SDK lists; https://developer.paddle.com/api-reference/currencies */
const money = (minor: string, currency: string): Money =>
  fromMinor(Number(minor), ['CLP', 'JPY', 'KRW', 'VND'].includes(currency) ? 0 : 2, currency);

const id = z.string().check(z.regex(/^[\w-]{1,100}$/));
const text = z.nullish(z.string().check(z.maxLength(1000)));
const minor = z.string().check(z.regex(/^\d{1,15}$/));
const currency = z.string().check(z.regex(/^[A-Z]{3}$/));
const time = z.iso.datetime({ offset: true });

const Envelope = z.object({ event_type: z.string(), data: z.unknown() });
const Transaction = z.object({
  id,
  origin: z.string(),
  custom_data: z.nullish(z.record(z.string(), z.unknown())),
  currency_code: currency,
  created_at: time,
  billed_at: z.nullish(time),
  details: z.object({
    totals: z.object({ total: minor, grand_total: minor }),
    payout_totals: z.nullish(z.object({ total: minor, currency_code: currency })),
    line_items: z.array(
      z.object({
        price_id: id,
        quantity: z.int().check(z.positive()),
        totals: z.nullish(z.object({ total: minor })),
        product: z.nullish(z.object({ id })),
      }),
    ),
  }),
});
const Answer = z.object({
  data: z.object({
    customer: z.nullish(z.object({ name: text, email: text, locale: text })),
    address: z.nullish(z.object({ country_code: text })),
    business: z.nullish(z.object({ name: text })),
  }),
});
const Adjustment = z.object({
  id,
  action: z.string(),
  status: z.string(),
  type: z.enum(['full', 'partial']),
  transaction_id: id,
  currency_code: currency,
  totals: z.object({ total: minor }),
});
