/** The options in the catalogue for a shop that requests serials with a form. */
import * as z from 'zod/mini';

/** Stands for the signing key in the list of hashed fields. */
export const SECRET = '(secret)';
const name = z.string().check(z.minLength(1));
const names = z.array(name);
export const Options = z.strictObject({
  /** The signing key is in the address under this name, or user:password of HTTP, or is hashed together with some fields. */
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
  /** The shop's name for each field. `price` is that of one copy, `currency` may be a code itself, `name` may have parts. */
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
  /** The field whose value tells sales from reversals; other values are ignored. Without it every request is a sale. */
  about: z.optional(
    z.strictObject({ field: name, sale: names, refund: z.optional(names), chargeback: z.optional(names) }),
  ),
  /** A test order has this word in this field. */
  test: z.optional(z.strictObject({ field: name, word: name })),
  /** A charset, or a field: UTF-8 if the field has this value, otherwise Latin-1. */
  charset: z._default(
    z.union([z.enum(['utf8', 'latin1']), z.strictObject({ field: name, utf8: name })]),
    'utf8',
  ),
  /** True if the shop percent-encodes each value twice. */
  escapedTwice: z._default(z.boolean(), false),
  /** The serial; or a line with the serial for each copy; or Kagi's format. */
  answer: z._default(z.enum(['serial', 'lines', 'kagi']), 'serial'),
});
export type Options = z.output<typeof Options>;
