/** What the pages and their mails read of a buyer's orders. */
import { type Catalogue, findProduct } from '../catalogue/catalogue.ts';
import type { Item, Order } from '../order/types.ts';
import type { Store } from '../world.ts';

/** Returns the keys of the items that the index has for an address. */
export type KeysOf = (address: string) => Promise<readonly string[]>;

/** Returns the orders of an address, without test orders. */
export async function ordersOf(store: Store, keysOf: KeysOf, address: string): Promise<readonly Order[]> {
  const items = await Promise.all((await keysOf(address)).map((key) => store.get(key)));
  return items.filter((item: Item | undefined): item is Order => item?.kind === 'order' && !item.test);
}

/** Returns the lines that have a serial. */
export const issuedLines = (orders: readonly Order[]) =>
  orders.flatMap(({ lines }) => lines.flatMap((line) => (line.state === 'issued' ? line : [])));

/** Returns the products of the lines that have no serial yet. */
export const heldProducts = ({ lines }: Order): readonly string[] =>
  lines.flatMap(({ state, product }) => (state === 'held' ? (product ?? []) : []));

/** Names each product once. */
export const productNames = (catalogue: Catalogue, ids: readonly (string | null)[]): string =>
  [...new Set(ids.map((id) => findProduct(catalogue, id)?.name ?? id ?? ''))].filter(Boolean).join(', ');
