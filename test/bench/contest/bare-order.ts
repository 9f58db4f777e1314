/** The smallest handler that makes the calls of an order. Its event contains them, ready to be sent. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SESClient } from '@aws-sdk/client-ses';
import { type ThreeCalls, threeCalls } from './three-calls.ts';

const limits = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_500, throwOnRequestTimeout: true },
};
const clients = { dynamo: new DynamoDBClient(limits), ses: new SESClient(limits) };

export async function handler(calls: ThreeCalls) {
  await threeCalls(clients, calls);
  return { statusCode: 200 };
}
