/** The orders table on this machine: it is copied at each start, and read for the page. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type KeySchemaElement,
  paginateScan,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { fromItem } from '../../functions/aws/dynamodb/orders.ts';
import { LIMITS_TABLE, ORDERS_TABLE } from '../../functions/aws/dynamodb/table.ts';
import { LOCAL_NAMES } from '../../functions/aws/local-names.ts';
import { REQUEST_SHARD } from '../../functions/core/order/stored.ts';
import { isListed, type OrderView, view } from '../../functions/core/order/view.ts';
import { PAST_FAULTS } from './dynamodb.ts';

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
  if (!old) return;
  // A page at a time: all items together take more memory than everything else.
  for await (const { Items = [] } of paginateScan({ client: old }, { TableName: TABLE })) {
    const kept = Items.filter(({ key }) => !isStale(key?.S ?? ''));
    for (let at = 0; at < kept.length; at += BATCH) {
      const puts = kept.slice(at, at + BATCH).map((Item) => ({ PutRequest: { Item } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: puts } }));
    }
  }
}

export const deleteItem = async (client: DynamoDBClient, key: string): Promise<void> =>
  void (await client.send(new DeleteItemCommand({ TableName: TABLE, Key: { key: { S: key } } })));

/** Returns the newest orders, the oldest of them first. Keeps few in memory if few are wanted. */
export async function listOrders(
  client: DynamoDBClient,
  most = Number.POSITIVE_INFINITY,
): Promise<readonly OrderView[]> {
  let orders: OrderView[] = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName: TABLE, ConsistentRead: true })) {
    orders.push(...Items.map(fromItem).filter(isListed).map(view));
    orders.sort((one, other) => compare(one.receivedAt, other.receivedAt) || compare(one.key, other.key));
    orders = orders.slice(-most);
  }
  return orders;
}

/** Returns the latest time at which a mail is due, in milliseconds, or undefined if no mail is due. */
export async function lastDueAt(client: DynamoDBClient, now: number): Promise<number | undefined> {
  const { partition, sort } = ORDERS_TABLE.indexes.due;
  const query = {
    ...{ TableName: TABLE, IndexName: 'due', ScanIndexForward: false, Limit: 1 },
    KeyConditionExpression: '#shard = :shard AND #at < :most',
    ExpressionAttributeNames: { '#shard': partition.name, '#at': sort.name },
  };
  const lasts = Array.from({ length: REQUEST_SHARD + 1 }, async (_, shard) => {
    // A change of address waits for a day, in which it can be stopped.
    const most = shard === REQUEST_SHARD ? new Date(now + HOUR_MS).toISOString() : '9999';
    const ExpressionAttributeValues = { ':shard': { N: String(shard) }, ':most': { S: most } };
    const { Items } = await client.send(new QueryCommand({ ...query, ExpressionAttributeValues }));
    return Items?.[0]?.[sort.name]?.S ?? [];
  });
  const last = (await Promise.all(lasts)).flat().sort().at(-1);
  return last === undefined ? undefined : Date.parse(last);
}

const HOUR_MS = 3_600_000;

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

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
