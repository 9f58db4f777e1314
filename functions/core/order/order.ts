/** The order as it is kept: a fold of facts. Every function here is pure; `record.ts` and `deliver.ts` store. */

import type { Buyer, HeldReason, Money, Reversal, ReversalState } from '../inbound/event.ts';
import { toEmailKey } from '../mail/address.ts';
import { likelyAddress } from '../mail/likely-address.ts';
import { atLeast, checkFloor, type Floor, shareOf } from './money.ts';

export interface Line {
  readonly sku: string;
  /** The catalogue's name of the product; null while nobody knows. */
  readonly product: string | null;
  readonly quantity: number;
  readonly paid?: Money | undefined;
  readonly settlement?: Money | undefined;
  /** Set until the order is paid: the floor for the line's share of the payment, and the total that `paid` is a share of. */
  readonly announced?: { readonly floor?: Floor | undefined; readonly total?: Money | undefined } | undefined;
  /** How the serial reaches the buyer: in our mail, or printed by the provider from our HTTP answer. */
  readonly delivery: 'mail' | 'answer';
  /** The name as it came, before any rule. */
  readonly received: string | null;
  /** The name the serial was made from, as it must be typed. Made once, like the serial. */
  readonly licensee: string | null;
  readonly serial: string | null;
  readonly keyVersion: number | null;
  readonly held: HeldReason | null;
  /** Set when a mail with this line was accepted by SES. */
  readonly sent?: boolean | undefined;
  /** Serials that a person has replaced by the one above, oldest first. */
  readonly superseded?: readonly Superseded[] | undefined;
}

export interface Superseded extends Pick<Line, 'licensee' | 'serial' | 'keyVersion'> {
  readonly at: string;
}

/** The order's mail. `none`: nothing to send; `unknown`: SES may have accepted it; `sent`: SES has accepted it. */
export type MailState = 'none' | 'due' | 'unknown' | 'sent' | 'delivered' | 'bounced' | 'complained';

export interface Mail {
  readonly state: MailState;
  readonly attempts: number;
  readonly messageId?: string | undefined;
  /** A code of ours or an error's name, never a message: SES's quote addresses. */
  readonly lastError?: string | undefined;
  /** Since when it has been due: after 72 h a person looks. */
  readonly since?: string | undefined;
  /**
   * The version at which what the mail has to carry was last changed: a send that began at an earlier one carried
   * something else, or went to somebody else.
   */
  readonly round?: number | undefined;
}

/** An audit entry: who changed the order, when, why, and what changed. */
export interface Act {
  readonly at: string;
  readonly who: string;
  readonly what: 'release' | 'resend' | 'issue' | 'reissue' | 'import' | 'erase' | 'key change';
  readonly why: string | null;
  readonly before: Readonly<Record<string, string | null>>;
  readonly after: Readonly<Record<string, string | null>>;
}

export type Status = 'paid' | 'partly_refunded' | 'refunded' | 'disputed' | 'erased';

/** The request of a held line: everything needed to parse it again, without the proof of its sender. */
export interface Raw {
  /** The sender's name in the catalogue. */
  readonly provider: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  /** gzip. */
  readonly body: Uint8Array;
}

/** All times are ISO 8601 in UTC, so that text order is time order. */
export interface Order {
  readonly key: string;
  /** Number of writes. Each write after the first is conditional on it (optimistic concurrency). */
  readonly version: number;
  readonly provider: string;
  readonly test: boolean;
  /** Missing until the order is paid: a reversal or an announcement that arrives first leaves a placeholder. */
  readonly placedAt?: string | undefined;
  readonly receivedAt: string;
  readonly amount?: Money | undefined;
  readonly buyer: Buyer;
  readonly lines: readonly Line[];
  readonly reversals: Readonly<Record<string, Reversal>>;
  readonly mail: Mail;
  readonly status: Status;
  readonly dueAt?: string | undefined;
  readonly heldAt?: string | undefined;
  readonly raw?: Raw | undefined;
  /** Keys of its aliases. They are claimed with the order, and again before a mail that was not sent at once. */
  readonly aliases?: readonly string[] | undefined;
  /** Oldest first. */
  readonly acts?: readonly Act[] | undefined;
}

/** Another ID of an order. */
export interface Alias {
  readonly key: string;
  readonly aliasOf: string;
}

export type Item = Order | Alias;

export const isAlias = (item: Item): item is Alias => 'aliasOf' in item;

/** The result of `record`: the stored order, and whether this call has to send its mail. */
export interface Claim {
  readonly order: Order;
  /** True if this call holds the lease. */
  readonly mailIsOurs: boolean;
}

/** A sale with its serials, before it is recorded. */
export interface NewOrder
  extends Pick<Order, 'key' | 'provider' | 'test' | 'buyer' | 'lines' | 'amount' | 'placedAt' | 'raw'> {
  readonly kind: 'paid' | 'announced';
  /** Keys of the aliases. */
  readonly aliases: readonly string[];
}

/** Returns the idempotency key of an order. A test order has its own, so that it never blocks a sale. */
export function keyOf(provider: string, test: boolean, id: string): string {
  const safe = id.replaceAll('%', '%25').replaceAll('#', '%23');
  return test ? `${provider}#test#${safe}` : `${provider}#${safe}`;
}

const iso = (ms: number) => new Date(ms).toISOString();

export function emptyOrder(key: string, provider: string, test: boolean, now: number): Order {
  return {
    key,
    version: 0,
    provider,
    test,
    receivedAt: iso(now),
    buyer: {},
    lines: [],
    reversals: {},
    mail: { state: 'none', attempts: 0 },
    status: 'paid',
  };
}

/** A notification, or one event of it, that could not be parsed. */
export const isUnparsed = ({ lines }: Order): boolean => lines.some(({ held }) => held === 'bad_body');

/** A line whose SKU is unknown. A later event with real lines replaces it. */
const isPlaceholder = (line: Line) => line.sku === '';

/**
 * Returns the order with what the sale adds, or undefined if it adds nothing. Existing lines stay as they are: a line has
 * one serial, forever. If the mail becomes due, it is due at `dueAt`.
 */
export function withSale(order: Order, sale: NewOrder, now: number, dueAt: number): Order | undefined {
  if (order.status === 'erased') return undefined;
  const real = order.lines.filter((line) => !isPlaceholder(line));
  // An imported order is identified by its products, because its SKUs may be unknown.
  const imported = order.acts?.some(({ what }) => what === 'import') ?? false;
  const isSame = (one: Line, other: Line) =>
    one.sku === other.sku || (imported && one.product !== null && one.product === other.product);
  const missing = sale.lines.filter((line) => !real.some((known) => isSame(known, line)));
  const added =
    real.length > 0 || order.lines.length > 0 ? missing.filter((line) => !isPlaceholder(line)) : missing;
  const nowPaid = sale.kind === 'paid' && !order.placedAt;
  const amount = order.amount ?? (sale.kind === 'paid' ? sale.amount : undefined);
  const amountTold = order.amount === undefined && amount !== undefined;
  if (!nowPaid && added.length === 0 && !amountTold) return undefined;
  const known = added.some((line) => !isPlaceholder(line)) ? real : order.lines;
  const isPaid = nowPaid || order.placedAt !== undefined;
  const wrongPayee = [...order.lines, ...sale.lines].some(({ held }) => held === 'wrong_payee');
  const paid = (line: Line): Line => {
    const next = withPayment(line, amount, order.test);
    return wrongPayee ? { ...next, held: 'wrong_payee' } : next;
  };
  return derive(
    {
      ...order,
      placedAt: sale.kind === 'paid' ? (order.placedAt ?? sale.placedAt ?? iso(now)) : order.placedAt,
      amount,
      buyer: { ...sale.buyer, ...order.buyer },
      lines: isPaid ? [...(nowPaid ? known.map(paid) : known), ...added.map(paid)] : [...known, ...added],
      mail: added.length > 0 ? { ...order.mail, round: order.version + 1 } : order.mail,
      raw: order.raw ?? sale.raw,
      aliases: sale.aliases.length > 0 ? sale.aliases : order.aliases,
    },
    now,
    dueAt,
  );
}

/** Returns an announced line with its share of the payment. It is held if the share is below the floor. */
function withPayment({ announced, ...line }: Line, amount: Money | undefined, test: boolean): Line {
  if (!announced) return line;
  const next = { ...line, paid: shareOf(amount, line.paid, announced.total) };
  return { ...next, held: line.held ?? checkFloor(announced.floor, next, test) ?? null };
}

const RANK: Record<ReversalState, number> = { open: 1, lost: 2, done: 2, won: 3 };

/** If a send started before a dispute and its outcome is unknown when the dispute is won, the next try waits this long. */
const BEGUN_MS = 10 * 60_000;

/** Returns the order with the reversal, or undefined if it changes nothing. The rank of a state never falls. */
export function withReversal(order: Order, id: string, fact: Reversal, now: number): Order | undefined {
  // The provider chooses the ID, which may be `constructor`.
  const known = Object.hasOwn(order.reversals, id) ? order.reversals[id] : undefined;
  const next: Reversal = known
    ? {
        ...known,
        state: RANK[fact.state] > RANK[known.state] ? fact.state : known.state,
        part: known.part === 'full' ? 'full' : fact.part,
        amount: fact.amount ?? known.amount,
      }
    : fact;
  if (known && JSON.stringify(known) === JSON.stringify(next)) return undefined;
  const dueAt = order.mail.attempts > 0 ? now + BEGUN_MS : now;
  return derive({ ...order, reversals: { ...order.reversals, [id]: next } }, now, dueAt);
}

/** Leases a due order to one sender and counts the attempt. */
export const withLease = (order: Order, until: number): Order => ({
  ...order,
  dueAt: iso(until),
  mail: { ...order.mail, attempts: order.mail.attempts + 1 },
});

/** States of a mail that SES accepted, in ascending order. The highest state wins, in whatever order events arrive. */
const DELIVERY_STATES: readonly MailState[] = ['sent', 'delivered', 'complained', 'bounced'];
const CODES = ['delayed', 'soft_bounce', 'bounced', 'suppressed', 'rejected'] as const;

/** The delivery status of a mail that SES accepted. */
export interface DeliveryStatus {
  readonly state: 'sent' | 'delivered' | 'complained' | 'bounced';
  /** The resulting `lastError`. */
  readonly code?: (typeof CODES)[number] | undefined;
}

/** A mail as SES identifies it. */
export interface SentMail {
  readonly messageId: string;
  /** The order's version when the send started. */
  readonly version: number;
}

/**
 * Applies the delivery status of the present mail to the order and its lines. Returns undefined if nothing changes, or if
 * the mail has been replaced: a bounce of the old address says nothing about a corrected one.
 */
export function applyDeliveryStatus(
  order: Order,
  status: DeliveryStatus,
  sent: SentMail,
  now: number,
): Order | undefined {
  const { mail } = order;
  if (order.status === 'erased' || sent.version < (mail.round ?? 0)) return undefined;
  const state = strongest(DELIVERY_STATES, mail.state, status.state) ?? status.state;
  const worst = strongest(CODES, mail.lastError, status.code);
  const code = worst === 'delayed' && state !== 'sent' ? undefined : worst;
  const changed = {
    lines: order.lines.map((line) => lineAfterDelivery(line, code, heldFor(mail.lastError))),
    mail: {
      ...mail,
      // SES did not send the mail.
      state: code === 'rejected' ? 'none' : state,
      messageId: DELIVERY_STATES.includes(mail.state) ? mail.messageId : sent.messageId,
      lastError: code,
    },
  };
  if (JSON.stringify(changed) === JSON.stringify({ lines: order.lines, mail })) return undefined;
  return derive({ ...order, ...changed }, now, now);
}

/** Returns the later of two values in a list that may contain neither. */
const strongest = <One>(list: readonly One[], one: unknown, other: unknown): One | undefined =>
  list.findLast((each) => each === one || each === other);

const heldFor = (code: string | undefined): HeldReason | undefined =>
  code === 'rejected' ? 'mail_refused' : code === 'suppressed' || code === 'bounced' ? 'bounced' : undefined;

/**
 * Applies a delivery status to a line. A bounce also holds lines that an earlier mail brought to that address.
 * @param before the reason for which an earlier status of this mail held the line.
 */
function lineAfterDelivery(line: Line, code: DeliveryStatus['code'], before: HeldReason | undefined): Line {
  if (line.serial === null || line.delivery !== 'mail') return line;
  if (line.held !== null && line.held !== before) return line;
  const lost = code === 'rejected' || code === 'suppressed';
  return { ...line, held: heldFor(code) ?? null, sent: lost ? undefined : true };
}

/** Marks a mail as sent. Lines that changed after the send started are still due. */
export function withSent(order: Order, leased: Order, messageId: string, now: number): Order | undefined {
  const { version } = leased;
  if (version >= (order.mail.round ?? 0))
    return applyDeliveryStatus(order, { state: 'sent' }, { messageId, version }, now);
  if (order.status === 'erased' || order.buyer.email !== leased.buyer.email) return undefined;
  const gone = leased.lines.filter(isWaiting);
  const has = (line: Line) => gone.some(({ sku, serial }) => sku === line.sku && serial === line.serial);
  const lines = order.lines.map((line) => (isWaiting(line) && has(line) ? { ...line, sent: true } : line));
  return derive({ ...order, lines }, now, now);
}

/**
 * Schedules the next try of a failed or unknown send at `dueAt`. Returns undefined if this sender's lease has ended,
 * because another sender may hold it now.
 */
export function withRetry(
  order: Order,
  lease: string | undefined,
  how: { readonly unknown: boolean; readonly counted: boolean; readonly code: string },
  dueAt: number,
): Order | undefined {
  if (!order.dueAt || order.dueAt !== lease) return undefined;
  const attempts = how.counted ? order.mail.attempts : Math.max(0, order.mail.attempts - 1);
  const state = how.unknown || order.mail.state === 'unknown' ? 'unknown' : 'due';
  return { ...order, dueAt: iso(dueAt), mail: { ...order.mail, state, attempts, lastError: how.code } };
}

/** Holds every line that waited for the mail at `version`. Returns undefined if the mail's content has changed since. */
export function withMailHeld(
  order: Order,
  version: number,
  { reason, code }: { readonly reason: HeldReason; readonly code: string },
  now: number,
): Order | undefined {
  if (version < (order.mail.round ?? 0) || !order.lines.some(isWaiting)) return undefined;
  const lines = order.lines.map((line) => (isWaiting(line) ? { ...line, held: reason } : line));
  return derive({ ...order, lines, mail: { ...order.mail, lastError: code } }, now, now);
}

/** Applies a person's corrections. The mail is due at once, as a new mail. */
export function withRelease(order: Order, mended: Pick<Order, 'buyer' | 'lines'>, now: number): Order {
  const fresh = { ...order, ...mended, placedAt: order.placedAt ?? iso(now), dueAt: undefined };
  return derive(
    {
      ...fresh,
      mail: { state: 'none', attempts: 0, messageId: order.mail.messageId, round: order.version + 1 },
    },
    now,
    now,
  );
}

/** Erases the person. A tombstone remains, so that the order is never issued again. */
export function withErased(order: Order, now: number): Order {
  const lines = order.lines.map((line) => ({
    ...line,
    received: null,
    licensee: null,
    serial: null,
    keyVersion: null,
    held: null,
    superseded: undefined,
  }));
  const acts = order.acts?.map((act) => ({ ...act, why: null, before: {}, after: {} }));
  return derive({ ...order, lines, acts, buyer: {}, status: 'erased' }, now, now);
}

/** Returns the order with one more audit entry. */
export const withAct = (order: Order, act: Act): Order => ({ ...order, acts: [...(order.acts ?? []), act] });

/** True if the next mail has to carry the line. */
export const isWaiting = (line: Line): boolean =>
  line.serial !== null && line.held === null && line.delivery === 'mail' && !line.sent;

/**
 * Derives status, mail state and index attributes from the facts. A mail that is already due keeps its time, so that no
 * other event shortens a lease.
 */
function derive(order: Order, now: number, dueAt: number): Order {
  const { lines, mail } = order;
  const status = statusOf(order);
  // A partial refund changes the record, not the mail.
  const stopped = status === 'refunded' || status === 'disputed' || status === 'erased';
  const due = order.placedAt !== undefined && !stopped && lines.some(isWaiting);
  const held = order.placedAt !== undefined && !stopped && lines.some((line) => line.held !== null);
  const pending = mail.state === 'due' || mail.state === 'unknown';
  const resting: MailState = pending ? (lines.some((line) => line.sent) ? 'sent' : 'none') : mail.state;
  // The errors of a finished mail do not belong to the next one.
  const pendingMail: Mail = pending ? mail : { ...mail, state: 'due', lastError: undefined };
  const nextMail: Mail = due
    ? { ...pendingMail, since: mail.since ?? iso(now) }
    : { ...mail, state: resting, since: undefined };
  return {
    ...order,
    mail: nextMail,
    status,
    dueAt: due ? (order.dueAt ?? iso(dueAt)) : undefined,
    heldAt: held ? (order.heldAt ?? iso(now)) : undefined,
    // The request is kept while a line is held, also during a dispute or before payment: a person may need it later.
    raw: status !== 'erased' && lines.some((line) => line.held !== null) ? order.raw : undefined,
  };
}

const inForce = (reversal: Reversal) => reversal.state !== 'won';

function statusOf({ reversals, amount, status }: Order): Status {
  if (status === 'erased') return status;
  const standing = Object.values(reversals).filter(inForce);
  if (standing.some(({ kind }) => kind === 'chargeback')) return 'disputed';
  const parts = standing.flatMap((reversal) => (reversal.amount ? [reversal.amount] : []));
  if (standing.some(({ part }) => part === 'full') || (amount && parts.length > 0 && atLeast(parts, amount)))
    return 'refunded';
  return standing.length > 0 ? 'partly_refunded' : 'paid';
}

/** Returns the external JSON of an order: without `raw`, with stable names for scripts. */
export function view(order: Order) {
  const { raw: _raw, dueAt, heldAt, ...rest } = order;
  const held = [...new Set(order.lines.flatMap((line) => line.held ?? []))];
  return {
    ...rest,
    buyer: { ...order.buyer, name: order.buyer.name ?? null, email: order.buyer.email ?? null },
    held,
    dueAt: dueAt ?? null,
    heldAt: heldAt ?? null,
    /** A likely correction of an address that receives no mail. */
    suggestion: held.some((reason) => OF_ADDRESS.includes(reason)) ? likelyAddress(order.buyer.email) : null,
  };
}

const OF_ADDRESS: readonly HeldReason[] = ['bad_address', 'mail_refused', 'bounced'];

/** True for orders that lists show. Placeholders and aliases are left out. */
export const isListed = (item: Item): item is Order => !isAlias(item) && item.placedAt !== undefined;

/** Returns the attributes that only the indexes need. */
export function indexed(order: Order) {
  const email = toEmailKey(order.buyer.email ?? '');
  return {
    ...(order.dueAt ? { dueShard: shardOf(order.key) } : {}),
    ...(order.heldAt ? { held: 'held' } : {}),
    ...(order.placedAt ? { day: order.receivedAt.slice(0, 10) } : {}),
    ...(order.placedAt && isIndexKey(email) ? { email } : {}),
  };
}

/** DynamoDB refuses an item whose index key is empty or longer than 2,048 bytes, and the order would be lost. */
const isIndexKey = (text: string) => text !== '' && Buffer.byteLength(text) <= 2_048;

export const DUE_SHARDS = 8;

function shardOf(key: string): number {
  let sum = 0;
  for (const char of key) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521;
  return sum % DUE_SHARDS;
}
