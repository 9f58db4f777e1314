import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { toEmailKey } from '../../core/mail/address.ts';

/** Lists the keys of the orders of an address, the oldest first, by the index. */
export const keysOfAddress = (client: DynamoDBClient, table: string) => async (address: string) => {
  const keys: string[] = [];
  const query = {
    TableName: table,
    IndexName: 'byEmail',
    KeyConditionExpression: '#email = :email',
    ExpressionAttributeNames: { '#email': 'email' },
    ExpressionAttributeValues: { ':email': { S: toEmailKey(address) } },
  };
  for await (const { Items = [] } of paginateQuery({ client }, query))
    keys.push(...Items.map(({ key }) => key?.S ?? ''));
  return keys;
};
