/** The ports of the pages, and the two actions that they share: to store a request, and to change an order. */
import type { KeypostKeys, ProductKeys } from '../catalogue/keys.ts';
import { deliver } from '../mail/deliver.ts';
import { toAt } from '../order/due.ts';
import { change } from '../order/record.ts';
import { start } from '../order/sends.ts';
import type { InFlight, Item, Order, Request } from '../order/types.ts';
import type { Ports } from '../world.ts';
import { type Count, isWithin, networkOf } from './limits.ts';

export interface Pages extends Ports {
  /** The address of the pages, without a slash at its end. */
  readonly site: string;
  readonly keys: KeypostKeys;
  readonly count: Count;
  /** Returns the product keys. Throws `keys_unavailable`. */
  productKeys(): Promise<ProductKeys>;
  /** Returns the keys of the items that the index has for an address. */
  keysOf(address: string): Promise<readonly string[]>;
  /** By provider, the pattern of an order's ID that cannot be guessed. */
  readonly redirectIds: Readonly<Record<string, RegExp>>;
  /** A random ID. */
  newId(): string;
}

export interface PageRequest {
  /** `GET`, which stands for HEAD too, or `POST`. */
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  /** The client's address. */
  readonly client: string;
  readonly language?: string | undefined;
  /** A browser says that the form is on a page of another site. */
  readonly isForeign: boolean;
}

export type Asked = Pick<Request, 'about' | 'address' | 'locale' | 'order' | 'name' | 'to' | 'printed'>;

/** Stores a request unless a limit is reached. A network's own limit comes first, so that a flood does not use up the others. */
export async function askFor(pages: Pages, client: string, wanted: Asked): Promise<boolean> {
  const ofNetwork = await isWithin(pages, 'requests of a network', networkOf(client));
  const ofAll = await isWithin(pages, 'requests of all', '', ofNetwork ? 1 : 0);
  const ofAddress = await isWithin(
    pages,
    'requests for an address',
    wanted.to ?? wanted.address.toLowerCase(),
    ofNetwork && ofAll ? 1 : 0,
  );
  const isAllowed = ofNetwork && ofAll && ofAddress;
  if (isAllowed) await storeRequest(pages, wanted);
  return isAllowed;
}

/** The seller decides on the last three. `recover_other_address` sends no mail, because the address is not proved to be the buyer's. */
const HELD: readonly Request['about'][] = ['rename', 'recover_other_address', 'erasure'];

export async function storeRequest({ store, newId, now }: Pages, wanted: Asked): Promise<void> {
  const at = toAt(now());
  const item = { kind: 'request', key: `request#${newId()}`, version: 1, receivedAt: at, ...wanted } as const;
  const until = wanted.about === 'recover_other_address' ? undefined : at;
  await store.put({ ...item, until, heldAt: HELD.includes(wanted.about) ? at : undefined }, undefined);
}

/** Changes an order and starts its mail. Returns the order as it is then. */
export async function changeAndMail(
  pages: Pages,
  found: Order,
  step: (order: Order) => Order | undefined,
): Promise<{ readonly order: Order; readonly changed: boolean }> {
  let send: InFlight | undefined;
  const result = await change(pages.store, found.key, found, (known) => {
    const next = known && step(known);
    const started = next && start(next, pages.now());
    send = started?.send;
    return started?.order ?? next;
  });
  if (result.changed && send) await deliver(pages, { order: result.order, send });
  return result;
}

/** Returns the orders of an address that have a mail with serials: neither test orders nor refunded ones. */
export async function ordersOf(
  { store, keysOf }: Pick<Pages, 'store' | 'keysOf'>,
  address: string,
): Promise<readonly Order[]> {
  const items = await Promise.all((await keysOf(address)).map((key) => store.get(key)));
  return items.filter((item: Item | undefined): item is Order => item?.kind === 'order' && !item.test);
}
