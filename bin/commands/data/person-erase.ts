/** `person erase`: removes all personal data of a person from the orders and keeps the bookkeeping. */
import { Command } from '@commander-js/extra-typings';
import * as z from 'zod/mini';
import { withWhyOption } from '../cli/audit.ts';
import { harmless, json } from '../cli/columns.ts';
import { requireYes, type Terminal } from '../cli/terminal.ts';
import { perform } from '../orders/change.ts';
import { findPerson, withPersonOptions } from './person.ts';

export const personErase = (terminal: Terminal) =>
  withWhyOption(withPersonOptions(new Command('erase')))
    .description("erase a person's names, addresses, serials and notifications")
    .option('--yes', 'erase without asking; required if there is no terminal')
    .option('--json', 'print JSON for scripts: the orders, and what was erased in each')
    .addHelpText('after', HELP)
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

const HELP = `
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
