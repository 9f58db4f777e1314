import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Rejection } from './rejection.ts';

/** Design 2: every scheme that has a time, either way, whatever a vendor's SDK allows by default. */
const FRESH_SECONDS = 300;

const LEAST_KEY_BYTES = 16;

/** The header named, or a Rejection that tells "not signed" from "wrongly signed". */
export function requireHeader(headers: Readonly<Record<string, string>>, name: string): string {
  const value = headers[name];
  if (value) return value;
  throw new Rejection('no_signature', `no ${name} header; is a signing secret set at the provider?`);
}

/** Throws unless any of `signatures`, as text, is the HMAC-SHA256 of `content` under any of `keys`. */
export function requireHmac(signed: {
  readonly keys: readonly (string | Buffer)[];
  readonly content: readonly (string | Buffer)[];
  readonly signatures: readonly string[];
  readonly encoding: 'hex' | 'base64';
}): void {
  const given = signed.signatures.flatMap((text) => decode(text, signed.encoding));
  const expected = signed.keys.map((key) => {
    const mac = createHmac('sha256', key);
    for (const part of signed.content) mac.update(part);
    return mac.digest();
  });
  if (given.some((one) => expected.some((mac) => one.length === mac.length && timingSafeEqual(one, mac))))
    return;
  throw new Rejection(
    'bad_signature',
    'no signature matches; is the secret current, and the body untouched on its way?',
  );
}

/** Throws unless `given` is one of `expected`: a secret in an address, or a digest that is no HMAC. In constant time. */
export function requireEqual(given: string | undefined, expected: readonly string[]): void {
  if (!given) throw new Rejection('no_signature', 'nothing that proves who sent it');
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (expected.some((one) => timingSafeEqual(digest(one), digest(given)))) return;
  throw new Rejection('bad_signature', 'what proves the sender does not match; is the secret current?');
}

/** Throws unless `seconds` (Unix time, digits only) is within five minutes of `now` (ms), either way. */
export function requireFresh(seconds: string, now: number): void {
  if (/^\d{1,12}$/.test(seconds) && Math.abs(now - Number(seconds) * 1000) <= FRESH_SECONDS * 1000) return;
  throw new Rejection(
    'stale',
    'the signature is more than five minutes old or ahead; is a clock wrong, or was it replayed?',
  );
}

/** Standard Webhooks 1.0.0, scheme v1: https://github.com/standard-webhooks/standard-webhooks */
export function requireStandardWebhook(
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
  keys: readonly Buffer[],
  now: number,
): void {
  const signature = requireHeader(headers, 'webhook-signature');
  const signedAt = headers['webhook-timestamp'] ?? '';
  requireHmac({
    // A key cut short on its way, down to nothing behind its prefix, is one that anybody can guess.
    keys: keys.filter((key) => key.length >= LEAST_KEY_BYTES),
    content: [`${headers['webhook-id'] ?? ''}.${signedAt}.`, body],
    signatures: signature.split(' ').flatMap((one) => (one.startsWith('v1,') ? [one.slice(3)] : [])),
    encoding: 'base64',
  });
  requireFresh(signedAt, now);
}

/** Nothing unless the whole text is of the encoding: Buffer.from would skip what it does not know. */
function decode(text: string, encoding: 'hex' | 'base64'): Buffer[] {
  const whole =
    encoding === 'hex'
      ? /^(?:[0-9a-f]{2})+$/i
      : /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  return whole.test(text) ? [Buffer.from(text, encoding)] : [];
}
