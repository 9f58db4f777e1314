/** A DynamoDB of the test's own: dynalite in memory, over HTTP, with the orders' table as deployed. */
import { once } from 'node:events';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { ORDERS_TABLE } from '../../functions/aws/dynamodb/table.ts';

export const TABLE = 'orders';

export async function startDynamo() {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${address.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { partitionKey, indexes } = ORDERS_TABLE;
  const keys = Object.values(indexes).flatMap(({ partition, sort }) => [partition, sort]);
  const attributes = new Map<string, 'S' | 'N'>([
    [partitionKey, 'S'],
    ...keys.map(({ name, type }) => [name, type] as const),
  ]);
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: partitionKey, KeyType: 'HASH' }],
      AttributeDefinitions: [...attributes].map(([AttributeName, AttributeType]) => ({
        AttributeName,
        AttributeType,
      })),
      GlobalSecondaryIndexes: Object.entries(indexes).map(([IndexName, { partition, sort }]) => ({
        IndexName,
        KeySchema: [
          { AttributeName: partition.name, KeyType: 'HASH' },
          { AttributeName: sort.name, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      })),
    }),
  );
  const stop = async () => {
    client.destroy();
    server.close();
  };
  return { client, stop };
}
