/** The counters of the limits: conditional updates in a small table of their own, whose items expire. */
import { randomBytes } from 'node:crypto';
import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Count } from '../../core/pages/limits.ts';
import { within } from '../client.ts';
import { isWritten } from './orders.ts';
import { LIMITS_TABLE } from './table.ts';

const CALL_MS = 12_000;

export const counters =
  (client: DynamoDBClient, table: string): Count =>
  async (key, add, most, until) => {
    const command = new UpdateItemCommand({
      TableName: table,
      Key: { key: { S: key } },
      UpdateExpression: 'ADD hits :add SET #until = :until',
      ConditionExpression: 'attribute_not_exists(hits) OR hits < :most',
      ExpressionAttributeNames: { '#until': LIMITS_TABLE.timeToLive },
      ExpressionAttributeValues: {
        ':add': { N: String(add) },
        ':most': { N: String(most) },
        ':until': { N: String(Math.ceil(until / 1_000)) },
      },
    });
    return await isWritten(within(CALL_MS, client.send(command)));
  };

/** The ID of a request, which cannot be guessed. */
export const newId = (): string => randomBytes(9).toString('base64url');
