/** `person export`: writes everything that is stored about a person, to be handed to that person. */
import { Command } from '@commander-js/extra-typings';
import { fullView, isAnotherBuyers } from '../../../functions/core/operator/person.ts';
import { json } from '../cli/columns.ts';
import { parseCount } from '../cli/option-values.ts';
import type { Terminal } from '../cli/terminal.ts';
import { writeFile } from './export.ts';
import { findPerson, withPersonOptions } from './person.ts';

export const personExport = (terminal: Terminal) =>
  withPersonOptions(new Command('export'))
    .description('write everything that is stored about a person, as JSON')
    .option('--limit <count>', 'end after so many orders', parseCount(9999))
    .option('--json', 'print JSON, which is the default')
    .option('--out <file>', 'write to this file instead of standard output')
    .addHelpText('after', HELP)
    .action(async (options) => {
      const { orders, isIn } = await findPerson(terminal, options, { limit: options.limit });
      const shown = orders.map((order) =>
        isAnotherBuyers(order, isIn) ? { key: order.key } : fullView(order),
      );
      const text = json({ email: options.email, orders: shown });
      if (options.out === undefined) return terminal.print(text);
      await writeFile(options.out, [text]);
    });

const HELP = `
The output has every order that contains the address: as the buyer's, as an address
that was later corrected, or in a held notification. If only the notification of
another buyer's order contains it, the output has the order's key only. The command
reads the whole table, which DynamoDB bills.

Example:
  npm run keypost -- person export --email jane@example.com --out jane.json`;
