/** Which orders `orders list` shows: a page of those that a person asks for, the newest first. */
import { toEmailKey } from '../../../functions/core/mail/address.ts';
import type { MailState, Order, Status } from '../../../functions/core/order/order.ts';
import { CommandError } from '../cli/failure.ts';
import { dueEntries, type Entry, entries, entriesOfDays, ordersAt, type Table } from './table.ts';

export const STATES = [
  'held',
  'due',
  'paid',
  'partly_refunded',
  'refunded',
  'disputed',
  'erased',
  'sent',
  'delivered',
  'bounced',
  'complained',
  'unknown',
] as const satisfies readonly ('held' | Status | MailState)[];
export type State = (typeof STATES)[number];

export interface Wanted {
  readonly email?: string | undefined;
  readonly state?: State | undefined;
  /** Days of UTC, both of them included; without an address the first is needed, or there would be no end. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export interface Listed {
  readonly orders: readonly Order[];
  /** Where the next page goes on; null after the last. */
  readonly cursor: string | null;
}

/** At so many it stops looking for more of what no index knows: about a second. */
const MOST_LOOKED_AT = 2_000;
const CHUNK = 400;
const DAY_MS = 24 * 3_600_000;

/** @param today the last day that is looked at. */
export async function listed(
  table: Table,
  wanted: Wanted & { readonly limit: number; readonly cursor?: string | undefined },
  today: string,
): Promise<Listed> {
  const { limit, cursor, state } = wanted;
  const index = indexFor(wanted);
  const orders: Order[] = [];
  let looked = 0;
  let last: Entry | undefined;
  for await (const page of entriesFor(table, wanted, today, cursor ? placeIn(index, cursor) : undefined)) {
    for (let at = 0; at < page.length; ) {
      if (last && (orders.length === limit || looked >= MOST_LOOKED_AT))
        return { orders, cursor: cursorAt(index, last) };
      // Where the index knows the state no more are read than are shown.
      const chunk = page.slice(at, at + (state && state !== index ? CHUNK : limit - orders.length));
      const found = await ordersAt(
        table,
        chunk.map(({ key }) => key),
      );
      const shown = found.filter((order) => matches(order, wanted)).slice(0, limit - orders.length);
      orders.push(...shown);
      const end = orders.length === limit ? chunk.findIndex(({ key }) => key === shown.at(-1)?.key) : -1;
      const taken = end < 0 ? chunk.length : end + 1;
      last = chunk[taken - 1];
      looked += taken;
      at += taken;
    }
  }
  return { orders, cursor: null };
}

type Index = 'byEmail' | 'held' | 'due' | 'byDay';

function indexFor({ email, state }: Wanted): Index {
  if (email !== undefined) return 'byEmail';
  if (state === 'held') return 'held';
  return state === 'due' || state === 'unknown' ? 'due' : 'byDay';
}

function entriesFor(
  table: Table,
  { email = '', since, until, ...wanted }: Wanted,
  today: string,
  after?: Entry,
) {
  const index = indexFor({ ...wanted, ...(email ? { email } : {}) });
  switch (index) {
    case 'byEmail':
      return entries(table, index, toEmailKey(email), after);
    case 'held':
      return entries(table, index, 'held', after);
    case 'due':
      return dueEntries(table, after);
    case 'byDay':
      return entriesOfDays(table, daysBack(after?.at.slice(0, 10) ?? until ?? today, since ?? today), after);
  }
}

/** From the later day to the earlier one. */
function daysBack(until: string, since: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(until); at >= Date.parse(since); at -= DAY_MS)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

function matches(order: Order, { email, state, since = '', until = '9' }: Wanted): boolean {
  const day = order.receivedAt.slice(0, 10);
  if (email !== undefined && toEmailKey(order.buyer.email ?? '') !== toEmailKey(email)) return false;
  return day >= since && day <= until && (state === undefined || isIn(order, state));
}

function isIn({ heldAt, dueAt, mail, status }: Order, state: State): boolean {
  if (state === 'held') return heldAt !== undefined;
  if (state === 'due') return dueAt !== undefined && mail.state === 'due';
  return state === status || state === mail.state;
}

const cursorAt = (index: Index, { at, key }: Entry): string =>
  Buffer.from(JSON.stringify([index, at, key])).toString('base64url');

function placeIn(index: Index, cursor: string): Entry {
  const parts = partsOf(cursor);
  const [of, at, key] = parts;
  if (of === index && at && key && parts.length === 3) return { at, key };
  throw new CommandError(
    'this cursor is of no such list; take it from the page before, with the same options',
  );
}

function partsOf(cursor: string): readonly string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : [];
  } catch {
    // Nothing of ours: told by the caller.
    return [];
  }
}
