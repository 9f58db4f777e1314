/** An order under its key and its other IDs, the aliases: how it is found, how it is changed, and how it gets an alias. */
import type { Recording, Store } from '../world.ts';
import { isStub } from './due.ts';
import type { Judge } from './lines.ts';
import { emptyOrder } from './settle.ts';
import { joinStub } from './transitions.ts';
import type { Alias, Cursor, Item, KeyChange, Order, Request, Unreadable } from './types.ts';

/** Items whose writes are conditional on the version. */
type Versioned = Order | Unreadable | KeyChange | Request;
type Change<Kept> = Promise<{ readonly order: Kept; readonly changed: boolean }>;

/** Writes the result of `step`, conditional on the version that was read. If another write came first, applies `step` to that version. */
export const change = (
  store: Store,
  key: string,
  found: Item | undefined,
  step: (found: Order | undefined) => Order | undefined,
): Change<Order> => changeItem(store, key, found, (item) => item.kind === 'order', step);

/** Same for any kind of item. `step` returns undefined if there is nothing to write. */
export async function changeItem<Kept extends Versioned>(
  store: Store,
  key: string,
  found: Item | undefined,
  isKept: (item: Exclude<Item, Alias>) => item is Exclude<Item, Alias> & Kept,
  step: (found: Kept | undefined) => Kept | undefined,
): Change<Kept> {
  let item = found;
  for (;;) {
    const { at, item: known } = await followAliases(store, item?.key ?? key, item);
    if (known && !isKept(known)) throw new Error(`${at} is a ${known.kind}, which this does not change`);
    const next = step(known);
    if (!next) {
      if (known) return { order: known, changed: false };
      throw new Error(`nothing is stored under ${at}`);
    }
    const order = { ...next, key: at, version: (known?.version ?? 0) + 1 };
    item = await store.put(order, known?.version);
    if (!item) return { order, changed: true };
  }
}

/** Returns the cursor of a job; one without a position if none is stored. */
export async function cursorAt(store: Store, key: string): Promise<Cursor> {
  const item = await store.get(key);
  return item?.kind === 'cursor' ? item : { kind: 'cursor', key, version: 0 };
}

/** Another run of the job may have moved it; then that run's position stays. Returns the cursor as it is then. */
export async function moveCursor(store: Store, cursor: Cursor, to: Partial<Cursor>): Promise<Cursor> {
  const next = { ...cursor, ...to, version: cursor.version + 1 };
  const inTheWay = await store.put(next, cursor.version || undefined);
  return inTheWay?.kind === 'cursor' ? inTheWay : next;
}

/** An alias points directly to its order. A chain of two arises if two orders claim each other's IDs; never one of four. */
const MOST_ALIASES = 4;
export class AliasCircle extends Error {}

/**
 * Returns the item of which `key` is the key or an alias, and its own key. The item is undefined while only its alias is
 * stored. Throws an AliasCircle after 4 aliases.
 */
export const itemAt = async (store: Store, key: string) => followAliases(store, key, await store.get(key));

/** Same for an item that is read already. */
async function followAliases(store: Store, key: string, item: Item | undefined) {
  let at = key;
  let found = item;
  for (let followed = 0; found?.kind === 'alias'; followed += 1) {
    if (followed === MOST_ALIASES)
      throw new AliasCircle(
        `${key} leads to no order through ${MOST_ALIASES} aliases; delete this item and have its provider send the order again`,
      );
    at = found.aliasOf;
    found = await store.get(at);
  }
  return { at, item: found };
}

/** Returns the order of which `key` is the key or an alias. */
export async function orderAt(store: Store, key: string): Promise<Order | undefined> {
  const { item } = await itemAt(store, key);
  return item?.kind === 'order' ? item : undefined;
}

/** `new`: all aliases were written now; `known`: one existed; `moved`: a stub under one was joined to the order. */
type Claimed = 'new' | 'known' | 'moved';

/** Writes the aliases of an order. */
export async function claimAliases(
  ports: Recording,
  key: string,
  names: readonly string[],
  judge: () => Promise<Judge>,
): Promise<Claimed> {
  const others = names.filter((name) => name !== key);
  const claimed = await Promise.all(others.map((name) => claimAlias(ports, name, key, judge)));
  return claimed.find((one) => one === 'moved') ?? claimed.find((one) => one === 'known') ?? 'new';
}

async function claimAlias(
  ports: Recording,
  name: string,
  key: string,
  judge: () => Promise<Judge>,
): Promise<Claimed> {
  const { store, report, now } = ports;
  let stub: Order | undefined;
  for (;;) {
    const inTheWay = await store.put({ kind: 'alias', key: name, aliasOf: key }, stub?.version);
    if (!inTheWay && !stub) return 'new';
    if (!inTheWay) {
      // The same reversal waits under each of its IDs.
      await claimAliases(ports, key, stub?.aliases ?? [], judge);
      return 'moved';
    }
    if (inTheWay.kind !== 'order' || !isStub(inTheWay)) {
      const isKnown = inTheWay.kind === 'alias' && inTheWay.aliasOf === key;
      if (!isKnown) report('alias_conflict', { order: key, name });
      return stub ? 'moved' : 'known';
    }
    const judgeNow = await judge();
    await change(store, key, undefined, (order) =>
      joinStub(order ?? emptyOrder(key, inTheWay.provider, inTheWay.test, now()), inTheWay, judgeNow, now()),
    );
    stub = inTheWay;
  }
}
