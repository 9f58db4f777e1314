/**
 * The same job as a textbook has it, beside which ours is measured: Stripe's order in, a serial recorded and mailed.
 * Written after the documentation of what it is made of, with each library's own way of doing things, and as lean as
 * that allows: no logger, no tracer, one write per order.
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
