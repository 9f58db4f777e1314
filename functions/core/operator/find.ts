/** Finds what a person names, in the Lambda `operator` and in the commands. */
import { itemAt } from '../order/change.ts';
import { type Item, keyOf } from '../order/types.ts';
import type { Shown } from '../order/view.ts';
import type { Ports } from '../world.ts';
import { MANUAL } from './issue.ts';
import { Refusal } from './refusal.ts';

const isShown = (item: Item | undefined): item is Shown =>
  item !== undefined && ['order', 'unreadable', 'keyChange', 'request'].includes(item.kind);

/** Finds an item by its key, by an alias, or by the provider's ID. Throws a Refusal unless it finds exactly one. */
export async function findItem(
  { store, catalogue }: Pick<Ports, 'store' | 'catalogue'>,
  text: string,
): Promise<Shown> {
  const read = async (key: string) => (await itemAt(store, key)).item;
  const exact = await read(text);
  if (isShown(exact)) return exact;
  const owners = [...Object.keys(catalogue.providers), MANUAL];
  const keys = owners.flatMap((name) => [keyOf(name, false, text), keyOf(name, true, text)]);
  const items = (await Promise.all(keys.map(read))).filter(isShown);
  const found = new Map(items.map((item) => [item.key, item]));
  const [item, ...others] = found.values();
  if (item && others.length === 0) return item;
  throw new Refusal(
    item
      ? `${text} is the ID of several orders; use one of their keys: ${[...found.keys()].join(', ')}`
      : `there is no order ${text}; \`orders list\` lists recent orders, \`orders held\` held ones`,
  );
}
