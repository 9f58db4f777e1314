/** `person erase`: nothing is left of a person but that the orders were there. */
import { Command } from '@commander-js/extra-typings';
import * as z from 'zod/mini';
import { type Line, type Order, withAct, withErased } from '../../../functions/core/order/order.ts';
import { change } from '../../../functions/core/order/record.ts';
import { actorOf, type WhyOptions, withWhyOption } from '../cli/audit.ts';
import { harmless, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { requireYes, type Terminal } from '../cli/terminal.ts';
import { aboutPerson, keptOf, type PersonOptions } from './person.ts';
import { isAnothers, isTraced } from './trace.ts';

interface EraseOptions extends PersonOptions, WhyOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface Erased {
  readonly order: string;
  readonly fields: readonly string[];
}

export const personErase = (terminal: Terminal) =>
  withWhyOption(aboutPerson(new Command('erase')))
    .description('erase a person: names, addresses, serials, notifications')
    .option('--yes', 'do not ask; required where there is no terminal')
    .option('--json', 'for scripts: what was erased of which order')
    .addHelpText('after', HELP)
    .action((options: EraseOptions) => erase(terminal, options));

const HELP = `
Every order in which the address stands is erased, as \`person export\` shows them:
of each its key, products, amounts, times and refunds stay, and that it was erased,
so that its notification, sent once more, issues nothing. It cannot be undone.
Another buyer's order whose notification has the address loses only that.

What Keypost cannot erase: backups of the table (point-in-time recovery forgets
after 35 days at most), what the provider and SES keep, mails in mailboxes.

Examples:
  npx --no keypost person erase --email jane@example.com
  npx --no keypost person erase --email jane@example.com --yes --json`;

async function erase(terminal: Terminal, options: EraseOptions): Promise<void> {
  const { target, isIn, store, orders } = await keptOf(terminal, options);
  const { why = '' } = options;
  if (isIn(why) || orders.flatMap(textsOf).some((text) => text && why.includes(text))) {
    throw new CommandError(
      '--why has the address, a name or a serial of the person, and is kept; write it without',
    );
  }
  const list = orders.map(({ key }) => `${harmless(key)}\n`).join('');
  if (list) await requireYes(terminal, options.yes, `${list}Erase the person in all of these, for ever?`);
  const hand = await actorOf(target, terminal, 'erase', options);
  const erased: Erased[] = [];
  for (const { key } of orders) {
    let fields: readonly string[] = [];
    const { changed } = await change(store, key, await store.get(key), (order) => {
      if (!order || !isTraced(order, isIn)) return undefined;
      const rawOnly = isAnothers(order, isIn);
      fields = rawOnly ? ['notification'] : personalIn(order);
      const now = Date.now();
      const act = {
        at: new Date(now).toISOString(),
        ...hand,
        before: {},
        after: { erased: fields.join(', ') },
      };
      return withAct(rawOnly ? { ...order, raw: undefined } : withErased(order, now), act);
    });
    if (changed) erased.push({ order: key, fields });
  }
  const here = target.page === undefined ? undefined : await erasedHere(target.page, options.email);
  if (options.json) return terminal.print(json({ erased, ...here }));
  terminal.print(inWords(erased, here));
}

/** The names and serials in an order. */
const textsOf = ({ buyer: { name, company, registration }, lines }: Order) => [
  ...[name, company, registration, ...lines.map(({ received }) => received)],
  ...lines.flatMap((line) =>
    [line, ...(line.superseded ?? [])].flatMap(({ licensee, serial }) => [licensee, serial]),
  ),
];

/** What of an order is about the person. */
function personalIn({ buyer, lines, raw, acts = [] }: Order): string[] {
  const has = (part: (line: Line) => unknown) => lines.some((line) => part(line));
  return [
    ...Object.keys(buyer),
    ...(has(({ received }) => received) ? ['received'] : []),
    ...(has(({ licensee }) => licensee) ? ['licensee'] : []),
    ...(has(({ serial, superseded }) => serial ?? superseded) ? ['serial'] : []),
    ...(raw ? ['notification'] : []),
    ...(acts.length > 0 ? ['what was done by hand'] : []),
  ];
}

/** What `npm start` keeps besides its table: mails, and what the table's files have not yet forgotten. */
async function erasedHere(page: string, email: string): Promise<z.output<typeof Here>> {
  const response = await fetch(`${page}/local/erase`, { method: 'POST', body: JSON.stringify({ email }) });
  return Here.parse(await response.json());
}

const Here = z.object({ mails: z.number() });

function inWords(erased: readonly Erased[], here: z.output<typeof Here> | undefined): string {
  if (erased.length === 0 && !here?.mails) return 'nothing is kept of this person';
  return [
    ...erased.map(({ order, fields }) => `${harmless(order)}: ${fields.join(', ')}`),
    `orders erased: ${erased.length}${here ? `, mails on this machine: ${here.mails}` : ''}`,
  ].join('\n');
}
