/** The embedded AWS: one address, three services, told apart as the real ones' requests are. */
import type { ServerResponse } from 'node:http';
import type { AwsAnswer, AwsRequest, Broken } from './aws-answer.ts';
import type { DynamoDb } from './dynamodb.ts';
import { type Handler, readBody, sendJson } from './http.ts';
import type { SecretsManager } from './secrets-manager.ts';

export interface Services {
  readonly dynamoDb: DynamoDb;
  readonly secretsManager: SecretsManager;
  readonly sesV1: (request: AwsRequest) => Promise<AwsAnswer | Broken>;
  readonly sesV2: (request: AwsRequest) => AwsAnswer;
}

/** Base64 in a form is a third longer, and its `+` and `/` three times. */
const MOST_BYTES = 32 * 1024 * 1024;
const SILENCE_MS = 30_000;

export function awsEndpoint({ dynamoDb, secretsManager, sesV1, sesV2 }: Services): Handler {
  return async (incoming, response) => {
    const body = await readBody(incoming, MOST_BYTES);
    if (!body) return sendJson(response, 413, { message: 'Request Entity Too Large' });
    const { method = 'GET', url: path = '/', headers } = incoming;
    const request = { method, path, headers, body };
    const target = String(headers['x-amz-target'] ?? '');
    if (target.startsWith('DynamoDB_')) return dynamoDb.answer(request, response);
    if (target.startsWith('secretsmanager.')) return send(response, secretsManager.answer(request));
    send(response, path.startsWith('/v2/') ? sesV2(request) : await sesV1(request));
  };
}

function send(response: ServerResponse, answer: AwsAnswer | Broken): void {
  if (answer === 'hang_up') response.destroy();
  else if (answer === 'silence') setTimeout(() => response.destroy(), SILENCE_MS).unref();
  else response.writeHead(answer.status, answer.headers).end(answer.body);
}
