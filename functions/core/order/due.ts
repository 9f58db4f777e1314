/** What is derived from an order: payment, what each line needs, when it is due, whether it is held. */

import type { HeldReason } from '../inbound/event.ts';
import { atLeast } from './money.ts';
import type { At, Line, Order, Send } from './types.ts';

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
  const standing = [...order.reversals.values()].filter(({ state }) => state !== 'won');
  if (standing.some(({ kind }) => kind === 'chargeback')) return 'disputed';
  const parts = standing.flatMap((reversal) => reversal.amount ?? []);
  if (standing.some(({ part }) => part === 'full')) return 'refunded';
  if (amount && parts.length > 0 && atLeast(parts, amount)) return 'refunded';
  return standing.length > 0 ? 'partly_refunded' : 'paid';
}

export const statusOf = (order: Order): Status => (order.erasedAt ? 'erased' : paymentOf(order));

/** Paid, not erased, and neither refunded nor disputed. A partial refund changes the record, not the mail. */
export const isInForce = (order: Order): boolean => ['paid', 'partly_refunded'].includes(statusOf(order));

/** Where the order's mails go now; undefined if the buyer's address is unknown. */
export const addressOf = ({ test, buyer }: Pick<Order, 'test' | 'buyer'>): string | undefined =>
  test ? 'seller' : buyer.email;

/** What a line needs of the mail. `wanted`: a mail has to start, but not before `from`. */
export type Need =
  | { readonly is: 'none' | 'covered' }
  | { readonly is: 'failed'; readonly reason: HeldReason }
  | { readonly is: 'wanted'; readonly from: At };

export function needOf(order: Order, line: Line): Need {
  if (line.state !== 'issued' || line.via !== 'mail' || !isInForce(order)) return { is: 'none' };
  if (addressOf(order) === undefined) return { is: 'failed', reason: 'bad_address' };
  const live = liveSends(order);
  const mine = live.filter((send) => carriesLine(send, line));
  if (live.some(isBounced)) return { is: 'failed', reason: 'bounced' };
  if (mine.some((send) => send.state === 'accepted' && send.delivery !== 'rejected'))
    return { is: 'covered' };
  if (mine.some(isUnsendable)) return { is: 'failed', reason: 'mail_refused' };
  const inFlight = order.sends.filter((send) => send.state === 'in_flight' && carriesLine(send, line));
  const untils = [...mine, ...inFlight].flatMap((send) => ('until' in send ? send.until : []));
  return { is: 'wanted', from: latest(untils) ?? order.outbox?.since ?? order.receivedAt };
}

/** Mails with serials to the present address that no person wants again. */
export const liveSends = (order: Order): readonly Send[] =>
  order.sends.filter((send) => send.about === 'serials' && send.to === addressOf(order) && !send.dismissed);

/** Whether the mail carries the line's present serial. */
export const carriesLine = ({ carries }: Send, line: Line): boolean =>
  line.state === 'issued' &&
  carries.some((carried) => carried.line === line.id && carried.issue === line.issued.n);

export const isSettled = ({ state }: Send): boolean => state === 'accepted' || state === 'refused';

/** The address is wrong, so every mail to it fails. */
const isBounced = (send: Send) =>
  send.state === 'accepted' && (send.delivery === 'bounced' || send.delivery === 'suppressed');

/** SES refused the mail, or accepted it and found a virus in it. */
const isUnsendable = (send: Send) =>
  send.state === 'refused' || (send.state === 'accepted' && send.delivery === 'rejected');

/** The mail did not arrive, and no retry will help. */
export const isFailed = (send: Send): boolean => isBounced(send) || isUnsendable(send);

/** When each mail that is still to be made may start. */
export const mailTimes = (order: Order): readonly At[] => [
  ...order.lines.flatMap((line) => {
    const need = needOf(order, line);
    return need.is === 'wanted' ? need.from : [];
  }),
  ...order.sends.flatMap((send) => (send.about !== 'serials' && 'until' in send ? send.until : [])),
];

/** When the generator is asked (again) for each serial that is still to be made. */
export const makeTimes = (order: Order): readonly At[] =>
  isInForce(order) ? order.lines.flatMap((line) => (line.state === 'to_make' ? line.until : [])) : [];

/** No sale is known yet, only what came before it. */
export const isStub = (order: Order): boolean =>
  order.lines.length === 0 && !isPaid(order) && !order.erasedAt;

/** When `redeliver` has to look at the order next; undefined: never. */
export function wakeAt(order: Order): At | undefined {
  const orphan = isStub(order) && order.reversals.size > 0 && !order.reportedAt ? [orphanedAt(order)] : [];
  const mails = order.outbox?.held ? [] : mailTimes(order);
  return [...makeTimes(order), ...mails, ...orphan].sort()[0];
}

/** The midnight after a whole day, so that all of a day are reported together. */
const orphanedAt = ({ receivedAt }: Order): At =>
  toAt(Math.ceil(Date.parse(receivedAt) / DAY_MS + 1) * DAY_MS);

export const isDue = (order: Order, now: number): boolean => {
  const at = wakeAt(order);
  return at !== undefined && Date.parse(at) <= now;
};

/** Whether a person has to act. */
export const isHeld = (order: Order): boolean =>
  isInForce(order) &&
  (order.outbox?.held !== undefined ||
    order.lines.some((line) => line.state === 'held' || needOf(order, line).is === 'failed'));

export type MailState = 'none' | 'due' | 'unknown' | 'sent' | 'delivered' | 'bounced' | 'complained';

/** One word for all mails with serials: what is still to be sent, else what became of the latest accepted one. */
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
  if (delivery === 'suppressed') return 'bounced';
  return delivery === 'rejected' ? 'none' : delivery;
}

/** The accepted mail with serials that has the highest ordinal. */
export const latestAccepted = ({ sends }: Order) =>
  sends.flatMap((send) => (send.state === 'accepted' && send.about === 'serials' ? send : [])).at(-1);

const latest = (times: readonly At[]): At | undefined => [...times].sort().at(-1);
