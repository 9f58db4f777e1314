/** Signed requests of the providers. Stripe and the shop have their real bodies; the others carry the core's events. */
import { createHash, createHmac } from 'node:crypto';
import * as z from 'zod/mini';
import { json } from '../../../functions/core/inbound/body.ts';
import { unparsedEvent } from '../../../functions/core/inbound/event.ts';
import type { Provider } from '../../../functions/core/inbound/provider.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import type { WebhookRequest } from '../../../functions/core/inbound/request.ts';
import { requireFresh, requireHeader, requireHmac } from '../../../functions/core/inbound/signature.ts';
import { keyOf } from '../../../functions/core/order/types.ts';
import { shop } from '../../../functions/providers/shop/provider.ts';
import { stripe } from '../../../functions/providers/stripe/provider.ts';
import { type Fact, isSale } from './order-script.ts';
import { type ProviderName, SCHEDULES } from './schedules.ts';

/** A provider whose bodies are lists of the core's events. */
const plain: Provider = {
  name: 'plain',
  verify({ headers, body }, { keys, now }) {
    const at = headers['x-time'] ?? '';
    const signatures = [requireHeader(headers, 'x-signature')];
    requireHmac({ keys, content: [`${at}.`, body], signatures, encoding: 'hex' });
    requireFresh(at, now);
  },
  async read({ body }, { ask, now }) {
    const { events: text, fixedAt = 0 } = json(Text, body);
    if (now < fixedAt) throw new Rejection('bad_body', 'the request is not as documented');
    const events: (Fact['event'] & { readonly fixedAt?: number })[] = JSON.parse(text);
    // Some providers are asked for what the notification lacks.
    if (events.length === 1) await ask(API);
    return events.map(({ fixedAt: later = 0, ...event }) =>
      now < later
        ? unparsedEvent(event.event ?? '', event.test, new Rejection('bad_body', 'the event is'), event.id)
        : event,
    );
  },
  idIn({ body }) {
    const { order } = json(Text, body);
    if (order === undefined) throw NO_ID;
    return order;
  },
};
const API = 'https://api.example.com/orders';
/** Created once, because a stack trace costs more than the rest. */
const NO_ID = new Error('the request has no ID');
/** `fixedAt`: the time at which the parser is fixed. */
const Text = z.object({
  events: z.string(),
  fixedAt: z.optional(z.number()),
  order: z.optional(z.string()),
});

export function providerOf(name: string): Provider {
  if (name === 'stripe') return stripe;
  return name === 'shop' ? shop : plain;
}

/** By the name under which the catalogue enables it. */
export const providers: Readonly<Record<string, Provider>> = Object.fromEntries(
  Object.keys(SCHEDULES).map((name) => [name, providerOf(name)]),
);

const hmac = (key: string | Buffer, encoding: 'hex' | 'base64', ...content: readonly string[]) => {
  const mac = createHmac('sha256', key);
  for (const part of content) mac.update(part);
  return mac.digest(encoding);
};

/** @param at milliseconds; @param id of the message, the same for all tries. */
export function signed(
  provider: ProviderName,
  text: string,
  key: string,
  { at, id }: { readonly at: number; readonly id: string },
): WebhookRequest {
  const seconds = String(Math.floor(at / 1000));
  const headers = headersOf(provider, text, key, seconds, id);
  return { method: 'POST', headers, query: '', body: Buffer.from(text) };
}

function headersOf(provider: ProviderName, text: string, key: string, at: string, id: string) {
  if (provider === 'stripe') return { 'stripe-signature': `t=${at},v1=${hmac(key, 'hex', `${at}.`, text)}` };
  if (provider !== 'shop') return { 'x-time': at, 'x-signature': hmac(key, 'hex', `${at}.`, text) };
  const secret = Buffer.from(key.slice('whsec_'.length), 'base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': at,
    'webhook-signature': `v1,${hmac(secret, 'base64', `${id}.${at}.`, text)}`,
  };
}

/** The body for these events. Stripe and the shop deliver one event at a time. */
export function bodyOf(provider: ProviderName, facts: readonly Fact[], at: number): string {
  const events = facts.map(eventOf);
  const [event] = events;
  if (event && provider === 'stripe') return JSON.stringify(ofStripe(event, Math.floor(at / 1000)));
  if (event && provider === 'shop') return JSON.stringify(ofShop(event));
  const [fact, ...others] = facts;
  const { what, until, hasId } = (fact && others.length === 0 && unreadableIn(fact)) || NO_FAULT;
  const order = hasId ? fact?.script.id : undefined;
  return JSON.stringify({
    events: JSON.stringify(events),
    fixedAt: what === 'request' ? until : undefined,
    order,
  });
}

const NO_FAULT = { what: undefined, until: undefined, hasId: false };
const unreadableIn = (fact: Fact) => (isSale(fact) ? fact.script.unreadable : undefined);

/** An event that cannot be parsed yet has an ID of its own. */
function eventOf(fact: Fact): Fact['event'] {
  const { what, until } = unreadableIn(fact) ?? NO_FAULT;
  const event = { event: `e-${fact.script.id}-${fact.script.facts.indexOf(fact)}`, fixedAt: until };
  return what === 'event' ? { ...fact.event, ...event } : fact.event;
}

/** The key of the item in which this sale is held while it cannot be parsed. */
export function heldKeyOf(fact: Fact): string {
  const { provider, id, unreadable } = fact.script;
  if (unreadable?.hasId) return `held#${keyOf(provider, false, id)}`;
  return `held#${provider}#${createHash('sha256')
    .update(bodyOf(provider, [fact], 0))
    .digest('hex')}`;
}

function ofStripe(event: Fact['event'], created: number) {
  const of = { object: 'event', livemode: !event.test };
  if (event.kind !== 'reversed') {
    const [line] = event.lines;
    const object = {
      id: `cs_${event.id}`,
      payment_intent: event.id,
      payment_status: 'paid',
      mode: 'payment',
      created,
      amount_total: Number(line?.paid?.value ?? 0) * 100,
      currency: 'eur',
      customer_details: { name: event.buyer.name, email: event.buyer.email },
      metadata: { product_id: line?.sku },
    };
    return { ...of, type: 'checkout.session.completed', data: { object } };
  }
  const { id, reversalId, reversal } = event;
  if (reversal.kind === 'refund') {
    const object = { id: reversalId, payment_intent: id, refunded: true };
    return { ...of, type: 'charge.refunded', data: { object } };
  }
  const status = reversal.state === 'open' ? 'needs_response' : reversal.state;
  const object = { id: reversalId, payment_intent: id, status };
  return { ...of, type: 'charge.dispute.updated', data: { object } };
}

function ofShop(event: Fact['event']) {
  const { id, test } = event;
  if (event.kind === 'reversed') {
    const { part, amount } = event.reversal;
    const money = part === 'partial' ? { amount: amount?.value, currency: amount?.currency } : {};
    return { type: 'order.refunded', data: { id, test, refundId: event.reversalId, ...money } };
  }
  const { buyer, lines } = event;
  const items = lines.map(({ sku, quantity, paid }) => ({ sku, quantity, price: paid?.value }));
  return { type: 'order.paid', data: { id, test, currency: 'EUR', buyer, items } };
}
