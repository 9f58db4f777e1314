/** The requests of buyers in DynamoDB, for `redeliver`; undefined without buyers' pages. The bundle of a catalogue without pages has a stub in this file's place. */
import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { RequestQueue } from '../../core/mail/redeliver.ts';
import { toAt } from '../../core/order/due.ts';
import { REQUEST_SHARD } from '../../core/order/stored.ts';
import { keypostSecret } from '../page-links.ts';
import { keysOfAddress } from './by-email.ts';
import { isWritten } from './orders.ts';
import { dueKeys } from './queue.ts';

export function redeliverRequests(
  dynamo: DynamoDBClient,
  secrets: SecretsManagerClient,
  {
    TABLE: table,
    PAGES: site,
    KEYPOST_KEYS: id,
  }: { readonly TABLE: string; readonly PAGES?: string; readonly KEYPOST_KEYS?: string },
): RequestQueue | undefined {
  if (site === undefined || id === undefined) return undefined;
  const { read: keys } = keypostSecret(secrets, id);
  const own = { site, keys, keysOf: keysOfAddress(dynamo, table) };
  const remove = async (key: string, version: number) => {
    const command = new DeleteItemCommand({
      TableName: table,
      Key: { key: { S: key } },
      ConditionExpression: '#version = :version',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': { N: String(version) } },
    });
    await isWritten(dynamo.send(command));
  };
  return {
    due: (now, limit) => dueKeys(dynamo, table, toAt(now), limit, [REQUEST_SHARD]),
    async work(ports, request) {
      const { workOnRequest } = await import('../../core/pages/requests.ts');
      return await workOnRequest({ ...ports, ...own }, request, remove);
    },
  };
}
