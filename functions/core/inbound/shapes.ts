/** The atoms of the providers' schemas. `text` is lenient on purpose: a missing name is held later, with a better reason. */
import * as z from 'zod/mini';
import { DECIMAL } from '../order/money.ts';

/** An ID: printable ASCII, since it becomes part of an order's key. */
export const id = z.string().check(z.regex(/^[\x20-\x7e]{1,100}$/));
/** An ID that the provider's API takes as a part of its path. */
export const pathId = z.string().check(z.regex(/^[\w-]{1,100}$/));
/** Text that may be missing from a JSON body. */
export const text = z.nullish(z.string().check(z.maxLength(1000)));
/** Text that may be missing from a form. */
export const formText = z.optional(z.string().check(z.maxLength(1000)));
export const sku = z.string().check(z.minLength(1), z.maxLength(200));
export const flag = z._default(z.boolean(), false);

/** An ISO 4217 code; the output is upper case. */
export const currency = z.string().check(z.regex(/^[A-Za-z]{3}$/), z.toUpperCase());
export const decimal = z.string().check(z.regex(DECIMAL));
/** An amount in the currency's smallest unit. */
export const minor = z.int().check(z.nonnegative());

export const quantity = z.int().check(z.positive());
/** A quantity in digits; 1 if the form has none. */
export const formQuantity = z.pipe(
  z._default(z.string().check(z.regex(/^[1-9]\d{0,3}$/)), '1'),
  z.transform(Number),
);

/** The number on the store's receipt. Nothing depends on it, so that a form that we do not know is left out. */
export const printed = z.pipe(
  z.catch(z.nullish(z.union([z.string().check(z.maxLength(100)), z.int()])), undefined),
  z.transform((number) => (number == null || number === '' ? undefined : String(number))),
);

/** ISO 8601 with a zone. */
export const timestamp = z.iso.datetime({ offset: true });

/** The custom fields of an order by name, set by the buyer or the shop's page. */
export const customFields = z.nullish(z.record(z.string(), z.unknown()));

/** The options of a provider whose test environment sends bodies that look like real ones. */
export const SandboxOptions = z.strictObject({ sandbox: flag });
/** The options of a provider that prints our answer: `answers` lists those SKUs. */
export const AnswerOptions = z.strictObject({ answers: z._default(z.array(z.string()), []) });
