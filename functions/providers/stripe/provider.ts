// https://docs.stripe.com/webhooks and stripe@23.1.0, Webhooks.js; fields from its Checkout/Sessions.d.ts and Events.d.ts
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import type { OrderEvent, Reversal } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { requireFresh, requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { paid } from './paid.ts';
import { fetchObject, parseSale } from './sale.ts';
import { Charge, Dispute, Envelope, money, Refund, Session, ThinEvent } from './shapes.ts';

export const stripe: Provider = {
  name: 'stripe',
  apiUrl: 'https://api.stripe.com',

  verify({ headers, body }, { keys, now }) {
    const parts = requireHeader(headers, 'stripe-signature')
      .split(',')
      .map((one) => one.trim().split('='));
    const all = (name: string) => parts.flatMap(([key, value]) => (key === name && value ? [value] : []));
    const signedAt = all('t')[0] ?? '';
    // The secret itself is the key, with whsec_; it is not base64, unlike in Standard Webhooks.
    requireHmac({ keys, content: [`${signedAt}.`, body], signatures: all('v1'), encoding: 'hex' });
    requireFresh(signedAt, now);
  },

  async read({ body }, context) {
    const event = json(z.union([ThinEvent, Envelope]), body);
    if (event.object === 'event')
      return await parseObject(event.type, event.data.object, event.livemode, context);
    // A thin event has only the URL of its object, and "v1." before the type.
    const type = event.type.replace(/^v1\./, '');
    if (!HANDLED.test(type)) return [];
    if (!event.related_object)
      throw new Rejection(
        'bad_body',
        'found a thin event without an object; have Stripe send snapshot events',
      );
    const object = await fetchObject(event.related_object.url, context);
    return await parseObject(type, object, event.livemode, context);
  },

  paid,
};

const HANDLED =
  /^(checkout\.session\.(completed|async_payment_succeeded)|charge\.refunded|refund\.(created|updated|failed)|charge\.dispute\..*)$/;

async function parseObject(
  type: string,
  object: unknown,
  live: boolean,
  context: Context,
): Promise<OrderEvent[]> {
  if (!HANDLED.test(type)) return [];
  if (type.startsWith('checkout.')) return await parseSale(part(Session, object), !live, context);
  if (type === 'charge.refunded') return parseCharge(part(Charge, object), !live);
  if (type.startsWith('refund.')) return parseRefund(part(Refund, object), !live);
  return parseDispute(part(Dispute, object), !live);
}

/** A charge states the sum of its refunds, so they are one reversal, which grows from partial to full. */
function parseCharge({ id, payment_intent, refunded }: z.output<typeof Charge>, test: boolean): OrderEvent[] {
  return reversed(payment_intent, test, id, {
    kind: 'refund',
    state: 'done',
    part: refunded ? 'full' : 'partial',
  });
}

/** A failed refund also ends the reversal that charge.refunded recorded under the charge's ID. */
function parseRefund(
  { id, payment_intent, charge, status, amount, currency }: z.output<typeof Refund>,
  test: boolean,
): OrderEvent[] {
  const failed = status === 'failed' || status === 'canceled';
  const state = failed ? 'won' : status === 'succeeded' ? 'done' : 'open';
  const reversal: Reversal = { kind: 'refund', state, part: 'partial', amount: money(amount, currency) };
  const ofCharge =
    failed && charge ? reversed(payment_intent, test, charge, { ...reversal, amount: undefined }) : [];
  return [...reversed(payment_intent, test, id, reversal), ...ofCharge];
}

/** A closed inquiry counts as won, and an unknown status as open. */
function parseDispute({ id, payment_intent, status }: z.output<typeof Dispute>, test: boolean): OrderEvent[] {
  const state = status === 'won' || status === 'warning_closed' ? 'won' : status === 'lost' ? 'lost' : 'open';
  return reversed(payment_intent, test, id, { kind: 'chargeback', state, part: 'full' });
}

/** Every payment of Checkout has a payment intent; other payments are ignored. */
const reversed = (
  order: string | null | undefined,
  test: boolean,
  reversalId: string,
  reversal: Reversal,
): OrderEvent[] => (order ? [{ kind: 'reversed', id: order, test, reversalId, reversal }] : []);
