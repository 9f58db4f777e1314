/** Parses the notification of a held order again, with today's code, catalogue and API key. */
import { gunzipSync } from 'node:zlib';
import { findProvider, ownerOf } from '../catalogue/catalogue.ts';
import { filterIgnored, requireKey } from '../fulfil.ts';
import { change, changeItem, itemAt } from '../order/change.ts';
import { isStub, toAt } from '../order/due.ts';
import { type Actor, withAudit } from '../order/manual.ts';
import { recordReversal, recordSale, recordUnreadable } from '../order/record.ts';
import { type AuditEntry, type Item, keyOf, type Order, type Raw, type Unreadable } from '../order/types.ts';
import { asOrder } from '../order/view.ts';
import { contextFrom } from '../request-world.ts';
import { judgeWith, withSerials } from '../serial/lines.ts';
import type { OperatorPorts, Store } from '../world.ts';
import { hashOfEvent, type OrderEvent, type Sale } from './event.ts';
import { Rejection } from './rejection.ts';

/**
 * Returns the events of the stored request, without ignored ones. It was verified on arrival and cannot be verified again,
 * because its proof is not stored. Throws a Rejection if it still cannot be parsed.
 */
export async function reread(ports: OperatorPorts, { provider: name, ...raw }: Raw): Promise<OrderEvent[]> {
  const { catalogue, providers } = ports;
  const provider = findProvider(catalogue, name, providers);
  if (!provider) throw new Rejection('unknown_provider', `${name} is not enabled in the catalogue any more`);
  const request = { ...raw, body: gunzipSync(raw.body) };
  const context = contextFrom(ports, name, await ports.providerKeys.read());
  requireKey(provider, name, context);
  const events = await provider.read(request, context);
  return events.flatMap((event) => filterIgnored({ catalogue, provider: name }, event));
}

/** Returns the events that an unparseable item represents: all of a request that could not be parsed, else one event of it. */
export function ownEvents(
  { catalogue }: OperatorPorts,
  { key, test }: Unreadable,
  { provider }: Raw,
  events: readonly OrderEvent[],
): readonly OrderEvent[] {
  if (test === undefined) return events;
  const keyFor = (id: string) => keyOf(ownerOf(catalogue, provider), test, id);
  return events.filter(({ event, id }) => {
    // Earlier versions made the key from the event's ID.
    const ids = event === undefined ? [id] : [id, hashOfEvent(event), event];
    return ids.some((one) => `held#${keyFor(one)}` === key) || (event && keyFor(event) === key);
  });
}

/** Returns the sale of this order: its first event, with the lines of all its events. */
export function saleIn(
  { catalogue }: OperatorPorts,
  order: Order,
  events: readonly OrderEvent[],
): Sale | undefined {
  const names = [order.key, ...order.aliases];
  const owner = ownerOf(catalogue, order.raw?.provider ?? order.provider);
  const isOwn = ({ id, aliases = [], test }: Sale) =>
    [id, ...aliases].some((one) => names.includes(keyOf(owner, test, one)));
  const [first, ...others] = events.flatMap((event) => ('lines' in event && isOwn(event) ? event : []));
  return first && { ...first, lines: [first, ...others].flatMap(({ lines }) => lines) };
}

/**
 * Records the events of a notification that can be parsed now. Its item becomes an alias if that is one order, and is
 * closed otherwise. Returns the orders and items that exist now.
 */
export async function recordEvents(
  ports: OperatorPorts,
  held: Unreadable,
  raw: Raw,
  events: readonly OrderEvent[],
  by: Actor,
): Promise<readonly (Order | Unreadable)[]> {
  const { catalogue, store, productKeys } = ports;
  const { provider } = raw;
  const at = ports.now();
  const judge = async () => judgeWith({ catalogue, keys: await productKeys.read() }, provider);
  const was = { held: held.state === 'held' ? held.reason : null };
  const audited = (before: Order, after: Order) => withAudit(before, after, 'release', by, at, was);
  const recorded = new Map<string, Order | Unreadable>();
  for (const event of events) {
    const made = await withSerials({ ...ports, provider }, event);
    if (made.kind === 'ignored') continue;
    if (made.kind === 'unreadable') {
      await recordUnreadable(ports, made, raw, made.reason ?? 'bad_body');
      const item = await store.get(made.key);
      if (item?.kind === 'unreadable') recorded.set(item.key, item);
      continue;
    }
    const { order } =
      made.kind === 'reversed'
        ? await recordReversal(
            ports,
            ownerOf(catalogue, provider),
            { ...made, raw: () => raw },
            judge,
            audited,
          )
        : await recordSale(ports, { ...made, sale: { ...made.sale, raw: () => raw } }, false, audited);
    if (order) recorded.set(order.key, order);
  }
  const items = [...recorded.values()];
  // A sale that still does not fit its order is stored here only.
  const isFull = items.some((item) => item.kind === 'order' && item.outbox?.held === 'too_large');
  if (was.held === 'too_large' && isFull) return [held];
  const [first, ...others] = items;
  if (first?.kind === 'order' && others.length === 0) {
    await rename(store, held, first.key);
    const isAudited = first.audit.some((entry) => Date.parse(entry.at) === at);
    // If every event was known already, replacing the item was the only change.
    const step = (found: Order | undefined) => (found && !isAudited ? audited(found, found) : undefined);
    return [(await change(store, first.key, first, step)).order];
  }
  if (recorded.has(held.key)) return items;
  const closed = await closeUnreadable(ports, held, 'release', by);
  return first ? items : [closed];
}

/** Closes the item, unless another person has released it meanwhile. */
export async function closeUnreadable(
  { store, now }: OperatorPorts,
  held: Unreadable,
  what: 'release' | 'reject',
  { who, why }: Actor,
): Promise<Unreadable> {
  const before = { held: held.state === 'held' ? held.reason : null };
  const entry = { at: toAt(now()), who, why, what, before, after: { held: null } };
  const { order } = await changeItem<Unreadable>(store, held.key, held, isUnreadable, (found) =>
    found?.state === 'held' ? closedUnreadable(found, entry) : undefined,
  );
  return order;
}

/**
 * Makes the order that a person describes of an unparseable notification. Its key is the one that the provider's own events have, so
 * that none of them makes a second order. `make` is called if there is no such order yet. Returns undefined if another person has
 * made an order of it, or is making one of another number.
 */
export async function releaseUnreadable(
  { catalogue, store }: OperatorPorts,
  held: Unreadable,
  number: string,
  make: (order: Order) => Order | undefined,
): Promise<Order | undefined> {
  const owner = ownerOf(catalogue, held.provider);
  const wanted = keyOf(owner, held.test ?? false, number);
  const { item: present } = await itemAt(store, held.key);
  if (present?.kind !== 'unreadable') return undefined;
  const { order: item } = await changeItem<Unreadable>(store, held.key, held, isUnreadable, (found) =>
    found?.state === 'held' && !found.orderKey ? { ...found, orderKey: wanted } : undefined,
  );
  if (item.state !== 'held' || item.orderKey !== wanted) return undefined;
  const { order } = await change(store, wanted, await store.get(wanted), (found) => {
    if (found && !isStub(found)) return undefined;
    const described = { ...asOrder(item), key: wanted, provider: owner };
    return make(found ? { ...described, ...stubFacts(found), version: found.version } : described);
  });
  await rename(store, item, order.key);
  return order;
}

/** Reversals may have arrived before the person released the order. */
const stubFacts = ({ reversals, renewedAt, aliases }: Order) => ({ reversals, renewedAt, aliases });

/** Makes an unparseable item an alias. An item that a person has released meanwhile is an order of its own and stays. */
async function rename(store: Store, { key, version }: Unreadable, aliasOf: string): Promise<void> {
  for (let expected = version; key !== aliasOf; ) {
    const inTheWay = await store.put({ kind: 'alias', key, aliasOf }, expected);
    if (inTheWay?.kind !== 'unreadable') return;
    expected = inTheWay.version;
  }
}

/** Closes the item and removes its notification. */
export const closedUnreadable = (
  { kind, key, version, provider, test, receivedAt, audit }: Unreadable,
  entry: AuditEntry,
): Unreadable => ({
  ...{ kind, key, version, provider, test, receivedAt, audit: [...audit, entry], state: 'closed' },
});

const isUnreadable = <Some extends Item>(item: Some): item is Some & Unreadable => item.kind === 'unreadable';
