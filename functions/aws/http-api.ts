/**
 * API Gateway's HTTP API, payload format 2.0:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */

import { Rejection } from '../core/inbound/rejection.ts';
import type { Answer, WebhookRequest } from '../core/inbound/request.ts';

/** What we read of the event. */
export interface HttpApiEvent {
  readonly rawQueryString?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly pathParameters?: Readonly<Record<string, string | undefined>>;
  readonly requestContext: { readonly http: { readonly method: string } };
}

export interface HttpApiAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** No provider's notification comes near it; hashing more would be work for a stranger. */
const MOST_BYTES = 256 * 1024;

/** The request as it was sent. Throws `too_large` before a byte is decoded. */
export function toRequest(event: HttpApiEvent): WebhookRequest {
  const encoding = event.isBase64Encoded ? 'base64' : 'utf8';
  const text = event.body ?? '';
  if (Buffer.byteLength(text, encoding) > MOST_BYTES) {
    throw new Rejection('too_large', `a body of more than ${MOST_BYTES} bytes`);
  }
  const headers = Object.entries(event.headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    value ?? '',
  ]);
  return {
    method: event.requestContext.http.method.toUpperCase(),
    headers: Object.fromEntries(headers),
    query: event.rawQueryString ?? '',
    body: Buffer.from(text, encoding),
  };
}

export const toAnswer = ({ status, body, type = 'text/plain; charset=utf-8' }: Answer): HttpApiAnswer => ({
  statusCode: status,
  headers: { 'content-type': type, 'cache-control': 'no-store' },
  body,
});
