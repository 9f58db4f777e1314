/** The session of a verb that reads or changes orders: catalogue, table and store of its target. */
import { ask } from '../../../functions/aws/ask.ts';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import { productKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import { MANUAL } from '../../../functions/core/operator/issue.ts';
import type { Reader } from '../../../functions/core/operator/reread.ts';
import { keyOf, type Order } from '../../../functions/core/order/order.ts';
import { followAliases, type Recording } from '../../../functions/core/order/record.ts';
import type { Store } from '../../../functions/core/world.ts';
import { providers } from '../../../functions/providers/index.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
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

/**
 * Finds an order by its key, by an alias, or by the provider's ID. Throws a CommandError unless it finds exactly one.
 */
export async function findOrder({ target, store, catalogue }: OrderSession, text: string): Promise<Order> {
  const owners = [...Object.keys(catalogue.providers), MANUAL];
  const keys = [text, ...owners.flatMap((name) => [keyOf(name, false, text), keyOf(name, true, text)])];
  const items = await Promise.all(keys.map((key) => store.get(key)));
  const behind = await Promise.all(items.map((item) => followAliases(store, item?.key ?? text, item)));
  const found = new Map(
    behind.flatMap(({ order }) => (order && 'lines' in order ? [[order.key, order]] : [])),
  );
  const [order, ...others] = found.values();
  if (order && others.length === 0) return order;
  if (order)
    throw new CommandError(
      `${text} is the ID of several orders; use one of their keys: ${[...found.keys()].join(', ')}`,
    );
  throw new CommandError(
    `there is no order ${text}; \`${target.command('orders list')}\` lists recent orders, ` +
      `\`${target.command('orders held')}\` held ones`,
  );
}

/** Throws a CommandError if the order's state forbids to mail a serial. */
export function requireLive({ key, status, placedAt }: Order): void {
  if (status !== 'paid' && status !== 'partly_refunded')
    throw new CommandError(`${key} is ${status}, so Keypost mails no serial of it`);
  if (!placedAt) throw new CommandError(`${key} is not paid yet, so Keypost mails no serial of it`);
}

/** Returns the context that makes serials and parses notifications, with the current keys. */
export async function readerOf({ target, catalogue }: OrderSession): Promise<Reader> {
  const names = await target.names();
  const [products, access] = await Promise.all([
    readSecret(target, names.productKeys),
    readSecret(target, names.providerKeys),
  ]);
  return {
    catalogue,
    providers,
    ask,
    now: Date.now,
    productKeys: productKeys(products),
    providerKeys: providerKeys(access),
  };
}

/** Returns the context for writes. The verbs print the order itself, so only a conflict of aliases is reported. */
export const recordingOf = ({ store }: OrderSession, { complain }: Terminal): Recording => ({
  store,
  now: Date.now,
  report: (name, { order, name: other }) => {
    if (name === 'alias_conflict') complain(`${order} has the alias ${other}, which another order has too`);
  },
});
