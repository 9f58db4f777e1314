/** `orders search`: by what no index knows. */
import { Command } from '@commander-js/extra-typings';
import { isFound } from '../../../functions/core/operator/search.ts';
import { isListed, type Order, view } from '../../../functions/core/order/order.ts';
import { json } from '../cli/columns.ts';
import { withBarOf } from '../cli/progress.ts';
import { type TargetOptions, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { orderTable } from './order-columns.ts';
import { everyItem } from './scan.ts';
import { deskOf } from './session.ts';

interface SearchOptions extends TargetOptions {
  readonly json?: boolean;
}

export const ordersSearch = (terminal: Terminal) =>
  withTargetOptions(new Command('search'))
    .argument('<text>', 'a name, a serial, or a product; a part of it will do')
    .description('find orders by name, serial or product: reads the whole table')
    .option('--json', 'for scripts: { "items": […], "cursor": null }')
    .addHelpText('after', SEARCH)
    .action((text: string, options: SearchOptions) => search(terminal, text, options));

const SEARCH = `
DynamoDB bills every item that is read; \`orders list\` asks only for a few. Capitals,
accents, and how a serial is parted do not count. Of a serial six characters are
needed. The exit code is 0 whether anything is found or not.

Examples:
  npx --no keypost orders search 'nunez'
  npx --no keypost orders search 4F7A-99C2 --local --json`;

async function search(terminal: Terminal, text: string, options: SearchOptions): Promise<void> {
  const { table, catalogue } = await deskOf(options, terminal);
  terminal.complain('reads the whole table');
  const found: Order[] = [];
  await withBarOf(async (show) => {
    for await (const items of everyItem(table, show))
      found.push(...items.filter(isListed).filter((order) => isFound(catalogue, order, text)));
  }, process.stderr);
  found.sort((one, other) => (one.receivedAt < other.receivedAt ? 1 : -1));
  if (options.json) return terminal.print(json({ items: found.map(view), cursor: null }));
  terminal.print(found.length > 0 ? orderTable(found) : 'no such orders');
}
