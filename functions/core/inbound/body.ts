import type * as z from 'zod/mini';
import { Rejection } from './rejection.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The body as `schema` describes it; anything else is an authentic body nobody documented: `bad_body`. */
export function json<Schema extends z.ZodMiniType>(schema: Schema, body: Buffer | string): z.output<Schema> {
  return part(schema, parsed(body));
}

/** A part of a body that has been parsed already. */
export function part<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const where = result.error.issues.map(({ path }) => path.join('.') || 'the body').slice(0, 5);
  throw new Rejection('bad_body', `not as documented at ${where.join(', ')}`);
}

/**
 * The fields of a form, in their order, percent-decoded strictly: a character that is lost here is lost in a serial.
 * Throws `bad_body`.
 */
export function form(body: Buffer | string, charset: 'utf8' | 'latin1' = 'utf8'): URLSearchParams {
  const text = typeof body === 'string' ? body : body.toString('latin1');
  const pairs = text.split('&').filter(Boolean);
  return new URLSearchParams(
    pairs.map((pair): [string, string] => {
      const at = pair.includes('=') ? pair.indexOf('=') : pair.length;
      return [unescaped(pair.slice(0, at), charset), unescaped(pair.slice(at + 1), charset)];
    }),
  );
}

function unescaped(text: string, charset: 'utf8' | 'latin1'): string {
  if (/%(?![0-9a-f]{2})/i.test(text))
    throw new Rejection('bad_body', 'the form has a % that escapes nothing');
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

/** JSON's own messages quote the body, so none is passed on. */
function parsed(body: Buffer | string): unknown {
  try {
    const text = typeof body === 'string' ? body : utf8.decode(body);
    return HALF_A_PAIR.test(text) ? JSON.parse(text, whole) : JSON.parse(text);
  } catch {
    throw new Rejection('bad_body', 'the body is not JSON in UTF-8');
  }
}

/** Half a character, which JSON can write and no UTF-8 can: nothing that we tell of it to others would be sure to arrive. */
const HALF_A_PAIR = /\\u[dD][89a-fA-F]/;
const whole = (_name: string, value: unknown): unknown =>
  typeof value === 'string' ? Buffer.from(value).toString() : value;
