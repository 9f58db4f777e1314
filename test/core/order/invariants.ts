/** The rules that hold after every write: the definitions of ARCHITECTURE.md, written independently of the code. */
import { toMailbox } from '../../../functions/core/mail/address.ts';
import { wakeAt } from '../../../functions/core/order/due.ts';
import {
  type Alias,
  DELIVERIES,
  type Item,
  type Line,
  type Order,
  type Send,
} from '../../../functions/core/order/types.ts';
import { SECRETS } from './histories.ts';

export class Violation extends Error {}

export function check(isTrue: boolean, rule: string): void {
  if (!isTrue) throw new Violation(rule);
}

/** One try of a mail, from the write that takes its lease. */
export interface Call {
  readonly key: string;
  readonly n: number;
  readonly tries: number;
  readonly to: string;
  readonly messageId: string;
  readonly until: number;
  serials: readonly string[];
  startedAt?: number;
  /** SES has accepted it, whether or not the order says so. */
  isAccepted: boolean;
  /** Its sender has recorded the outcome, or had nothing to record. */
  isOver: boolean;
  /** The order says that SES has it. */
  isKnown: boolean;
  /** A person has asked for its serials again, after it was settled. */
  isAsked: boolean;
}

interface Watched {
  readonly calls: Call[];
  readonly now: number;
}

export function checkPut(world: Watched, before: Item | undefined, after: Order | Alias, by: string): void {
  check(before?.kind !== 'alias', 'an alias is replaced');
  if (after.kind === 'alias') return;
  const old = before?.kind === 'order' ? before : undefined;
  checkDerived(after);
  checkSize(after);
  checkLines(old, after, by);
  checkSends(world, old, after, by);
  if (after.erasedAt) {
    const text = JSON.stringify(after);
    check(!SECRETS.some((secret) => text.includes(secret)), 'something of an erased person remains');
  }
  const isKept = (entry: Order['audit'][number], at: number) =>
    entry.at === after.audit[at]?.at && entry.what === after.audit[at]?.what;
  check(old?.audit.every(isKept) ?? true, 'an audit entry is lost');
  if (old)
    check(
      old.corrected.every((name) => old.buyer[name] === after.buyer[name] || MANUAL.includes(by)),
      'an event changes a corrected buyer',
    );
}

const MANUAL = ['release', 'resend', 'reissue', 'transfer', 'erase'];
const NEW_SERIALS = ['reissue', 'transfer'];

function checkSize(order: Order): void {
  const { lines, sends, audit, aliases, reversals } = order;
  check(
    lines.length <= 100 &&
      sends.length <= 20 &&
      audit.length <= 101 &&
      aliases.length <= 20 &&
      reversals.size <= 100,
    'an order exceeds a limit',
  );
}

function checkLines(old: Order | undefined, order: Order, by: string): void {
  const products = order.lines.flatMap(({ product }) => product ?? []);
  const isMade = order.lines.some(({ state }) => state === 'issued' || state === 'to_make');
  check(isPaid(order) || !isMade, 'a serial is made before the order is paid');
  check(new Set(products).size === products.length, 'two lines for one product');
  check(new Set(order.lines.map(({ id }) => id)).size === order.lines.length, 'two lines with one ID');
  for (const was of old?.lines ?? []) {
    if (was.state !== 'issued') continue;
    const now = order.lines.find(({ id }) => id === was.id);
    if (now?.state === 'erased' && by === 'erase') continue;
    if (now?.state !== 'issued') throw new Violation('an issued line loses its serial');
    if (now.issued.serial === was.issued.serial) continue;
    check(NEW_SERIALS.includes(by), `a serial changes by ${by}`);
    check(
      now.superseded.some(({ serial }) => serial === was.issued.serial),
      'a replaced serial is not kept',
    );
  }
}

function checkSends(world: Watched, old: Order | undefined, order: Order, by: string): void {
  const notices = order.sends.filter(({ about }) => about === 'held').length;
  const isNew = world.now - Date.parse(order.heldAt ?? '') < 3_600_000;
  check(notices <= 1, 'the buyer gets two mails about a hold');
  check(!(isNew && isAllHeld(order)) || notices === 1, 'the buyer gets no mail about a hold');
  for (const send of order.sends) {
    const was = old?.sends.find(({ n }) => n === send.n);
    if (was) checkSend(was, send, by);
    if (was?.state !== 'accepted' && send.state === 'accepted')
      for (const call of callsOf(world, order, send)) call.isKnown = true;
    if (send.state === 'in_flight' && was?.tries !== send.tries) checkStart(world, order, send);
    if (MANUAL.includes(by) && (was?.state === 'accepted' || was?.state === 'refused') && send.dismissed)
      for (const call of callsOf(world, order, send)) call.isAsked = true;
  }
}

const callsOf = ({ calls }: Watched, { key }: Order, { n }: Send) =>
  calls.filter((call) => call.key === key && call.n === n);

function checkSend(was: Send, send: Send, by: string): void {
  check(send.tries >= was.tries && send.to === was.to, 'a send changes its address or loses a try');
  if (send.dismissed && !was.dismissed) {
    check(MANUAL.includes(by), 'a send is dismissed, and no person asked');
    check(was.state === 'accepted' || was.state === 'refused', `a send that is ${was.state} is dismissed`);
  }
  if (was.state !== 'accepted') return;
  if (send.state !== 'accepted') throw new Violation('an accepted mail is no longer accepted');
  check(DELIVERIES.indexOf(send.delivery) >= DELIVERIES.indexOf(was.delivery), 'a delivery status falls');
}

/** No mail repeats an issue that is in flight or known to be accepted, unless a person asked for exactly that. */
function checkStart(world: Watched, order: Order, send: Send & { readonly state: 'in_flight' }): void {
  const serials = order.lines.flatMap((line) =>
    line.state === 'issued' && send.carries.some((one) => one.line === line.id) ? line.issued.serial : [],
  );
  const isWanted = send.about === 'serials' ? isInForce(order) : isNoticeOpen(order, send);
  check(isWanted, 'a mail starts that the order does not want');
  for (const call of world.calls) {
    if (call.to !== send.to || !call.serials.some((serial) => serials.includes(serial))) continue;
    const isSettled = call.isOver || call.isAsked;
    check(isSettled || world.now >= call.until, 'a mail starts while another with its serial is in flight');
    check(
      isSettled || world.now - (call.startedAt ?? 0) >= 60_000,
      'a mail starts while SES is asked for another',
    );
    check(!call.isKnown || call.isAsked, 'a mail repeats a serial that SES has accepted');
  }
  const { n, tries, to } = send;
  const messageId = `m${world.calls.length + 1}`;
  const state = { isAccepted: false, isOver: false, isKnown: false, isAsked: false };
  world.calls.push({
    ...{ key: order.key, n, tries, to, messageId, serials },
    until: Date.parse(send.until),
    ...state,
  });
}

// The definitions, by plain loops.

const isPaid = (order: Order) => Boolean(order.paidAt || (order.trial && order.renewedAt));

function isInForce(order: Order): boolean {
  if (order.erasedAt || !isPaid(order)) return false;
  let back = 0;
  for (const { state, kind, part, amount } of order.reversals.values()) {
    if (state === 'won') continue;
    if (kind === 'chargeback' || part === 'full') return false;
    back += Number(amount?.value ?? 0);
  }
  return !(order.amount && back > 0 && back >= Number(order.amount.value));
}

function isNoticeOpen(order: Order, { about }: Send): boolean {
  if (about === 'trial') return !isPaid(order) && order.reversals.size === 0;
  return about === 'held' ? isAllHeld(order) : about === 'moved';
}

function isAllHeld(order: Order): boolean {
  for (const { state } of order.lines) if (state !== 'held') return false;
  return order.lines.length > 0 && !order.test && isInForce(order) && Boolean(toMailbox(order.buyer.email));
}

function mailAt(order: Order, line: Line): 'none' | 'failed' | 'covered' | number {
  if (!isInForce(order) || line.state !== 'issued' || line.via !== 'mail') return 'none';
  const address = order.test ? 'seller' : order.buyer.email;
  if (!order.test && !toMailbox(address)) return 'failed';
  let time = 0;
  let isCovered = false;
  let isRefused = false;
  for (const send of order.sends) {
    const isMine = send.carries.some((one) => one.line === line.id && one.issue === line.issued.n);
    const isLive = send.about === 'serials' && send.to === address && !send.dismissed;
    if (isLive && send.state === 'accepted') {
      if (send.delivery === 'bounced' || send.delivery === 'suppressed') return 'failed';
      if (isMine && (send.delivery === 'rejected' || send.delivery === 'undelivered')) isRefused = true;
      else if (isMine) isCovered = true;
    }
    if (isLive && isMine && send.state === 'refused') isRefused = true;
    const isBlocking = isMine && (isLive ? 'until' in send : send.state === 'in_flight');
    if (isBlocking && 'until' in send) time = Math.max(time, Date.parse(send.until));
  }
  if (isCovered) return 'covered';
  return isRefused ? 'failed' : time;
}

/** Due, held and the outbox are what the definitions say; a mail that may start at once is due since it is wanted. */
function checkDerived(order: Order): void {
  const mails = order.lines.map((line) => mailAt(order, line));
  const times = mails.filter((at) => typeof at === 'number');
  const others = order.sends.flatMap((send) =>
    'until' in send && isNoticeOpen(order, send) ? Date.parse(send.until) : [],
  );
  const making = order.lines.flatMap((line) =>
    line.state === 'to_make' && isInForce(order) ? Date.parse(line.until) : [],
  );
  const isOrphan =
    order.lines.length === 0 &&
    !isPaid(order) &&
    !order.erasedAt &&
    !order.reportedAt &&
    order.reversals.size > 0;
  const aDayLater = Date.parse(order.receivedAt) + 86_400_000;
  const midnight = Date.parse(new Date(aDayLater + 86_399_999).toISOString().slice(0, 10));
  const orphan = isOrphan ? [midnight] : [];
  const since = Date.parse(order.outbox?.since ?? order.receivedAt);
  const mailTimes = order.outbox?.held ? [] : [...times.map((at) => at || since), ...others];
  const wake = Math.min(...making, ...mailTimes, ...orphan);
  const due = Date.parse(wakeAt(order) ?? '') || Number.POSITIVE_INFINITY;
  check(due === wake, 'due at another time than the definition says');
  const hold =
    order.lines.some(({ state }) => state === 'held') ||
    mails.includes('failed') ||
    order.outbox?.held !== undefined;
  check((order.heldAt !== undefined) === (isInForce(order) && hold), 'held, and not as the definition says');
  const hasWork = times.length + others.length + making.length > 0;
  check(
    order.outbox?.held === 'too_large' || (order.outbox !== undefined) === hasWork,
    'the outbox is there, or not, without a reason',
  );
}
