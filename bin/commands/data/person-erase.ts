/** `person erase`: removes all personal data of a person from the orders and keeps the bookkeeping. */
import { Command } from '@commander-js/extra-typings';
import * as z from 'zod/mini';
import {
  isPersonal,
  isRevealing,
  type Personal,
  withoutPerson,
} from '../../../functions/core/operator/person.ts';
import { changeItem } from '../../../functions/core/order/record.ts';
import { actorOf, withWhyOption } from '../cli/audit.ts';
import { harmless, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import type { OptionsOf } from '../cli/target.ts';
import { requireYes, type Terminal } from '../cli/terminal.ts';
import { findPerson, withPersonOptions } from './person.ts';

interface Erased {
  readonly order: string;
  readonly fields: readonly string[];
}

export const personErase = (terminal: Terminal) => define().action((options) => erase(terminal, options));

const define = () =>
  withWhyOption(withPersonOptions(new Command('erase')))
    .description("erase a person's names, addresses, serials and notifications")
    .option('--yes', 'erase without asking; required if there is no terminal')
    .option('--json', 'print JSON for scripts: the orders, and what was erased in each')
    .addHelpText('after', HELP);

type EraseOptions = OptionsOf<typeof define>;

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

async function erase(terminal: Terminal, options: EraseOptions): Promise<void> {
  const { target, isIn, store, orders } = await findPerson(terminal, options, { isConsistent: true });
  const { why = '' } = options;
  if (isRevealing(why, isIn, orders)) {
    throw new CommandError(
      "--why is stored and contains the person's address, name or serial; write the reason without it",
    );
  }
  const list = orders.map(({ key }) => `${harmless(key)}\n`).join('');
  if (list)
    await requireYes(
      terminal,
      options.yes,
      `${list}Erase the person in all these orders? This cannot be undone.`,
    );
  const actor = await actorOf(target, terminal, options);
  const erased: Erased[] = [];
  for (const { key } of orders) {
    const item = await store.get(key);
    const { order, changed } = await changeItem<Personal>(
      store,
      key,
      item,
      isPersonal,
      (current) => current && withoutPerson(current, isIn, actor, Date.now()),
    );
    const fields =
      order.kind === 'request' ? ['address'] : (order.audit.at(-1)?.after.erased?.split(', ') ?? []);
    if (changed) erased.push({ order: key, fields });
  }
  const local = target.page === undefined ? undefined : await eraseLocal(target.page, options.email);
  terminal.print(options.json ? json({ erased, ...local }) : summary(erased, local));
}

/** `npm start` also keeps mails, and files of the table that still contain old versions of its items. */
async function eraseLocal(page: string, email: string): Promise<z.output<typeof LocalErased>> {
  const response = await fetch(`${page}/local/erase`, { method: 'POST', body: JSON.stringify({ email }) });
  return LocalErased.parse(await response.json());
}

const LocalErased = z.object({ mails: z.number() });

function summary(erased: readonly Erased[], local: z.output<typeof LocalErased> | undefined): string {
  if (erased.length === 0 && !local?.mails) return 'nothing is stored about this person';
  return [
    ...erased.map(({ order, fields }) => `${harmless(order)}: ${fields.join(', ')}`),
    `orders erased: ${erased.length}${local ? `, mails on this machine: ${local.mails}` : ''}`,
  ].join('\n');
}
