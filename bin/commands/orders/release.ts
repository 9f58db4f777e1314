/** `orders release`: corrects a held order and mails it. */
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import type { Sale } from '../../../functions/core/inbound/event.ts';
import { reasonOf } from '../../../functions/core/inbound/rejection.ts';
import { type Corrections, releaseOrder } from '../../../functions/core/operator/release.ts';
import {
  ownEvents,
  type Reader,
  recordEvents,
  reread,
  saleIn,
} from '../../../functions/core/operator/reread.ts';
import { statusOf } from '../../../functions/core/order/due.ts';
import type { Actor } from '../../../functions/core/order/manual.ts';
import { changeItem } from '../../../functions/core/order/record.ts';
import type { Item, Order, Raw, Unreadable } from '../../../functions/core/order/types.ts';
import { asOrder } from '../../../functions/core/order/view.ts';
import { fetchAnswers } from '../../../functions/core/serial/lines.ts';
import { actorOf, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { parseAddress } from '../cli/option-values.ts';
import { type OptionsOf, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { printOutcome } from './print.ts';
import {
  findItem,
  type OrderSession,
  openSession,
  readerOf,
  recordingOf,
  requireLive,
  requireResult,
} from './session.ts';
import { requireUnchanged } from './show.ts';

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
    .option('--json', 'for scripts: the order after the change')
    .addHelpText('after', HELP);

const HELP = `
The cause may be fixed by now, so Keypost first parses the order's notification
again, with the current code, catalogue and keys. An unreadable notification that
can be parsed becomes the order that it describes. The release of an order below
its price floor approves the price. A line that still lacks something stays held,
and then the exit code is 1. A line whose SKU the catalogue ignores by now is dropped.

Examples:
  npx --no keypost orders release 'stripe#pi_123' --name 'José Núñez'
  npx --no keypost orders release 'shop#1042' --email jose@example.com --local
  npx --no keypost orders release 'shop#1042' --product widget-old=widgetpro-mac`;

export const ordersRelease = (terminal: Terminal) =>
  command().action((key, options) => release(terminal, key, options));

async function release(terminal: Terminal, text: string, options: OptionsOf<typeof command>): Promise<void> {
  const { name, email, product: products } = options;
  const corrections: Corrections = { name, email, products };
  const session = await openSession(options, terminal);
  requireProducts(session.catalogue, corrections);
  const found = await findItem(session, text);
  if (found.kind === 'keyChange') throw new CommandError(`${found.key} is not an order`);
  requireHeld(session, found);
  const reader = await readerOf(session);
  const actor = await actorOf(session.target, terminal, options);
  const work = { terminal, session, reader, actor };
  const raw = 'raw' in found ? found.raw : undefined;
  const events = raw && (await eventsOf(terminal, reader, found, raw));
  if (!raw || !events || found.kind === 'order') {
    const sale = events && found.kind === 'order' ? saleIn(reader, found, events) : undefined;
    return printOutcome(terminal, await corrected(work, found, corrections, sale), options.json);
  }
  const items = await recordEvents(recordingOf(session, terminal), reader, found, raw, events, actor);
  for (const item of items.filter(({ key }) => key !== found.key))
    terminal.complain(
      item.kind === 'order'
        ? `the notification was for ${item.key}, which is ${statusOf(item)}`
        : `${item.key} still cannot be parsed`,
    );
  const isHeld = (item: Order | Unreadable) => 'heldAt' in item && item.heldAt !== undefined;
  const next = items.find(isHeld) ?? items[0] ?? found;
  const more = isHeld(next) && (name ?? email ?? products.keys().next().value);
  if (more && items.length > 1)
    terminal.complain(
      `the corrections are not applied, since ${found.key} held ${items.length} orders; release each held order by its key`,
    );
  const item = more && items.length === 1 ? await corrected(work, next, corrections) : next;
  printOutcome(terminal, item, options.json);
}

/** Parses the notification again. Returns undefined if it still cannot be parsed, and reports why. */
async function eventsOf({ complain }: Terminal, reader: Reader, item: Order | Unreadable, raw: Raw) {
  try {
    const events = await reread(reader, raw);
    if (item.kind === 'order') return events;
    const own = ownEvents(reader, item, raw, events);
    const reasons = own.flatMap((event) => (event.kind === 'unreadable' ? event.why : []));
    for (const why of reasons) complain(`its notification still cannot be parsed: ${why}`);
    return own.length > 0 && reasons.length === own.length ? undefined : own;
  } catch (error) {
    // The person can still give the values by hand, whatever the reason.
    complain(`its notification still cannot be parsed: ${reasonOf(error)}`);
    return undefined;
  }
}

interface Work {
  readonly terminal: Terminal;
  readonly session: OrderSession;
  readonly reader: Reader;
  readonly actor: Actor;
}

/** Applies the corrections. An unreadable notification becomes the order that the person describes. */
async function corrected(
  { terminal, session, reader, actor }: Work,
  found: Order | Unreadable,
  corrections: Corrections,
  sale?: Sale,
): Promise<Order | Unreadable> {
  const known = { catalogue: session.catalogue, keys: reader.productKeys };
  const answers = await fetchAnswers(reader.generate, (some) =>
    releaseOrder(
      { ...known, answers: some },
      found.kind === 'order' ? found : asOrder(found),
      corrections,
      sale,
      actor,
      Date.now(),
    ),
  );
  const { store } = session;
  const { order } = await changeItem<Order | Unreadable>(store, found.key, found, isReleasable, (current) => {
    if (!current) return undefined;
    requireUnchanged(terminal, found, current);
    // An unreadable notification becomes an order once a person names what was sold.
    if (current.kind === 'unreadable' && corrections.products.size === 0) return undefined;
    const before = current.kind === 'order' ? current : asOrder(current);
    requireLines(before, corrections, sale);
    return requireResult(
      releaseOrder({ ...known, answers }, before, corrections, sale, actor, Date.now()),
      before,
    );
  });
  return order;
}

const isReleasable = <Some extends Item>(item: Some): item is Some & (Order | Unreadable) =>
  item.kind === 'order' || item.kind === 'unreadable';

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

function requireLines({ key, lines }: Order, { products }: Corrections, sale: Sale | undefined): void {
  for (const sku of products.keys()) {
    const line = lines.find((one) => one.sku === sku) ?? lines.find((one) => one.sku === '');
    if (line ? line.state !== 'issued' : sale?.lines.some((one) => one.sku === sku)) continue;
    const why = line
      ? 'has its serial already, which is not changed'
      : `is no line of ${key}; it has ${lines.map((one) => one.sku).join(', ')}`;
    throw new CommandError(`the SKU ${sku} ${why}`);
  }
}

function parsePair(text: string, known: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, sku, product] = /^(.+)=([^=]+)$/.exec(text) ?? [];
  if (sku && product) return new Map([...known, [sku, product]]);
  throw new InvalidArgumentError('Expected SKU=product, such as widget-old=widgetpro-mac.');
}
