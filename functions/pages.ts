/** The Lambda behind the buyers' pages. */
import catalogue from '#catalogue';
import { keysOfAddress } from './aws/dynamodb/by-email.ts';
import { counters, newId } from './aws/dynamodb/limits.ts';
import { dynamoClient, orderStore } from './aws/dynamodb/orders.ts';
import type { HttpApiAnswer, HttpApiEvent } from './aws/http-api.ts';
import { toRequest } from './aws/http-api.ts';
import { keypostSecret } from './aws/page-links.ts';
import { secretsClient } from './aws/secrets.ts';
import { wirePorts } from './aws/wiring.ts';
import { errorName, Rejection } from './core/inbound/rejection.ts';
import { answerPage } from './core/pages/pages.ts';
import type { Pages } from './core/pages/ports.ts';
import { pagesEnv } from './env.ts';
import { redirectIds } from './providers/redirect-ids.ts';

/** A person waits for the answer, and comes back if there is none. */
const CALL_MS = 12_000;

const env = pagesEnv(process.env);
const { ports } = wirePorts(catalogue, { ...env, PROVIDER_KEYS: '' });
const dynamo = dynamoClient(CALL_MS, CALL_MS / 4);
const pages: Pages = {
  ...ports,
  site: env.PAGES,
  keys: keypostSecret(secretsClient(), env.KEYPOST_KEYS).read,
  redirectIds,
  store: orderStore(dynamo, env.TABLE, () => CALL_MS),
  count: counters(dynamo, env.LIMITS),
  keysOf: keysOfAddress(dynamo, env.TABLE),
  newId,
};

export async function handler(event: HttpApiEvent): Promise<HttpApiAnswer> {
  try {
    const { method, headers, query, body } = toRequest(event);
    const answer = await answerPage(pages, {
      method: method === 'HEAD' ? 'GET' : method,
      path: event.rawPath ?? '/',
      query: new URLSearchParams(query),
      form: new URLSearchParams(body.toString('utf8')),
      client: event.requestContext.http.sourceIp ?? '',
      language: headers['accept-language'],
      isForeign: headers['sec-fetch-site'] === 'cross-site',
    });
    return { statusCode: answer.status, headers: answer.headers, body: method === 'HEAD' ? '' : answer.body };
  } catch (error) {
    const isTooLarge = error instanceof Rejection && error.code === 'too_large';
    if (!isTooLarge) ports.report('unanswered', { provider: 'pages', error: errorName(error) });
    return {
      statusCode: isTooLarge ? 413 : 503,
      headers: { 'content-type': 'text/plain', 'cache-control': 'no-store' },
      body: 'Please try again in a minute.',
    };
  }
}
