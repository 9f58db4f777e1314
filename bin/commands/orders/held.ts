/** `orders held`: the orders that wait for a person. */
import { Command } from '@commander-js/extra-typings';
import { mayWait, type OrderView } from '../../../functions/core/order/view.ts';
import { columns, json } from '../cli/columns.ts';
import { type OptionsOf, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { formatMinute, HINTS } from './print.ts';
import { allEntries, entries, fetchOrders, openTable, type Table } from './table.ts';

const command = () =>
  withTargetOptions(new Command('held'))
    .description('held orders, and how to resolve each')
    .option('--json', 'for scripts')
    .addHelpText('after', '\nExample:\n  npm run keypost -- orders held --local');

export const ordersHeld = (terminal: Terminal) => command().action((options) => held(terminal, options));

async function held(terminal: Terminal, options: OptionsOf<typeof command>): Promise<void> {
  const target = targetFrom(options, terminal.env);
  const orders = await heldOrders((await openTable(target)).table);
  if (options.json) return terminal.print(json(orders));
  if (orders.length === 0) return terminal.print('no order is held');
  const rows = orders.flatMap(rowsOf);
  const table = columns([
    ['ORDER', 'HELD SINCE', 'BUYER', 'PRODUCT', 'REASON'],
    ...rows.map(({ order, product, reason }) => [
      order.key,
      formatMinute(order.heldAt ?? ''),
      `${order.buyer.name ?? '?'} <${order.buyer.email ?? '?'}>`,
      product,
      [reason, ...suggestionFor(order)].join(': '),
    ]),
  ]);
  const hints = [...new Set(rows.map(({ reason }) => reason))].map((reason) => [reason, HINTS[reason]]);
  terminal.print(
    `${table}\n\n\`${target.command('orders release KEY')}\` releases an order. How to resolve each reason:\n${columns(hints)}`,
  );
}

/** Returns a row for each held line. An order to which nothing can be added is held, also if every line is mailed. */
function rowsOf(order: OrderView) {
  const lines = order.lines.flatMap(({ product, sku, held }) =>
    held ? [{ order, product: product ?? `${sku || '?'} (unknown)`, reason: held }] : [],
  );
  return lines.length > 0 ? lines : order.held.map((reason) => ({ order, product: '', reason }));
}

/** Returns the held orders; the one that has waited longest comes first. */
async function heldOrders(table: Table): Promise<OrderView[]> {
  const keys = (await allEntries(entries(table, 'held', 'held'))).map(({ key }) => key);
  // The index may lag behind: an order that has been released meanwhile is left out.
  return (await fetchOrders(table, keys, mayWait)).filter(({ heldAt }) => heldAt).reverse();
}

/** Returns the likely address if the buyer's address looks mistyped. */
const suggestionFor = ({ suggestion }: OrderView): string[] => (suggestion ? [`${suggestion} meant?`] : []);
