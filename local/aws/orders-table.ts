/** The orders' table on this machine: made, mended at each start, and read for the page. */
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
import { fromItem } from '../../functions/aws/orders.ts';
import { ORDERS_TABLE } from '../../functions/aws/table.ts';
import { isAlias, isListed, type Order } from '../../functions/core/order/order.ts';
import { PAST_FAULTS } from './dynamodb.ts';

type Stored = Record<string, AttributeValue>;

export const TABLE = 'keypost-orders';
const BATCH = 25;

/** @param view which tables: those of the Lambdas, past any fault, or one side of their renewal. */
export const client = (endpoint: string, view = PAST_FAULTS): DynamoDBClient =>
  new DynamoDBClient({ endpoint: endpoint + view });

/**
 * dynalite writes an item and its index entries apart, so a kill can part them: what the last process left is read, and
 * put afresh into a folder of its own. Until all of it is there, that of the last process stands.
 *
 * @param isOver which keys stay behind.
 */
export async function freshTable(
  client: DynamoDBClient,
  left: DynamoDBClient | undefined,
  isOver: (key: string) => boolean,
): Promise<void> {
  await client.send(new CreateTableCommand(definition()));
  const described = () => client.send(new DescribeTableCommand({ TableName: TABLE }));
  while ((await described()).Table?.TableStatus !== 'ACTIVE') await sleep(5);
  const items = left ? await scan(left) : [];
  const kept = items.filter(({ key }) => !isOver(key?.S ?? ''));
  for (let at = 0; at < kept.length; at += BATCH) {
    const puts = kept.slice(at, at + BATCH).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: puts } }));
  }
}

/** In the order in which they came. */
export async function listedOrders(client: DynamoDBClient): Promise<readonly Order[]> {
  const orders = (await scan(client)).map(fromItem).filter(isListed);
  return orders.sort(
    (one, other) => compare(one.receivedAt, other.receivedAt) || compare(one.key, other.key),
  );
}

/** The last time at which a mail is due, in milliseconds; undefined where none is. */
export async function lastDueAt(client: DynamoDBClient): Promise<number | undefined> {
  const due = (await scan(client))
    .map(fromItem)
    .flatMap((item) => (isAlias(item) || !item.dueAt ? [] : item.dueAt));
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
