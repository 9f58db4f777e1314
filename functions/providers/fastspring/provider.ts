// https://developer.fastspring.com/docs/message-security and /reference/ordercompleted, /returncreated, /order-chargeback,
// /processed-and-unprocessed-webhook-events
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { type Buyer, type Money, type OrderEvent, unparsedEvent } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { AnswerOptions, currency, customFields, id, quantity, sku, text } from '../../core/inbound/shapes.ts';
import { requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { toEmailKey } from '../../core/mail/address.ts';
import { fromMinor } from '../../core/order/money.ts';
import { licenceAnswer, licenceCall, licenceSale, requireHash } from './licence-call.ts';

export const fastspring: Provider = {
  name: 'fastspring',
  methods: ['POST', 'GET'],
  // FastSpring prints the serials of these products itself, which it fetches by its licence call.
  options: AnswerOptions,
  // The licence call comes first, makes the serial, and states no price.
  statesPrice: (sku, options) => !part(AnswerOptions, options).answers.includes(sku),

  verify(request, { keys }) {
    const call = licenceCall(request);
    if (call !== undefined) return requireHash(call, keys);
    const signatures = [requireHeader(request.headers, 'x-fs-signature')];
    requireHmac({ keys, content: [request.body], signatures, encoding: 'base64' });
  },

  read(request, context) {
    const call = licenceCall(request);
    if (call !== undefined) return [licenceSale(call, context)];
    return json(Batch, request.body).events.flatMap((event) => parseEvent(event, context));
  },

  answer(done, request) {
    const call = licenceCall(request);
    return call === undefined ? { status: 200, body: '' } : licenceAnswer(call, done);
  },

  /**
   * Lists the events that are done; FastSpring sends the others again. Events are handled in order, so the first
   * `done.length` of those that Keypost does not ignore are done.
   */
  answerPartly(done, { body }, context) {
    const { events } = json(Batch, body);
    const open = events.filter((event) => parseEvent(event, context).length > 0).slice(done.length);
    const finished = events.filter((event) => !open.includes(event));
    return { status: 202, body: finished.map((event) => identify(event).id).join('\n') };
  },
};

/** Parses one event of a batch. An unparseable event is held, and the others of its batch are not. */
function parseEvent(event: unknown, context: Context): OrderEvent[] {
  const { id, live } = identify(event);
  try {
    return parseData(part(Event, event), context).map((one) => ({ ...one, event: id }));
  } catch (error) {
    return [unparsedEvent(id, !live, error)];
  }
}

function parseData({ type, live, data }: z.output<typeof Event>, context: Context): OrderEvent[] {
  if (type === 'order.completed') return [parseSale(part(Completed, data), !live, context)];
  if (type === 'return.created') return parseReturn(part(Returned, data), !live);
  return type === 'chargeback.created' ? [parseChargeback(part(Chargeback, data), !live)] : [];
}

/** Returns the ID of an event, even of an unparseable one: a hash if it has none. It is live unless it states otherwise. */
function identify(event: unknown): { readonly id: string; readonly live: boolean } {
  const [named, mode] = [z.object({ id }).safeParse(event), z.object({ live: z.boolean() }).safeParse(event)];
  const hash = () => createHash('sha256').update(JSON.stringify(event)).digest('hex');
  return { id: named.success ? named.data.id : hash(), live: !mode.success || mode.data.live };
}

function parseSale(order: z.output<typeof Completed>, test: boolean, context: Context): OrderEvent {
  const { reference: id, currency, payoutCurrency, items, tags, address, language } = order;
  const { answers } = part(AnswerOptions, context.options);
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
      ...licenseeOf(order),
      registration: (typeof typed === 'string' && part(text, typed)) || undefined,
      country: address?.country ?? undefined,
      locale: language ?? undefined,
    },
    lines: items.map(({ product: sku, quantity, subtotal, subtotalInPayoutCurrency }) => ({
      sku,
      quantity,
      // The amount of an item is without tax; the total is known for a single item only.
      paid: items.length === 1 ? total : money(subtotal, currency),
      settlement: inPayout(items.length === 1 ? order.totalInPayoutCurrency : subtotalInPayoutCurrency),
      delivery: answers.includes(sku) ? 'answer' : undefined,
    })),
  };
}

/** Returns the customer, or the first recipient if that has another address: the licence is then a gift. */
function licenseeOf({ customer, recipients }: z.output<typeof Completed>): Buyer {
  const first = recipients?.[0]?.recipient;
  const isGift = first?.email && toEmailKey(first.email) !== toEmailKey(customer.email ?? '');
  const { first: name, last, email, company } = isGift ? first : customer;
  return {
    name: [name, last].filter(Boolean).join(' ') || undefined,
    email: email ?? undefined,
    company: company ?? undefined,
  };
}

function parseReturn(data: z.output<typeof Returned>, test: boolean): OrderEvent[] {
  const { return: reversalId, completed, original, totalReturn, currency } = data;
  if (completed === false) return [];
  const { reference: id, order, total } = original;
  const part = totalReturn >= total ? 'full' : 'partial';
  const reversal = { kind: 'refund', state: 'done', part, amount: money(totalReturn, currency) } as const;
  return [{ kind: 'reversed', id, aliases: [order], test, reversalId, reversal }];
}

/** A chargeback has the order's other ID. FastSpring sends no event for its outcome. */
function parseChargeback(
  { order: id, processorCaseId }: z.output<typeof Chargeback>,
  test: boolean,
): OrderEvent {
  const reversal = { kind: 'chargeback', state: 'open', part: 'full' } as const;
  return { kind: 'reversed', id, test, reversalId: processorCaseId ?? id, reversal };
}

/** Amounts have at most three decimals; rounding removes the error of floating-point addition. */
const money = (value: number, currency: string): Money => fromMinor(Math.round(value * 1000), 3, currency);

const amount = z.number().check(z.nonnegative(), z.maximum(1e12));
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
  tags: customFields,
  items: z.array(
    z.object({
      product: sku,
      quantity,
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
