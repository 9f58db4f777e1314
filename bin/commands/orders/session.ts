/** What the verbs that look at orders and change them stand on. */
import { ask } from '../../../functions/aws/ask.ts';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import { productKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import { BY_HAND } from '../../../functions/core/operator/issue.ts';
import type { Reader } from '../../../functions/core/operator/reread.ts';
import { keyOf, type Order } from '../../../functions/core/order/order.ts';
import { followAliases, type Recording } from '../../../functions/core/order/record.ts';
import type { Store } from '../../../functions/core/world.ts';
import { providers } from '../../../functions/providers/index.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
import { readCatalogue, type Target, type TargetOptions, targetFrom } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { ordersOf } from './held-text.ts';
import type { Table } from './table.ts';

export interface Desk {
  readonly target: Target;
  readonly catalogue: Catalogue;
  readonly table: Table;
  readonly store: Store;
}

export async function deskOf(options: TargetOptions, terminal: Terminal): Promise<Desk> {
  const catalogue = await readCatalogue(terminal);
  const target = targetFrom(options, terminal.env);
  return { target, catalogue, ...(await ordersOf(target)) };
}

/**
 * The order that somebody means by its key, by another of its names, or by the provider's own id. Throws a CommandError
 * where there is none, or more than one.
 */
export async function orderMeant({ target, store, catalogue }: Desk, text: string): Promise<Order> {
  const owners = [...Object.keys(catalogue.providers), BY_HAND];
  const keys = [text, ...owners.flatMap((name) => [keyOf(name, false, text), keyOf(name, true, text)])];
  const items = await Promise.all(keys.map((key) => store.get(key)));
  const behind = await Promise.all(items.map((item) => followAliases(store, item?.key ?? text, item)));
  const found = new Map(
    behind.flatMap(({ order }) => (order && 'lines' in order ? [[order.key, order]] : [])),
  );
  const [order, ...others] = found.values();
  if (order && others.length === 0) return order;
  if (order) throw new CommandError(`${text} is the id of several orders: ${[...found.keys()].join(', ')}`);
  throw new CommandError(
    `there is no order ${text}; \`${target.command('orders list')}\` shows those of late, ` +
      `\`${target.command('orders held')}\` those that wait`,
  );
}

/** Throws a CommandError for an order of which nothing may go out. */
export function requireLive({ key, status, placedAt }: Order): void {
  if (status !== 'paid' && status !== 'partly_refunded')
    throw new CommandError(`${key} is ${status}; nothing of it goes out`);
  if (!placedAt) throw new CommandError(`${key} is not paid yet; nothing of it goes out`);
}

/** What makes serials and reads notifications, with the keys as they are now. */
export async function readerOf({ target, catalogue }: Desk): Promise<Reader> {
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

/** What is reported is read off the order itself, but for two orders that claim one name. */
export const recordingOf = ({ store }: Desk, { complain }: Terminal): Recording => ({
  store,
  now: Date.now,
  report: (name, { order, name: other }) => {
    if (name === 'alias_conflict') complain(`${order} is also called ${other}, and so is another order`);
  },
});
