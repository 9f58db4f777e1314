/** The least a handler on these three services loads: the clients, with the limits that ours have, and nothing else. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient } from '@aws-sdk/client-ses';

const limits = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_500, throwOnRequestTimeout: true },
};
const clients = [new DynamoDBClient(limits), new SecretsManagerClient(limits), new SESClient(limits)];

export const handler = async (): Promise<number> => clients.length;
