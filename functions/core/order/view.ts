/** An order as scripts see it (`orders … --json`, export, `/local/orders`). The field names never change. */

import { type HeldReason, REQUEST_REASONS } from '../inbound/event.ts';
import { likelyAddress } from '../mail/likely-address.ts';
import {
  carriesLine,
  heldFor,
  heldReasons,
  isPaid,
  latestAccepted,
  liveSends,
  mailState,
  statusOf,
  wakeAt,
} from './due.ts';
import { emptyOrder } from './settle.ts';
import type { Item, KeyChange, Line, Order, Request, Unreadable } from './types.ts';

/** Lists leave out stubs and unpaid orders. */
export const isListed = (item: Item): item is Order | Unreadable =>
  (item.kind === 'order' && isPaid(item)) || (item.kind === 'unreadable' && item.state === 'held');

/** The list of what waits for a person has buyers' requests too. */
export const mayWait = (item: Item): item is Order | Unreadable | Request =>
  isListed(item) || (item.kind === 'request' && item.heldAt !== undefined);

/** Announced or on trial: the lines are known, and there is no serial before the payment. */
export const isUnpaid = (item: Item): item is Order =>
  item.kind === 'order' && item.lines.length > 0 && statusOf(item) === 'unpaid';

export type OrderView = ReturnType<typeof view>;

/** An item that can be shown as an order. */
export type Shown = Order | Unreadable | KeyChange | Request;

export function view(item: Shown) {
  const order = item.kind === 'order' ? item : asOrder(item);
  const { key, version, provider, test, receivedAt, amount, printed, buyer } = order;
  const lines = order.lines.map((line) => viewLine(order, line));
  const held = heldReasons(order);
  return {
    ...{ key, version, provider, test, receivedAt, amount, printed },
    placedAt: placedAt(order),
    buyer: { ...buyer, name: buyer.name ?? null, email: buyer.email ?? null },
    lines,
    reversals: Object.fromEntries(order.reversals),
    mail: viewMail(order),
    status: item.kind === 'order' ? statusOf(order) : ('paid' as const),
    aliases: order.aliases.length > 0 ? order.aliases : undefined,
    acts: order.audit.length > 0 ? order.audit : undefined,
    held,
    dueAt: wakeAt(order) ?? null,
    heldAt: order.heldAt ?? null,
    /** The address that the buyer may have meant, if no mail reaches the given one. */
    suggestion: held.some((reason) => OF_ADDRESS.includes(reason)) ? likelyAddress(buyer.email) : null,
  };
}

const OF_ADDRESS: readonly HeldReason[] = ['bad_address', 'mail_refused', 'bounced'];

const placedAt = (order: Order) => (isPaid(order) ? (order.paidAt ?? order.renewedAt) : undefined);

function viewLine(order: Order, line: Line) {
  const { sku, product, quantity, paid, settlement, via } = line;
  const issued = line.state === 'issued' ? line.issued : undefined;
  const superseded = line.state === 'issued' ? line.superseded.map(({ n: _, ...one }) => one) : [];
  return {
    ...{ sku, product, quantity, paid, settlement },
    delivery: via === 'elsewhere' && !issued?.unverified ? ('mail' as const) : via,
    received: receivedName(order, issued?.licensee),
    licensee: issued?.licensee ?? null,
    serial: issued?.serial ?? null,
    keyVersion: issued?.keyVersion ?? null,
    unverified: issued?.unverified,
    held: heldFor(order, line),
    sent: isSent(order, line) ? (true as const) : undefined,
    superseded: superseded.length > 0 ? superseded : undefined,
  };
}

/**
 * Returns the buyer's name that the licensee was made from. If a person has corrected it for another line, the licensee; without
 * a serial, the name that the catalogue prefers by default.
 */
function receivedName({ buyer, corrected }: Order, licensee: string | undefined): string | null {
  const names = [buyer.registration, buyer.name, buyer.company].filter((name) => name?.trim());
  const plain = (text = '') =>
    text
      .normalize('NFKD')
      .replace(/[^\p{L}\p{N}]/gu, '')
      .toUpperCase();
  const same = names.find((name) => licensee && plain(name) === plain(licensee));
  return same ?? (corrected.length > 0 ? licensee : undefined) ?? names[0] ?? null;
}

/** True if SES has accepted a mail with the line's present serial and not dropped it. */
const isSent = (order: Order, line: Line): boolean =>
  (line.state === 'issued' && line.via === 'elsewhere') ||
  liveSends(order).some(
    (send) =>
      send.state === 'accepted' &&
      send.delivery !== 'rejected' &&
      send.delivery !== 'suppressed' &&
      carriesLine(send, line),
  );

function viewMail(order: Order) {
  const state = mailState(order);
  const last = order.sends.filter(({ about }) => about === 'serials').at(-1);
  return {
    state,
    attempts: last?.tries ?? 0,
    messageId: latestAccepted(order)?.messageId,
    lastError: order.outbox?.held ?? lastError(last),
    since: order.outbox?.since,
  };
}

function lastError(send: Order['sends'][number] | undefined): string | undefined {
  if (!send || send.state === 'in_flight') return undefined;
  if (send.state !== 'accepted') return send.code;
  const { delivery, trouble } = send;
  if (delivery === 'rejected' || delivery === 'bounced' || delivery === 'suppressed') return delivery;
  return trouble === 'delayed' && delivery !== 'none' ? undefined : trouble;
}

/** Represents another item as an order, so that the commands can show it. */
export function asOrder(item: Exclude<Shown, Order>): Order {
  if (item.kind === 'request') return requestAsOrder(item);
  const { key, version, receivedAt, audit } = item;
  const provider = item.kind === 'unreadable' ? item.provider : 'keys';
  const isTest = item.kind === 'unreadable' && item.test === true;
  const order = { ...emptyOrder(key, provider, isTest, Date.parse(receivedAt)), version, audit };
  if (item.kind === 'keyChange' || item.state === 'closed') return order;
  const { reason, heldAt, raw } = item;
  return { ...order, paidAt: receivedAt, heldAt, raw, lines: [{ ...HELD, reason }] };
}

const HELD = { id: 1, sku: '', product: null, quantity: 1, via: 'mail', state: 'held' } as const;

function requestAsOrder({ key, version, receivedAt, heldAt, ...request }: Request): Order {
  const { address: email, name, about, order, printed } = request;
  const reason = REQUEST_REASONS.find((one) => one === about);
  return {
    ...emptyOrder(key, 'request', false, Date.parse(receivedAt)),
    ...{ version, heldAt, printed, paidAt: receivedAt, buyer: { name, email } },
    aliases: order ? [order] : [],
    lines: reason && heldAt ? [{ ...HELD, reason }] : [],
  };
}
