/** The outbox queue: a sparse index lists the mails that are due. */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type DynamoDBClient,
  PutItemCommand,
  paginateQuery,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { GetSendQuotaCommand, type SESClient } from '@aws-sdk/client-ses';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Queue } from '../../core/mail/redeliver.ts';
import type { ListWaiting } from '../../core/mail/seller.ts';
import { toAt } from '../../core/order/due.ts';
import { DUE_SHARDS, toItem } from '../../core/order/stored.ts';
import { isWritten } from './orders.ts';
import { LEASE } from './table.ts';

const ALWAYS = '9999';

export function dueQueue(client: DynamoDBClient, ses: SESClient, table: string) {
  const owner = randomUUID();
  let rate = 1;
  let percent = 0;
  const lease = async (now: number, until: number) => {
    const command = new PutItemCommand({
      TableName: table,
      Item: marshall(toItem({ kind: 'lease', key: LEASE, owner, until })),
      ConditionExpression: 'attribute_not_exists(#key) OR #until < :now OR #owner = :me',
      ExpressionAttributeNames: { '#key': 'key', '#until': 'until', '#owner': 'owner' },
      ExpressionAttributeValues: { ':now': { N: String(now) }, ':me': { S: owner } },
    });
    return await isWritten(client.send(command));
  };
  return {
    hold: lease,
    release: async (now) => void (await lease(now, 0)),
    due: (now, limit) => dueKeys(client, table, toAt(now), limit),
    async rate() {
      try {
        const quota = await ses.send(new GetSendQuotaCommand({}));
        rate = Math.max(1, quota.MaxSendRate ?? 1);
        // SES reports -1 for an account without a daily limit.
        const daily = Math.max(quota.Max24HourSend ?? 0, 0);
        percent = daily > 0 ? (100 * (quota.SentLast24Hours ?? 0)) / daily : 0;
      } catch {
        // SES is unavailable; fall back to the last known rate.
      }
      return rate;
    },
    sleep: async (ms) => void (await sleep(ms)),
    /** Returns the used part of the daily quota, as of the last call of `rate`. */
    quotaPercent: () => percent,
  } satisfies Queue & { quotaPercent(): number };
}

/** Lists the index of held orders. `after` is the key at which the last page ended. */
export const heldOrders =
  (client: DynamoDBClient, table: string) => async (after: string | undefined, limit: number) => {
    const { Items = [], LastEvaluatedKey: last } = await client.send(
      new QueryCommand({
        ...{ TableName: table, Limit: limit, ...HELD },
        ExclusiveStartKey: after === undefined ? undefined : marshall(JSON.parse(after)),
      }),
    );
    const keys = Items.map(({ key }) => key?.S ?? '');
    return { keys, after: last && JSON.stringify(unmarshall(last)) };
  };

export const listWaiting =
  (client: DynamoDBClient, table: string): ListWaiting =>
  async (list, from, limit) => {
    const { Items = [] } = await client.send(
      new QueryCommand({
        ...{ TableName: table, IndexName: 'held', Limit: limit },
        KeyConditionExpression: '#held = :held AND #heldAt >= :from',
        ExpressionAttributeNames: { '#held': 'held', '#heldAt': 'heldAt' },
        ExpressionAttributeValues: { ':held': { S: list }, ':from': { S: from || '0' } },
      }),
    );
    return Items.map(({ key, heldAt }) => ({ key: key?.S ?? '', heldAt: heldAt?.S ?? '' }));
  };

/** A digest of a Lambda's code. The name of each file that it imports contains a digest of that file. */
export const digestOf = (url: string): string =>
  createHash('sha256')
    .update(readFileSync(fileURLToPath(url)))
    .digest('base64url');

/** Returns the keys of the `sample` mails due first, and the number of due mails and held orders. */
export async function pending(client: DynamoDBClient, table: string, sample: number) {
  const count = async (query: Partial<QueryCommandInput>) => {
    let total = 0;
    const pages = paginateQuery({ client }, { TableName: table, Select: 'COUNT', ...query });
    for await (const { Count = 0 } of pages) total += Count;
    return total;
  };
  const [soonest, held, ...due] = await Promise.all([
    dueKeys(client, table, ALWAYS, sample),
    count(HELD),
    ...SHARDS.map((shard) => count(inShard(shard, ALWAYS))),
  ]);
  return { soonest, held, due: due.reduce((sum, one) => sum + one, 0) };
}

/** The held orders; the one that has waited longest comes first. */
const HELD = {
  IndexName: 'held',
  KeyConditionExpression: '#held = :held',
  ExpressionAttributeNames: { '#held': 'held' },
  ExpressionAttributeValues: { ':held': { S: 'held' } },
};

/** Returns the keys of the earliest `limit` entries of the shards; entries may be stale. */
export async function dueKeys(
  client: DynamoDBClient,
  table: string,
  until: string,
  limit: number,
  shards = SHARDS,
): Promise<string[]> {
  const pages = await Promise.all(
    shards.map((shard) =>
      client.send(new QueryCommand({ TableName: table, Limit: limit, ...inShard(shard, until) })),
    ),
  );
  return pages
    .flatMap(({ Items }) => Items ?? [])
    .map((item) => ({ key: item.key?.S ?? '', dueAt: item.dueAt?.S ?? '' }))
    .sort((one, other) => (one.dueAt < other.dueAt ? -1 : 1))
    .slice(0, limit)
    .map(({ key }) => key);
}

const SHARDS: readonly number[] = Array.from({ length: DUE_SHARDS }, (_, shard) => shard);

const inShard = (shard: number, until: string) => ({
  IndexName: 'due',
  KeyConditionExpression: '#shard = :shard AND #dueAt <= :until',
  ExpressionAttributeNames: { '#shard': 'dueShard', '#dueAt': 'dueAt' },
  ExpressionAttributeValues: { ':shard': { N: String(shard) }, ':until': { S: until } },
});
