import type { Reversed } from '../inbound/event.ts';
import type { Ports, Store } from '../world.ts';
import {
  type Claim,
  emptyOrder,
  type Item,
  isAlias,
  keyOf,
  type NewOrder,
  type Order,
  withReversal,
  withSale,
} from './order.ts';

/** How long a sender may work on a mail: longer than any Lambda works on one. */
export const LEASE_MS = 120_000;

/** Adds the audit entry of a manual action to a write. */
type WithAudit = (order: Order, found: Order | undefined) => Order;

/** Records a sale. The call whose write makes the mail due holds its lease, if there is time to send it. */
export async function recordSale(
  { store, report, now }: Recording,
  sale: NewOrder,
  timeToSend: boolean,
  withAudit: WithAudit = (order) => order,
): Promise<Claim> {
  const { key } = sale;
  const dueAt = now() + (timeToSend ? LEASE_MS : 0);
  let newlyDue = false;
  const step = (found: Order | undefined) => {
    const order = withSale(found ?? emptyOrder(key, sale.provider, sale.test, now()), sale, now(), dueAt);
    newlyDue = order?.dueAt !== undefined && found?.dueAt === undefined;
    const leased =
      order && newlyDue && timeToSend ? { ...order, mail: { ...order.mail, attempts: 1 } } : order;
    return leased && withAudit(leased, found);
  };
  const [recorded, names] = await Promise.all([
    change(store, key, undefined, step),
    claimAliases({ store, report, now }, key, sale.aliases),
  ]);
  // A concurrent call that wrote an alias may have moved a reversal to this order.
  const behind = names === 'moved' || (names === 'known' && recorded.changed);
  const order = behind ? await fetchOrder(store, recorded.order) : recorded.order;
  report(recorded.changed ? 'order_recorded' : 'order_duplicate', { order: key });
  // An announced order is not reported: it may never be paid.
  const held = recorded.changed && order.heldAt ? order.lines.flatMap((line) => line.held ?? []) : [];
  for (const reason of held) report('line_held', { order: key, reason });
  return { order, mailIsOurs: recorded.changed && newlyDue && timeToSend && order.dueAt !== undefined };
}

/** Records a reversal at its order, found under any of its IDs, or as a placeholder for a sale that has not arrived. */
export async function recordReversal(
  { store, report, now }: Recording,
  provider: string,
  event: Reversed,
  withAudit: WithAudit = (order) => order,
): Promise<Claim> {
  const keys = [event.id, ...(event.aliases ?? [])].map((id) => keyOf(provider, event.test, id));
  const found = (await Promise.all(keys.map((key) => store.get(key)))).find((item) => item !== undefined);
  const key = found?.key ?? keys[0] ?? '';
  const { order, changed } = await change(store, key, found, (known) => {
    const before = known ?? emptyOrder(key, provider, event.test, now());
    const order = withReversal(before, event.reversalId, event.reversal, now());
    return order && withAudit(order, known);
  });
  report('reversal_recorded', {
    order: order.key,
    kind: event.reversal.kind,
    status: order.status,
    new: changed,
  });
  return { order, mailIsOurs: false };
}

/**
 * Writes the result of `step`, conditional on the version that was read. If another write came first, applies `step` to
 * that version. `step` returns undefined if there is nothing to write. `found` is the item that the caller has read;
 * undefined: write as the first.
 */
export async function change(
  store: Store,
  key: string,
  found: Item | undefined,
  step: (found: Order | undefined) => Order | undefined,
): Promise<{ readonly order: Order; readonly changed: boolean }> {
  let item = found;
  for (;;) {
    const { at, order } = await followAliases(store, item?.key ?? key, item);
    const next = step(order);
    if (!next) {
      if (order) return { order, changed: false };
      throw new Error(`nothing is stored under ${at}`);
    }
    const changed: Order = { ...next, key: at, version: (order?.version ?? 0) + 1 };
    const inTheWay = await store.put(changed, order?.version);
    if (!inTheWay) return { order: changed, changed: true };
    item = inTheWay;
  }
}

/** An alias points directly to its order. A chain of two arises if two orders claim each other's IDs; never one of four. */
const MOST_ALIASES = 4;

/**
 * The order that `item`, which is stored under `key`, is or is an alias of, and the order's own key. The order is
 * undefined while only its alias is stored. Throws after 4 aliases, since they lead in a circle.
 */
export async function followAliases(store: Store, key: string, item: Item | undefined) {
  let at = key;
  let order = item;
  for (let followed = 0; order && isAlias(order); followed += 1) {
    if (followed === MOST_ALIASES)
      throw new Error(
        `${key} leads to no order through ${MOST_ALIASES} aliases; delete this item and have its provider send the order again`,
      );
    at = order.aliasOf;
    order = await store.get(at);
  }
  return { at, order };
}

/** The ports that recording uses. */
export type Recording = Pick<Ports, 'store' | 'report' | 'now'>;

/** `new`: all aliases were written now; `known`: one existed; `moved`: a reversal under one was moved to the order. */
type Claimed = 'new' | 'known' | 'moved';

/** Writes the aliases of an order. */
export async function claimAliases(
  ports: Recording,
  key: string,
  names: readonly string[],
): Promise<Claimed> {
  const others = names.filter((name) => name !== key);
  const claimed = await Promise.all(others.map((name) => claimAlias(ports, name, key)));
  return claimed.find((one) => one === 'moved') ?? claimed.find((one) => one === 'known') ?? 'new';
}

async function claimAlias({ store, report, now }: Recording, name: string, key: string): Promise<Claimed> {
  let moved = false;
  let expected: number | undefined;
  for (;;) {
    const inTheWay = await store.put({ key: name, aliasOf: key }, expected);
    if (!inTheWay) return moved ? 'moved' : 'new';
    if (isAlias(inTheWay) || inTheWay.placedAt) {
      if (!isAlias(inTheWay) || inTheWay.aliasOf !== key) report('alias_conflict', { order: key, name });
      return moved ? 'moved' : 'known';
    }
    const stub = inTheWay;
    await change(store, key, undefined, (order) => {
      const target = order ?? emptyOrder(key, stub.provider, stub.test, now());
      return Object.entries(stub.reversals).reduce<Order | undefined>(
        (sum, [id, fact]) => withReversal(sum ?? target, id, fact, now()) ?? sum,
        order ? undefined : target,
      );
    });
    moved = true;
    expected = stub.version;
  }
}

async function fetchOrder(store: Store, order: Order): Promise<Order> {
  const item = await store.get(order.key);
  return item && !isAlias(item) ? item : order;
}
