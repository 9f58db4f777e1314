/** The shapes of the two secrets (design 4). */
import * as z from 'zod/mini';

const text = z.string().check(z.trim(), z.minLength(1));

/** `product-keys`: by product, every version that was ever in use. The highest makes new serials. */
export const ProductKeys = z.record(
  z.string(),
  z.array(z.object({ version: z.int().check(z.positive()), key: z.string().check(z.minLength(1)) })),
);
export type ProductKeys = z.infer<typeof ProductKeys>;

/** `provider-keys`: by provider, the signing keys that are active, and its API where it has to be asked. */
export const ProviderKeys = z.record(
  z.string(),
  z.object({
    signing: z.optional(z.array(text)),
    api: z.optional(z.object({ key: text, url: z.url() })),
  }),
);
export type ProviderKeys = z.infer<typeof ProviderKeys>;
