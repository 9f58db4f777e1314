import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { toEmailKey } from '../functions/core/mail/address.ts';
import type { Mails } from './aws/mails.ts';
import { listOrders } from './aws/orders-table.ts';

/**
 * Erases what this machine keeps of a person after the orders are erased: all mails to the person and of the erased
 * orders, and old versions of the items in the table's files.
 */
export async function erase(
  mails: Mails,
  tables: DynamoDBClient,
  renewTable: () => Promise<void>,
  email: string,
): Promise<{ readonly mails: number }> {
  const erased = (await listOrders(tables)).filter(({ status }) => status === 'erased');
  const tags = new Set(erased.map(({ key }) => Buffer.from(key).toString('base64url')));
  const count = mails.erase(
    ({ to, tags: { order } }) =>
      to.some((address) => toEmailKey(address) === toEmailKey(email)) || tags.has(order ?? ''),
  );
  await renewTable();
  return { mails: count };
}
