/** The desk's copy of every order, in which a part of a name can be found: DynamoDB cannot search for one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toSearchable, toWanted } from '../../../functions/core/operator/search.ts';
import { heldReasons, isPaid, mailState, statusOf } from '../../../functions/core/order/due.ts';
import type { Item, Order, Unreadable } from '../../../functions/core/order/types.ts';
import { asOrder, isListed, isUnpaid } from '../../../functions/core/order/view.ts';
import { dayOf } from '../cli/option-values.ts';
import { allEntries, dueEntries, entries, everyItem, fetchItems, type Table } from '../orders/table.ts';

/** What the list shows of an order, and what Health counts. */
type Row = ReturnType<typeof toRow>;

const PAGE = 50;
const FOLLOW_MS = 3_000;
const RETRY_MS = 5_000;
/** The indexes of new and held orders may lag behind. */
const LAG_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * @param products gives the names of the products by their IDs.
 * @param now the time of the Lambdas: a local system's clock can be ahead.
 */
export function ordersIndex(
  table: Table,
  products: Parameters<typeof toSearchable>[0],
  now: () => Promise<number>,
) {
  const numbers = new Map<string, number>();
  /** By number: an order, when it was received, and its texts. A number is never used again. */
  const known: (Row | undefined)[] = [];
  const times: number[] = [];
  const [words, serials] = [textBlocks(), textBlocks()];
  /** The numbers, the newest order first unless orders have been added since. */
  const sorted: number[] = [];
  let isSorted = true;
  /** The keys of orders that are held, or whose mail is on its way: the indexes say when that ends. */
  const waiting = new Set<string>();
  let state: { readonly part: number; readonly failed?: unknown } = { part: 0 };
  let followed = 0;
  let following: Promise<void> | undefined;

  const find = (key: string) => known[numbers.get(key) ?? -1];
  const forget = (key: string) => {
    const number = numbers.get(key);
    if (number === undefined) return;
    numbers.delete(key);
    waiting.delete(key);
    known[number] = undefined;
  };
  const learn = (items: readonly Item[]) => {
    for (const item of items) {
      if (!isListed(item) && !isUnpaid(item)) {
        forget(item.key);
        continue;
      }
      const number = numbers.get(item.key) ?? known.length;
      if (number === known.length) {
        numbers.set(item.key, number);
        times.push(Date.parse(item.receivedAt));
        sorted.push(number);
        isSorted = false;
      }
      if (known[number]?.version === item.version) continue;
      const row = toRow(item);
      known[number] = row;
      const searchable = toSearchable(products, item);
      words.set(number, searchable.words);
      serials.set(number, searchable.serials);
      if (row.heldAt || row.mail === 'due' || row.mail === 'unknown') waiting.add(item.key);
      else waiting.delete(item.key);
    }
  };
  const load = async (pause = RETRY_MS): Promise<void> => {
    const show = (part: number) => {
      state = { part: Math.min(part, 0.99) };
    };
    try {
      // An order that was opened or changed meanwhile is newer than the scan.
      for await (const items of everyItem(table, { isListed: true, show }))
        learn(items.filter(({ key }) => !numbers.has(key)));
      state = { part: 1 };
    } catch (failed) {
      state = { ...state, failed };
      await sleep(pause, undefined, { ref: false });
      await load(pause * 2);
    }
  };
  /** Reads orders again. */
  const refresh = async (keys: readonly string[]): Promise<void> => {
    const items = await fetchItems(table, keys);
    const found = new Set(items.map(({ key }) => key));
    for (const key of keys) if (!found.has(key)) forget(key);
    learn(items);
  };
  /** Finds new orders, and those whose hold or mail has changed, by the indexes of the table. */
  const follow = async () => {
    const started = Date.now();
    // The first time, the newest orders are enough: the scan reads the others.
    const since = followed ? followed - LAG_MS : started - DAY_MS;
    const most = followed ? Number.POSITIVE_INFINITY : 1;
    const times = Array.from({ length: Math.ceil((started - since) / DAY_MS) }, (_, n) => since + n * DAY_MS);
    const days = [...new Set([...times, started, await now()].map(dayOf))];
    const [held, due, ...news] = await Promise.all([
      allEntries(entries(table, 'held', 'held')),
      allEntries(dueEntries(table)),
      ...days.map((day) => newest(entries(table, 'byDay', day), since, most)),
    ]);
    const isHeld = new Set(held.map(({ key }) => key));
    const changed = [
      ...news.flat().filter((key) => !numbers.has(key)),
      ...held.flatMap(({ key }) => (find(key)?.heldAt ? [] : key)),
      ...[...waiting].filter((key) => !(find(key)?.heldAt && isHeld.has(key))),
      ...due.map(({ key }) => key),
    ];
    await refresh([...new Set(changed)]);
    followed = started;
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
      if (!isSorted) sorted.sort((one, other) => (times[other] ?? 0) - (times[one] ?? 0) || other - one);
      isSorted = true;
      const wanted = toWanted(text);
      const marks = new Uint8Array(known.length).fill(wanted.words === '' ? 1 : 0);
      if (wanted.words !== '') words.mark(wanted.words, marks);
      if (wanted.serials !== undefined) serials.mark(wanted.serials, marks);
      const found = sorted.filter((number) => marks[number] === 1 && known[number] !== undefined);
      const items = found.slice(page * PAGE, (page + 1) * PAGE).flatMap((number) => known[number] ?? []);
      return { total: found.length, pages: Math.ceil(found.length / PAGE), items };
    },
    rows: () => known.flatMap((row) => row ?? []),
  };
}

function toRow(item: Order | Unreadable) {
  const order = item.kind === 'order' ? item : asOrder(item);
  const { key, version, receivedAt, test, heldAt = null, buyer, lines, sends, audit } = order;
  const issued = lines.flatMap((line) => (line.state === 'issued' ? line.issued : []))[0];
  const paid = order.paidAt ?? order.renewedAt;
  const first = sends.flatMap((send) => (send.state === 'accepted' ? send.at : [])).sort()[0];
  return {
    ...{ key, version, receivedAt, test, heldAt },
    status: item.kind === 'order' ? statusOf(order) : ('paid' as const),
    held: heldReasons(order),
    name: issued?.licensee ?? (buyer.registration || buyer.name || buyer.company || null),
    email: buyer.email ?? null,
    products: [...new Set(lines.map(({ product, sku }) => product ?? (sku || 'unknown')))].join(', '),
    serial: issued?.serial ?? null,
    mail: mailState(order),
    /** The times of the manual actions. */
    acts: audit.map(({ at }) => at),
    /** From the payment to the first mail that SES accepted. */
    seconds: first && paid && isPaid(order) ? (Date.parse(first) - Date.parse(paid)) / 1_000 : undefined,
  };
}

/** Returns the keys of the entries at `since` or later, the newest first: all of them, or those of one page. */
async function newest(pages: ReturnType<typeof entries>, since: number, most: number): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of pages) {
    const some = page.filter(({ at }) => Date.parse(at) >= since);
    keys.push(...some.map(({ key }) => key));
    if (some.length < page.length || keys.length >= most) break;
  }
  return keys;
}

const SIZE = 100;
const END = '\0';

/** Numbered texts, of which a hundred are one string: reading 100,000 strings of their own takes ten times as long. */
export function textBlocks() {
  /** A block in which a text has changed is a list until the next search. */
  const blocks: (string | string[])[] = [];

  return {
    set(number: number, text: string): void {
      const at = Math.floor(number / SIZE);
      const block = blocks[at] ?? [];
      const texts = typeof block === 'string' ? block.split(END) : block;
      texts[number % SIZE] = text;
      blocks[at] = texts;
    },
    /** Sets the mark of each text that contains the wanted one. */
    mark(wanted: string, marks: Uint8Array): void {
      for (const [at, block] of blocks.entries()) {
        const text = typeof block === 'string' ? block : block.join(END);
        blocks[at] = text;
        if (!text.includes(wanted)) continue;
        for (const [n, one] of text.split(END).entries()) if (one.includes(wanted)) marks[at * SIZE + n] = 1;
      }
    },
  };
}
