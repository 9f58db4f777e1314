import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { toEmailKey } from '../functions/core/mail/address.ts';
import type { Mails } from './aws/mails.ts';
import { listedOrders } from './aws/orders-table.ts';

/**
 * What stays of a person on this machine once the orders are erased: mails, to whomever they went, and on disk what
 * the table's files have not yet forgotten.
 */
export async function erase(
  mails: Mails,
  tables: DynamoDBClient,
  renewTable: () => Promise<void>,
  email: string,
): Promise<{ readonly mails: number }> {
  const erased = (await listedOrders(tables)).filter(({ status }) => status === 'erased');
  const tags = new Set(erased.map(({ key }) => Buffer.from(key).toString('base64url')));
  const count = mails.erase(
    ({ to, tags: { order } }) =>
      to.some((address) => toEmailKey(address) === toEmailKey(email)) || tags.has(order ?? ''),
  );
  await renewTable();
  return { mails: count };
}
