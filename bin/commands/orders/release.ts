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
  withParsedSale,
} from '../../../functions/core/operator/reread.ts';
import { type Actor, withAudit } from '../../../functions/core/order/audit.ts';
import { isUnparsed, type Order } from '../../../functions/core/order/order.ts';
import { change } from '../../../functions/core/order/record.ts';
import { actorOf, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { parseAddress } from '../cli/option-values.ts';
import { type OptionsOf, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { printOutcome } from './print.ts';
import { findOrder, type OrderSession, openSession, readerOf, recordingOf, requireLive } from './session.ts';

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
  const found = await findOrder(session, text);
  requireHeld(session, found);
  const reader = await readerOf(session);
  const actor = await actorOf(session.target, terminal, 'release', options);
  const work = { session, reader, actor };
  const events = await eventsOf(terminal, reader, found);
  const { raw } = found;
  const sale = events && saleIn(reader, found, events);
  if (!events || !raw || !isUnparsed(found) || sale)
    return printOutcome(terminal, await corrected(work, found, corrections, sale), options.json);
  const orders = await recordEvents(recordingOf(session, terminal), reader, { ...found, raw }, events, actor);
  for (const order of orders.filter(({ key }) => key !== found.key))
    terminal.complain(
      isUnparsed(order)
        ? `${order.key} still cannot be parsed`
        : `the notification was for ${order.key}, which is ${order.status}`,
    );
  const next = orders.find(({ heldAt }) => heldAt) ?? orders[0] ?? found;
  const more = next.heldAt && (name ?? email ?? products.keys().next().value);
  if (more && orders.length > 1)
    terminal.complain(
      `the corrections are not applied, since ${found.key} held ${orders.length} orders; release each held order by its key`,
    );
  const order = more && orders.length === 1 ? await corrected(work, next, corrections) : next;
  printOutcome(terminal, order, options.json);
}

/** Parses the notification again. Returns undefined if it is not stored or still cannot be parsed, and reports the latter. */
async function eventsOf({ complain }: Terminal, reader: Reader, order: Order) {
  const { raw } = order;
  if (!raw) return undefined;
  try {
    const events = await reread(reader, raw);
    if (!isUnparsed(order)) return events;
    const own = ownEvents(reader, order, raw, events);
    const reasons = own.flatMap((event) => (event.kind === 'paid' && event.unparsed) || []);
    for (const why of reasons) complain(`its notification still cannot be parsed: ${why}`);
    return own.length > 0 && reasons.length === own.length ? undefined : own;
  } catch (error) {
    // The person can still give the values by hand, whatever the reason.
    complain(`its notification still cannot be parsed: ${reasonOf(error)}`);
    return undefined;
  }
}

async function corrected(
  {
    session,
    reader,
    actor,
  }: { readonly session: OrderSession; readonly reader: Reader; readonly actor: Actor },
  found: Order,
  corrections: Corrections,
  sale?: Sale,
): Promise<Order> {
  const known = { catalogue: session.catalogue, keys: reader.productKeys };
  const { order } = await change(session.store, found.key, found, (current) => {
    if (!current) return undefined;
    requireHeld(session, current);
    const better = sale ? withParsedSale(reader, current, sale) : current;
    requireLines(better, corrections);
    const next = releaseOrder(known, better, corrections, Date.now());
    return withAudit(actor, {}, Date.now)(next, current);
  });
  return order;
}

function requireProducts({ products }: Catalogue, corrections: Corrections): void {
  for (const product of corrections.products.values()) {
    if (Object.hasOwn(products, product)) continue;
    throw new CommandError(
      `the catalogue has no product ${product}; it has ${Object.keys(products).join(', ')}`,
    );
  }
}

function requireHeld({ target }: OrderSession, order: Order): void {
  requireLive(order);
  if (order.heldAt) return;
  throw new CommandError(
    `${order.key} is not held; \`${target.command('orders held')}\` lists the held orders`,
  );
}

function requireLines({ key, lines }: Order, { products }: Corrections): void {
  for (const sku of products.keys()) {
    const line = lines.find((one) => one.sku === sku) ?? lines.find((one) => one.sku === '');
    if (line?.serial === null) continue;
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
