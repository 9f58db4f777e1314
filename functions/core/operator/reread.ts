/** A held order's notification, read once more: under today's code, catalogue and API key. */
import { gunzipSync } from 'node:zlib';
import { type Catalogue, findProvider, ownerOf } from '../catalogue/catalogue.ts';
import type { ProductKeys, ProviderKeys } from '../catalogue/keys.ts';
import { filterIgnored } from '../fulfil.ts';
import type { Buyer, OrderEvent, Sale } from '../inbound/event.ts';
import type { Context, Provider } from '../inbound/provider.ts';
import { Rejection } from '../inbound/rejection.ts';
import { type Actor, withAudit } from '../order/audit.ts';
import { isAlias, isUnparsed, keyOf, type Line, type Order, type Raw, withRelease } from '../order/order.ts';
import { change, type Recording, recordReversal, recordSale } from '../order/record.ts';
import { contextFrom, withRaw } from '../request-world.ts';
import { withSerials } from '../serial/lines.ts';

export interface Reader {
  readonly catalogue: Catalogue;
  readonly providers: Readonly<Record<string, Provider>>;
  readonly providerKeys: ProviderKeys;
  readonly productKeys: ProductKeys;
  readonly ask: Context['ask'];
  now(): number;
}

/**
 * What the kept request says, without what is no concern of ours. It was verified when it came; that cannot be done
 * again, since what proves who sent it is not kept. Throws a Rejection where it still cannot be read.
 */
export async function reread(reader: Reader, { provider: name, ...raw }: Raw): Promise<OrderEvent[]> {
  const { catalogue, providers, providerKeys } = reader;
  const provider = findProvider(catalogue, name, providers);
  if (!provider) throw new Rejection('unknown_provider', `${name} is not enabled in the catalogue any more`);
  const request = { ...raw, body: gunzipSync(raw.body) };
  const events = await provider.read(request, contextFrom(reader, name, providerKeys));
  return events.flatMap((event) => filterIgnored({ catalogue, provider: name }, event));
}

/** The events that an unparseable item stands for: all of a request that could not be parsed, else one event of it. */
export function ownEvents(
  { catalogue }: Reader,
  { key, test }: Order,
  { provider }: Raw,
  events: readonly OrderEvent[],
): readonly OrderEvent[] {
  if (key.startsWith(`held#${provider}#`)) return events;
  const owner = ownerOf(catalogue, provider);
  return events.filter(({ event }) => event === undefined || keyOf(owner, test, event) === key);
}

/** The event that tells of this order. */
export function saleIn({ catalogue }: Reader, order: Order, events: readonly OrderEvent[]): Sale | undefined {
  const names = [order.key, ...(order.aliases ?? [])];
  const owner = ownerOf(catalogue, order.raw?.provider ?? order.provider);
  return events
    .filter((event) => event.kind !== 'reversed')
    .find(({ id, aliases = [], test }) =>
      [id, ...aliases].some((one) => names.includes(keyOf(owner, test, one))),
    );
}

/** The order as the notification tells it by now. What has its serial stays, and so does what a person has corrected. */
export function filled(reader: Reader, order: Order, sale: Sale): Order {
  const { catalogue, productKeys } = reader;
  const provider = order.raw?.provider ?? order.provider;
  const told = withSerials({ catalogue, provider }, sale, productKeys);
  if (told.kind === 'reversed') return order;
  const has = (lines: readonly Line[], { sku }: Line) => lines.some((line) => line.sku === sku);
  const gone = order.lines.filter((line) => line.serial === null && !has(told.lines, line));
  const come = told.lines.filter((line) => !has(order.lines, line));
  // One for one, or in place of nothing known: what another notification has told of stays.
  const better = gone.length > 0 && (gone.length === come.length || gone.every(({ sku }) => sku === ''));
  const kept = better ? order.lines.filter((line) => !gone.includes(line)) : order.lines;
  const lines = [...kept.map((line) => unnamed(order, line)), ...(better ? come.map(unmade) : [])];
  return { ...order, buyer: buyerOf(order, told.buyer), amount: order.amount ?? told.amount, lines };
}

/** Nothing has been made of what was read first, perhaps wrongly, while there is no serial. */
function buyerOf({ buyer, lines, acts = [] }: Order, told: Buyer): Buyer {
  const both = { ...told, ...buyer };
  if (lines.some(({ serial }) => serial !== null)) return both;
  const corrected = acts.some(({ after }) => 'email' in after);
  const said = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
  return { ...both, ...said, ...(corrected ? { email: buyer.email } : {}) };
}

/** Without the buyer's own name, which may be read otherwise by now; one that a person has given stays. */
function unnamed({ buyer }: Order, line: Line): Line {
  const own = [buyer.registration, buyer.name, buyer.company].includes(line.received ?? undefined);
  return line.serial === null && own ? { ...line, received: null } : line;
}

/** A person may have corrections before there is a serial; and a price below the floor nobody has approved yet. */
const unmade = (line: Line): Line => ({
  ...line,
  licensee: null,
  serial: null,
  keyVersion: null,
  held: 'unknown_product',
});

/**
 * Records what an unparseable notification turned out to say. Its item becomes an alias if that is one order, and is
 * closed otherwise. Returns the orders, or the closed item if there are none.
 */
export async function recordAgain(
  ports: Recording,
  reader: Reader,
  held: Order & { readonly raw: Raw },
  events: readonly OrderEvent[],
  actor: Actor,
): Promise<readonly Order[]> {
  const { store } = ports;
  const { key, raw } = held;
  const sold = { catalogue: reader.catalogue, provider: raw.provider };
  const at = ports.now();
  const note = withAudit(actor, { held: 'bad_body' }, () => at);
  const recorded = new Map<string, Order>();
  for (const event of events) {
    const made = withSerials(sold, event, reader.productKeys);
    const { order } =
      made.kind === 'reversed'
        ? await recordReversal(ports, ownerOf(sold.catalogue, sold.provider), made, note)
        : await recordSale(
            ports,
            withRaw(made, () => raw),
            false,
            note,
          );
    recorded.set(order.key, order);
  }
  const orders = [...recorded.values()];
  const [first, ...others] = orders;
  if (!first || others.length > 0) {
    const closed = (order: Order) => note(withRelease(order, { buyer: {}, lines: [] }, at), order);
    const step = (found: Order | undefined) => (found && isUnparsed(found) ? closed(found) : undefined);
    const { order } = await change(store, key, held, step);
    return first ? orders : [order];
  }
  await rename(ports, key, held.version, first.key);
  const isNoted = first.acts?.some((act) => Date.parse(act.at) === at);
  // All of it was known already: the item that is gone was the only change.
  const step = (found: Order | undefined) => (found && !isNoted ? note(found, found) : undefined);
  return [(await change(store, first.key, first, step)).order];
}

/** Only an item that is still unparseable, and not the order itself. Once released by hand, it is an order of its own. */
async function rename({ store }: Recording, key: string, version: number, aliasOf: string): Promise<void> {
  for (let expected = version; key !== aliasOf; ) {
    const inTheWay = await store.put({ key, aliasOf }, expected);
    if (!inTheWay || isAlias(inTheWay) || !isUnparsed(inTheWay)) return;
    expected = inTheWay.version;
  }
}
