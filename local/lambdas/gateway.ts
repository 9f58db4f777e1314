/**
 * API Gateway in front of the webhook's Lambda: it sends the event in payload format 2.0 and returns the response.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { readBody, sendJson } from '../../bin/commands/cli/http.ts';

export type Lambda = (event: unknown, context?: object) => Promise<unknown>;

const MOST_BYTES = 10 * 1024 * 1024;
const LAMBDA_MS = 10_000;
/** These content types are passed on as text; all others, forms and missing types included, as base64. */
const TEXT = /^\s*(text\/[^;]+|application\/([^;/]+\+)?(json|xml)|application\/javascript)\s*(;|$)/i;

const Answer = z.object({
  statusCode: z.int(),
  headers: z._default(z.record(z.string(), z.string()), {}),
  body: z._default(z.string(), ''),
  isBase64Encoded: z._default(z.boolean(), false),
});

/** Responds to the request as the deployed API does, by calling the Lambda. */
export async function viaGateway(
  lambda: Lambda,
  routeKey: string,
  request: IncomingMessage,
  response: ServerResponse,
  timeoutMs = LAMBDA_MS,
): Promise<void> {
  const bytes = await readBody(request, MOST_BYTES);
  if (!bytes) return sendJson(response, 413, { message: 'Request Entity Too Large' });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs, LATE);
  });
  try {
    const returned = await Promise.race([lambda(eventOf(request, routeKey, bytes)), late]);
    if (returned === LATE) return sendJson(response, 503, { message: 'Service Unavailable' });
    const { statusCode, headers, body, isBase64Encoded } = Answer.parse(returned);
    response.writeHead(statusCode, { 'content-type': 'text/plain;charset=utf-8', ...headers });
    response.end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
  } catch (error) {
    console.error(error);
    sendJson(response, 500, { message: 'Internal Server Error' });
  } finally {
    clearTimeout(timer);
  }
}

const LATE = Symbol('late');

export function eventOf(
  { method = 'GET', url = '/', headers, headersDistinct, socket }: IncomingMessage,
  routeKey: string,
  bytes: Buffer,
) {
  const { cookie, ...others } = headersDistinct;
  const [path = '/', ...query] = url.split('?');
  const text = TEXT.test(headers['content-type'] ?? '');
  const now = new Date();
  const search = new URLSearchParams(query.join('?'));
  const names = [...new Set(search.keys())];
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: query.join('?'),
    ...(cookie === undefined ? {} : { cookies: cookie.join('; ').split(/; */) }),
    headers: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, value?.join(',')])),
    ...(names.length === 0
      ? {}
      : {
          queryStringParameters: Object.fromEntries(
            names.map((name) => [name, search.getAll(name).join(',')]),
          ),
        }),
    requestContext: {
      accountId: '123456789012',
      apiId: 'local',
      domainName: headers.host ?? 'localhost',
      domainPrefix: 'local',
      http: {
        method,
        path,
        protocol: 'HTTP/1.1',
        // In AWS this is the connection's address. Tests set the header as a proxy would.
        sourceIp:
          headersDistinct['x-forwarded-for']?.at(-1)?.split(',').at(-1)?.trim() ||
          (socket.remoteAddress ?? '127.0.0.1'),
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey,
      stage: '$default',
      time: formatTime(now),
      timeEpoch: now.getTime(),
    },
    ...(bytes.length === 0 ? {} : { body: bytes.toString(text ? 'utf8' : 'base64') }),
    isBase64Encoded: bytes.length > 0 && !text,
  };
}

/** Formats a time as 12/Mar/2020:19:03:58 +0000. */
function formatTime(time: Date): string {
  const [, day, month, year, clock] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(time.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${clock} +0000`;
}
