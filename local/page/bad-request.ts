import type * as z from 'zod/mini';

/** Why a request under /local cannot be served; the message is for its sender. */
export class BadRequest extends Error {}

/** The value as the schema describes it. Throws a BadRequest. */
export function wish<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new BadRequest(
    result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  );
}
