/** Parses the notification of a held order again, with today's code, catalogue and API key. */
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
 * Returns the events of the stored request, without ignored ones. It was verified on arrival and cannot be verified again,
 * because its proof is not stored. Throws a Rejection if it still cannot be parsed.
 */
export async function reread(reader: Reader, { provider: name, ...raw }: Raw): Promise<OrderEvent[]> {
  const { catalogue, providers, providerKeys } = reader;
  const provider = findProvider(catalogue, name, providers);
  if (!provider) throw new Rejection('unknown_provider', `${name} is not enabled in the catalogue any more`);
  const request = { ...raw, body: gunzipSync(raw.body) };
  const events = await provider.read(request, contextFrom(reader, name, providerKeys));
  return events.flatMap((event) => filterIgnored({ catalogue, provider: name }, event));
}

/** Returns the events that an unparseable item represents: all of a request that could not be parsed, else one event of it. */
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

/** Returns the event of this order. */
export function saleIn({ catalogue }: Reader, order: Order, events: readonly OrderEvent[]): Sale | undefined {
  const names = [order.key, ...(order.aliases ?? [])];
  const owner = ownerOf(catalogue, order.raw?.provider ?? order.provider);
  return events
    .filter((event) => event.kind !== 'reversed')
    .find(({ id, aliases = [], test }) =>
      [id, ...aliases].some((one) => names.includes(keyOf(owner, test, one))),
    );
}

/** Returns the order with the notification's data. Lines with a serial and a person's corrections stay. */
export function withParsedSale(reader: Reader, order: Order, sale: Sale): Order {
  const { catalogue, productKeys } = reader;
  const provider = order.raw?.provider ?? order.provider;
  const parsed = withSerials({ catalogue, provider }, sale, productKeys);
  if (parsed.kind === 'reversed') return order;
  const has = (lines: readonly Line[], { sku }: Line) => lines.some((line) => line.sku === sku);
  const gone = order.lines.filter((line) => line.serial === null && !has(parsed.lines, line));
  const come = parsed.lines.filter((line) => !has(order.lines, line));
  // Lines are replaced one by one, or if none was known. Lines of other notifications stay.
  const better = gone.length > 0 && (gone.length === come.length || gone.every(({ sku }) => sku === ''));
  const kept = better ? order.lines.filter((line) => !gone.includes(line)) : order.lines;
  const lines = [
    ...kept.map((line) => withoutOwnName(order, line)),
    ...(better ? come.map(withoutSerial) : []),
  ];
  return { ...order, buyer: buyerOf(order, parsed.buyer), amount: order.amount ?? parsed.amount, lines };
}

/** While there is no serial, the new data of the buyer replaces the old, which may have been parsed wrongly. */
function buyerOf({ buyer, lines, acts = [] }: Order, parsed: Buyer): Buyer {
  const both = { ...parsed, ...buyer };
  if (lines.some(({ serial }) => serial !== null)) return both;
  const corrected = acts.some(({ after }) => 'email' in after);
  const known = Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
  return { ...both, ...known, ...(corrected ? { email: buyer.email } : {}) };
}

/** Removes the buyer's own name, which may be parsed differently now. A name that a person has set stays. */
function withoutOwnName({ buyer }: Order, line: Line): Line {
  const own = [buyer.registration, buyer.name, buyer.company].includes(line.received ?? undefined);
  return line.serial === null && own ? { ...line, received: null } : line;
}

/** Removes the serial: corrections come first, and a price below the floor is not approved yet. */
const withoutSerial = (line: Line): Line => ({
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
export async function recordEvents(
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
  await replaceByAlias(ports, key, held.version, first.key);
  const isNoted = first.acts?.some((act) => Date.parse(act.at) === at);
  // If every event was known already, replacing the item was the only change.
  const step = (found: Order | undefined) => (found && !isNoted ? note(found, found) : undefined);
  return [(await change(store, first.key, first, step)).order];
}

/** Makes an unparseable item an alias. An item that a person has released meanwhile is an order of its own and stays. */
async function replaceByAlias(
  { store }: Recording,
  key: string,
  version: number,
  aliasOf: string,
): Promise<void> {
  for (let expected = version; key !== aliasOf; ) {
    const inTheWay = await store.put({ key, aliasOf }, expected);
    if (!inTheWay || isAlias(inTheWay) || !isUnparsed(inTheWay)) return;
    expected = inTheWay.version;
  }
}
