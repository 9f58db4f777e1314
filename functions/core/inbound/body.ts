import type * as z from 'zod/mini';
import { Rejection } from './rejection.ts';
import type { WebhookRequest } from './request.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Parses a JSON body with `schema`. Throws `bad_body` if it does not match: authentic, but not as documented. */
export function json<Schema extends z.ZodMiniType>(schema: Schema, body: Buffer | string): z.output<Schema> {
  return part(schema, parseJson(body));
}

/** Makes a request of what an API returns, as `read` takes it. It has no signature. */
export const bodyOf = (body: unknown, headers: Readonly<Record<string, string>> = {}): WebhookRequest => ({
  ...{ method: 'POST', headers, query: '' },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

/** Parses a part of a body that is no longer text. Throws `bad_body`. */
export function part<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const where = result.error.issues.map(({ path }) => path.join('.') || 'the body').slice(0, 5);
  throw new Rejection('bad_body', `not as documented at ${where.join(', ')}`);
}

/**
 * Parses a form, with its fields in order. Percent-decoding is strict, because a character lost here makes a wrong
 * serial. Throws `bad_body`.
 */
export function form(body: Buffer | string, charset: 'utf8' | 'latin1' = 'utf8'): URLSearchParams {
  if (typeof body !== 'string')
    return once(forms[charset], body, () => form(body.toString('latin1'), charset));
  const pairs = body.split('&').filter(Boolean);
  return new URLSearchParams(
    pairs.map((pair): [string, string] => {
      const at = pair.includes('=') ? pair.indexOf('=') : pair.length;
      return [decodeField(pair.slice(0, at), charset), decodeField(pair.slice(at + 1), charset)];
    }),
  );
}

/** Returns the non-empty fields by name. Throws `bad_body` if a name occurs twice: it is unclear which value counts. */
export function uniqueFields(pairs: Iterable<[string, string]>): Map<string, string> {
  const all = [...pairs];
  if (new Set(all.map(([name]) => name)).size < all.length)
    throw new Rejection('bad_body', 'the form has a field more than once');
  return new Map(all.filter(([, value]) => value !== ''));
}

function decodeField(text: string, charset: 'utf8' | 'latin1'): string {
  // Most fields have nothing to decode.
  if (!/[%+\x80-\xff]/.test(text)) return text;
  if (/%(?![0-9a-f]{2})/i.test(text))
    throw new Rejection('bad_body', 'the form has a % that begins no escape');
  const spaced = text.replaceAll('+', ' ');
  const bytes = Buffer.from(
    spaced.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  if (charset === 'latin1') return bytes.toString('latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Rejection('bad_body', 'the form is not in UTF-8');
  }
}

/** The parsed bodies: a provider's file parses each several times. */
const parsed = new WeakMap<Buffer, unknown>();
const forms = {
  utf8: new WeakMap<Buffer, URLSearchParams>(),
  latin1: new WeakMap<Buffer, URLSearchParams>(),
};

function once<Value>(known: WeakMap<Buffer, Value>, body: Buffer, parse: () => Value): Value {
  const value = known.get(body) ?? parse();
  known.set(body, value);
  return value;
}

/** Replaces the message of a JSON error, since it quotes the body. */
function parseJson(body: Buffer | string): unknown {
  const parse = (text: string): unknown =>
    LONE_SURROGATE.test(text) ? JSON.parse(text, wellFormed) : JSON.parse(text);
  try {
    return typeof body === 'string' ? parse(body) : once(parsed, body, () => parse(utf8.decode(body)));
  } catch {
    throw new Rejection('bad_body', 'the body is not JSON in UTF-8');
  }
}

/** Half a surrogate pair: JSON can escape one, but UTF-8 cannot encode it, so it would be lost when it is passed on. */
const LONE_SURROGATE = /\\u[dD][89a-fA-F]/;
const wellFormed = (_name: string, value: unknown): unknown =>
  typeof value === 'string' ? Buffer.from(value).toString() : value;
