/** `orders search`: finds orders by values that no index has. */
import { Command } from '@commander-js/extra-typings';
import { matchesSearch } from '../../../functions/core/operator/search.ts';
import { isListed, type OrderView, view } from '../../../functions/core/order/view.ts';
import { parseCount } from '../cli/option-values.ts';
import { withBarOf } from '../cli/progress.ts';
import { withTargetOptions } from '../cli/target.ts';
import { json, type Terminal } from '../cli/terminal.ts';
import { orderTable } from './print.ts';
import { openSession } from './session.ts';
import { everyItem } from './table.ts';

export const ordersSearch = (terminal: Terminal) =>
  withTargetOptions(new Command('search'))
    .argument('<text>', 'a name, a serial, a product or the number on the receipt, or a part of it')
    .description('find orders by name, serial, product or printed number; reads the whole table')
    .option('--limit <count>', 'end the search after so many orders', parseCount(9999))
    .option('--json', 'for scripts: { "items": […], "cursor": null }')
    .addHelpText('after', HELP)
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

const HELP = `
DynamoDB bills every item that is read; \`orders list\` reads only a few. The search
ignores case, accents, and spaces and hyphens in a serial. It needs six characters
of a serial. The exit code is 0 also if no order is found.

Examples:
  npm run keypost -- orders search 'nunez'
  npm run keypost -- orders search 4F7A-99C2 --local --json`;
