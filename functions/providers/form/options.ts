/** What the catalogue says of a shop that asks with a form. */
import * as z from 'zod/mini';

/** Where the signing key goes among the fields that are hashed. */
export const SECRET = '(secret)';
const name = z.string().check(z.minLength(1));
const names = z.array(name);
export const Options = z.strictObject({
  /** Where the signing key is: in the address, behind this name; as user:password of HTTP; or hashed with some fields. */
  proof: z.union([
    z.strictObject({ address: name }),
    z.literal('basic'),
    z.strictObject({
      field: name,
      hash: z.enum(['md5', 'sha1', 'sha256']),
      of: names.check(z.refine((of) => of.includes(SECRET), `${SECRET} has to be among them`)),
      inSmallLetters: z._default(z.boolean(), false),
    }),
  ]),
  /** By what name the shop calls each: `price` is of one copy, `currency` may be a code itself, `name` may be of parts. */
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
  /** What it is about, by the values of a field; what has none of them is nothing. Without it all are sales. */
  about: z.optional(
    z.strictObject({ field: name, sale: names, refund: z.optional(names), chargeback: z.optional(names) }),
  ),
  /** A test order has this word in this field. */
  test: z.optional(z.strictObject({ field: name, word: name })),
  /** Or the field that tells: UTF-8 where it has that value, else Latin-1. */
  charset: z._default(
    z.union([z.enum(['utf8', 'latin1']), z.strictObject({ field: name, utf8: name })]),
    'utf8',
  ),
  /** Whether values are escaped once more before they are put into the form. */
  escapedTwice: z._default(z.boolean(), false),
  /** The serial, or it once for each copy in a line of its own, or what Kagi read. */
  answer: z._default(z.enum(['serial', 'lines', 'kagi']), 'serial'),
});
export type Options = z.output<typeof Options>;
