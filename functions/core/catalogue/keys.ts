/** The shapes of the two secrets (design 4). */
import * as z from 'zod/mini';

const text = z.string().check(z.trim(), z.minLength(1));

const Versions = z.array(
  z.object({ version: z.int().check(z.positive()), key: z.string().check(z.minLength(1)) }),
);
const Access = z.object({
  signing: z._default(z.array(text), []),
  api: z.optional(z.object({ key: text, url: z.url() })),
});

/** By product, every version that was ever in use; the highest makes new serials. */
export type ProductKeys = Readonly<Record<string, z.output<typeof Versions>>>;

/** By provider, the signing keys that are active, and its API where it has to be asked. */
export type ProviderKeys = Readonly<Record<string, z.output<typeof Access>>>;

export const productKeys = (secret: unknown): ProductKeys => entries(Versions, secret);
export const providerKeys = (secret: unknown): ProviderKeys => entries(Access, secret);

/** What is as it should be: one bad entry is one product's or provider's trouble, not everybody's. */
function entries<Schema extends z.ZodMiniType>(
  schema: Schema,
  secret: unknown,
): Record<string, z.output<Schema>> {
  const all = z.record(z.string(), z.unknown()).parse(secret);
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => {
      const entry = schema.safeParse(value);
      return entry.success ? [[name, entry.data]] : [];
    }),
  );
}
