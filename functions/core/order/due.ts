/** Derives the payment, the mail that each line needs, the wake time and the hold from an order. */
import type { HeldReason } from '../inbound/event.ts';
import { toMailbox } from '../mail/address.ts';
import { atLeast } from './money.ts';
import type { At, Item, Line, Order, Send } from './types.ts';

const DAY_MS = 24 * 3_600_000;

export const toAt = (ms: number): At => new Date(ms).toISOString();

export type Payment = 'unpaid' | 'paid' | 'partly_refunded' | 'refunded' | 'disputed';
export type Status = Payment | 'erased';

export const isPaid = ({ paidAt, trial, renewedAt }: Order): boolean =>
  paidAt !== undefined || (trial !== undefined && renewedAt !== undefined);

export function paymentOf(order: Order): Payment {
  if (!isPaid(order)) return 'unpaid';
  if (order.reversals.size === 0) return 'paid';
  const { amount } = order;
  const counting = [...order.reversals.values()].filter(({ state }) => state !== 'won');
  if (counting.some(({ kind }) => kind === 'chargeback')) return 'disputed';
  const parts = counting.flatMap((reversal) => reversal.amount ?? []);
  if (counting.some(({ part }) => part === 'full')) return 'refunded';
  if (amount && parts.length > 0 && atLeast(parts, amount)) return 'refunded';
  return counting.length > 0 ? 'partly_refunded' : 'paid';
}

export const statusOf = (order: Order): Status => (order.erasedAt ? 'erased' : paymentOf(order));

/** Paid, not erased, and neither refunded nor disputed. A partial refund changes the record, not the mail. */
export const isInForce = (order: Order): boolean => ['paid', 'partly_refunded'].includes(statusOf(order));

/** The present address of the order's mails; undefined if the buyer's address is unknown. */
export const addressOf = ({ test, buyer }: Pick<Order, 'test' | 'buyer'>): string | undefined =>
  test ? 'seller' : buyer.email;

/** The mail that a line needs. `wanted`: a mail has to start, but not before `from`. */
export type Need =
  | { readonly is: 'none' | 'covered' }
  | { readonly is: 'failed'; readonly reason: HeldReason }
  | { readonly is: 'wanted'; readonly from: At };

export function needOf(order: Order, line: Line): Need {
  if (line.state !== 'issued' || line.via !== 'mail' || !isInForce(order)) return { is: 'none' };
  const live = liveSends(order);
  const mine = live.filter((send) => carriesLine(send, line));
  if (live.some(isBounced)) return { is: 'failed', reason: 'bounced' };
  if (mine.some((send) => send.state === 'accepted' && !isFailed(send))) return { is: 'covered' };
  if (!order.test && !toMailbox(order.buyer.email)) return { is: 'failed', reason: 'bad_address' };
  if (mine.some(isUndelivered)) return { is: 'failed', reason: 'bounced' };
  if (mine.some(isUnsendable)) return { is: 'failed', reason: 'mail_refused' };
  const inFlight = order.sends.filter((send) => send.state === 'in_flight' && carriesLine(send, line));
  const untils = [...mine, ...inFlight].flatMap((send) => ('until' in send ? send.until : []));
  return { is: 'wanted', from: latest(untils) ?? order.outbox?.since ?? order.receivedAt };
}

/** Mails with serials to the present address, without dismissed ones. */
export const liveSends = (order: Order): readonly Send[] =>
  order.sends.filter((send) => send.about === 'serials' && send.to === addressOf(order) && !send.dismissed);

/** True if the mail carries the line's present serial. */
export const carriesLine = ({ carries }: Send, line: Line): boolean =>
  line.state === 'issued' &&
  carries.some((carried) => carried.line === line.id && carried.issue === line.issued.n);

export const isSettled = ({ state }: Send): boolean => state === 'accepted' || state === 'refused';

/** True if the address is wrong, so that every mail to it fails. */
const isBounced = (send: Send) =>
  send.state === 'accepted' && (send.delivery === 'bounced' || send.delivery === 'suppressed');

/** True if SES refused the mail, or accepted it and found a virus in it. */
const isUnsendable = (send: Send) =>
  send.state === 'refused' || (send.state === 'accepted' && send.delivery === 'rejected');

/** True if SES gave this mail up, for example because the mailbox is full. */
const isUndelivered = (send: Send) => send.state === 'accepted' && send.delivery === 'undelivered';

/** True if the mail did not arrive and no retry will help. */
export const isFailed = (send: Send): boolean => isBounced(send) || isUndelivered(send) || isUnsendable(send);

/** The time at which each mail that is still to be sent may start. */
export const mailTimes = (order: Order): readonly At[] => [
  ...order.lines.flatMap((line) => {
    const need = needOf(order, line);
    return need.is === 'wanted' ? need.from : [];
  }),
  ...order.sends.flatMap((send) => (isNotice(order, send) && 'until' in send ? send.until : [])),
];

/** True for a mail without serials that is still wanted. */
export const isNotice = (order: Order, send: Send): boolean =>
  send.about !== 'serials' && mayStart(order, send);

export function mayStart(order: Order, { about }: Send): boolean {
  switch (about) {
    case 'serials':
      return isInForce(order);
    case 'trial':
      return awaitsPayment(order);
    case 'held':
      return isWhollyHeld(order);
    case 'moved':
      return true;
  }
}

/** True if the buyer has paid and receives nothing until a person acts. */
export const isWhollyHeld = (order: Order): boolean =>
  isInForce(order) &&
  !order.test &&
  order.lines.length > 0 &&
  order.lines.every(({ state }) => state === 'held') &&
  toMailbox(order.buyer.email) !== undefined;

const isHeldOnlyFor = (order: Order, reasons: readonly HeldReason[]): boolean =>
  isInForce(order) && isHeld(order) && heldReasons(order).every((reason) => reasons.includes(reason));

/** True if the order is held for its name only: a name that the buyer types must not approve a price, for example. */
export const lacksName = (order: Order): boolean =>
  isHeldOnlyFor(order, ['no_name', 'unmappable_name', 'name_too_long']);

/** True if the order is held only because no mail reaches its buyer. */
export const lacksAddress = (order: Order): boolean =>
  isHeldOnlyFor(order, ['bad_address', 'mail_refused', 'bounced']);

/** True if a first payment may still come: the buyer has not cancelled. */
export const awaitsPayment = (order: Order): boolean => !isPaid(order) && order.reversals.size === 0;

/** The time at which the generator is called (again) for each serial that is still to be made. */
export const makeTimes = (order: Order): readonly At[] =>
  isInForce(order) ? order.lines.flatMap((line) => (line.state === 'to_make' ? line.until : [])) : [];

/** True if the sale has not arrived, only reversals or a renewal of it. */
export const isStub = (order: Order): boolean =>
  order.lines.length === 0 && !isPaid(order) && !order.erasedAt;

/** The time at which `redeliver` has to process the order next; undefined if it has nothing to do. */
export function wakeAt(order: Order): At | undefined {
  const orphan = isStub(order) && order.reversals.size > 0 && !order.reportedAt ? [orphanedAt(order)] : [];
  const mails = order.outbox?.held ? [] : mailTimes(order);
  return [...makeTimes(order), ...mails, ...orphan].sort()[0];
}

/** The midnight after a whole day, so that all reversals of a day are reported together. */
const orphanedAt = ({ receivedAt }: Order): At =>
  toAt(Math.ceil(Date.parse(receivedAt) / DAY_MS + 1) * DAY_MS);

export const isDue = (order: Order, now: number): boolean => {
  const at = wakeAt(order);
  return at !== undefined && Date.parse(at) <= now;
};

/** True if a person has to act. */
export const isHeld = (order: Order): boolean =>
  isInForce(order) &&
  (order.outbox?.held !== undefined ||
    order.lines.some((line) => line.state === 'held' || needOf(order, line).is === 'failed'));

/** True for a held order that lacks a serial, and for a notification of which no order could be made; false for what else waits. */
export const lacksSerial = (item: Item): boolean =>
  item.kind === 'unreadable' ||
  (item.kind === 'order' &&
    (item.lines.length === 0 || item.lines.some(({ state }) => state !== 'issued' && state !== 'erased')));

/** Returns why a person has to act on the line: before there is a serial, or because no mail brings it. */
export function heldFor(order: Order, line: Line): HeldReason | null {
  if (line.state === 'held') return line.reason;
  const need = needOf(order, line);
  if (need.is === 'failed') return need.reason;
  return need.is === 'wanted' ? (order.outbox?.held ?? null) : null;
}

/** Returns each reason once: those of the lines, and that of the outbox, also if every line has been mailed. */
export const heldReasons = (order: Order): readonly HeldReason[] => [
  ...new Set([
    ...order.lines.flatMap((line) => heldFor(order, line) ?? []),
    ...(order.heldAt && order.outbox?.held ? [order.outbox.held] : []),
  ]),
];

export type MailState = 'none' | 'due' | 'unknown' | 'sent' | 'delivered' | 'bounced' | 'complained';

/** Summarises all mails with serials: the state of those to be sent, else the delivery of the latest accepted one. */
export function mailState(order: Order): MailState {
  const wanted = order.lines.filter((line) => needOf(order, line).is === 'wanted');
  if (wanted.length > 0 && !order.outbox?.held) {
    const isDoubtful = (send: Send) =>
      send.state === 'unknown' || (send.state === 'in_flight' && send.doubt === true);
    const mine = liveSends(order).filter((send) => wanted.some((line) => carriesLine(send, line)));
    return mine.some(isDoubtful) ? 'unknown' : 'due';
  }
  const last = latestAccepted(order);
  if (!last)
    return order.lines.some(({ state, via }) => state === 'issued' && via === 'elsewhere') ? 'sent' : 'none';
  const { delivery } = last;
  if (delivery === 'none') return 'sent';
  if (delivery === 'suppressed' || delivery === 'undelivered') return 'bounced';
  return delivery === 'rejected' ? 'none' : delivery;
}

/** The accepted mail with serials that has the highest ordinal. */
export const latestAccepted = ({ sends }: Order) =>
  sends.flatMap((send) => (send.state === 'accepted' && send.about === 'serials' ? send : [])).at(-1);

const latest = (times: readonly At[]): At | undefined => [...times].sort().at(-1);
