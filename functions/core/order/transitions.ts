/**
 * Every change of an order, as a pure function: the order after an event, or undefined if the event changes nothing.
 * This file has the facts, `sends.ts` the mails and `manual.ts` the manual actions; `settle.ts` derives `outbox` and `heldAt` after
 * each of them.
 *
 * | event                         | what it changes                                                                   |
 * | ----------------------------- | --------------------------------------------------------------------------------- |
 * | sale: announced, trial        | facts, buyer, lines `pending`; a trial's first event adds a mail                    |
 * | sale: paid                    | the same; then each `pending` line is judged: `held`, `to_make` or `issued`         |
 * | sale: renewed                 | `renewedAt` and the amount; then each `pending` line is judged                      |
 * | reversal                      | its own entry in `reversals`: of two reports, the one with the later time counts    |
 * | join of a stub under an alias | reversals, `renewedAt` and aliases of a stub are added                              |
 * | answer of the generator       | `to_make` → `issued`, `held`, or `to_make` until later                              |
 * | reported                      | `reportedAt` of a stub                                                              |
 * | start                         | a new send `in_flight`, or a retry of one; or the outbox is held as `too_large`     |
 * | outcome of send n, try k      | send n, if try k is its latest: `accepted`, `waiting`, `unknown` or `refused`       |
 * | SES event for send n          | send n → `accepted`; its `delivery` and `trouble` rise                              |
 * | mail age                      | the outbox is held as `mail_age`                                                    |
 * | rejudge                       | lines without a serial are judged again                                             |
 * | release                       | the same with a person's corrections; failed sends are dismissed                    |
 * | reject                        | held lines become `erased`                                                          |
 * | resend                        | settled sends are dismissed, and every issued line goes by mail; `buyer.email`      |
 * | reissue, transfer             | `issued` n + 1, the old serial superseded; the buyer; a mail to the previous owner  |
 * | import, issue, claim code     | a new order with lines `issued`                                                     |
 * | erase                         | buyer, serials, sends, notification and audit texts are emptied; lines `erased`     |
 * | any manual action but import  | an audit entry; the outbox is no longer held                                        |
 * | any event beyond a limit      | the outbox is held as `too_large`; nothing that was known is dropped                |
 * | a manual action beyond it     | refused                                                                             |
 */
import type {
  Buyer,
  HeldReason,
  Money,
  Reversal,
  ReversalState,
  Sale as SaleEvent,
  UnreadableReason,
} from '../inbound/event.ts';
import { toMailbox } from '../mail/address.ts';
import { addressOf, awaitsPayment, isPaid, isStub, toAt } from './due.ts';
import {
  type Judge,
  joinLines,
  judgeLines,
  larger,
  type NewLine,
  type NewSerial,
  reopenHeld,
} from './lines.ts';
import { shareOf } from './money.ts';
import { withMail } from './sends.ts';
import { finish, needsRaw } from './settle.ts';
import type { At, Line, Order, Raw } from './types.ts';

export interface Sale extends Pick<SaleEvent, 'kind' | 'until' | 'amount' | 'printed' | 'buyer'> {
  /** When the provider says that it happened. */
  readonly at?: At | undefined;
  readonly lines: readonly NewLine[];
  /** Keys of the order's other IDs. */
  readonly aliases: readonly string[];
  /** The notification, called only if a person may need it. */
  readonly raw?: (() => Raw) | undefined;
}

/** A sale to be recorded; `judge` makes the serials of its lines. */
export interface NewSale {
  readonly kind: 'sale';
  readonly key: string;
  readonly provider: string;
  readonly test: boolean;
  readonly sale: Sale;
  readonly judge: Judge;
}

/** A notification, or one event of it, that could not be parsed or applied. It is held. */
export interface NewUnreadable {
  readonly kind: 'unreadable';
  readonly key: string;
  readonly provider: string;
  readonly test?: boolean | undefined;
  /** `bad_body` by default. */
  readonly reason?: UnreadableReason | undefined;
}

/** Applies a sale. If its lines exceed a limit, it is recorded without them and held as `too_large`; the caller then keeps its notification. */
export function applySale(order: Order, event: Sale, judge: Judge, now: number): Order | undefined {
  if (order.erasedAt) return undefined;
  const facts = { ...order, ...paymentFacts(order, event, toAt(now)), amount: amountOf(order, event) };
  // A renewal is about the subscription: its buyer and lines are those of the trial.
  const { buyer, lines, printed } = event.kind === 'renewed' ? { ...order, lines: undefined } : event;
  const joined = {
    // Each renewal has an ID of its own. Only the first one ends the trial, so the IDs of later ones are not stored.
    ...withAliases(facts, event.kind === 'renewed' && order.renewedAt ? [] : event.aliases),
    printed: order.printed ?? printed,
    buyer: withMissing(order.buyer, buyer),
    lines: lines ? reopenHeld(joinLines(...withShares(order, facts, event))) : order.lines,
  };
  // A line keeps the name it was sold with, also if the order knows another name already.
  const names = without(
    { name: buyer.name, company: buyer.company, registration: buyer.registration },
    order.corrected,
  );
  const judgeNamed: Judge = (line, found) =>
    order.lines.some(({ id }) => id === line.id)
      ? judge(line, found)
      : judge(line, { ...found, buyer: { ...found.buyer, ...names } });
  const next = withTrialMail(judgeLines(joined, judgeNamed, now), now);
  const bare = () =>
    judgeLines({ ...facts, lines: order.lines.length > 0 ? order.lines : joinLines(order, []) }, judge, now);
  return finish(order, needsRaw(next) ? { ...next, raw: order.raw ?? event.raw?.() } : next, now, bare);
}

/** The buyer of a trial that has not ended gets one mail. */
function withTrialMail(order: Order, now: number): Order {
  const to = addressOf(order);
  const isOver = order.trial?.until && Date.parse(order.trial.until) <= now;
  if (!order.trial || isOver || !to || !toMailbox(order.buyer.email)) return order;
  const isNew = order.sends.every(({ about }) => about !== 'trial') && awaitsPayment(order);
  return isNew ? withMail(order, 'trial', to, now) : order;
}

/**
 * Returns the lines of the order and of the event. Before the payment, the price of each line is a share of the agreed amount.
 * After it, the line gets the same share of what was paid.
 */
function withShares(order: Order, { amount }: Order, event: Sale): [Order, readonly NewLine[]] {
  const share = <One extends Pick<Line, 'paid'>>(line: One, whole: Money | undefined): One => ({
    ...line,
    paid: shareOf(amount, line.paid, whole),
  });
  if (event.kind === 'announced' && isPaid(order))
    return [order, event.lines.map((line) => share(line, event.amount))];
  if (event.kind !== 'paid' || isPaid(order) || order.trial) return [order, event.lines];
  return [{ ...order, lines: order.lines.map((line) => share(line, order.amount)) }, event.lines];
}

/** Returns the facts about the payment. The first report of each fact stays. */
function paymentFacts(
  { paidAt, trial, renewedAt }: Order,
  { kind, at, until }: Sale,
  now: At,
): Partial<Order> {
  switch (kind) {
    case 'announced':
      return {};
    case 'trial':
      return { trial: trial ?? { at: at ?? now, until } };
    case 'paid':
      return { paidAt: paidAt ?? at ?? now };
    case 'renewed':
      return { renewedAt: renewedAt ?? at ?? now };
  }
}

/** Returns the amount paid, unknown if the payment does not state it; before the payment, the amount agreed. */
function amountOf(order: Order, { kind, amount }: Sale): Money | undefined {
  switch (kind) {
    case 'trial':
      return order.amount;
    case 'announced':
      return isPaid(order) ? order.amount : (order.amount ?? amount);
    case 'paid':
      return order.paidAt ? (order.amount ?? amount) : amount;
    case 'renewed':
      // If the order is paid already, this amount is that of a later period.
      return order.paidAt ? order.amount : (order.amount ?? amount);
  }
}

/** Adds the fields that the buyer lacks. A field that was reported first, or set by a person, stays. */
export const withMissing = (buyer: Buyer, more: Buyer): Buyer => ({
  ...buyer,
  ...without(more, Object.keys(buyer)),
});

export const without = (buyer: Buyer, names: readonly string[]): Buyer =>
  Object.fromEntries(
    Object.entries(buyer).filter(([name, value]) => value !== undefined && !names.includes(name)),
  );

export const union = <One>(known: readonly One[], more: readonly One[]): readonly One[] => [
  ...new Set([...known, ...more]),
];

/** Applies a reversal. `names` are the keys of all IDs in the event; those that are not the order's own key become its aliases. */
export function applyReversal(
  order: Order,
  id: string,
  { names, fact }: { readonly names: readonly string[]; readonly fact: Reversal },
  now: number,
): Order | undefined {
  return finish(order, withReversal(withAliases(order, names), id, fact), now);
}

const withAliases = (order: Order, names: readonly string[]): Order => ({
  ...order,
  aliases: union(
    order.aliases,
    names.filter((key) => key !== order.key),
  ),
});

function withReversal(order: Order, id: string, event: Reversal): Order {
  const known = order.reversals.get(id);
  const next = known ? mergeReversal(known, event) : event;
  return { ...order, reversals: new Map([...order.reversals, [id, next]]) };
}

/** Which state wins between reports without times: a lost dispute over an open one, a won one over all. */
const RANKS: readonly ReversalState[] = ['open', 'lost', 'done', 'won'];

/**
 * The report with the later time counts, with its part and amount: a refund of a part may follow a full one that failed. With equal
 * times, or none, the state further right in RANKS and the larger amount count.
 */
function mergeReversal(known: Reversal, event: Reversal): Reversal {
  const kind = known.kind === 'chargeback' ? known.kind : event.kind;
  const [one, other] = [known.at ?? '', event.at ?? ''];
  if (one !== other) return { ...(other > one ? event : known), kind };
  const isHigher = RANKS.indexOf(event.state) > RANKS.indexOf(known.state);
  return {
    kind,
    state: isHigher ? event.state : known.state,
    part: known.part === 'full' ? known.part : event.part,
    amount: larger(known.amount, event.amount),
    at: known.at,
  };
}

/** Adds what waited under another ID of the order. The other ID becomes an alias. */
export function joinStub(order: Order, stub: Order, judge: Judge, now: number): Order | undefined {
  const renewed = {
    ...withAliases(order, [stub.key, ...stub.aliases]),
    renewedAt: order.renewedAt ?? stub.renewedAt,
    // The amount of the renewal that ends a trial.
    amount: order.paidAt ? order.amount : (order.amount ?? stub.amount),
  };
  const all = [...stub.reversals].reduce<Order>((sum, [id, event]) => withReversal(sum, id, event), renewed);
  return finish(order, judgeLines(all, judge, now), now);
}

/** The answer of a serial's generator: the serial, a failure, or the time of the next call. */
export type Answer =
  | { readonly serial: Omit<NewSerial, 'licensee'> }
  | { readonly reason: HeldReason }
  | { readonly until: number };

/** Applies the generator's answer. A late serial goes by mail. An answer for another licensee is dropped: the name was corrected meanwhile. */
export function applyAnswer(
  order: Order,
  id: number,
  licensee: string,
  answer: Answer,
  now: number,
): Order | undefined {
  const lines = order.lines.map((line) =>
    line.id === id && line.state === 'to_make' && line.licensee === licensee
      ? answerLine(line, answer)
      : line,
  );
  return finish(order, { ...order, lines }, now);
}

function answerLine(
  { tries, until: _, ...line }: Line & { readonly state: 'to_make' },
  answer: Answer,
): Line {
  const { licensee, state, ...facts } = line;
  if ('until' in answer) return { ...facts, state, licensee, tries: tries + 1, until: toAt(answer.until) };
  if ('reason' in answer) return { ...facts, state: 'held', reason: answer.reason };
  const issued = { n: 1, licensee, ...answer.serial };
  return { ...facts, via: 'mail', state: 'issued', issued, superseded: [] };
}

/** Remembers that the log reports the missing sale of these reversals, so that it does so once. */
export const markReported = (order: Order, now: number): Order | undefined =>
  isStub(order) ? finish(order, { ...order, reportedAt: order.reportedAt ?? toAt(now) }, now) : undefined;
