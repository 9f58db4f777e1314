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

/** How long whoever records or takes an order may send its mail: longer than any Lambda of ours works on one. */
export const LEASE_MS = 120_000;

/** What goes with a write, whatever it is: an act of the person who asked for it. */
type WithAudit = (order: Order, found: Order | undefined) => Order;

/** Stores a sale: the one who wrote what makes a mail due holds its lease, if there is time to send it. */
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
    const taken =
      order && newlyDue && timeToSend ? { ...order, mail: { ...order.mail, attempts: 1 } } : order;
    return taken && withAudit(taken, found);
  };
  const [recorded, names] = await Promise.all([
    change(store, key, undefined, step),
    claimAliases({ store, report, now }, key, sale.aliases),
  ]);
  // Whoever wrote a name while we wrote the order may have moved a reversal to it.
  const behind = names === 'moved' || (names === 'known' && recorded.changed);
  const order = behind ? await reread(store, recorded.order) : recorded.order;
  report(recorded.changed ? 'order_recorded' : 'order_duplicate', { order: key });
  // Not what is only announced: it may never be paid.
  const held = recorded.changed && order.heldAt ? order.lines.flatMap((line) => line.held ?? []) : [];
  for (const reason of held) report('line_held', { order: key, reason });
  return { order, mailIsOurs: recorded.changed && newlyDue && timeToSend && order.dueAt !== undefined };
}

/** Stores a reversal, with its order if there is one under any of its names, else as a stub that the sale will meet. */
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
 * Writes what `step` makes of the order, again from what stands in the way until nothing does; `step` answers
 * undefined for "nothing to write". `found` is what the caller has read, undefined to try as the first.
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
    const written: Order = { ...next, key: at, version: (order?.version ?? 0) + 1 };
    const inTheWay = await store.put(written, order?.version);
    if (!inTheWay) return { order: written, changed: true };
    item = inTheWay;
  }
}

/** An alias names its order directly. One more is written where two orders claim each other's names; four never are. */
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

/** What recording takes of the world. */
export type Recording = Pick<Ports, 'store' | 'report' | 'now'>;

/** Of other names: all were written now, one was there, or a reversal waited under one and has moved to the order. */
type Claimed = 'new' | 'known' | 'moved';

/** Writes the other names of an order. */
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

async function reread(store: Store, order: Order): Promise<Order> {
  const item = await store.get(order.key);
  return item && !isAlias(item) ? item : order;
}
