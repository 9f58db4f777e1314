// https://developer.fastspring.com/docs/message-security and /reference/ordercompleted, /returncreated, /order-chargeback,
// /processed-and-unprocessed-webhook-events
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { type Buyer, type Money, type OrderEvent, unparsedEvent } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { toEmailKey } from '../../core/mail/address.ts';
import { fromMinor } from '../../core/order/money.ts';
import { licenceAnswer, licenceCall, licenceSale, requireHash } from './licence-call.ts';

/** `answers`: the products whose serials FastSpring fetches by its licence call and prints itself. */
const Options = z.strictObject({ answers: z._default(z.array(z.string()), []) });

export const fastspring: Provider = {
  methods: ['POST', 'GET'],
  options: Options,
  // The licence call comes first, makes the serial, and states no price.
  statesPrice: (sku, options) => !part(Options, options).answers.includes(sku),

  verify(request, { keys }) {
    const call = licenceCall(request);
    if (call !== undefined) return requireHash(call, keys);
    const signatures = [requireHeader(request.headers, 'x-fs-signature')];
    requireHmac({ keys, content: [request.body], signatures, encoding: 'base64' });
  },

  read(request, context) {
    const call = licenceCall(request);
    if (call !== undefined) return [licenceSale(call, context)];
    return json(Batch, request.body).events.flatMap((event) => readable(event, context));
  },

  answer(done, request) {
    const call = licenceCall(request);
    return call === undefined ? { status: 200, body: '' } : licenceAnswer(call, done);
  },

  /** Events are done in their order, and some may have been no concern of ours: at least the first so many are done. */
  answerPartly(done, { body }, context) {
    const { events } = json(Batch, body);
    const unsure = events.filter((event) => readable(event, context).length > 0).slice(done.length);
    const sure = events.filter((event) => !unsure.includes(event));
    return { status: 202, body: sure.map((event) => identify(event).id).join('\n') };
  },
};

/** What one event says. One that cannot be parsed is held, whatever the reason, and the others of its batch are not. */
function readable(event: unknown, context: Context): OrderEvent[] {
  const { id, live } = identify(event);
  try {
    return said(part(Event, event), context).map((one) => ({ ...one, event: id }));
  } catch (error) {
    return [unparsedEvent(id, !live, error)];
  }
}

function said({ type, live, data }: z.output<typeof Event>, context: Context): OrderEvent[] {
  if (type === 'order.completed') return [sold(part(Completed, data), !live, context)];
  if (type === 'return.created') return returned(part(Returned, data), !live);
  return type === 'chargeback.created' ? [chargedBack(part(Chargeback, data), !live)] : [];
}

/** The ID of an event, whether it can be parsed or not: a hash if it has none. It is real unless it says otherwise. */
function identify(event: unknown): { readonly id: string; readonly live: boolean } {
  const [named, mode] = [z.object({ id }).safeParse(event), z.object({ live: z.boolean() }).safeParse(event)];
  const hash = () => createHash('sha256').update(JSON.stringify(event)).digest('hex');
  return { id: named.success ? named.data.id : hash(), live: !mode.success || mode.data.live };
}

function sold(order: z.output<typeof Completed>, test: boolean, context: Context): OrderEvent {
  const { reference: id, currency, payoutCurrency, items, tags, address, language } = order;
  const { answers } = part(Options, context.options);
  const typed = tags?.[context.licenseeField];
  const total = money(order.total, currency);
  const inPayout = (value: number | null | undefined) =>
    payoutCurrency && value != null ? money(value, payoutCurrency) : undefined;
  return {
    kind: 'paid',
    id,
    aliases: [order.order],
    test,
    placedAt: new Date(order.changed).toISOString(),
    amount: total,
    buyer: {
      ...personOf(order),
      registration: (typeof typed === 'string' && part(text, typed)) || undefined,
      country: address?.country ?? undefined,
      locale: language ?? undefined,
    },
    lines: items.map(({ product: sku, quantity, subtotal, subtotalInPayoutCurrency }) => ({
      sku,
      quantity,
      // An item's own amount is without tax: of a single one more is known.
      paid: items.length === 1 ? total : money(subtotal, currency),
      settled: inPayout(items.length === 1 ? order.totalInPayoutCurrency : subtotalInPayoutCurrency),
      delivery: answers.includes(sku) ? 'answer' : undefined,
    })),
  };
}

/** The customer, unless the first recipient has another address: then the licence is that person's. */
function personOf({ customer, recipients }: z.output<typeof Completed>): Buyer {
  const first = recipients?.[0]?.recipient;
  const given = first?.email && toEmailKey(first.email) !== toEmailKey(customer.email ?? '');
  const { first: name, last, email, company } = given ? first : customer;
  return {
    name: [name, last].filter(Boolean).join(' ') || undefined,
    email: email ?? undefined,
    company: company ?? undefined,
  };
}

function returned(data: z.output<typeof Returned>, test: boolean): OrderEvent[] {
  const { return: reversalId, completed, original, totalReturn, currency } = data;
  if (completed === false) return [];
  const { reference: id, order, total } = original;
  const part = totalReturn >= total ? 'full' : 'partial';
  const reversal = { kind: 'refund', state: 'done', part, amount: money(totalReturn, currency) } as const;
  return [{ kind: 'reversed', id, aliases: [order], test, reversalId, reversal }];
}

/** It names the order by its other id. What becomes of it no event tells. */
function chargedBack({ order: id, processorCaseId }: z.output<typeof Chargeback>, test: boolean): OrderEvent {
  const reversal = { kind: 'chargeback', state: 'open', part: 'full' } as const;
  return { kind: 'reversed', id, test, reversalId: processorCaseId ?? id, reversal };
}

/** A number of at most three decimals, whatever the addition of floats has left behind them. */
const money = (value: number, currency: string): Money => fromMinor(Math.round(value * 1000), 3, currency);

const id = z.string().check(z.regex(/^[\x20-\x7e]{1,100}$/));
const filled = z.string().check(z.minLength(1), z.maxLength(200));
const text = z.nullish(z.string().check(z.maxLength(1000)));
const amount = z.number().check(z.nonnegative(), z.maximum(1e12));
const currency = z.string().check(z.regex(/^[A-Za-z]{3}$/));
const Person = z.object({ first: text, last: text, email: text, company: text });

const Event = z.object({ id, type: z.string(), live: z.boolean(), data: z.unknown() });
const Batch = z.object({ events: z.array(z.unknown()) });
const Completed = z.object({
  order: id,
  reference: id,
  changed: z.int().check(z.nonnegative(), z.maximum(253_402_300_799_999)),
  total: amount,
  totalInPayoutCurrency: z.nullish(amount),
  currency,
  payoutCurrency: z.nullish(currency),
  language: text,
  customer: Person,
  recipients: z.nullish(z.array(z.object({ recipient: Person }))),
  address: z.nullish(z.object({ country: text })),
  tags: z.nullish(z.record(z.string(), z.unknown())),
  items: z.array(
    z.object({
      product: filled,
      quantity: z.int().check(z.positive()),
      subtotal: amount,
      subtotalInPayoutCurrency: z.nullish(amount),
    }),
  ),
});
const Returned = z.object({
  return: id,
  completed: z.nullish(z.boolean()),
  original: z.object({ order: id, reference: id, total: amount }),
  totalReturn: amount,
  currency,
});
const Chargeback = z.object({ order: id, processorCaseId: z.nullish(id) });
