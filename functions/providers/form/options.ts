/** The options in the catalogue for a shop that requests serials with a form, as FormOptions in ../settings.ts describes them. */
import * as z from 'zod/mini';

/** Stands for the signing key in the list of hashed fields. */
export const SECRET = '(secret)';
const name = z.string().check(z.minLength(1));
const names = z.array(name);
export const Options = z.strictObject({
  proof: z.union([
    z.strictObject({ address: name }),
    z.literal('basic'),
    z.strictObject({
      field: name,
      hash: z.enum(['md5', 'sha1', 'sha256']),
      of: names.check(z.refine((of) => of.includes(SECRET), `the list must contain ${SECRET}`)),
      inSmallLetters: z._default(z.boolean(), false),
    }),
  ]),
  fields: z.strictObject({
    id: name,
    sku: name,
    quantity: z.optional(name),
    price: z.optional(name),
    currency: z.optional(name),
    name: z.optional(z.union([name, names])),
    email: z.optional(name),
    company: z.optional(name),
    country: z.optional(name),
  }),
  about: z.optional(
    z.strictObject({ field: name, sale: names, refund: z.optional(names), chargeback: z.optional(names) }),
  ),
  test: z.optional(z.strictObject({ field: name, word: name })),
  charset: z._default(
    z.union([z.enum(['utf8', 'latin1']), z.strictObject({ field: name, utf8: name })]),
    'utf8',
  ),
  escapedTwice: z._default(z.boolean(), false),
  answer: z._default(z.enum(['serial', 'lines', 'kagi']), 'serial'),
});
export type Options = z.output<typeof Options>;
