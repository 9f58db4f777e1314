/** `orders list`: what has come, the newest first. */
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { view } from '../../../functions/core/order/order.ts';
import { json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { type TargetOptions, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { ordersOf } from './held-text.ts';
import { type Listed, listed, STATES, type State } from './list-rows.ts';
import { orderTable } from './order-columns.ts';
import { deskOf, orderMeant } from './session.ts';

interface ListOptions extends TargetOptions {
  readonly email?: string;
  readonly order?: string;
  readonly date?: string;
  readonly since?: string;
  readonly until?: string;
  readonly state?: State;
  readonly limit: number;
  readonly cursor?: string;
  readonly json?: boolean;
}

export const ordersList = (terminal: Terminal) =>
  withTargetOptions(new Command('list'))
    .description('the orders, the newest first')
    .option('--email <address>', "of one buyer's address, however old")
    .option('--order <id>', "the one of this key, or of this id of the provider's")
    .addOption(new Option('--date <day>', 'of one day').argParser(day).conflicts(['since', 'until']))
    .option('--since <day>', 'from this day on; 90 days back where nothing is said', day)
    .option('--until <day>', 'up to this day, included', day)
    .addOption(new Option('--state <state>', 'of the order or of its mail').choices(STATES))
    .option('--limit <count>', 'at most so many', count, 50)
    .option('--cursor <cursor>', 'what the list before said at its end: goes on there')
    .option('--json', 'for scripts: { "items": […], "cursor": "…" or null }')
    .addHelpText('after', LIST)
    .action((options: ListOptions) => list(terminal, options));

const LIST = `
Days are those of UTC, like 2026-11-23. Only indexes are asked. There is none for a
state but held, due and unknown: for the others 2,000 orders are looked at, and the
cursor goes on behind them.

Examples:
  npx --no keypost orders list --date 2026-11-23
  npx --no keypost orders list --email jose@example.com
  npx --no keypost orders list --state refunded --since 2026-01-01 --json --local`;

const DAYS_BACK = 90;
const DAY_MS = 24 * 3_600_000;

async function list(terminal: Terminal, options: ListOptions): Promise<void> {
  const { orders, cursor } = await (options.order === undefined
    ? some(terminal, options)
    : one(terminal, options));
  if (options.json) return terminal.print(json({ items: orders.map(view), cursor }));
  terminal.print(orders.length > 0 ? orderTable(orders) : 'no such orders');
  if (cursor) terminal.complain(`there may be more: the same again with --cursor ${cursor}`);
}

async function some(terminal: Terminal, { date, email, ...options }: ListOptions): Promise<Listed> {
  const { table } = await ordersOf(targetFrom(options, terminal.env));
  const now = Date.now();
  const back = email === undefined ? dayOf(now - DAYS_BACK * DAY_MS) : undefined;
  const days = { since: date ?? options.since ?? back, until: date ?? options.until };
  return await listed(table, { ...options, email, ...days }, dayOf(now));
}

/** No list where there is no such order: then it says so. */
async function one(terminal: Terminal, options: ListOptions): Promise<Listed> {
  if (options.email ?? options.state ?? options.date ?? options.since ?? options.until ?? options.cursor)
    throw new CommandError('--order names one order; the other filters go without it');
  return { orders: [await orderMeant(await deskOf(options, terminal), options.order ?? '')], cursor: null };
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function day(text: string): string {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  // February 30th is read as March 2nd.
  if (Number.isFinite(at) && dayOf(at) === text) return text;
  throw new InvalidArgumentError('A day like 2026-11-23 would do.');
}

function count(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A number from 1 to 9999 would do.');
}
