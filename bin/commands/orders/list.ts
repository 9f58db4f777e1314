/** `orders list`: orders by address, state or day, page by page, the newest first. `orders search`: by values that no index has. */
import { Command, Option } from '@commander-js/extra-typings';
import { toEmailKey } from '../../../functions/core/mail/address.ts';
import { matchesSearch } from '../../../functions/core/operator/search.ts';
import type { MailState, Status } from '../../../functions/core/order/due.ts';
import { isListed, isUnpaid, type OrderView, view } from '../../../functions/core/order/view.ts';
import { json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { dayOf, parseCount, parseDay } from '../cli/option-values.ts';
import { withBarOf } from '../cli/progress.ts';
import { type OptionsOf, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { findShown, openSession, orderTable } from './session.ts';
import {
  dueEntries,
  type Entry,
  entries,
  entriesOfDays,
  everyItem,
  fetchOrders,
  openTable,
  type Table,
} from './table.ts';

const STATES = [
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
type State = (typeof STATES)[number] | 'unpaid';

const command = () =>
  withTargetOptions(new Command('list'))
    .description('list orders, the newest first')
    .option('--email <address>', "the orders of one buyer's address, of any age")
    .option('--order <id>', "the order with this key, or with this ID of the provider's")
    .addOption(
      new Option('--date <day>', 'the orders of one day').argParser(parseDay).conflicts(['since', 'until']),
    )
    .option('--since <day>', 'the first day; 90 days ago unless given', parseDay)
    .option('--until <day>', 'the last day', parseDay)
    .addOption(new Option('--state <state>', 'the state of the order or of its mail').choices(STATES))
    .addOption(new Option('--unpaid', 'the orders that are announced or on trial').conflicts('state'))
    .option('--limit <count>', 'the most orders to show', parseCount(9999), 50)
    .option('--cursor <cursor>', 'continue a list: the cursor that it printed at its end')
    .option('--json', 'for scripts: { "items": […], "cursor": "…" or null }')
    .addHelpText('after', LIST_HELP);

const LIST_HELP = `
Days are in UTC, for example 2026-11-23. Lists read only indexes. The states held,
due and unknown have an index; for the others a list checks 2,000 orders, and the
cursor continues after them.

Examples:
  npm run keypost -- orders list --date 2026-11-23
  npm run keypost -- orders list --email jose@example.com
  npm run keypost -- orders list --state refunded --since 2026-01-01 --json --local`;

export const ordersList = (terminal: Terminal) => command().action((options) => list(terminal, options));

type Options = OptionsOf<typeof command>;

async function list(terminal: Terminal, options: Options): Promise<void> {
  const { orders, cursor } = await (options.order === undefined
    ? listMany(terminal, options)
    : listOne(terminal, options, options.order));
  if (options.json) return terminal.print(json({ items: orders, cursor }));
  terminal.print(orders.length > 0 ? orderTable(orders) : 'no such orders');
  if (cursor) terminal.complain(`there may be more orders; repeat the command with --cursor ${cursor}`);
}

interface Page {
  readonly orders: readonly OrderView[];
  /** The start of the next page; null after the last. */
  readonly cursor: string | null;
}

async function listMany(terminal: Terminal, options: Options): Promise<Page> {
  const { table } = await openTable(targetFrom(options, terminal.env));
  const { email, unpaid, date, since, until, limit, cursor } = options;
  const state: State | undefined = unpaid ? 'unpaid' : options.state;
  const now = Date.now();
  const start = email === undefined ? dayOf(now - DAYS_BACK * DAY_MS) : undefined;
  const filter = { email, state, since: date ?? since ?? start, until: date ?? until };
  return await listOrders(table, { ...filter, limit, cursor }, dayOf(now));
}

/** Throws a CommandError if the order does not exist. */
async function listOne(terminal: Terminal, options: Options, id: string): Promise<Page> {
  const { email, state, unpaid, date, since, until, cursor } = options;
  if (email ?? state ?? unpaid ?? date ?? since ?? until ?? cursor)
    throw new CommandError('--order selects one order; remove the other filters');
  return { orders: [view(await findShown(await openSession(options, terminal), id))], cursor: null };
}

interface Filter {
  readonly email?: string | undefined;
  readonly state?: State | undefined;
  /** Days in UTC, both included. A filter without an address needs the first day, or the list would have no end. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** @param today the last day to read. */
async function listOrders(
  table: Table,
  filter: Filter & { readonly limit: number; readonly cursor: string | undefined },
  today: string,
): Promise<Page> {
  const { limit, cursor, state } = filter;
  const index = indexFor(filter);
  const orders: OrderView[] = [];
  let checked = 0;
  let last: Entry | undefined;
  for await (const page of entriesFor(
    table,
    filter,
    today,
    cursor ? parseCursor(index, cursor) : undefined,
  )) {
    for (let at = 0; at < page.length; ) {
      if (last && (orders.length === limit || checked >= MAX_CHECKED))
        return { orders, cursor: cursorAt(index, last) };
      // An index that knows the state yields only orders that are shown, so no more of them are read.
      const chunk = page.slice(at, at + (state && state !== index ? CHUNK : limit - orders.length));
      const found = await fetchOrders(
        table,
        chunk.map(({ key }) => key),
        state === 'unpaid' ? isUnpaid : isListed,
      );
      const shown = found.filter((order) => matches(order, filter)).slice(0, limit - orders.length);
      orders.push(...shown);
      const end = orders.length === limit ? chunk.findIndex(({ key }) => key === shown.at(-1)?.key) : -1;
      const used = end < 0 ? chunk.length : end + 1;
      last = chunk[used - 1];
      checked += used;
      at += used;
    }
  }
  return { orders, cursor: null };
}

type Index = 'byEmail' | 'held' | 'due' | 'byDay';

function indexFor({ email, state }: Filter): Index {
  if (email !== undefined) return 'byEmail';
  if (state === 'held') return 'held';
  return state === 'due' || state === 'unknown' ? 'due' : 'byDay';
}

function entriesFor(table: Table, { email, state, since, until }: Filter, today: string, after?: Entry) {
  const index = indexFor({ state, email: email || undefined });
  switch (index) {
    case 'byEmail':
      return entries(table, index, toEmailKey(email ?? ''), after);
    case 'held':
      return entries(table, index, 'held', after);
    case 'due':
      return dueEntries(table, after);
    case 'byDay':
      return entriesOfDays(table, daysBack(after?.at.slice(0, 10) ?? until ?? today, since ?? today), after);
  }
}

/** Returns the days from the later to the earlier one. */
function daysBack(until: string, since: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(until); at >= Date.parse(since); at -= DAY_MS) days.push(dayOf(at));
  return days;
}

function matches(order: OrderView, { email, state, since = '', until = '9' }: Filter): boolean {
  const day = order.receivedAt.slice(0, 10);
  if (email !== undefined && toEmailKey(order.buyer.email ?? '') !== toEmailKey(email)) return false;
  return day >= since && day <= until && (state === undefined || isIn(order, state));
}

function isIn({ heldAt, dueAt, mail, status }: OrderView, state: State): boolean {
  if (state === 'held') return heldAt !== null;
  if (state === 'due') return dueAt !== null && mail.state === 'due';
  return state === status || state === mail.state;
}

const cursorAt = (index: Index, { at, key }: Entry): string =>
  Buffer.from(JSON.stringify([index, at, key])).toString('base64url');

/** Throws a CommandError if the cursor comes from a list with other options. */
function parseCursor(index: Index, cursor: string): Entry {
  const parts = partsOf(cursor);
  const [from, at, key] = parts;
  if (from === index && at && key && parts.length === 3) return { at, key };
  throw new CommandError(
    'this cursor does not belong to this list; use the cursor of the page before, with the same options',
  );
}

function partsOf(cursor: string): readonly string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : [];
  } catch {
    // The text is no cursor, and the caller says so.
    return [];
  }
}

/** A list stops after checking so many orders for a state that has no index, which takes about a second. */
const MAX_CHECKED = 2_000;
const CHUNK = 400;
const DAYS_BACK = 90;
const DAY_MS = 24 * 3_600_000;

export const ordersSearch = (terminal: Terminal) =>
  withTargetOptions(new Command('search'))
    .argument('<text>', 'a name, a serial, a product or the number on the receipt, or a part of it')
    .description('find orders by name, serial, product or printed number; reads the whole table')
    .option('--limit <count>', 'end the search after so many orders', parseCount(9999))
    .option('--json', 'for scripts: { "items": […], "cursor": null }')
    .addHelpText('after', SEARCH_HELP)
    .action(async (text, options) => {
      const { table, catalogue } = await openSession(options, terminal);
      terminal.complain('reads the whole table');
      const { limit = Number.POSITIVE_INFINITY } = options;
      const found: OrderView[] = [];
      await withBarOf(async (show) => {
        for await (const items of everyItem(table, { show })) {
          const matching = items.filter(isListed).filter((item) => matchesSearch(catalogue, item, text));
          found.push(...matching.map(view));
          if (found.length >= limit) break;
        }
      }, process.stderr);
      found.splice(limit);
      found.sort((one, other) => (one.receivedAt < other.receivedAt ? 1 : -1));
      if (options.json) return terminal.print(json({ items: found, cursor: null }));
      terminal.print(found.length > 0 ? orderTable(found) : 'no such orders');
    });

const SEARCH_HELP = `
DynamoDB bills every item that is read; \`orders list\` reads only a few. The search
ignores case, accents, and spaces and hyphens in a serial. It needs six characters
of a serial. The exit code is 0 also if no order is found.

Examples:
  npm run keypost -- orders search 'nunez'
  npm run keypost -- orders search 4F7A-99C2 --local --json`;
