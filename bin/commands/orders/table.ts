/** Reads of many orders, by the table's indexes or as a whole. Only people need them, so no Lambda loads this file. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchGetItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  paginateQuery,
  paginateScan,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import { LEAN, trimClient } from '../../../functions/aws/client.ts';
import { fromItem, orderStore } from '../../../functions/aws/dynamodb/orders.ts';
import { ORDERS_TABLE } from '../../../functions/aws/dynamodb/table.ts';
import { DUE_SHARDS } from '../../../functions/core/order/stored.ts';
import type { Item } from '../../../functions/core/order/types.ts';
import {
  isListed,
  type isUnpaid,
  type mayWait,
  type OrderView,
  view,
} from '../../../functions/core/order/view.ts';
import type { Store } from '../../../functions/core/world.ts';
import type { Target } from '../cli/target.ts';

export interface Table {
  readonly client: DynamoDBClient;
  readonly name: string;
}

/** An order's entry in an index, with its sort key there. */
export interface Entry {
  readonly key: string;
  readonly at: string;
}

/** Returns the orders' table for reads of many orders, and the store for reads and writes of one. */
export async function openTable(target: Target): Promise<{ readonly table: Table; readonly store: Store }> {
  const client = trimClient(new DynamoDBClient({ ...target.config, ...LEAN }));
  const { table: name } = await target.names();
  return { table: { client, name }, store: orderStore(client, name) };
}

/** Reads a partition of an index, the newest entry first or last, from the one after `after` on. */
export async function* entries(
  { client, name }: Table,
  index: keyof typeof ORDERS_TABLE.indexes,
  partition: string | number,
  after?: Entry,
  isOldestFirst = false,
): AsyncGenerator<readonly Entry[]> {
  const { partition: hash, sort } = ORDERS_TABLE.indexes[index];
  const value: AttributeValue = typeof partition === 'number' ? { N: String(partition) } : { S: partition };
  const startingToken = after && {
    key: { S: after.key },
    [hash.name]: value,
    [sort.name]: { S: after.at },
  };
  const query = {
    TableName: name,
    IndexName: index,
    KeyConditionExpression: '#hash = :value',
    ExpressionAttributeNames: { '#hash': hash.name },
    ExpressionAttributeValues: { ':value': value },
    ScanIndexForward: isOldestFirst,
  };
  for await (const { Items = [] } of paginateQuery({ client, pageSize: PAGE, startingToken }, query))
    yield Items.map((item) => ({ key: item.key?.S ?? '', at: item[sort.name]?.S ?? '' }));
}

/**
 * Reads days one after the other; the first pages of several days are fetched at once. After many days without an order
 * it reads the keys of the index once, and only the other days.
 */
export async function* entriesOfDays(
  table: Table,
  days: readonly string[],
  after?: Entry,
): AsyncGenerator<readonly Entry[]> {
  let left = days;
  let empty = 0;
  while (left.length > 0) {
    if (empty >= MOST_EMPTY) {
      const used = await usedDays(table);
      left = left.filter((day) => used.has(day));
      empty = Number.NEGATIVE_INFINITY;
    }
    const some = left
      .slice(0, DAYS_AT_ONCE)
      .map((day) => entries(table, 'byDay', day, after?.at.startsWith(day) ? after : undefined));
    left = left.slice(DAYS_AT_ONCE);
    const firsts = await Promise.all(some.map((day) => day.next()));
    for (const [index, first] of firsts.entries()) {
      empty = first.value?.length ? Math.min(empty, 0) : empty + 1;
      if (!first.done) yield first.value;
      const day = some[index];
      if (day) yield* day;
    }
  }
}

/** Returns the days on which orders arrived. */
async function usedDays({ client, name }: Table): Promise<ReadonlySet<string>> {
  const days = new Set<string>();
  const keys = { TableName: name, IndexName: 'byDay', ProjectionExpression: '#day' };
  const scans = segments(client, { ...keys, ExpressionAttributeNames: { '#day': 'day' } });
  for await (const { Items = [] } of merge(scans)) for (const { day } of Items) days.add(day?.S ?? '');
  return days;
}

/** Reads the keys of the orders that begin with `prefix` from an index that has keys only: a tenth of the table. */
export async function* keysOfOrders(
  { client, name }: Table,
  prefix: string,
): AsyncGenerator<readonly string[]> {
  const scans = segments(client, {
    ...{ TableName: name, IndexName: 'byDay', ProjectionExpression: '#key' },
    FilterExpression: 'begins_with(#key, :prefix)',
    ExpressionAttributeNames: { '#key': 'key' },
    ExpressionAttributeValues: { ':prefix': { S: prefix } },
  });
  for await (const { Items = [] } of merge(scans)) yield Items.map(({ key }) => key?.S ?? '');
}

/** Reads the due entries of all shards in one page: there are seldom many. */
export async function* dueEntries(table: Table, after?: Entry): AsyncGenerator<readonly Entry[]> {
  const shards = Array.from({ length: DUE_SHARDS }, (_, shard) => allEntries(entries(table, 'due', shard)));
  const newestFirst = (await Promise.all(shards)).flat().sort(order);
  yield after ? newestFirst.filter((entry) => order(after, entry) < 0) : newestFirst;
}

const order = (one: Entry, other: Entry): number => compare(other.at, one.at) || compare(other.key, one.key);
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Reads all pages of an index's partition. */
export async function allEntries(pages: AsyncIterable<readonly Entry[]>): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

/** Reads orders in the order of their keys. An index may lag behind, so items that are no order any more are left out. */
export const fetchOrders = async (
  table: Table,
  keys: readonly string[],
  isShown: typeof isListed | typeof isUnpaid | typeof mayWait = isListed,
): Promise<OrderView[]> =>
  (await fetchItems(table, keys)).flatMap((item) => (isShown(item) ? view(item) : []));

/** The same for items of any kind. */
export async function fetchItems(table: Table, keys: readonly string[]): Promise<Item[]> {
  const found = new Map<string, Item>();
  for (let at = 0; at < keys.length; at += BATCH * BATCHES_AT_ONCE) {
    const batches = Array.from({ length: BATCHES_AT_ONCE }, (_, index) =>
      keys.slice(at + index * BATCH, Math.min(at + (index + 1) * BATCH, keys.length)),
    );
    for (const item of (await Promise.all(batches.map((batch) => fetchBatch(table, batch)))).flat()) {
      const one = fromItem(item);
      found.set(one.key, one);
    }
  }
  return keys.flatMap((key) => found.get(key) ?? []);
}

async function fetchBatch({ client, name }: Table, keys: readonly string[]) {
  const items: Attributes[] = [];
  let left: readonly Attributes[] = keys.map((key) => ({ key: { S: key } }));
  while (left.length > 0) {
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [name]: { Keys: [...left], ConsistentRead: true } } }),
    );
    items.push(...(Responses?.[name] ?? []));
    left = UnprocessedKeys?.[name]?.Keys ?? [];
    // DynamoDB returns unprocessed keys if it throttles the caller.
    if (left.length > 0) await sleep(THROTTLED_MS);
  }
  return items;
}

/** The attributes of an order that a list and a search need: without notifications, which are large. */
const LISTED = [
  ...['key', 'kind', 'schema', 'version', 'provider', 'test', 'receivedAt', 'printed', 'buyer', 'corrected'],
  ...['paidAt', 'trial', 'renewedAt', 'erasedAt', 'reversed', 'aliases', 'lines', 'sends', 'audit'],
  ...['heldAt', 'since', 'mailHeld', 'state', 'reason'],
];
const LISTED_ONLY = {
  ProjectionExpression: LISTED.map((name) => `#${name}`).join(),
  // Items of the first schema have no kind.
  FilterExpression: 'attribute_not_exists(#kind) OR #kind IN (:order, :unreadable)',
  ExpressionAttributeNames: Object.fromEntries(LISTED.map((name) => [`#${name}`, name])),
  ExpressionAttributeValues: { ':order': { S: 'order' }, ':unreadable': { S: 'unreadable' } },
};
/** The attributes do not suffice for items of the first schema, and for reversals. */
const isWhole = ({ schema, reversed }: Attributes) => schema === undefined || reversed !== undefined;

/**
 * Reads the whole table page by page, in parallel. DynamoDB bills every item, and a consistent read twice: only an action
 * on what was found needs one.
 */
export async function* everyItem(
  table: Table,
  { isConsistent = false, isListed: isPart = false, show }: Reading = {},
): AsyncGenerator<readonly Item[]> {
  const { client, name } = table;
  // The count is some hours old, which is good enough for a progress bar; a new table has none, as that of `npm start`.
  const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
  let read = 0;
  const scan = { TableName: name, ConsistentRead: isConsistent, ...(isPart && LISTED_ONLY) };
  for await (const { Items = [], ScannedCount = 0 } of merge(segments(client, scan))) {
    const others = Items.filter((item) => isPart && isWhole(item));
    yield Items.filter((item) => !others.includes(item)).map(fromItem);
    if (others.length > 0)
      yield await fetchItems(
        table,
        others.map(({ key }) => key?.S ?? ''),
      );
    read += ScannedCount;
    if (Table?.ItemCount) show?.(Math.min(1, read / Table.ItemCount));
  }
}

interface Reading {
  readonly isConsistent?: boolean;
  /** Reads orders and notifications only, and of them what a list and a search need. */
  readonly isListed?: boolean;
  show?(part: number): void;
}

type Attributes = Record<string, AttributeValue>;

const segments = (client: DynamoDBClient, scan: ScanCommandInput) =>
  Array.from({ length: SEGMENTS }, (_, Segment) =>
    paginateScan({ client, pageSize: SCANNED }, { ...scan, Segment, TotalSegments: SEGMENTS }),
  );

/** Yields the pages of several scans as they arrive. */
async function* merge<Page>(sources: readonly AsyncGenerator<Page>[]): AsyncGenerator<Page> {
  const next = (source: AsyncGenerator<Page>) => source.next().then((result) => ({ source, result }));
  const waiting = new Map(sources.map((source) => [source, next(source)]));
  try {
    while (waiting.size > 0) {
      const { source, result } = await Promise.race(waiting.values());
      if (result.done) waiting.delete(source);
      else {
        waiting.set(source, next(source));
        yield result.value;
      }
    }
  } finally {
    // The reader may stop early, or one scan fails: an error of the others must not end the process.
    for (const one of waiting.values()) one.catch(() => undefined);
  }
}

const PAGE = 250;
/** A page of 1 MB takes the table of `npm start` seconds, and its reader a tenth of a second. */
const SCANNED = 500;
const SEGMENTS = 4;
const DAYS_AT_ONCE = 7;
/** More than the days of a list by default, which scans nothing. */
const MOST_EMPTY = 98;
const BATCH = 100;
const BATCHES_AT_ONCE = 8;
const THROTTLED_MS = 50;
