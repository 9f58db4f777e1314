/** The three calls of an order and nothing else: what the SDK alone would cost. */
import { type DynamoDBClient, PutItemCommand, type PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import { type SESClient, SendRawEmailCommand, type SendRawEmailCommandInput } from '@aws-sdk/client-ses';

export interface ThreeCalls {
  readonly record: PutItemCommandInput;
  readonly mail: Omit<SendRawEmailCommandInput, 'RawMessage'>;
  /** In base64. */
  readonly mime: string;
  readonly mark: PutItemCommandInput;
}

export interface Clients {
  readonly dynamo: DynamoDBClient;
  readonly ses: SESClient;
}

export async function threeCalls({ dynamo, ses }: Clients, { record, mail, mime, mark }: ThreeCalls) {
  await dynamo.send(new PutItemCommand(record));
  await ses.send(new SendRawEmailCommand({ ...mail, RawMessage: { Data: Buffer.from(mime, 'base64') } }));
  await dynamo.send(new PutItemCommand(mark));
}
