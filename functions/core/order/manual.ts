/** Manual actions on an order. Each adds its audit entry, or returns why it changes nothing. */
import { createHash } from 'node:crypto';
import type { Buyer } from '../inbound/event.ts';
import { addressOf, heldReasons, isFailed, isInForce, isSettled, liveSends, statusOf, toAt } from './due.ts';
import { factsOf, type Judge, judgeLines, type NewLine, type NewSerial, reopenLines } from './lines.ts';
import { withMail } from './sends.ts';
import { finish, isSame, isWithinLimits, settle } from './settle.ts';
import { union, withMissing, without } from './transitions.ts';
import {
  type Action,
  type AuditEntry,
  BUYER_FIELDS,
  type Facts,
  type Line,
  type Order,
  type Send,
  type Superseded,
} from './types.ts';

export type Actor = Pick<AuditEntry, 'who' | 'why'>;

export type Result = Order | 'unchanged' | 'too_large' | 'erased' | 'not in force';

/** A digest of what a manual action is decided on. If it differs from what the person saw, show the order again. */
export function basis({ buyer, lines, outbox, heldAt, erasedAt }: Order): string {
  const seen = [buyer, lines, outbox?.held, heldAt !== undefined, erasedAt];
  return createHash('sha256').update(JSON.stringify(seen)).digest('base64url');
}

/** The lines and the buyer as they are parsed now, and the SKUs that the seller ignores now. */
export interface Parsed {
  readonly lines: readonly NewLine[];
  readonly buyer?: Buyer | undefined;
  readonly ignored?: readonly string[] | undefined;
}

/** Judges the lines without a serial again: the cause may have gone, or the notification may be parsed differently. */
export function rejudge(order: Order, parsed: Parsed, judge: Judge, now: number): Order | undefined {
  return order.erasedAt ? undefined : finish(order, judgeAgain(order, parsed, judge, now), now);
}

function judgeAgain(
  order: Order,
  { lines, buyer = {}, ignored = [] }: Parsed,
  judge: Judge,
  now: number,
): Order {
  const hasSerial = order.lines.some(({ state }) => state === 'issued');
  const better = hasSerial
    ? withMissing(order.buyer, buyer)
    : { ...order.buyer, ...without(buyer, order.corrected) };
  const open = reopenLines(order, lines).filter(
    ({ state, sku }) => state !== 'pending' || !ignored.includes(sku),
  );
  const next = judgeLines({ ...order, buyer: better, lines: open }, judge, now);
  // A call of the generator for the same licensee goes on.
  const isCalled = (line: Line, was: Line) =>
    line.state === 'to_make' &&
    was.state === 'to_make' &&
    line.id === was.id &&
    line.licensee === was.licensee;
  return { ...next, lines: next.lines.map((line) => order.lines.find((was) => isCalled(line, was)) ?? line) };
}

/** Judges lines again with the corrections, approves their prices, and sends failed mails again. */
export function release(
  order: Order,
  { corrections, ...parsed }: Parsed & { readonly corrections: Buyer },
  judge: Judge,
  by: Actor,
  now: number,
): Result {
  const approved = order.lines.map((line): Line => {
    if (line.state !== 'held') return line;
    const isPrice = line.reason === 'below_floor' || line.reason === 'price_unknown';
    // The person has looked at what the provider said of the line.
    return { ...line, fromProvider: undefined, ...(isPrice && { approved: true }) };
  });
  const corrected = withCorrections({ ...order, lines: approved }, corrections);
  const judged = judgeAgain(corrected, parsed, judge, now);
  return finishManual(order, dismiss(judged, isFailed), 'release', by, now);
}

/** Ends the held lines: no serial is ever made for them. */
export function reject(order: Order, by: Actor, now: number): Result {
  const lines = order.lines.map(
    (line): Line =>
      line.state === 'held' ? { ...factsOf(line), state: 'erased', product: line.product } : line,
  );
  return finishManual(order, { ...order, lines }, 'reject', by, now);
}

/** Mails every serial once more, to `email` from now on. A mail that is in flight is not repeated. */
export function resend(order: Order, email: string | undefined, by: Actor, now: number): Result {
  const lines = order.lines.map((line): Line => (line.state === 'issued' ? { ...line, via: 'mail' } : line));
  const corrected = withCorrections({ ...order, lines }, { email });
  return finishManual(order, dismiss(corrected, isSettled), 'resend', by, now);
}

/** New serials by line ID, all made before. A line that has a serial for this licensee keeps it. */
export function reissue(
  order: Order,
  serials: ReadonlyMap<number, NewSerial>,
  corrections: Buyer,
  by: Actor,
  now: number,
): Result {
  const corrected = withCorrections(order, corrections);
  return finishManual(order, withSerials(corrected, serials, now), 'reissue', by, now);
}

/** Transfers the licence to another person. The previous owner gets a mail too. */
export function transfer(
  order: Order,
  serials: ReadonlyMap<number, NewSerial>,
  owner: Buyer,
  by: Actor,
  now: number,
): Result {
  const buyer = without(owner, []);
  const from = addressOf(order);
  const owned = { ...order, buyer, corrected: union(order.corrected, keysOf(buyer)) };
  const moved = withSerials(owned, serials, now);
  return finishManual(order, from ? withMail(moved, 'moved', from, now) : moved, 'transfer', by, now);
}

/** A serial that the buyer has received elsewhere. */
export interface ImportedLine extends NewSerial {
  readonly sku: string;
  readonly product: string;
  readonly quantity: number;
}

/** `held`, `unpaid`, `other serial`: the order has the line already, and importing would change it. */
export function importLine(
  order: Order,
  { sku, product, quantity, ...serial }: ImportedLine,
  { paidAt, buyer }: { readonly paidAt: string; readonly buyer: Buyer },
  by: Actor,
  now: number,
): Result | 'held' | 'unpaid' | 'other serial' {
  const known = order.lines.filter((line) => line.product === product);
  const serials = known.flatMap((line) => (line.state === 'issued' ? [line.issued, ...line.superseded] : []));
  if (order.erasedAt) return 'erased';
  if (serials.some((one) => one.serial === serial.serial)) return 'unchanged';
  if (serials.length > 0) return 'other serial';
  if (order.lines.some(({ state }) => state === 'pending')) return 'unpaid';
  if (known.length > 0 || order.heldAt) return 'held';
  const id = Math.max(0, ...order.lines.map((line) => line.id)) + 1;
  const issued = { n: 1, ...serial };
  const line: Line = {
    id,
    sku,
    product,
    quantity,
    via: 'elsewhere',
    state: 'issued',
    issued,
    superseded: [],
  };
  const next = { ...order, paidAt: order.paidAt ?? paidAt, buyer: withMissing(order.buyer, buyer) };
  return finishManual(order, { ...next, lines: [...order.lines, line] }, 'import', by, now);
}

/** Erases the person. A tombstone remains, so that the order is never issued again. */
export function erase(order: Order, by: Actor, now: number): Order | 'erased' {
  if (order.erasedAt) return 'erased';
  const audit = order.audit.map((entry) => ({ ...entry, why: null, before: {}, after: {} }));
  const lines = order.lines.map((line): Line => {
    const issues = line.state === 'issued' ? line.issued.n : undefined;
    return { ...factsOf(line), state: 'erased', product: line.product, issues };
  });
  const bare = { ...order, buyer: {}, corrected: [], sends: [], raw: undefined, erasedAt: toAt(now) };
  return settle(withErasure({ ...bare, lines, audit }, personalIn(order).join(', '), by, now), now);
}

/** Erases the notification of another buyer's order that contains the person. */
export const eraseNotification = (order: Order, by: Actor, now: number): Order =>
  withErasure({ ...order, raw: undefined }, 'notification', by, now);

const withErasure = (order: Order, erased: string, { who, why }: Actor, now: number): Order => ({
  ...order,
  audit: [...order.audit, { at: toAt(now), who, what: 'erase', why, before: {}, after: { erased } }],
});

/** Names of the fields that are about the person. */
function personalIn({ buyer, lines, raw, audit }: Order): readonly string[] {
  return [
    ...keysOf(buyer),
    ...(lines.some(({ state }) => state === 'issued') ? ['licensee', 'serial'] : []),
    ...(raw ? ['notification'] : []),
    ...(audit.length > 0 ? ['audit'] : []),
  ];
}

/**
 * Returns the order with an audit entry of what has changed since `before`: also for a sale that a person records. `known` are
 * facts that are not in `before`.
 */
export function withAudit(
  before: Order,
  after: Order,
  what: Action,
  by: Actor,
  now: number,
  known: Facts = {},
): Order {
  const [old, next] = [{ ...auditFacts(before), ...known }, auditFacts(after)];
  const names = Object.keys({ ...old, ...next }).filter(
    (name) => (old[name] ?? null) !== (next[name] ?? null),
  );
  const changed = (facts: Facts) => Object.fromEntries(names.map((name) => [name, facts[name] ?? null]));
  const entry = { at: toAt(now), who: by.who, what, why: by.why, before: changed(old), after: changed(next) };
  return { ...after, audit: [...after.audit, entry] };
}

function auditFacts(order: Order): Facts {
  const { buyer, lines } = order;
  const all = (values: readonly (string | null | undefined)[]) => values.filter(Boolean).join(', ') || null;
  const { name = null, email = null, company = null, registration = null } = buyer;
  return {
    ...{ name, email, company, registration },
    products: all(lines.map(({ product, sku }) => product ?? sku)),
    licensee: all(lines.map((line) => (line.state === 'issued' ? line.issued.licensee : null))),
    // Line and issue number: a serial is never written to the audit.
    issued: all(lines.map((line) => (line.state === 'issued' ? `${line.id}.${line.issued.n}` : null))),
    held: all(heldReasons(order)),
    status: statusOf(order),
  };
}

function finishManual(before: Order, after: Order, what: Action, by: Actor, now: number): Result {
  if (before.erasedAt) return 'erased';
  if (!isInForce(before) && what !== 'import') return 'not in force';
  // The age of a mail counts from the action on.
  const unheld = what === 'import' ? after : { ...after, outbox: undefined };
  const next = settle(unheld, now);
  if (
    isSame({ ...settle(before, now), outbox: undefined }, { ...next, outbox: undefined }) &&
    !before.outbox?.held
  )
    return 'unchanged';
  const audited = withAudit(before, next, what, by, now);
  return isWithinLimits(audited) ? audited : 'too_large';
}

function withCorrections(order: Order, corrections: Buyer): Order {
  const set = without(corrections, []);
  return { ...order, buyer: { ...order.buyer, ...set }, corrected: union(order.corrected, keysOf(set)) };
}

const keysOf = (buyer: Buyer) => BUYER_FIELDS.filter((name) => buyer[name] !== undefined);

/** Dismisses the settled mails with serials for which `isOver` holds, so that their lines are mailed again. */
function dismiss(order: Order, isOver: (send: Send) => boolean): Order {
  const live = liveSends(order);
  const sends = order.sends.map(
    (send): Send =>
      live.includes(send) && isSettled(send) && isOver(send) ? { ...send, dismissed: true } : send,
  );
  return { ...order, sends };
}

function withSerials(order: Order, serials: ReadonlyMap<number, NewSerial>, now: number): Order {
  const lines = order.lines.map((line): Line => {
    const serial = serials.get(line.id);
    if (!serial || line.state !== 'issued' || line.issued.licensee === serial.licensee) return line;
    const old: Superseded = { ...line.issued, at: toAt(now) };
    const issued = { n: line.issued.n + 1, ...serial };
    return { ...line, via: 'mail', issued, superseded: [...line.superseded, old] };
  });
  return { ...order, lines };
}
