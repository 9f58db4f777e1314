import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { Provider } from './provider.ts';
import { Rejection } from './rejection.ts';

/** Limits the age of a signature in both directions, for every scheme with a timestamp. */
const FRESH_SECONDS = 300;

const MIN_KEY_BYTES = 16;

/** Returns the header. Throws `no_signature`, which distinguishes an unsigned request from a wrongly signed one. */
export function requireHeader(headers: Readonly<Record<string, string>>, name: string): string {
  const value = headers[name];
  if (value) return value;
  throw new Rejection('no_signature', `no ${name} header; is a signing secret set at the provider?`);
}

/** Throws unless one of `signatures` is the HMAC-SHA256 of `content` under one of `keys`. */
export function requireHmac(signed: {
  readonly keys: readonly (string | Buffer)[];
  readonly content: readonly (string | Buffer)[];
  readonly signatures: readonly string[];
  readonly encoding: 'hex' | 'base64';
}): void {
  const received = signed.signatures.flatMap((text) => decode(text, signed.encoding));
  const expected = signed.keys.map((key) => {
    const mac = createHmac('sha256', typeof key === 'string' ? key : createSecretKey(key));
    for (const part of signed.content) mac.update(part);
    return mac.digest();
  });
  if (received.some((one) => expected.some((mac) => one.length === mac.length && timingSafeEqual(one, mac))))
    return;
  throw new Rejection(
    'bad_signature',
    'no signature matches; is the secret current, and the body untouched on its way?',
  );
}

/** A `verify` for the HMAC-SHA256 of the body in a header. */
export const verifyHeader =
  (name: string, encoding: 'hex' | 'base64'): Provider['verify'] =>
  ({ headers, body }, { keys }) =>
    requireHmac({ keys, content: [body], signatures: [requireHeader(headers, name)], encoding });

/** Throws unless `received` is one of `expected`: a secret in a URL, or a digest without HMAC. Compares in constant time. */
export function requireEqual(received: string | undefined, expected: readonly string[]): void {
  if (!received)
    throw new Rejection('no_signature', 'found no proof of the sender; is the secret set at the provider?');
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (expected.some((one) => timingSafeEqual(digest(one), digest(received)))) return;
  throw new Rejection('bad_signature', 'the proof of the sender does not match; is the secret current?');
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
  const id = headers['webhook-id'] ?? '';
  // The parts are signed with a full stop between them, so one in the ID would let a part count as another.
  if (id.includes('.'))
    throw new Rejection('bad_signature', 'the webhook-id has a full stop, which the specification forbids');
  requireHmac({
    // A key that was truncated when it was copied, perhaps to its prefix alone, could be guessed.
    keys: keys.filter((key) => key.length >= MIN_KEY_BYTES),
    content: [`${id}.${signedAt}.`, body],
    signatures: signature.split(' ').flatMap((one) => (one.startsWith('v1,') ? [one.slice(3)] : [])),
    encoding: 'base64',
  });
  requireFresh(signedAt, now);
}

/** A `verify` for secrets in the form of the specification: a base64 of the key after `whsec_`. */
export const verifyStandardWebhook: Provider['verify'] = (request, { keys, now }) =>
  requireStandardWebhook(
    request,
    keys.map((key) => Buffer.from(key.replace(/^whsec_/, ''), 'base64')),
    now,
  );

/** Returns an empty list unless the text is entirely valid: Buffer.from would skip invalid characters. */
function decode(text: string, encoding: 'hex' | 'base64'): Buffer[] {
  const whole =
    encoding === 'hex'
      ? /^(?:[0-9a-f]{2})+$/i
      : /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  return whole.test(text) ? [Buffer.from(text, encoding)] : [];
}
