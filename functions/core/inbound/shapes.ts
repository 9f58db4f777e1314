/**
 * The atoms of the providers' schemas. Only the ID, the list of lines and what makes a line sellable may be required of
 * an order: everything else may be missing, and a bad line is held by `soldLine` without the others.
 */
import * as z from 'zod/mini';
import { DECIMAL, fromMinor } from '../order/money.ts';
import type { Money, Sale, SoldLine } from './event.ts';

/** Undefined if it is missing, null or not as documented. */
export const maybe = <Schema extends z.ZodMiniType>(schema: Schema) => z.catch(z.optional(schema), undefined);
/** An object whose fields may all be missing: anything else, such as PHP's empty list, is an object without fields. */
export const loose = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => {
  const schema = z.object(shape);
  return z.catch(schema, () => schema.parse({}));
};

/** A list; an empty one if it is not as documented. */
export const list = <Item extends z.ZodMiniType>(item: Item) => z.catch(z.array(item), []);

/** An ID: printable ASCII, since it becomes part of an order's key. */
export const id = z.string().check(z.regex(/^[\x20-\x7e]{1,100}$/));
/** An ID that the provider's API takes as a part of its path. */
export const pathId = z.string().check(z.regex(/^[\w-]{1,100}$/));
/** A name that is too long is held later, with a better reason. */
export const text = maybe(z.string());
/** The first text that is not blank. */
export const firstText = (...all: readonly (string | undefined)[]) => all.find((one) => one?.trim());
export const sku = z.string().check(z.minLength(1), z.maxLength(200));
export const flag = z.catch(z.boolean(), false);

/** An ISO 4217 code; the output is upper case. */
export const currency = z.string().check(z.regex(/^[A-Za-z]{3}$/), z.toUpperCase());
export const decimal = z.string().check(z.regex(DECIMAL));
/** An amount in the currency's smallest unit. */
export const minor = z.int().check(z.nonnegative());

const digits = z.pipe(z.string().check(z.regex(/^\d{1,5}$/)), z.transform(Number));
/** A number, or one that a plug-in has made a text. */
export const quantity = z.pipe(z.union([z.int(), digits]), z.int().check(z.minimum(1), z.maximum(10_000)));
/** A quantity in digits; 1 if the form has none. */
export const formQuantity = z.pipe(
  z._default(z.string().check(z.regex(/^0*[1-9]\d{0,3}$/)), '1'),
  z.transform(Number),
);

/** Kept, because making a schema takes longer than parsing with it. */
export const maybeId = maybe(id);
export const maybeCurrency = maybe(currency);
export const maybeDecimal = maybe(decimal);
export const maybeMinor = maybe(minor);
export const maybeQuantity = maybe(formQuantity);

/** The number on the store's receipt. */
export const printed = z.pipe(
  maybe(z.union([z.string().check(z.minLength(1), z.maxLength(100)), z.int()])),
  z.transform((number) => (number === undefined ? undefined : String(number))),
);

/** ISO 8601 with a zone; the output is in UTC. */
export const timestamp = z.pipe(
  z.iso.datetime({ offset: true }),
  z.transform((time) => new Date(time).toISOString()),
);

export const maybeTime = maybe(timestamp);

/** The custom fields of an order by name, set by the buyer or the shop's page. */
export const customFields = z.catch(z.record(z.string(), z.unknown()), {});
/** The custom field `name` if it is text. */
export const customText = (fields: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** Undefined unless both are known. */
export const moneyOf = (value: string | undefined, currency: string | undefined): Money | undefined =>
  value === undefined || currency === undefined ? undefined : { value, currency };

/** The same for an amount in the currency's smallest unit, of which `digits` make a whole. */
export const minorOf = (minor: number | undefined, currency: string | undefined, digits = 2) =>
  minor === undefined || !currency ? undefined : fromMinor(minor, digits, currency);

/** The parts of a name that are not empty; undefined without any. */
export const joinName = (...parts: readonly (string | undefined)[]): string | undefined =>
  parts.filter(Boolean).join(' ') || undefined;

/**
 * The line of an item. An item without an ID is held as `unknown_product`, and one without a quantity as `bad_body`:
 * the other lines are sold. A price that is not known is held only if the product has a floor.
 */
export const soldLine = ({
  sku,
  quantity,
  ...line
}: Omit<SoldLine, 'sku' | 'quantity'> & {
  readonly sku: string | undefined;
  readonly quantity: number | undefined;
}): SoldLine => ({
  ...line,
  sku: sku ?? '',
  quantity: quantity ?? 1,
  held: line.held ?? (quantity === undefined ? 'bad_body' : undefined),
});

/** The kind of a sale and its lines. A line on trial beside lines that are paid waits for a person. */
export function withTrials(
  lines: readonly (SoldLine & { readonly isTrial: boolean })[],
): Pick<Sale, 'lines'> & { readonly kind: 'paid' | 'trial' } {
  const kind = lines.length > 0 && lines.every(({ isTrial }) => isTrial) ? 'trial' : 'paid';
  return {
    kind,
    lines: lines.map(({ isTrial, ...line }) => ({
      ...line,
      held: line.held ?? (isTrial && kind === 'paid' ? 'trial_unknown' : undefined),
    })),
  };
}

/** The options of a provider whose test environment sends bodies that look like real ones. */
export const SandboxOptions = z.strictObject({ sandbox: z._default(z.boolean(), false) });
/** The options of a provider that prints our answer: `answers` lists those SKUs. */
export const AnswerOptions = z.strictObject({ answers: z._default(z.array(z.string()), []) });
