/** `orders release`: corrects a held order and mails it. */
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import type { Sale } from '../../../functions/core/inbound/event.ts';
import { reasonOf } from '../../../functions/core/inbound/rejection.ts';
import {
  ownEvents,
  type Reader,
  recordEvents,
  releaseUnreadable,
  reread,
  saleIn,
} from '../../../functions/core/inbound/reread.ts';
import { type Corrections, releaseOrder } from '../../../functions/core/operator/release.ts';
import { statusOf } from '../../../functions/core/order/due.ts';
import { idIn } from '../../../functions/core/order/keys.ts';
import type { Actor } from '../../../functions/core/order/manual.ts';
import { change } from '../../../functions/core/order/record.ts';
import type { Order, Raw, Request, Unreadable } from '../../../functions/core/order/types.ts';
import { asOrder } from '../../../functions/core/order/view.ts';
import { type Answers, fetchAnswers } from '../../../functions/core/serial/lines.ts';
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
  const reader = await readerOf(session);
  const actor = await actorOf(session.target, terminal, options);
  const work = { terminal, session, reader, actor };
  const raw = 'raw' in found ? found.raw : undefined;
  const events = raw && (await eventsOf(terminal, reader, found, raw));
  if (found.kind === 'order') {
    const sale = events && saleIn(reader, found, events);
    return printOutcome(terminal, await corrected(work, found, corrections, sale), options.json);
  }
  if (!raw || !events)
    return printOutcome(terminal, await described(work, found, corrections, options.order), options.json);
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
  const item =
    more && items.length === 1 && next.kind === 'order' ? await corrected(work, next, corrections) : next;
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

/** Parses the notification again. Returns undefined if it still cannot be parsed, and reports why. */
async function eventsOf({ complain }: Terminal, reader: Reader, item: Order | Unreadable, raw: Raw) {
  try {
    const later = 'later' in item ? (item.later ?? []) : [];
    const events = (await Promise.all([raw, ...later].map((one) => reread(reader, one)))).flat();
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

/** Applies the corrections. */
async function corrected(
  { terminal, session, reader, actor }: Work,
  found: Order,
  corrections: Corrections,
  sale?: Sale,
): Promise<Order> {
  const releaseIt = await releaser({ session, reader, actor }, found, corrections, sale);
  const { order } = await change(session.store, found.key, found, (current) => {
    if (!current) return undefined;
    requireUnchanged(terminal, found, current);
    return releaseIt(current);
  });
  return order;
}

/** Returns the function that releases the order. Programs that make serials are called before. */
async function releaser(
  { session, reader, actor }: Omit<Work, 'terminal'>,
  found: Order,
  corrections: Corrections,
  sale: Sale | undefined,
) {
  const known = { catalogue: session.catalogue, keys: reader.productKeys };
  const result = (order: Order, answers: Answers) =>
    releaseOrder({ ...known, answers }, order, corrections, sale, actor, Date.now());
  const answers = await fetchAnswers(reader.generate, (some) => result(found, some));
  return (order: Order) => {
    requireLines(order, corrections, sale);
    return requireResult(result(order, answers), order);
  };
}

/** Makes the order that the person describes, once the person names what was sold. */
async function described(
  { terminal, session, reader, actor }: Work,
  found: Unreadable,
  corrections: Corrections,
  number: string | undefined,
): Promise<Order | Unreadable> {
  if (corrections.products.size === 0) return found;
  const id = await numberOf(terminal, found, number);
  const releaseIt = await releaser({ session, reader, actor }, asOrder(found), corrections, undefined);
  let isMade = false;
  const recording = recordingOf(session, terminal);
  const order = await releaseUnreadable(recording, reader, found, id, (before) => {
    isMade = true;
    return releaseIt(before);
  });
  if (!order)
    throw new CommandError(
      `another person has released ${found.key} since the command read it, so nothing is done; check it with \`${session.target.command(`orders show '${found.key}'`)}\``,
    );
  if (!isMade) terminal.complain(`${order.key} is stored already, so its notification changes nothing`);
  return order;
}

/** Returns the order's ID: the one in the notification, else the one that the person gives. */
async function numberOf({ ask }: Terminal, { key }: Unreadable, option: string | undefined): Promise<string> {
  const own = idIn(key);
  const isHash = /^[0-9a-f]{64}$/.test(own);
  if (!isHash && option !== undefined && option !== own)
    throw new CommandError(`the notification is for the order ${own}; run the command without --order`);
  if (!isHash) return own;
  const number = (option ?? (await ask?.("The provider's ID of the order: ")) ?? '').trim();
  if (number) return number;
  throw new CommandError(
    "the notification contains no ID of the order; give the provider's ID with --order, so that a repeated notification is no second order",
  );
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
