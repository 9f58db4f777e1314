/**
 * The same job by the documentation of the libraries, for comparison with ours: takes Stripe's order, records a serial
 * and mails it. It has no logger and no tracer, and writes each order once.
 */
import { IdempotencyConfig } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SESClient, SendEmailCommand } from '@aws-sdk/client-ses';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import { checkout } from './checkout.ts';
import { serialMail } from './mail.ts';
import { keys } from './secret.ts';
import { serialOf } from './serial.ts';
import { verifyStripe } from './verify-stripe.ts';

const dynamo = new DynamoDBClient({});
const documents = DynamoDBDocumentClient.from(dynamo, { marshallOptions: { removeUndefinedValues: true } });
const ses = new SESClient({});

const idempotency = makeHandlerIdempotent({
  persistenceStore: new DynamoDBPersistenceLayer({ tableName: 'idempotency', awsSdkV3Client: dynamo }),
  config: new IdempotencyConfig({ eventKeyJmesPath: 'id', throwOnNoIdempotencyKey: true }),
});

async function fulfil(event: unknown) {
  const order = checkout(event);
  if (!order) return { statusCode: 200, body: 'ignored' };
  const { serialKey } = await keys();
  const serial = serialOf(serialKey, order.name);
  await documents.send(
    new PutCommand({ TableName: 'orders', Item: { ...order, serial, createdAt: new Date().toISOString() } }),
  );
  await ses.send(new SendEmailCommand(serialMail(order, serial)));
  return { statusCode: 200, body: 'ok' };
}

export const handler = middy().use(verifyStripe()).use(idempotency).handler(fulfil);
