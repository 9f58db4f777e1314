/** The store: one DynamoDB item per order. */
import { randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type Item, indexed, isAlias } from '../core/order/order.ts';
import type { Store } from '../core/world.ts';

export const dynamoClient = (): DynamoDBClient =>
  new DynamoDBClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 500, requestTimeout: 1_000, throwOnRequestTimeout: true },
  });

/** @param signal makes a new signal for each call, which ends the call and its retries. */
export function orderStore(client: DynamoDBClient, table: string, signal: () => AbortSignal): Store {
  const read = async (key: string) => {
    const query = new GetItemCommand({ TableName: table, Key: { key: { S: key } }, ConsistentRead: true });
    return (await client.send(query, { abortSignal: signal() })).Item;
  };
  return {
    async get(key) {
      const found = await read(key);
      return found && fromItem(found);
    },
    async put(item, expected) {
      const writer = randomUUID();
      try {
        await client.send(
          new PutItemCommand({
            TableName: table,
            Item: { ...toItem(item), writer: { S: writer } },
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
          }),
          { abortSignal: signal() },
        );
        return undefined;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const stored = await read(item.key);
        if (!stored) throw error;
        // The SDK retries if an answer is lost; the conflicting write may then be our own.
        return stored.writer?.S === writer ? undefined : fromItem(stored);
      }
    },
  };
}

const REVERSAL = 'reversal:';

/** Each reversal becomes an attribute of its own; the attributes of the indexes are added. */
function toItem(item: Item): Record<string, AttributeValue> {
  if (isAlias(item)) return marshall(item);
  const { reversals, ...rest } = item;
  const facts = Object.fromEntries(Object.entries(reversals).map(([id, fact]) => [`${REVERSAL}${id}`, fact]));
  return marshall({ ...rest, ...facts, ...indexed(item) }, { removeUndefinedValues: true });
}

/** Restores the item from its attributes. */
export function fromItem(attributes: Record<string, AttributeValue>): Item {
  const { writer: _w, dueShard: _d, held: _h, day: _y, email: _e, ...stored } = unmarshall(attributes);
  const facts = Object.entries(stored).filter(([name]) => name.startsWith(REVERSAL));
  const rest = Object.fromEntries(Object.entries(stored).filter(([name]) => !name.startsWith(REVERSAL)));
  const reversals = Object.fromEntries(facts.map(([name, fact]) => [name.slice(REVERSAL.length), fact]));
  const item: unknown = 'aliasOf' in rest ? rest : { ...rest, reversals };
  if (isItem(item)) return item;
  throw new Error('found an item without a key in the orders table; expected an order or an alias');
}

/** Only Keypost writes to the table, so the key is a sufficient check. */
const isItem = (item: unknown): item is Item => typeof item === 'object' && item !== null && 'key' in item;
