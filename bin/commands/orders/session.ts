/** The session of a verb that reads or changes orders: catalogue, table and store of its target. */
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import type { Reader } from '../../../functions/core/inbound/reread.ts';
import { MANUAL } from '../../../functions/core/operator/issue.ts';
import { isInForce, isPaid, statusOf } from '../../../functions/core/order/due.ts';
import { keyOf } from '../../../functions/core/order/keys.ts';
import type { Result } from '../../../functions/core/order/manual.ts';
import { followAliases } from '../../../functions/core/order/record.ts';
import type { Item, KeyChange, Order, Request, Unreadable } from '../../../functions/core/order/types.ts';
import type { Store } from '../../../functions/core/world.ts';
import { CommandError } from '../cli/failure.ts';
import { readCatalogue, type Target, type TargetOptions, targetFrom } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { openTable, type Table } from './table.ts';

export interface OrderSession {
  readonly target: Target;
  readonly catalogue: Catalogue;
  readonly table: Table;
  readonly store: Store;
}

export async function openSession(options: TargetOptions, terminal: Terminal): Promise<OrderSession> {
  const catalogue = await readCatalogue(terminal);
  const target = targetFrom(options, terminal.env);
  return { target, catalogue, ...(await openTable(target)) };
}

/** An item that `orders show` shows as an order. */
type Shown = Order | Unreadable | KeyChange | Request;

const isShown = (item: Item): item is Shown =>
  ['order', 'unreadable', 'keyChange', 'request'].includes(item.kind);

/**
 * Finds an item by its key, by an alias, or by the provider's ID. Throws a CommandError unless it finds exactly one.
 */
export async function findItem({ target, store, catalogue }: OrderSession, text: string): Promise<Shown> {
  const owners = [...Object.keys(catalogue.providers), MANUAL];
  const keys = [text, ...owners.flatMap((name) => [keyOf(name, false, text), keyOf(name, true, text)])];
  const items = await Promise.all(keys.map((key) => store.get(key)));
  const behind = await Promise.all(items.map((item) => followAliases(store, item?.key ?? text, item)));
  const found = new Map(behind.flatMap(({ item }) => (item && isShown(item) ? [[item.key, item]] : [])));
  const [item, ...others] = found.values();
  if (item && others.length === 0) return item;
  if (item)
    throw new CommandError(
      `${text} is the ID of several orders; use one of their keys: ${[...found.keys()].join(', ')}`,
    );
  throw new CommandError(
    `there is no order ${text}; \`${target.command('orders list')}\` lists recent orders, ` +
      `\`${target.command('orders held')}\` held ones`,
  );
}

/** Finds an order. Throws a CommandError if the key belongs to an item of another kind. */
export async function findOrder(session: OrderSession, text: string): Promise<Order> {
  const item = await findItem(session, text);
  if (item.kind === 'order') return item;
  throw new CommandError(
    `${item.key} is not an order; \`${session.target.command(`orders show '${item.key}'`)}\` shows it`,
  );
}

/** Throws a CommandError if no serial may be mailed in the order's state. */
export function requireLive(order: Order): void {
  if (isInForce(order)) return;
  const state = isPaid(order) || order.erasedAt ? statusOf(order) : 'not paid yet';
  throw new CommandError(`${order.key} is ${state}, so Keypost mails no serial of it`);
}

/** Returns the changed order, or undefined if nothing changes. Throws a CommandError if the action is not possible. */
export function requireResult(result: Result, { key }: Order): Order | undefined {
  if (typeof result !== 'string') return result;
  if (result === 'unchanged') return undefined;
  throw new CommandError(
    result === 'too_large'
      ? `${key} has as many audit entries or replaced serials as an order may have; nothing is changed`
      : `${key} is ${result}, so Keypost mails no serial of it`,
  );
}

/** Returns the context that makes serials and parses notifications, with the current keys. */
export async function readerOf({ target, catalogue }: OrderSession): Promise<Reader> {
  // Only some of the verbs on orders need these.
  const [{ ask }, { productKeys, providerKeys }, { localGenerator }, { allProviders }, { readSecret }] =
    await Promise.all([
      import('../../../functions/aws/ask.ts'),
      import('../../../functions/core/catalogue/keys.ts'),
      import('../../../functions/generator/process.ts'),
      import('../../../functions/providers/all.ts'),
      import('../cli/secret.ts'),
    ]);
  const names = await target.names();
  const [products, access] = await Promise.all([
    readSecret(target, names.productKeys),
    readSecret(target, names.providerKeys),
  ]);
  return {
    catalogue,
    providers: allProviders,
    ask,
    now: Date.now,
    productKeys: productKeys(products),
    generate: localGenerator(catalogue),
    providerKeys: providerKeys(access),
  };
}
