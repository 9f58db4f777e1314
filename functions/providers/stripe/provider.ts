// https://docs.stripe.com/webhooks and stripe@23.1.0, Webhooks.js; fields from its Checkout/Sessions.d.ts and Events.d.ts
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import type { OrderEvent, Reversal } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { requireFresh, requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { paid } from './paid.ts';
import { fetched, sold } from './sale.ts';
import { Charge, Dispute, Envelope, money, Refund, Session, ThinEvent } from './shapes.ts';

export const stripe: Provider = {
  apiUrl: 'https://api.stripe.com',

  verify({ headers, body }, { keys, now }) {
    const parts = requireHeader(headers, 'stripe-signature')
      .split(',')
      .map((one) => one.trim().split('='));
    const all = (name: string) => parts.flatMap(([key, value]) => (key === name && value ? [value] : []));
    const signedAt = all('t')[0] ?? '';
    // The secret is used as it stands, whsec_ and all: not base64, unlike in Standard Webhooks.
    requireHmac({ keys, content: [`${signedAt}.`, body], signatures: all('v1'), encoding: 'hex' });
    requireFresh(signedAt, now);
  },

  async read({ body }, context) {
    const event = json(z.union([ThinEvent, Envelope]), body);
    if (event.object === 'event') return await said(event.type, event.data.object, event.livemode, context);
    // A thin event names its object, and the snapshot's type behind "v1.".
    const type = event.type.replace(/^v1\./, '');
    if (!CONCERNS.test(type)) return [];
    if (!event.related_object)
      throw new Rejection('bad_body', 'a thin event without its object; send snapshot events');
    return await said(type, await fetched(event.related_object.url, context), event.livemode, context);
  },

  paid,
};

const CONCERNS =
  /^(checkout\.session\.(completed|async_payment_succeeded)|charge\.refunded|refund\.(created|updated|failed)|charge\.dispute\..*)$/;

async function said(type: string, object: unknown, live: boolean, context: Context): Promise<OrderEvent[]> {
  if (!CONCERNS.test(type)) return [];
  if (type.startsWith('checkout.')) return await sold(part(Session, object), !live, context);
  if (type === 'charge.refunded') return refundedCharge(part(Charge, object), !live);
  if (type.startsWith('refund.')) return refund(part(Refund, object), !live);
  return dispute(part(Dispute, object), !live);
}

/** The charge says how much of it has gone back in all: one fact, that grows from partial to full. */
function refundedCharge(
  { id, payment_intent, refunded }: z.output<typeof Charge>,
  test: boolean,
): OrderEvent[] {
  return reversed(payment_intent, test, id, {
    kind: 'refund',
    state: 'done',
    part: refunded ? 'full' : 'partial',
  });
}

/** One refund; a failed one takes back what its charge has said. */
function refund(
  { id, payment_intent, charge, status, amount, currency }: z.output<typeof Refund>,
  test: boolean,
): OrderEvent[] {
  const failed = status === 'failed' || status === 'canceled';
  const state = failed ? 'won' : status === 'succeeded' ? 'done' : 'open';
  const fact: Reversal = { kind: 'refund', state, part: 'partial', amount: money(amount, currency) };
  const ofCharge =
    failed && charge ? reversed(payment_intent, test, charge, { ...fact, amount: undefined }) : [];
  return [...reversed(payment_intent, test, id, fact), ...ofCharge];
}

/** An inquiry that is closed did no harm; a status nobody knows yet is an open one. */
function dispute({ id, payment_intent, status }: z.output<typeof Dispute>, test: boolean): OrderEvent[] {
  const state = status === 'won' || status === 'warning_closed' ? 'won' : status === 'lost' ? 'lost' : 'open';
  return reversed(payment_intent, test, id, { kind: 'chargeback', state, part: 'full' });
}

/** Checkout's payments have a payment intent; whatever has none was not sold through it. */
const reversed = (
  order: string | null | undefined,
  test: boolean,
  reversalId: string,
  reversal: Reversal,
): OrderEvent[] => (order ? [{ kind: 'reversed', id: order, test, reversalId, reversal }] : []);
