/** `orders release`: a held order is put right and goes out. */
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import type { Sale } from '../../../functions/core/inbound/event.ts';
import { reasonOf } from '../../../functions/core/inbound/rejection.ts';
import { type Corrections, released } from '../../../functions/core/operator/release.ts';
import {
  filled,
  ownEvents,
  type Reader,
  recordAgain,
  reread,
  saleIn,
} from '../../../functions/core/operator/reread.ts';
import { type Hand, noted } from '../../../functions/core/order/audit.ts';
import { isUnparsed, type Order } from '../../../functions/core/order/order.ts';
import { change } from '../../../functions/core/order/record.ts';
import { actorOf, type WhyOptions, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { type TargetOptions, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { mailbox, printOutcome } from './outcome.ts';
import { type Desk, deskOf, orderMeant, readerOf, recordingOf, requireLive } from './session.ts';

interface ReleaseOptions extends TargetOptions, WhyOptions {
  readonly name?: string;
  readonly email?: string;
  readonly product: ReadonlyMap<string, string>;
  readonly json?: boolean;
}

export const ordersRelease = (terminal: Terminal) =>
  withWhyOption(withTargetOptions(new Command('release')))
    .argument('<key>', 'of the order, as `orders held` shows it')
    .description('put a held order right, and let every line go out that now can')
    .option('--name <name>', 'the name for the lines that have no serial yet')
    .option('--email <address>', "the buyer's address; all of the order's serials are mailed there", mailbox)
    .option(
      '--product <sku=product>',
      'what the catalogue calls an unknown SKU; may be said again',
      pair,
      new Map(),
    )
    .option('--json', 'for scripts: the order as it now stands')
    .addHelpText('after', RELEASE)
    .action((key: string, options: ReleaseOptions) => release(terminal, key, options));

const RELEASE = `
Whatever held it may be mended by now: its notification is read again first, with
today's code, catalogue and keys. An unreadable one that can be read becomes the
order that it tells of. Releasing an order below its price floor approves the
price. A line that still lacks something stays held, and then the exit code is 1.
A line whose SKU the catalogue ignores by now is dropped.

Examples:
  npx --no keypost orders release 'stripe#pi_123' --name 'José Núñez'
  npx --no keypost orders release 'shop#1042' --email jose@example.com --local
  npx --no keypost orders release 'shop#1042' --product widget-old=widgetpro-mac`;

async function release(terminal: Terminal, text: string, options: ReleaseOptions): Promise<void> {
  const { name, email, product: products } = options;
  const corrections: Corrections = { name, email, products };
  const desk = await deskOf(options, terminal);
  requireProducts(desk.catalogue, corrections);
  const found = await orderMeant(desk, text);
  requireHeld(desk, found);
  const reader = await readerOf(desk);
  const hand = await actorOf(desk.target, terminal, 'release', options);
  const work = { desk, reader, hand };
  const events = await eventsOf(terminal, reader, found);
  const { raw } = found;
  const sale = events && saleIn(reader, found, events);
  if (!events || !raw || !isUnparsed(found) || sale)
    return printOutcome(terminal, await corrected(work, found, corrections, sale), options.json);
  const orders = await recordAgain(recordingOf(desk, terminal), reader, { ...found, raw }, events, hand);
  for (const order of orders.filter(({ key }) => key !== found.key))
    terminal.complain(
      isUnparsed(order)
        ? `${order.key} still cannot be parsed`
        : `it turned out to be ${order.key}, ${order.status}`,
    );
  const told = orders.find(({ heldAt }) => heldAt) ?? orders[0] ?? found;
  const more = told.heldAt && (name ?? email ?? products.keys().next().value);
  if (more && orders.length > 1)
    terminal.complain(
      `the corrections are not applied, since ${found.key} held ${orders.length} orders; release each held order by its key`,
    );
  const order = more && orders.length === 1 ? await corrected(work, told, corrections) : told;
  printOutcome(terminal, order, options.json);
}

/** What the notification says today; undefined where it is not kept, or cannot be read, which is told. */
async function eventsOf({ complain }: Terminal, reader: Reader, order: Order) {
  const { raw } = order;
  if (!raw) return undefined;
  try {
    const events = await reread(reader, raw);
    if (!isUnparsed(order)) return events;
    const own = ownEvents(reader, order, raw, events);
    const reasons = own.flatMap((event) => (event.kind === 'paid' && event.unparsed) || []);
    for (const why of reasons) complain(`its notification cannot be read again: ${why}`);
    return own.length > 0 && reasons.length === own.length ? undefined : own;
  } catch (error) {
    // As when it came: whatever keeps it from being read, a person can still say what it holds.
    complain(`its notification cannot be read again: ${reasonOf(error)}`);
    return undefined;
  }
}

async function corrected(
  { desk, reader, hand }: { readonly desk: Desk; readonly reader: Reader; readonly hand: Hand },
  found: Order,
  corrections: Corrections,
  sale?: Sale,
): Promise<Order> {
  const known = { catalogue: desk.catalogue, keys: reader.productKeys };
  const { order } = await change(desk.store, found.key, found, (current) => {
    if (!current) return undefined;
    requireHeld(desk, current);
    const better = sale ? filled(reader, current, sale) : current;
    requireLines(better, corrections);
    const next = released(known, better, corrections, Date.now());
    return noted(hand, {}, Date.now)(next, current);
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

function requireHeld({ target }: Desk, order: Order): void {
  requireLive(order);
  if (order.heldAt) return;
  throw new CommandError(`${order.key} is not held; \`${target.command('orders held')}\` shows what is`);
}

function requireLines({ key, lines }: Order, { products }: Corrections): void {
  for (const sku of products.keys()) {
    const line = lines.find((one) => one.sku === sku) ?? lines.find((one) => one.sku === '');
    if (line?.serial === null) continue;
    const why = line
      ? `has its serial, which stays`
      : `is no line of ${key}; it has ${lines.map((one) => one.sku).join(', ')}`;
    throw new CommandError(`the SKU ${sku} ${why}`);
  }
}

function pair(text: string, known: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, sku, product] = /^(.+)=([^=]+)$/.exec(text) ?? [];
  if (sku && product) return new Map([...known, [sku, product]]);
  throw new InvalidArgumentError('SKU=product would do, as in widget-old=widgetpro-mac.');
}
