import type * as z from 'zod/mini';

/** A request under /local is invalid. The message is sent to the caller. */
export class BadRequest extends Error {}

/** Parses the body of a request. Throws a BadRequest. */
export function parseBody<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new BadRequest(
    result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  );
}
