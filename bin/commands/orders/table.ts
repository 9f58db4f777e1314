/** Many orders at once, by the table's indexes and never by a scan. Only people ask so: no Lambda needs any of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { fromItem } from '../../../functions/aws/orders.ts';
import { ORDERS_TABLE } from '../../../functions/aws/table.ts';
import { DUE_SHARDS, isListed, type Order } from '../../../functions/core/order/order.ts';

export interface Table {
  readonly client: DynamoDBClient;
  readonly name: string;
}

/** Where an order stands in an index: what its sort key is there. */
export interface Entry {
  readonly key: string;
  readonly at: string;
}

type IndexName = keyof typeof ORDERS_TABLE.indexes;

const PAGE = 250;
const DAYS_AT_ONCE = 7;
const BATCH = 100;
const BATCHES_AT_ONCE = 8;
const AGAIN_MS = 50;

/** A partition of an index, the newest first, from the one after `after` on. */
export async function* entries(
  { client, name }: Table,
  index: IndexName,
  partition: string | number,
  after?: Entry,
): AsyncGenerator<readonly Entry[]> {
  const { partition: hash, sort } = ORDERS_TABLE.indexes[index];
  const value: AttributeValue = typeof partition === 'number' ? { N: String(partition) } : { S: partition };
  let from: Record<string, AttributeValue> | undefined = after && {
    key: { S: after.key },
    [hash.name]: value,
    [sort.name]: { S: after.at },
  };
  do {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName: name,
        IndexName: index,
        KeyConditionExpression: '#hash = :value',
        ExpressionAttributeNames: { '#hash': hash.name },
        ExpressionAttributeValues: { ':value': value },
        ScanIndexForward: false,
        Limit: PAGE,
        ExclusiveStartKey: from,
      }),
    );
    yield Items.map((item) => ({ key: item.key?.S ?? '', at: item[sort.name]?.S ?? '' }));
    from = LastEvaluatedKey;
  } while (from);
}

/** The days one after the other, several of them asked at once. */
export async function* entriesOfDays(
  table: Table,
  days: readonly string[],
  after?: Entry,
): AsyncGenerator<readonly Entry[]> {
  for (let at = 0; at < days.length; at += DAYS_AT_ONCE) {
    const some = days
      .slice(at, at + DAYS_AT_ONCE)
      .map((day) => entries(table, 'byDay', day, after?.at.startsWith(day) ? after : undefined));
    const firsts = await Promise.all(some.map((day) => day.next()));
    for (const [index, first] of firsts.entries()) {
      if (!first.done) yield first.value;
      const day = some[index];
      if (day) yield* day;
    }
  }
}

/** All that is due, whatever its shard; there is seldom much. */
export async function* dueEntries(table: Table, after?: Entry): AsyncGenerator<readonly Entry[]> {
  const shards = Array.from({ length: DUE_SHARDS }, (_, shard) => all(entries(table, 'due', shard)));
  const newestFirst = (await Promise.all(shards)).flat().sort(order);
  yield after ? newestFirst.filter((entry) => order(after, entry) < 0) : newestFirst;
}

const order = (one: Entry, other: Entry): number => compare(other.at, one.at) || compare(other.key, one.key);
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Every entry of an index's partition. */
export async function all(pages: AsyncIterable<readonly Entry[]>): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

/** The orders themselves, in the order of their keys. An index may be behind: what is no order any more is left out. */
export async function ordersAt(table: Table, keys: readonly string[]): Promise<Order[]> {
  const found = new Map<string, Order>();
  for (let at = 0; at < keys.length; at += BATCH * BATCHES_AT_ONCE) {
    const batches = Array.from({ length: BATCHES_AT_ONCE }, (_, index) =>
      keys.slice(at + index * BATCH, Math.min(at + (index + 1) * BATCH, keys.length)),
    );
    for (const item of (await Promise.all(batches.map((batch) => fetched(table, batch)))).flat()) {
      const order = fromItem(item);
      if (isListed(order)) found.set(order.key, order);
    }
  }
  return keys.flatMap((key) => found.get(key) ?? []);
}

async function fetched({ client, name }: Table, keys: readonly string[]) {
  const items: Record<string, AttributeValue>[] = [];
  let left: readonly Record<string, AttributeValue>[] = keys.map((key) => ({ key: { S: key } }));
  while (left.length > 0) {
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [name]: { Keys: [...left], ConsistentRead: true } } }),
    );
    items.push(...(Responses?.[name] ?? []));
    left = UnprocessedKeys?.[name]?.Keys ?? [];
    // DynamoDB asks for patience so.
    if (left.length > 0) await sleep(AGAIN_MS);
  }
  return items;
}
