/** `person export`: all that is kept of a person, to be handed over. */
import { Command } from '@commander-js/extra-typings';
import { json } from '../cli/columns.ts';
import type { Terminal } from '../cli/terminal.ts';
import { saved } from './export.ts';
import { aboutPerson, keptOf, type PersonOptions } from './person.ts';
import { isAnothers, readable } from './trace.ts';

interface ExportOptions extends PersonOptions {
  readonly out?: string;
}

export const personExport = (terminal: Terminal) =>
  aboutPerson(new Command('export'))
    .description('all that is kept of a person, as JSON')
    .option('--json', 'what it is anyway')
    .option('--out <file>', 'where to, if not to standard output')
    .addHelpText('after', HELP)
    .action((options: ExportOptions) => hand(terminal, options));

const HELP = `
Every order in which the address stands, be it the buyer's, one that was corrected
by hand, or part of a notification that is held; of another buyer's order whose
notification has the address, the key. The whole table is read, which
DynamoDB bills.

Example:
  npx --no keypost person export --email jane@example.com --out jane.json`;

async function hand(terminal: Terminal, options: ExportOptions): Promise<void> {
  const { orders, isIn } = await keptOf(terminal, options);
  const shown = orders.map((order) => (isAnothers(order, isIn) ? { key: order.key } : readable(order)));
  const text = json({ email: options.email, orders: shown });
  if (options.out === undefined) return terminal.print(text);
  await saved(options.out, [text]);
}
