/** `orders release`: a held order is put right and goes out. */
import { Command, InvalidArgumentError } from 'commander';
import { toMailbox } from '../../functions/core/address.ts';
import type { Catalogue } from '../../functions/core/catalogue.ts';
import { productKeys } from '../../functions/core/keys.ts';
import { isWaiting, type Order, view } from '../../functions/core/order.ts';
import { change } from '../../functions/core/record.ts';
import { type Corrections, released } from '../../functions/core/release.ts';
import { columns, json } from './columns.ts';
import { CommandError } from './failure.ts';
import { HINTS, ordersOf } from './held.ts';
import { type PlaceOptions, placeOf } from './place.ts';
import { catalogueOf, placed } from './placed.ts';
import { readSecret } from './secret.ts';
import type { Terminal } from './terminal.ts';

interface ReleaseOptions extends PlaceOptions {
  readonly name?: string;
  readonly email?: string;
  readonly product: ReadonlyMap<string, string>;
  readonly json?: boolean;
}

export const ordersRelease = (terminal: Terminal): Command =>
  placed(new Command('release'))
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
Releasing an order below its price floor approves the price. A line that still
lacks something stays held, and then the exit code is 1. A line whose SKU the
catalogue ignores by now is dropped.

Examples:
  npx --no keypost orders release 'stripe#pi_123' --name 'José Núñez'
  npx --no keypost orders release 'shop#1042' --email jose@example.com --local
  npx --no keypost orders release 'shop#1042' --product widget-old=widgetpro-mac`;

async function release(terminal: Terminal, key: string, options: ReleaseOptions): Promise<void> {
  const corrections: Corrections = { name: options.name, email: options.email, products: options.product };
  const catalogue = await catalogueOf(terminal);
  requireProducts(catalogue, corrections);
  const place = placeOf(options, terminal.env);
  const { store } = await ordersOf(place);
  const held = place.command('orders held');
  const found = await store.get(key);
  if (!found) throw new CommandError(`there is no order ${key}; \`${held}\` shows the keys`);
  const keys = productKeys(await readSecret(place, (await place.names()).productKeys));
  const { order } = await change(store, found.key, found, (current) => {
    if (!current) return undefined;
    requireReleasable(current, corrections, held);
    return released({ catalogue, keys }, current, corrections, Date.now());
  });
  terminal.print(
    options.json ? json(view(order)) : outcome(order) || 'nothing is left of it: all is ignored',
  );
  const left = order.lines.filter((line) => line.held).length;
  if (left > 0) throw new CommandError(`${left} of ${order.lines.length} lines of ${order.key} still held`);
}

function requireProducts({ products }: Catalogue, corrections: Corrections): void {
  for (const product of corrections.products.values()) {
    if (Object.hasOwn(products, product)) continue;
    throw new CommandError(
      `the catalogue has no product ${product}; it has ${Object.keys(products).join(', ')}`,
    );
  }
}

function requireReleasable(
  { key, status, heldAt, lines }: Order,
  { products }: Corrections,
  held: string,
): void {
  if (status !== 'paid' && status !== 'partly_refunded') {
    throw new CommandError(`${key} is ${status}; nothing of it goes out`);
  }
  if (!heldAt) throw new CommandError(`${key} is not held; \`${held}\` shows what is`);
  for (const sku of products.keys()) {
    const line = lines.find((one) => one.sku === sku) ?? lines.find((one) => one.sku === '');
    if (line?.serial === null) continue;
    const why = line
      ? `has its serial, which stays`
      : `is no line of ${key}; it has ${lines.map((one) => one.sku).join(', ')}`;
    throw new CommandError(`the SKU ${sku} ${why}`);
  }
}

/** A line for each line of the order. */
const outcome = ({ lines, buyer, test }: Order): string =>
  columns(
    lines.map((line) => {
      const { sku, product, held } = line;
      const to = test ? 'the seller' : (buyer.email ?? '');
      const due = isWaiting(line) ? `goes to ${to} within a minute` : 'is there already';
      return [product ?? sku, held ? `still held, ${held}: ${HINTS[held]}` : due];
    }),
  );

function mailbox(text: string): string {
  const address = toMailbox(text);
  if (address) return address;
  throw new InvalidArgumentError('An address like name@example.com would do.');
}

function pair(text: string, known: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, sku, product] = /^(.+)=([^=]+)$/.exec(text) ?? [];
  if (sku && product) return new Map([...known, [sku, product]]);
  throw new InvalidArgumentError('SKU=product would do, as in widget-old=widgetpro-mac.');
}
