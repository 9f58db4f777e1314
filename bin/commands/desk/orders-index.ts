/** The desk's copy of every order, in which a part of a name can be found: DynamoDB cannot search for one. */
import { matcher, type Searchable, toSearchable } from '../../../functions/core/operator/search.ts';
import type { Item } from '../../../functions/core/order/types.ts';
import { isListed, isUnpaid, type OrderView, view } from '../../../functions/core/order/view.ts';
import { dayOf } from '../cli/option-values.ts';
import { allEntries, dueEntries, entries, everyItem, fetchItems, type Table } from '../orders/table.ts';

/** The projected fields of an order. The list shows them; a search reads `searchable`. */
export interface Row extends Pick<OrderView, 'key' | 'receivedAt' | 'test' | 'status' | 'held' | 'heldAt'> {
  readonly name: string | null;
  readonly email: string | null;
  readonly products: string;
  readonly serial: string | null;
  readonly mail: string;
}

interface Known extends Row {
  readonly searchable: Searchable;
  /** The times of the manual actions. */
  readonly acts: readonly string[];
  /** The seconds from the payment to the first mail that SES accepted. */
  readonly seconds: number | undefined;
}

const PAGE = 50;
const FOLLOW_MS = 3_000;
/** The indexes of new and held orders may lag behind. */
const LAG_MS = 60_000;

/**
 * @param products gives the names of the products by their IDs.
 * @param now the time of the Lambdas: a local system's clock can be ahead.
 */
export function ordersIndex(
  table: Table,
  products: Parameters<typeof toSearchable>[0],
  now: () => Promise<number>,
) {
  const known = new Map<string, Known>();
  let sorted: readonly Known[] | undefined = [];
  let state: { readonly part: number; readonly failed?: unknown } = { part: 0 };
  let followed = 0;
  let following: Promise<void> | undefined;

  const forget = (key: string) => {
    if (known.delete(key)) sorted = undefined;
  };
  const learn = (items: readonly Item[]) => {
    for (const item of items) {
      const row = known.get(item.key);
      if (!isListed(item) && !isUnpaid(item)) forget(item.key);
      // The time at which it was received never changes, so the order of the rows stays.
      else if (row) Object.assign(row, toKnown(item, products));
      else {
        known.set(item.key, toKnown(item, products));
        sorted = undefined;
      }
    }
  };
  const load = async () => {
    try {
      // An order that was opened or changed meanwhile is newer than the scan.
      const show = (part: number) => {
        state = { part: Math.min(part, 0.99) };
      };
      for await (const items of everyItem(table, { show })) learn(items.filter(({ key }) => !known.has(key)));
      state = { part: 1 };
    } catch (failed) {
      state = { ...state, failed };
    }
  };
  /** Reads orders again and returns them. */
  const refresh = async (keys: readonly string[]): Promise<readonly Item[]> => {
    const items = await fetchItems(table, keys);
    const found = new Set(items.map(({ key }) => key));
    for (const key of keys) if (!found.has(key)) forget(key);
    learn(items);
    return items;
  };
  /** Finds new orders, and those whose hold or mail has changed, by the indexes of the table. */
  const follow = async () => {
    const since = followed - LAG_MS;
    followed = Date.now();
    const days = [...new Set([Math.max(since, followed - 86_400_000), followed, await now()].map(dayOf))];
    const [held, due, ...added] = await Promise.all([
      allEntries(entries(table, 'held', 'held')),
      allEntries(dueEntries(table)),
      ...days.map((day) => newest(entries(table, 'byDay', day), new Date(since).toISOString())),
    ]);
    const isHeld = new Set(held.map(({ key }) => key));
    const rows = [...known.values()];
    const changed = [
      ...added.flat().filter((key) => !known.has(key)),
      ...held.flatMap(({ key }) => (known.get(key)?.heldAt ? [] : key)),
      ...rows.flatMap(({ key, heldAt, mail }) =>
        (heldAt && !isHeld.has(key)) || mail === 'due' || mail === 'unknown' ? key : [],
      ),
      ...due.map(({ key }) => key),
    ];
    await refresh([...new Set(changed)]);
  };
  const rows = () => {
    sorted ??= [...known.values()].sort((one, other) => (one.receivedAt < other.receivedAt ? 1 : -1));
    return sorted;
  };

  return {
    load,
    refresh,
    /** Part of the table that has been read, between 0 and 1. */
    progress: () => state,
    /** At most one read of the indexes in three seconds. */
    async follow() {
      if (Date.now() - followed < FOLLOW_MS) return;
      following ??= follow().finally(() => {
        following = undefined;
      });
      await following;
    },
    search(text: string, page: number) {
      const isFound = text.trim() === '' ? () => true : matcher(text);
      const found = rows().filter(({ searchable }) => isFound(searchable));
      const shown = found.slice(page * PAGE, (page + 1) * PAGE);
      return { total: found.length, pages: Math.ceil(found.length / PAGE), items: shown.map(toRow) };
    },
    rows,
  };
}

const toRow = ({ searchable: _s, acts: _a, seconds: _t, ...row }: Known): Row => row;

function toKnown(item: Parameters<typeof view>[0], products: Parameters<typeof toSearchable>[0]): Known {
  const order = view(item);
  const { key, receivedAt, test, status, held, heldAt, buyer, lines, mail, acts = [] } = order;
  const first =
    item.kind === 'order' ? item.sends.flatMap((send) => ('at' in send ? send.at : [])).sort()[0] : undefined;
  const paid = order.placedAt;
  return {
    ...{ key, receivedAt, test, status, held, heldAt, email: buyer.email },
    name: lines[0]?.licensee ?? lines[0]?.received ?? buyer.name,
    products: [...new Set(lines.map(({ product, sku }) => product ?? (sku || 'unknown')))].join(', '),
    serial: lines.find(({ serial }) => serial)?.serial ?? null,
    mail: mail.state,
    searchable: toSearchable(products, order),
    acts: acts.map(({ at }) => at),
    seconds: first && paid ? (Date.parse(first) - Date.parse(paid)) / 1_000 : undefined,
  };
}

/** Returns the keys of the entries at `since` or later; the newest entry comes first. */
async function newest(pages: ReturnType<typeof entries>, since: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of pages) {
    const some = page.filter(({ at }) => at >= since);
    keys.push(...some.map(({ key }) => key));
    if (some.length < page.length) break;
  }
  return keys;
}
