/** `person export` and `person erase`: everything that is stored about a person, found by the person's mail address. */
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import * as z from 'zod/mini';
import {
  addressFinder,
  contains,
  fullView,
  isAnotherBuyers,
  isPersonal,
  type Personal,
} from '../../../functions/core/operator/person.ts';
import { withWhyOption } from '../cli/audit.ts';
import { harmless, json } from '../cli/columns.ts';
import { parseCount } from '../cli/option-values.ts';
import { type OptionsOf, targetFrom, withTargetOptions } from '../cli/target.ts';
import { requireYes, type Terminal } from '../cli/terminal.ts';
import { perform } from '../orders/change.ts';
import { everyItem, openTable, type Table } from '../orders/table.ts';
import { output } from './export.ts';

export const personExport = (terminal: Terminal) =>
  withPersonOptions(new Command('export'))
    .description('write everything that is stored about a person, as JSON')
    .option('--limit <count>', 'end after so many orders', parseCount(9999))
    .option('--json', 'print JSON, which is the default')
    .option('--out <file>', 'write to this file instead of standard output')
    .addHelpText('after', EXPORT_HELP)
    .action(async (options) => {
      const { orders, isIn } = await findPerson(terminal, options, { limit: options.limit });
      const shown = orders.map((order) =>
        isAnotherBuyers(order, isIn) ? { key: order.key } : fullView(order),
      );
      const text = json({ email: options.email, orders: shown });
      await output(terminal, options.out, [text]);
    });

const EXPORT_HELP = `
The output has every order that contains the address: as the buyer's, as an address
that was later corrected, or in a held notification. If only the notification of
another buyer's order contains it, the output has the order's key only. The command
reads the whole table, which DynamoDB bills.

Example:
  npm run keypost -- person export --email jane@example.com --out jane.json`;

export const personErase = (terminal: Terminal) =>
  withWhyOption(withPersonOptions(new Command('erase')))
    .description("erase a person's names, addresses, serials and notifications")
    .option('--yes', 'erase without asking; required if there is no terminal')
    .option('--json', 'print JSON for scripts: the orders, and what was erased in each')
    .addHelpText('after', ERASE_HELP)
    .action(async (options) => {
      const { target, orders } = await findPerson(terminal, options, { isConsistent: true });
      const { email } = options;
      const keys = orders.map(({ key }) => key);
      const list = keys.map((key) => `${harmless(key)}\n`).join('');
      if (list)
        await requireYes(
          terminal,
          options.yes,
          `${list}Erase the person in all these orders? This cannot be undone.`,
        );
      const { erased } = await perform(terminal, target, options, { action: 'erase', email, keys }, Done);
      const local = target.page === undefined ? undefined : await eraseLocal(target.page, email);
      terminal.print(options.json ? json({ erased, ...local }) : summary({ erased }, local));
    });

const ERASE_HELP = `
The command erases every order that contains the address, as \`person export\` shows
them. The order's key, products, amounts, times and refunds stay, with the fact that
it was erased, so that its notification issues nothing if it is sent again. If only
the notification of another buyer's order contains the address, only that
notification is erased. The command cannot be undone.

Keypost cannot erase: backups of the table (point-in-time recovery keeps them for 35
days at most), what the provider and SES keep, and mails in mailboxes.

Examples:
  npm run keypost -- person erase --email jane@example.com
  npm run keypost -- person erase --email jane@example.com --yes --json`;

/** `npm start` also keeps mails, and files of the table that still contain old versions of its items. */
async function eraseLocal(page: string, email: string): Promise<z.output<typeof LocalErased>> {
  const response = await fetch(`${page}/local/erase`, { method: 'POST', body: JSON.stringify({ email }) });
  return LocalErased.parse(await response.json());
}

const Done = z.object({ erased: z.array(z.object({ order: z.string(), fields: z.array(z.string()) })) });
const LocalErased = z.object({ mails: z.number() });

function summary({ erased }: z.output<typeof Done>, local: z.output<typeof LocalErased> | undefined): string {
  if (erased.length === 0 && !local?.mails) return 'nothing is stored about this person';
  return [
    ...erased.map(({ order, fields }) => `${harmless(order)}: ${fields.join(', ')}`),
    `orders erased: ${erased.length}${local ? `, mails on this machine: ${local.mails}` : ''}`,
  ].join('\n');
}

const withPersonOptions = (command: Command) =>
  withTargetOptions(command).requiredOption(
    '--email <address>',
    "the person's address, in any case",
    parseAddress,
  );

type PersonOptions = OptionsOf<typeof withPersonOptions>;

/** Accepts an address that mail cannot reach, because an order with such an address is held and stored. */
function parseAddress(text: string): string {
  if (/\S@\S/.test(text)) return text;
  throw new InvalidArgumentError('Expected an address such as name@example.com.');
}

/** Reads the whole table and returns every order that contains the address, including unreadable notifications. */
async function findPerson(terminal: Terminal, options: PersonOptions, reading?: Reading) {
  const target = targetFrom(options, terminal.env);
  const { table } = await openTable(target);
  terminal.complain('reading the whole table');
  return { target, ...(await ordersWith(table, options.email, reading)) };
}

interface Reading {
  /** True if the orders are to be changed. */
  readonly isConsistent?: boolean;
  readonly limit?: number | undefined;
}

/** Also finds the orders of other buyers whose notification contains the address. */
export async function ordersWith(table: Table, email: string, reading: Reading = {}) {
  const isIn = addressFinder(email);
  const orders: Personal[] = [];
  const { limit = Number.POSITIVE_INFINITY } = reading;
  for await (const items of everyItem(table, reading)) {
    orders.push(...items.filter(isPersonal).filter((item) => contains(item, isIn)));
    if (orders.length >= limit) break;
  }
  orders.splice(limit);
  return { orders, isIn };
}
