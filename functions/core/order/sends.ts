/** The mails of an order: start, outcome of a try, SES's events, and the age at which the order is held. */
import {
  addressOf,
  carriesLine,
  isDue,
  isNotice,
  isSettled,
  liveSends,
  mailTimes,
  needOf,
  toAt,
} from './due.ts';
import { finish, LIMITS, settle, withTooLarge } from './settle.ts';
import {
  type Carried,
  DELIVERIES,
  type Delivery,
  type InFlight,
  type Line,
  type Order,
  type Send,
  type SendFacts,
  TROUBLES,
  type Trouble,
} from './types.ts';

const MINUTE = 60_000;
/** The length of a sender's lease: longer than any Lambda works on one mail. */
export const LEASE_MS = 2 * MINUTE;
/** A sender calls SES only with this much of its lease left, so that the lease ends after SES's answer. */
const LEAST_LEFT_MS = MINUTE;
/** SES may have accepted a mail whose outcome is unknown: the next try starts after this time. */
export const UNKNOWN_MS = 10 * MINUTE;
/** A run of `redeliver` ends at the first fault of the account, so that one mail is tried each minute. */
const ACCOUNT_MS = MINUTE;
const LONGEST_BACKOFF_MS = 15 * MINUTE;
const OLDEST_MS = 72 * 60 * MINUTE;

export interface Started {
  readonly order: Order;
  /** The mail to send; undefined if there is no room for another send, so that the order is held as `too_large`. */
  readonly send?: InFlight | undefined;
}

/** Acquires the lease of the mail that is due: a retry if one with the same content exists, else a new send. */
export function start(order: Order, now: number): Started | undefined {
  if (order.outbox?.held || !isDue(order, now)) return undefined;
  const lines = linesDue(order, now);
  const other = order.sends.find((send) => isNotice(order, send) && isReady(send, now));
  if (lines.length === 0) return other && startSend(order, retry(other, now), now);
  const carries = lines.map((line) => ({ line: line.id, issue: line.issued.n }));
  const same = liveSends(order).find((send) => isReady(send, now) && isSameContent(send.carries, carries));
  if (same) return startSend(order, retry(same, now), now);
  // The new mail replaces waiting ones, which SES has certainly not accepted.
  const kept = order.sends.filter(
    (send) => send.state !== 'waiting' || !lines.some((line) => carriesLine(send, line)),
  );
  const n = Math.max(0, ...order.sends.map((send) => send.n)) + 1;
  const room = prune({ ...order, sends: kept }, now);
  if (room.sends.length >= LIMITS.sends) return { order: settle(withTooLarge(order, now), now) };
  const to = addressOf(order) ?? '';
  return startSend(
    room,
    { n, to, about: 'serials', carries, tries: 1, state: 'in_flight', until: leaseEnd(now) },
    now,
  );
}

type IssuedLine = Line & { readonly state: 'issued' };

/** Returns the lines whose mail may start now, and those that only wait for a later try: one mail instead of two. */
function linesDue(order: Order, now: number): readonly IssuedLine[] {
  const wanted = order.lines.flatMap((line) => {
    const need = needOf(order, line);
    return need.is === 'wanted' && line.state === 'issued'
      ? [{ line, isNow: Date.parse(need.from) <= now }]
      : [];
  });
  const isOnlyWaiting = (line: Line) =>
    order.sends.every((send) => send.state === 'waiting' || isSettled(send) || !carriesLine(send, line));
  if (!wanted.some(({ isNow }) => isNow)) return [];
  return wanted.filter(({ line, isNow }) => isNow || isOnlyWaiting(line)).map(({ line }) => line);
}

const isReady = (send: Send, now: number): boolean => 'until' in send && Date.parse(send.until) <= now;

const isSameContent = (one: readonly Carried[], other: readonly Carried[]): boolean =>
  one.length === other.length &&
  one.every(({ line, issue }) => other.some((carried) => carried.line === line && carried.issue === issue));

const leaseEnd = (now: number) => toAt(now + LEASE_MS);

/** Returns the send with one more try. There is doubt unless SES has certainly not accepted the last one. */
const retry = (send: Send, now: number): InFlight => ({
  ...factsOf(send),
  tries: send.tries + 1,
  state: 'in_flight',
  until: leaseEnd(now),
  ...(send.state === 'waiting' ? {} : { doubt: true }),
});

function startSend(order: Order, send: InFlight, now: number): Started {
  const sends = [...order.sends.filter(({ n }) => n !== send.n), send].sort((one, other) => one.n - other.n);
  return { order: settle({ ...order, sends }, now), send };
}

/** Makes room for one more send by removing the oldest ones that no longer count. */
function prune(order: Order, now: number): Order {
  const current = (send: Send) =>
    !send.dismissed && send.to === addressOf(order) && order.lines.some((line) => carriesLine(send, line));
  const isOver = (send: Send) => isSettled(send) || (send.about === 'serials' && isReady(send, now));
  const old = order.sends.filter((send) => isOver(send) && !current(send));
  const excess = old.slice(0, Math.max(0, order.sends.length - LIMITS.sends + 1));
  return { ...order, sends: order.sends.filter((send) => !excess.includes(send)) };
}

/** True if the sender may still call SES: another sender may start when the lease ends. */
export const mayCallSes = (send: InFlight, now: number): boolean =>
  Date.parse(send.until) - now >= LEAST_LEFT_MS;

/** The result of one attempt to send. */
export type SendOutcome =
  | { readonly kind: 'sent'; readonly messageId: string }
  /** The mail was certainly not accepted; another attempt soon may succeed. */
  | { readonly kind: 'throttled'; readonly code: string }
  /** The same, because SES cannot be reached: every other mail would fail too. */
  | { readonly kind: 'unreachable'; readonly code: string }
  /** The mail may or may not have been accepted. */
  | { readonly kind: 'unknown'; readonly code: string }
  /** SES will never accept this address. */
  | { readonly kind: 'refused'; readonly code: string }
  /** The seller's account or settings are at fault; every other mail would fail too. */
  | { readonly kind: 'account'; readonly code: string };

/** Applies the outcome of a try to its send. An earlier try changes nothing, unless SES has accepted it. */
export function applyOutcome(
  order: Order,
  { n, tries }: Pick<SendFacts, 'n' | 'tries'>,
  result: SendOutcome,
  now: number,
): Order | undefined {
  return changeSend(order, n, now, (send) => {
    if (result.kind === 'sent') return accept(send, result.messageId, now);
    if (send.state !== 'in_flight' || send.tries !== tries) return send;
    const facts = factsOf(send);
    const { code, kind } = result;
    if (kind === 'refused') return { ...facts, state: 'refused', code };
    if (kind === 'unknown') return { ...facts, state: 'unknown', code, until: toAt(now + UNKNOWN_MS) };
    const until = toAt(now + (kind === 'account' ? ACCOUNT_MS : backoff(order.key, send.tries)));
    return { ...facts, state: send.doubt ? 'unknown' : 'waiting', code, until };
  });
}

const CHANGES = {
  send: {},
  delay: { trouble: 'delayed' },
  // An auto-responder may have answered.
  soft_bounce: { trouble: 'soft_bounce' },
  // The mailbox is full, or SES has given up. The address may be right.
  undelivered: { delivery: 'undelivered', trouble: 'soft_bounce' },
  delivery: { delivery: 'delivered' },
  complaint: { delivery: 'complained' },
  bounce: { delivery: 'bounced' },
  // SES accepted the mail and did not send it, because the address has bounced before.
  suppressed: { delivery: 'suppressed' },
  // SES found a virus in the mail and did not send it.
  reject: { delivery: 'rejected' },
} as const satisfies Readonly<Record<string, Change>>;
interface Change {
  readonly delivery?: Delivery;
  readonly trouble?: Trouble;
}
export type MailEventKind = keyof typeof CHANGES;

/** An event of SES about an accepted mail. */
export interface SendEvent {
  readonly kind: MailEventKind;
  readonly messageId: string;
  /** From the mail's tags. */
  readonly send?: number | undefined;
  /** The tag of mails that started under schema 1; they do not name their send. */
  readonly version?: number | undefined;
}

/** Applies an event of SES to the send that the mail's tag names, or to send 0 if it has only the tag of schema 1. */
export function applyMailEvent(order: Order, event: SendEvent, now: number): Order | undefined {
  const { version = Number.POSITIVE_INFINITY } = event;
  const old = order.sends.find(({ fromVersion }) => fromVersion !== undefined && version >= fromVersion);
  const n = event.send ?? old?.n;
  const { delivery, trouble }: Change = CHANGES[event.kind];
  return n === undefined
    ? undefined
    : changeSend(order, n, now, (send) => {
        const known = accept(send, event.messageId, now);
        return {
          ...known,
          delivery: higher(DELIVERIES, known.delivery, delivery) ?? 'none',
          trouble: higher(TROUBLES, known.trouble, trouble),
        };
      });
}

const higher = <One>(list: readonly One[], one: One | undefined, other: One | undefined): One | undefined =>
  list.findLast((each) => each === one || each === other);

const accept = (send: Send, messageId: string, now: number): Send & { readonly state: 'accepted' } =>
  send.state === 'accepted'
    ? { ...send, messageId: send.messageId ?? messageId }
    : { ...factsOf(send), state: 'accepted', at: toAt(now), messageId, delivery: 'none' };

function factsOf({ n, to, about, carries, tries, dismissed, fromVersion }: Send): SendFacts {
  return { n, to, about, carries, tries, dismissed, fromVersion };
}

/** Changes nothing if the order does not have the send: it was pruned, or the person was erased. */
function changeSend(order: Order, n: number, now: number, change: (send: Send) => Send): Order | undefined {
  const sends = order.sends.map((send) => (send.n === n ? change(send) : send));
  return finish(order, { ...order, sends }, now);
}

/** 5 s × 2ⁿ, at most 15 min, less up to half: spread by the order's key, so that not all orders are retried at once. */
function backoff(key: string, tries: number): number {
  const full = Math.min(LONGEST_BACKOFF_MS, 5_000 * 2 ** Math.min(tries - 1, 10));
  let spread = tries;
  for (const char of key) spread = (spread * 31 + (char.codePointAt(0) ?? 0)) % 1_000;
  return Math.round(full * (1 - spread / 2_000));
}

/** Holds a mail that is due and has been wanted for 72 h. */
export function holdByAge(order: Order, now: number): Order | undefined {
  const { outbox } = order;
  const isOld = outbox && !outbox.held && now - Date.parse(outbox.since) >= OLDEST_MS;
  if (!isOld || !mailTimes(order).some((at) => Date.parse(at) <= now)) return undefined;
  return finish(order, { ...order, outbox: { ...outbox, held: 'mail_age' } }, now);
}

/** Adds a mail without serials, which is due at once. */
export function withMail(order: Order, about: 'trial' | 'moved' | 'held', to: string, now: number): Order {
  const room = prune(order, now);
  const n = Math.max(0, ...order.sends.map((send) => send.n)) + 1;
  return {
    ...room,
    sends: [...room.sends, { n, to, about, carries: [], tries: 0, state: 'waiting', until: toAt(now) }],
  };
}
