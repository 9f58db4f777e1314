/** `orders held`: the orders that wait for a person. */

import { Command } from '@commander-js/extra-typings';
import type { HeldReason } from '../../../functions/core/inbound/event.ts';
import { HINTS } from '../../../functions/core/inbound/hints.ts';
import { lacksSerial } from '../../../functions/core/order/due.ts';
import { mayWait, type OrderView, view } from '../../../functions/core/order/view.ts';
import { columns, json } from '../cli/columns.ts';
import { targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { formatMinute } from './session.ts';
import { allEntries, entries, fetchItems, fetchOrders, openTable, type Table } from './table.ts';

export const ordersHeld = (terminal: Terminal) =>
  withTargetOptions(new Command('held'))
    .description('held orders, and how to resolve each')
    .option('--json', 'for scripts')
    .addHelpText('after', '\nExample:\n  npm run keypost -- orders held --local')
    .action(async (options) => {
      const target = targetFrom(options, terminal.env);
      const pages = heldOrders((await openTable(target)).table);
      if (options.json) return await printList(terminal, pages);
      const reasons = new Set<HeldReason>();
      for await (const orders of pages) {
        const rows = orders.flatMap(rowsOf);
        const cells = rows.map(({ order, product, reason }) => [
          order.key,
          formatMinute(order.heldAt ?? ''),
          `${order.buyer.name ?? '?'} <${order.buyer.email ?? '?'}>`,
          product,
          [reason, ...suggestionFor(order)].join(': '),
        ]);
        const heading = reasons.size > 0 ? [] : [['ORDER', 'HELD SINCE', 'BUYER', 'PRODUCT', 'REASON']];
        terminal.print(columns([...heading, ...cells]));
        for (const { reason } of rows) reasons.add(reason);
      }
      if (reasons.size === 0) return terminal.print('no order is held');
      const hints = columns([...reasons].map((reason) => [reason, HINTS[reason]]));
      terminal.print(
        `\n\`${target.command('orders release KEY')}\` releases an order. How to resolve each reason:\n${hints}`,
      );
    });

/** Prints a list in JSON while it is read. */
async function printList({ print }: Terminal, pages: AsyncIterable<readonly OrderView[]>): Promise<void> {
  let last: string | undefined;
  for await (const orders of pages)
    for (const order of orders) {
      print(last === undefined ? '[' : `${last},`);
      last = json(order).replace(/^/gm, '  ');
    }
  print(last === undefined ? '[]' : `${last}\n]`);
}

const WAITING_HELP = `
These orders have their serials, but no mail brings them. Paid orders without a serial
are in \`orders held\`. A notice stays here until a daily digest has mailed it to you.

Example:
  npm run keypost -- orders waiting --local`;

export const ordersWaiting = (terminal: Terminal) =>
  withTargetOptions(new Command('waiting'))
    .description('what else waits for you: mails that do not arrive, requests, notices')
    .option('--json', 'for scripts: { "orders": […], "others": [{ "kind", "key", "since" }] }')
    .addHelpText('after', WAITING_HELP)
    .action(async (options) => {
      const { table } = await openTable(targetFrom(options, terminal.env));
      const lists = await Promise.all(
        (['held', 'notice'] as const).map((list) =>
          allEntries(entries(table, 'held', list, undefined, true)),
        ),
      );
      const items = (
        await fetchItems(
          table,
          lists.flat().map(({ key }) => key),
        )
      ).filter((item) => 'heldAt' in item && item.heldAt && !lacksSerial(item));
      const orders = items.flatMap((item) => (item.kind === 'order' ? view(item) : []));
      const others = items.flatMap((item) =>
        item.kind === 'order' || !('heldAt' in item)
          ? []
          : { kind: item.kind, key: item.key, since: item.heldAt },
      );
      if (options.json) return terminal.print(json({ orders, others }));
      if (items.length === 0) return terminal.print('nothing else waits for you');
      terminal.print(
        columns([
          ['WHAT', 'KEY', 'SINCE', 'REASON'],
          ...orders.map(({ key, heldAt, held }) => [
            'mail',
            key,
            formatMinute(heldAt ?? ''),
            held.join(', '),
          ]),
          ...others.map(({ kind, key, since }) => [kind, key, formatMinute(since ?? ''), '']),
        ]),
      );
    });

/** Returns a row for each held line. An order to which nothing can be added is held, also if every line is mailed. */
function rowsOf(order: OrderView) {
  const lines = order.lines.flatMap(({ product, sku, held }) =>
    held ? [{ order, product: product ?? `${sku || '?'} (unknown)`, reason: held }] : [],
  );
  return lines.length > 0 ? lines : order.held.map((reason) => ({ order, product: '', reason }));
}

/** Reads the held orders page by page; the one that has waited longest comes first. */
async function* heldOrders(table: Table): AsyncGenerator<readonly OrderView[]> {
  for await (const page of entries(table, 'held', 'held', undefined, true)) {
    const keys = page.map(({ key }) => key);
    // The index may lag behind: an order that has been released meanwhile is left out.
    const orders = (await fetchOrders(table, keys, mayWait)).filter(({ heldAt }) => heldAt);
    if (orders.length > 0) yield orders;
  }
}

/** Returns the likely address if the buyer's address looks mistyped. */
const suggestionFor = ({ suggestion }: OrderView): string[] => (suggestion ? [`${suggestion} meant?`] : []);
