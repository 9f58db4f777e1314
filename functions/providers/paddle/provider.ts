// https://developer.paddle.com/webhooks/about/signature-verification and @paddle/paddle-node-sdk@3.10.0, notifications/types
import * as z from 'zod/mini';
import { findInApi } from '../../core/inbound/ask-api.ts';
import { json, part } from '../../core/inbound/body.ts';
import type { Buyer, Money, OrderEvent, Reversal } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import {
  currency,
  customFields,
  pathId,
  printed,
  quantity,
  SandboxOptions,
  text,
  timestamp,
} from '../../core/inbound/shapes.ts';
import { requireFresh, requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { fromMinor, shareOf } from '../../core/order/money.ts';

export const paddle: Provider = {
  name: 'paddle',
  buyerFromApi: true,
  apiUrl: 'https://api.paddle.com',
  options: SandboxOptions,

  verify({ headers, body }, { keys, now }) {
    const parts = new URLSearchParams(requireHeader(headers, 'paddle-signature').replaceAll(';', '&'));
    const signedAt = parts.get('ts') ?? '';
    // There are several h1 during a key rotation. Paddle's own SDK checks the last one only.
    requireHmac({ keys, content: [`${signedAt}:`, body], signatures: parts.getAll('h1'), encoding: 'hex' });
    requireFresh(signedAt, now);
  },

  async read({ body }, context) {
    const { sandbox } = part(SandboxOptions, context.options);
    const { event_type: type, data } = json(Envelope, body);
    if (type === 'transaction.completed') return await parseSale(part(Transaction, data), sandbox, context);
    if (type === 'adjustment.created' || type === 'adjustment.updated')
      return parseAdjustment(part(Adjustment, data), sandbox);
    return [];
  },
};

type Transaction = z.output<typeof Transaction>;

async function parseSale(transaction: Transaction, test: boolean, context: Context): Promise<OrderEvent[]> {
  // A renewal or another charge of a subscription that was sold before is not a sale.
  if (transaction.origin.startsWith('subscription_')) return [];
  const { id, currency_code: currency, details, billed_at, created_at } = transaction;
  const buyer = await findBuyer(transaction, context);
  const { totals: whole, payout_totals: payout } = details;
  const lines = details.line_items.map(({ price_id, product, quantity, totals }) => {
    const paid = totals ? money(totals.total, currency) : undefined;
    const settlement = payout ? money(payout.total, payout.currency_code) : undefined;
    return {
      sku: [price_id, product?.id ?? ''].find(context.knows) ?? product?.id ?? price_id,
      quantity,
      paid,
      // Paddle states the payout for the whole transaction only.
      settlement: shareOf(settlement, paid, money(whole.total, currency)),
      held: buyer.email ? undefined : ('no_buyer' as const),
    };
  });
  const placedAt = new Date(billed_at ?? created_at).toISOString();
  const amount = money(details.totals.grand_total, currency);
  return [{ kind: 'paid', id, test, placedAt, amount, printed: transaction.invoice_number, buyer, lines }];
}

/** A transaction has only the ID of its buyer. The custom_data that the seller's own page adds takes precedence. */
async function findBuyer({ id, custom_data: data }: Transaction, context: Context): Promise<Buyer> {
  const custom = (name: string) => (typeof data?.[name] === 'string' && part(text, data[name])) || undefined;
  const [name, email, company] = [custom('name'), custom('email'), custom('company')];
  const buyer: Buyer = { name, email, company, registration: custom(context.licenseeField) };
  if (email && (name || buyer.registration)) return buyer;
  const path = `/transactions/${id}?include=customer,address,business`;
  const found = (await findInApi(context, Answer, path))?.data;
  return {
    ...buyer,
    name: name ?? found?.customer?.name ?? undefined,
    email: email ?? found?.customer?.email ?? undefined,
    company: company ?? found?.business?.name ?? undefined,
    country: found?.address?.country_code ?? undefined,
    locale: found?.customer?.locale ?? undefined,
  };
}

/**
 * A refund is a request until Paddle approves it. The adjustment that ends a chargeback does not name it, so all
 * chargebacks of one kind are one reversal. Credits return no money.
 */
function parseAdjustment(adjustment: z.output<typeof Adjustment>, test: boolean): OrderEvent[] {
  const { id, action, status, type: part, transaction_id, totals, currency_code } = adjustment;
  const reversed = (reversalId: string, reversal: Reversal): OrderEvent[] => [
    { kind: 'reversed', id: transaction_id, test, reversalId, reversal },
  ];
  if (action === 'refund' && status === 'approved')
    return reversed(id, { kind: 'refund', state: 'done', part, amount: money(totals.total, currency_code) });
  const [, dispute, isReversed] = /^(chargeback(?:_warning)?)(_reverse)?$/.exec(action) ?? [];
  if (!dispute) return [];
  const state = isReversed || status === 'reversed' ? 'won' : dispute === 'chargeback' ? 'lost' : 'open';
  return reversed(dispute, { kind: 'chargeback', state, part });
}

/** The zero-decimal currencies among those that the SDK lists; https://developer.paddle.com/api-reference/currencies */
const money = (minor: string, currency: string): Money =>
  fromMinor(Number(minor), ['CLP', 'JPY', 'KRW', 'VND'].includes(currency) ? 0 : 2, currency);

const minor = z.string().check(z.regex(/^\d{1,15}$/));

const Envelope = z.object({ event_type: z.string(), data: z.unknown() });
const Transaction = z.object({
  id: pathId,
  origin: z.string(),
  custom_data: customFields,
  currency_code: currency,
  created_at: timestamp,
  billed_at: z.nullish(timestamp),
  invoice_number: printed,
  details: z.object({
    totals: z.object({ total: minor, grand_total: minor }),
    payout_totals: z.nullish(z.object({ total: minor, currency_code: currency })),
    line_items: z.array(
      z.object({
        price_id: pathId,
        quantity,
        totals: z.nullish(z.object({ total: minor })),
        product: z.nullish(z.object({ id: pathId })),
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
  id: pathId,
  action: z.string(),
  status: z.string(),
  type: z.enum(['full', 'partial']),
  transaction_id: pathId,
  currency_code: currency,
  totals: z.object({ total: minor }),
});
