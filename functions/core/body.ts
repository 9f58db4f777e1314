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

/** JSON's own messages quote the body, so none is passed on. */
function parsed(body: Buffer | string): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : utf8.decode(body));
  } catch {
    throw new Rejection('bad_body', 'the body is not JSON in UTF-8');
  }
}
