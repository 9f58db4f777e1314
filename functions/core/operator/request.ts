/** The request of a manual action, as JSON. */
import * as z from 'zod/mini';
import { toMailbox } from '../mail/address.ts';

const text = z.string().check(z.maxLength(1_000, 'expected at most 1,000 characters'));
const reason = z.pipe(
  text,
  z.transform((typed) => typed.trim() || null),
);
const By = { who: text, why: z._default(z.nullable(reason), null) };
/** `basis` is the digest of the state that the person saw. */
const Decided = { key: z.string().check(z.minLength(1)), basis: z.optional(z.string()), ...By };
/** The output is the address as SES accepts it. */
const address = z.pipe(
  z
    .string()
    .check(
      z.refine((typed) => toMailbox(typed) !== undefined, 'expected an address such as name@example.com'),
    ),
  z.transform((typed) => toMailbox(typed) ?? typed),
);

export const OperatorRequest = z.discriminatedUnion('action', [
  z.object({ action: z.literal('describe') }),
  z.object({
    ...{ action: z.literal('preview'), key: z.optional(z.string()) },
    ...{ product: z.optional(z.string()), locale: z.optional(z.string()) },
  }),
  z.object({
    ...{ action: z.literal('release'), ...Decided, name: z.optional(text), email: z.optional(address) },
    /** The product's ID in the catalogue, by SKU. */
    products: z._default(z.record(z.string(), z.string()), {}),
    /** The provider's ID of an unparseable notification that has none. */
    order: z.optional(text),
  }),
  z.object({ action: z.literal('reject'), ...Decided }),
  z.object({ action: z.literal('resend'), ...Decided, email: z.optional(address) }),
  z.object({
    ...{ action: z.literal('reissue'), ...Decided, name: text },
    ...{ sku: z.optional(z.string()), product: z.optional(z.string()) },
  }),
  z.object({ action: z.literal('transfer'), ...Decided, name: text, email: address }),
  z.object({
    ...{ action: z.literal('issue'), ...By, product: z.string(), name: text, email: address },
    company: z.optional(text),
    quantity: z._default(z.int().check(z.gte(1), z.lte(999_999)), 1),
    /** A repeated request with the same ID issues nothing more. */
    id: z.string().check(z.regex(/^[\x21-\x7e]{1,100}$/, 'expected no spaces, such as press-7')),
  }),
  /** The caller finds the orders, since only a person may read the whole table. */
  z.object({ action: z.literal('erase'), ...By, email: text, keys: z.array(z.string()) }),
]);
export type OperatorRequest = z.output<typeof OperatorRequest>;
export type Of<Action> = Extract<OperatorRequest, { readonly action: Action }>;

/** A person who answers buyers needs these; the others give a serial away or destroy data. */
export const SUPPORT_ACTIONS = ['describe', 'preview', 'release', 'resend', 'reissue', 'transfer'] as const;
