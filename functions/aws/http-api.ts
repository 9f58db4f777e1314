/**
 * API Gateway's HTTP API, payload format 2.0:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */

import { Rejection } from '../core/inbound/rejection.ts';
import type { Answer, WebhookRequest } from '../core/inbound/request.ts';

/** The fields of the event that Keypost reads. */
export interface HttpApiEvent {
  readonly rawPath?: string;
  readonly rawQueryString?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: { readonly http: { readonly method: string; readonly sourceIp?: string } };
}

export interface HttpApiAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Far above the largest notification. A stranger could make us hash larger bodies. */
const MAX_BYTES = 256 * 1024;

/** Restores the request as the provider sent it. Throws `too_large` before it decodes the body. */
export function toRequest(event: HttpApiEvent): WebhookRequest {
  const encoding = event.isBase64Encoded ? 'base64' : 'utf8';
  const text = event.body ?? '';
  if (Buffer.byteLength(text, encoding) > MAX_BYTES) {
    throw new Rejection('too_large', `found a body of more than ${MAX_BYTES} bytes`);
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
