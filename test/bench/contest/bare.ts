/** The smallest handler on these three services: it loads only the clients, with the limits of ours. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient } from '@aws-sdk/client-ses';

const limits = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_500, throwOnRequestTimeout: true },
};
const clients = [new DynamoDBClient(limits), new SecretsManagerClient(limits), new SESClient(limits)];

export const handler = async (): Promise<number> => clients.length;
