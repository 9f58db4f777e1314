/** The schemas of the secrets. */
import * as z from 'zod/mini';

// Otherwise zod compiles each schema at its first use. Lambdas import this file before the providers.
z.config({ jitless: true });
const text = z.string().check(z.trim(), z.minLength(1));

const Versions = z.array(
  z.object({ version: z.int().check(z.positive()), key: z.string().check(z.minLength(1)) }),
);
const Access = z.object({
  signing: z._default(z.array(text), []),
  api: z.optional(z.object({ key: text, url: z.url() })),
});

/** Every key version that was ever in use, by product. The highest version makes new serials. */
export type ProductKeys = Readonly<Record<string, z.output<typeof Versions>>>;

/** The active signing keys and the API key, if any, by provider. */
export type ProviderKeys = Readonly<Record<string, z.output<typeof Access>>>;

/** With fewer characters, a person who has one signed request can guess the key. */
export const MIN_SIGNING_KEY = 8;

/** The keys of links and claim codes, the newest first. All of them are accepted, the newest signs. */
export type KeypostKeys = readonly { readonly id: number; readonly key: string }[];

export const keypostKeys = (secret: unknown): KeypostKeys =>
  Object.entries(
    z.record(z.string().check(z.regex(/^\d{1,2}$/)), z.string().check(z.minLength(32))).parse(secret),
  )
    .map(([id, key]) => ({ id: Number(id), key }))
    .sort((one, other) => other.id - one.id);

export const productKeys = (secret: unknown): ProductKeys => validEntries(Versions, secret);
export const providerKeys = (secret: unknown): ProviderKeys => validEntries(Access, secret);

/** Skips invalid entries, so that one bad entry affects only its own product or provider. */
function validEntries<Schema extends z.ZodMiniType>(
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
