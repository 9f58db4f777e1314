/** `orders release`: corrects a held order and mails it. */
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import { basisOf } from '../../../functions/core/operator/refusal.ts';
import type { Corrections } from '../../../functions/core/operator/release.ts';
import { releaseItem } from '../../../functions/core/operator/release-item.ts';
import type { Order, Request, Unreadable } from '../../../functions/core/order/types.ts';
import { actorOf, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { parseAddress } from '../cli/option-values.ts';
import { type OptionsOf, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { printOutcome } from './print.ts';
import { findItem, type OrderSession, openSession, readerOf, requireLive } from './session.ts';
import { refuse } from './show.ts';

const command = () =>
  withWhyOption(withTargetOptions(new Command('release')))
    .argument('<key>', "the order's key, as `orders held` shows it")
    .description('correct a held order, and mail every line that has all it needs')
    .option('--name <name>', 'the name for the lines that have no serial yet')
    .option(
      '--email <address>',
      "the buyer's address; all serials of the order are mailed to it",
      parseAddress,
    )
    .option(
      '--product <sku=product>',
      'the product of the catalogue for an unknown SKU; may be repeated',
      parsePair,
      new Map<string, string>(),
    )
    .option('--order <id>', "the provider's ID of an unreadable order whose notification has none")
    .option('--json', 'for scripts: the order after the change')
    .addHelpText('after', HELP);

const HELP = `
The cause may be fixed by now, so Keypost first parses the order's notification
again, with the current code, catalogue and keys. An unreadable notification that
can be parsed becomes the order that it describes. The release of an order below
its price floor approves the price. With --product, an unreadable notification becomes
the order that you describe; it needs the order's ID, so that a repeated notification
is no second order. A line that still lacks something stays held,
and then the exit code is 1. A line whose SKU the catalogue ignores by now is dropped.

Examples:
  npm run keypost -- orders release 'stripe#pi_123' --name 'José Núñez'
  npm run keypost -- orders release 'shop#1042' --email jose@example.com --local
  npm run keypost -- orders release 'shop#1042' --product widget-old=widgetpro-mac`;

export const ordersRelease = (terminal: Terminal) =>
  command().action((key, options) => release(terminal, key, options));

async function release(terminal: Terminal, text: string, options: OptionsOf<typeof command>): Promise<void> {
  const { name, email, product: products } = options;
  const corrections: Corrections = { name, email, products };
  const session = await openSession(options, terminal);
  requireProducts(session.catalogue, corrections);
  const found = await findItem(session, text);
  if (found.kind === 'keyChange') throw new CommandError(`${found.key} is not an order`);
  if (found.kind === 'request') return await closeRequest(terminal, session, found, options.json);
  requireHeld(session, found);
  const actor = await actorOf(session.target, terminal, options);
  const { catalogue, store } = session;
  const ports = { catalogue, store, now: Date.now, reader: () => readerOf(session) };
  const notes: string[] = [];
  const askOrder = async () => {
    const typed = (await terminal.ask?.("The provider's ID of the order: "))?.trim();
    if (typed) return typed;
    throw new CommandError(
      "the notification contains no ID of the order; give the provider's ID with --order, so that a repeated notification is no second order",
    );
  };
  const wanted = { item: found, corrections, decided: basisOf(found), order: options.order, askOrder, notes };
  const item = await releaseItem(ports, { ...actor, ...wanted })
    .catch((error: unknown) => refuse(terminal, error))
    .finally(() => notes.forEach(terminal.complain));
  printOutcome(terminal, item, options.json);
}

/** The person has decided on a buyer's request. The buyer gets a mail that says so. */
async function closeRequest(
  terminal: Terminal,
  { store, target }: OrderSession,
  found: Request,
  asJson: boolean | undefined,
): Promise<void> {
  const until = new Date().toISOString();
  const { heldAt, version, ...request } = found;
  const next = { ...request, version: version + 1, step: 'answered', until } as const;
  if (!heldAt || (await store.put(next, version)))
    throw new CommandError(
      `${found.key} is not held; \`${target.command('orders held')}\` lists what is held`,
    );
  if (asJson) printOutcome(terminal, next, asJson);
  else terminal.print('the request is closed, and its buyer gets a mail within a minute');
}

function requireProducts({ products }: Catalogue, corrections: Corrections): void {
  for (const product of corrections.products.values()) {
    if (Object.hasOwn(products, product)) continue;
    throw new CommandError(
      `the catalogue has no product ${product}; it has ${Object.keys(products).join(', ')}`,
    );
  }
}

function requireHeld({ target }: OrderSession, item: Order | Unreadable): void {
  if (item.kind === 'order') requireLive(item);
  if ('heldAt' in item && item.heldAt) return;
  throw new CommandError(
    `${item.key} is not held; \`${target.command('orders held')}\` lists the held orders`,
  );
}

function parsePair(text: string, known: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, sku, product] = /^(.+)=([^=]+)$/.exec(text) ?? [];
  if (sku && product) return new Map([...known, [sku, product]]);
  throw new InvalidArgumentError('Expected SKU=product, such as widget-old=widgetpro-mac.');
}
