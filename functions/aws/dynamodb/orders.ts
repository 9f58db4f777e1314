/** Orders in DynamoDB: one item each. */
import { randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { fromItem as parseItem, toItem } from '../../core/order/stored.ts';
import type { Item } from '../../core/order/types.ts';
import type { Store } from '../../core/world.ts';
import { LEAN, trimClient, within } from '../client.ts';

/** @param requestTimeout one attempt: short where a provider waits for the answer. */
export const dynamoClient = (requestTimeout = 1_000, connectionTimeout = 500): DynamoDBClient =>
  trimClient(
    new DynamoDBClient({
      ...LEAN,
      maxAttempts: 3,
      requestHandler: { connectionTimeout, requestTimeout, throwOnRequestTimeout: true },
    }),
  );

/** @param ms the limit for a call and its retries, asked for each call; without it, the client's own limits apply. */
export function orderStore(client: DynamoDBClient, table: string, ms?: () => number): Store {
  const limited = <Result>(call: Promise<Result>) => (ms ? within(ms(), call) : call);
  const read = async (key: string) => {
    const query = new GetItemCommand({ TableName: table, Key: { key: { S: key } }, ConsistentRead: true });
    return (await limited(client.send(query))).Item;
  };
  return {
    within: (limit) => orderStore(client, table, limit),
    async get(key) {
      const found = await read(key);
      return found && fromItem(found);
    },
    async put(item, expected) {
      // Node caches the random bytes of UUIDs, so this costs less than `randomBytes`.
      const writer = randomUUID().slice(-12);
      try {
        const command = new PutItemCommand({
          TableName: table,
          Item: { ...marshall(toItem(item), { removeUndefinedValues: true }), writer: { S: writer } },
          ...(expected === undefined
            ? {
                ConditionExpression: 'attribute_not_exists(#key)',
                ExpressionAttributeNames: { '#key': 'key' },
              }
            : {
                ConditionExpression: '#version = :expected',
                ExpressionAttributeNames: { '#version': 'version' },
                ExpressionAttributeValues: { ':expected': { N: String(expected) } },
              }),
        });
        await limited(client.send(command));
        return undefined;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const inTheWay = await read(item.key);
        if (!inTheWay) throw error;
        // The SDK tries again when an answer is lost; then the write in the way is our own.
        return inTheWay.writer?.S === writer ? undefined : fromItem(inTheWay);
      }
    },
  };
}

/** Returns false if the condition of the write does not hold. */
export async function isWritten(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** The item as the core knows it. */
export const fromItem = (attributes: Record<string, AttributeValue>): Item =>
  parseItem(unmarshall(attributes));
