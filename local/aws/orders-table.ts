/** The orders table on this machine: it is copied at each start, and read for the page. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type KeySchemaElement,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { LIMITS_TABLE } from '../../functions/aws/limits.ts';
import { LOCAL_NAMES } from '../../functions/aws/local-names.ts';
import { fromItem } from '../../functions/aws/orders.ts';
import { ORDERS_TABLE } from '../../functions/aws/table.ts';
import { wakeAt } from '../../functions/core/order/due.ts';
import { isListed, type OrderView, view } from '../../functions/core/order/view.ts';
import { PAST_FAULTS } from './dynamodb.ts';

type Stored = Record<string, AttributeValue>;

const TABLE = LOCAL_NAMES.table;
const BATCH = 25;

/** Creates a client. `view` is PAST_FAULTS, or OLD or NEW during a renewal. */
export const client = (endpoint: string, view = PAST_FAULTS): DynamoDBClient =>
  new DynamoDBClient({ endpoint: endpoint + view });

/**
 * Copies the items to a new table, except those that are stale. dynalite writes an item and its index entries
 * separately, so a kill can leave them inconsistent; writing the items again restores the indexes.
 */
export async function copyTable(
  client: DynamoDBClient,
  old: DynamoDBClient | undefined,
  isStale: (key: string) => boolean,
): Promise<void> {
  await client.send(new CreateTableCommand(definition()));
  // The counters of the limits start anew.
  await client.send(
    new CreateTableCommand({
      TableName: LOCAL_NAMES.limits,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: LIMITS_TABLE.partitionKey, AttributeType: 'S' }],
      KeySchema: schema(LIMITS_TABLE.partitionKey),
    }),
  );
  const described = () => client.send(new DescribeTableCommand({ TableName: TABLE }));
  while ((await described()).Table?.TableStatus !== 'ACTIVE') await sleep(5);
  const items = old ? await scan(old) : [];
  const kept = items.filter(({ key }) => !isStale(key?.S ?? ''));
  for (let at = 0; at < kept.length; at += BATCH) {
    const puts = kept.slice(at, at + BATCH).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: puts } }));
  }
}

/** Returns the orders, oldest first. */
export async function listOrders(client: DynamoDBClient): Promise<readonly OrderView[]> {
  const orders = (await scan(client)).map(fromItem).filter(isListed).map(view);
  return orders.sort(
    (one, other) => compare(one.receivedAt, other.receivedAt) || compare(one.key, other.key),
  );
}

/** Returns the latest time at which a mail is due, in milliseconds, or undefined if no mail is due. */
export async function lastDueAt(client: DynamoDBClient): Promise<number | undefined> {
  const due = (await scan(client))
    .map(fromItem)
    .flatMap((item) =>
      item.kind === 'order' ? (wakeAt(item) ?? []) : item.kind === 'request' ? (item.until ?? []) : [],
    );
  const last = due.sort().at(-1);
  return last === undefined ? undefined : Date.parse(last);
}

function definition() {
  const { partitionKey, indexes } = ORDERS_TABLE;
  const keys = Object.values(indexes).flatMap(({ partition, sort }) => [partition, sort]);
  const types = new Map<string, 'S' | 'N'>([
    [partitionKey, 'S'],
    ...keys.map(({ name, type }) => [name, type] as const),
  ]);
  return {
    TableName: TABLE,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [...types].map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: schema(partitionKey),
    GlobalSecondaryIndexes: Object.entries(indexes).map(([IndexName, { partition, sort }]) => ({
      IndexName,
      KeySchema: schema(partition.name, sort.name),
      Projection: { ProjectionType: 'KEYS_ONLY' as const },
    })),
  } as const;
}

const schema = (hash: string, range?: string): KeySchemaElement[] => [
  { AttributeName: hash, KeyType: 'HASH' },
  ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' } as const]),
];

async function scan(client: DynamoDBClient): Promise<Stored[]> {
  const items: Stored[] = [];
  for await (const page of paginateScan({ client }, { TableName: TABLE, ConsistentRead: true })) {
    items.push(...(page.Items ?? []));
  }
  return items;
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
