/** Calls a provider's own API: one attempt, within 1.5 s by default, without redirects. The only call to a service other than AWS. */
import type { ClientRequest } from 'node:http';
import https from 'node:https';
import type { Context } from '../core/inbound/provider.ts';
import { Rejection } from '../core/inbound/rejection.ts';

const ASK_MS = 1_500;
const MAX_BYTES = 1024 * 1024;

/** Uses `node:https`, which the SDK has loaded already; the first `fetch` would compile undici for 100 ms. */
export const ask: Context['ask'] = async (
  url,
  { method = 'GET', headers = {}, body = '', ms = ASK_MS } = {},
) => {
  // The fake API of `npm start` has no TLS. A Lambda does not load `node:http`.
  const { request } = url.startsWith('http:') ? (await import('node:http')).default : https;
  const sized = { 'content-length': String(Buffer.byteLength(body)), ...headers };
  const { status, text, retryAfter } = await exchange(
    request(url, { method, headers: sized, signal: AbortSignal.timeout(ms) }),
    body,
  );
  if (status >= 200 && status < 300) return text;
  const code = status === 429 || status >= 500 ? 'provider_unavailable' : 'provider_refused';
  // The header may also be a date, which no provider that Keypost asks is known to send.
  const retryAfterMs = /^\d{1,4}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : undefined;
  throw new Rejection(code, `the provider's API answered ${status}`, retryAfterMs);
};

function exchange(call: ClientRequest, body: string | Buffer) {
  return new Promise<{ status: number; text: string; retryAfter: string }>((resolve, reject) => {
    const fail = (error: Error) =>
      reject(new Rejection('provider_unavailable', `the provider's API: ${error.name}`));
    call.on('response', (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES) answer.destroy(new RangeError('too large'));
        else chunks.push(chunk);
      });
      answer.on('error', fail);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
          retryAfter: answer.headers['retry-after'] ?? '',
        }),
      );
    });
    call.on('error', fail);
    call.end(body);
  });
}
