// https://developer.fastspring.com/docs/message-security and /reference/ordercompleted, /returncreated, /order-chargeback,
// /processed-and-unprocessed-webhook-events
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree, type OrderEvent, unparsedEvent } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireHeader, requireHmac } from '../../core/inbound/signature.ts';
import { toEmailKey } from '../../core/mail/address.ts';
import { licenceAnswer, licenceCall, licenceReference, licenceSale, requireHash } from './licence-call.ts';
import { paid } from './paid.ts';

export const fastspring: Provider = {
  name: 'fastspring',
  methods: ['POST', 'GET'],
  // FastSpring prints the serials of these products itself, which it fetches by its licence call.
  options: s.AnswerOptions,
  // The licence call comes first, makes the serial, and states no price.
  statesPrice: (sku, options) => !part(s.AnswerOptions, options).answers.includes(sku),

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

  idIn(request) {
    const call = licenceCall(request);
    if (call !== undefined) return licenceReference(call);
    const [event, ...others] = json(Batch, request.body).events;
    const order = others.length === 0 ? orderIn(event) : undefined;
    if (order === undefined) throw new Rejection('bad_body', 'the batch is not about one order');
    return order;
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

  paid,
};

/** Parses one event of a batch. An unparseable event is held, and the others of its batch are not. */
function parseEvent(event: unknown, context: Context): OrderEvent[] {
  const { id, live } = identify(event);
  try {
    return parseData(part(Event, event), context).map((one) => ({ ...one, event: id }));
  } catch (error) {
    return [unparsedEvent(id, !live, error, orderIn(event))];
  }
}

function parseData(
  { id, type, live, created, data }: z.output<typeof Event>,
  context: Context,
): OrderEvent[] {
  const at = toTime(created);
  switch (type) {
    case 'order.completed':
      return [parseSale(part(Completed, data), !live, context)];
    case 'subscription.charge.completed':
      return parseCharge(part(Charge, data), at, !live);
    case 'return.created':
      return parseReturn(part(Returned, data), at, !live);
    case 'chargeback.created':
      return [parseChargeback(part(Chargeback, data), at, !live)];
    default: {
      // These precede the payment, or report no payment.
      if (/^(?:subscription|order\.(?:payment|approval|canceled|failed))\b/.test(type)) return [];
      const { total, currency } = part(Other, data);
      return ignoredEvent(type, { id, test: !live, amount: money(total, currency) });
    }
  }
}

/** Returns the ID of the order that an unparseable event is about. */
function orderIn(event: unknown): string | undefined {
  const [sale, reversal] = [
    z.object({ data: Reference }),
    z.object({ data: z.object({ original: Reference }) }),
  ];
  return (
    sale.safeParse(event).data?.data.reference ?? reversal.safeParse(event).data?.data.original.reference
  );
}

const Named = z.object({ id: s.id });
const Mode = z.object({ live: z.boolean() });

/** Returns the ID of an event, even of an unparseable one: a hash if it has none. It is live unless it states otherwise. */
function identify(event: unknown): { readonly id: string; readonly live: boolean } {
  const [named, mode] = [Named.safeParse(event), Mode.safeParse(event)];
  const hash = () => createHash('sha256').update(JSON.stringify(event)).digest('hex');
  return { id: named.success ? named.data.id : hash(), live: !mode.success || mode.data.live };
}

function parseSale(order: z.output<typeof Completed>, test: boolean, context: Context): OrderEvent {
  const { reference: id, currency, payoutCurrency, items } = order;
  const { answers } = part(s.AnswerOptions, context.options);
  const total = money(order.total, currency);
  const subscriptions = items.flatMap(({ subscription }) => subscription ?? []);
  const lines = items.map(({ product: sku, quantity, subscription, subtotal, discount, ...item }) => {
    // The amount of an item is without tax; the total is known for a single item only.
    const paid = items.length === 1 ? total : money(subtotal, currency);
    const inPayout = items.length === 1 ? order.totalInPayoutCurrency : item.subtotalInPayoutCurrency;
    return {
      ...s.soldLine({
        sku,
        quantity,
        paid,
        settlement: money(inPayout, payoutCurrency),
        delivery: sku !== undefined && answers.includes(sku) ? 'answer' : undefined,
      }),
      isTrial: subscription !== undefined && isFree(paid) && !discount,
    };
  });
  return {
    ...s.withTrials(lines),
    id,
    aliases: [...(order.order ? [order.order] : []), ...subscriptions.map(({ id }) => id)],
    test,
    placedAt: toTime(order.changed),
    until: toTime(subscriptions.map(({ next }) => next).find(Boolean)),
    amount: total,
    buyer: {
      ...licenseeOf(order),
      registration: s.customText(order.tags, context.licenseeField),
      country: order.address.country,
      locale: order.language,
    },
  };
}

/** A payment of a subscription after the first one. */
function parseCharge(
  { order, subscription, total, currency, timestamp }: z.output<typeof Charge>,
  at: string | undefined,
  test: boolean,
): OrderEvent[] {
  const amount = money(total, currency);
  if (isFree(amount)) return [];
  const about = { id: subscription.id, aliases: order && [order.id], test, amount };
  return [{ kind: 'renewed', ...about, placedAt: toTime(timestamp) ?? at, buyer: {}, lines: [] }];
}

/** Returns the customer, or the first recipient if that has another address: the licence is then a gift. */
function licenseeOf({ customer, recipients }: z.output<typeof Completed>) {
  const first = recipients[0]?.recipient;
  const isGift = first?.email && toEmailKey(first.email) !== toEmailKey(customer.email ?? '');
  const { email, company } = isGift ? first : customer;
  const payer = isGift ? (nameOf(customer) ?? 'unknown') : undefined;
  return { name: nameOf(isGift ? first : customer), email, company, payer };
}

/** A return without an amount counts as a full one: it is safer to wait for a person. */
function parseReturn(data: z.output<typeof Returned>, at: string | undefined, test: boolean): OrderEvent[] {
  const { return: reversalId, completed, original, totalReturn, currency } = data;
  const amount = money(totalReturn, currency);
  if (completed === false || isFree(amount)) return [];
  const { reference: id, order, total } = original;
  const isPart = totalReturn !== undefined && total !== undefined && totalReturn < total;
  const reversal = { kind: 'refund', state: 'done', part: isPart ? 'partial' : 'full', amount, at } as const;
  return [{ kind: 'reversed', id, aliases: order ? [order] : undefined, test, reversalId, reversal }];
}

/** A chargeback has the order's other ID. FastSpring sends no event for its outcome. */
function parseChargeback(
  { order: id, processorCaseId }: z.output<typeof Chargeback>,
  at: string | undefined,
  test: boolean,
): OrderEvent {
  const reversal = { kind: 'chargeback', state: 'open', part: 'full', at } as const;
  return { kind: 'reversed', id, test, reversalId: processorCaseId ?? id, reversal };
}

/** Amounts have at most three decimals; rounding removes the error of floating-point addition. */
const money = (value: number | undefined, currency: string | undefined) =>
  s.minorOf(value === undefined ? undefined : Math.round(value * 1000), currency, 3);

const toTime = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

const amount = s.maybe(z.number().check(z.nonnegative(), z.maximum(1e12)));
const time = s.maybe(z.int().check(z.nonnegative(), z.maximum(253_402_300_799_999)));
const Person = s.loose({ first: s.text, last: s.text, email: s.text, company: s.text });
const nameOf = ({ first, last }: z.output<typeof Person>) => s.joinName(first, last);
/** An ID; an object if the webhook is expanded. */
const Expandable = z.union([
  z.pipe(
    s.id,
    z.transform((id) => ({ id, next: undefined })),
  ),
  z.object({ id: s.id, next: time }),
]);

const Event = z.object({ id: s.id, type: z.string(), live: z.boolean(), created: time, data: z.unknown() });
const Other = s.loose({ total: amount, currency: s.maybeCurrency });
const Batch = z.object({ events: z.array(z.unknown()) });
const Completed = z.object({
  order: s.maybeId,
  reference: s.id,
  changed: time,
  total: amount,
  totalInPayoutCurrency: amount,
  currency: s.maybeCurrency,
  payoutCurrency: s.maybeCurrency,
  language: s.text,
  customer: Person,
  recipients: s.list(s.loose({ recipient: Person })),
  address: s.loose({ country: s.text }),
  tags: s.customFields,
  items: z.array(
    s.loose({
      product: s.maybe(s.sku),
      quantity: s.maybe(s.quantity),
      subtotal: amount,
      subtotalInPayoutCurrency: amount,
      discount: amount,
      subscription: s.maybe(Expandable),
    }),
  ),
});
const Reference = z.object({ reference: s.id });
const Charge = z.object({
  /** The order of this payment. */
  order: s.maybe(Expandable),
  subscription: Expandable,
  total: amount,
  currency: s.maybeCurrency,
  timestamp: time,
});
const Returned = z.object({
  return: s.id,
  completed: z.optional(z.unknown()),
  original: z.object({ order: s.maybeId, reference: s.id, total: amount }),
  totalReturn: amount,
  currency: s.maybeCurrency,
});
const Chargeback = z.object({ order: s.id, processorCaseId: s.maybeId });
