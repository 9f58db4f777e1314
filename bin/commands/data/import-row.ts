/** A row of past orders: what its cells say, and whether its serial is that of its name. */
import * as z from 'zod/mini';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import type { ProductKeys } from '../../../functions/core/catalogue/keys.ts';
import { toMailbox } from '../../../functions/core/mail/address.ts';
import { keyBytes, serialOf } from '../../../functions/core/serial/aes-128.ts';
import { licenseeOf } from '../../../functions/core/serial/name.ts';
import { isTyped } from '../../../functions/core/serial/typed-serial.ts';
import { unguarded } from '../cli/csv-cells.ts';

export const COLUMNS = [
  'provider',
  'order',
  'date',
  'name',
  'email',
  'product',
  'quantity',
  'serial',
] as const;

export interface Row {
  readonly provider: string;
  readonly order: string;
  /** ISO 8601 in UTC. */
  readonly date: string;
  readonly name: string;
  readonly email: string;
  readonly product: string;
  readonly quantity: number;
  readonly licensee: string;
  /** As Keypost writes it. */
  readonly serial: string;
  readonly keyVersion: number;
}

/** Why a row is wrong, in words that quote nothing of a person. */
export interface Wrong {
  readonly why: string;
}

/** How rows under this header are read; or why it is no header of past orders. */
export function readerOf(
  header: readonly string[],
  catalogue: Catalogue,
  keys: ProductKeys,
  now: number,
): ((fields: readonly string[]) => Row | Wrong) | Wrong {
  const names = header.map((name) =>
    name
      .replace(/^\ufeff/, '')
      .trim()
      .toLowerCase(),
  );
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    return { why: `the first line has no ${missing.join(', ')}; write ${COLUMNS.join(',')} there` };
  }
  return (fields) => {
    if (fields.length !== header.length) {
      return {
        why: `found ${fields.length} fields under ${header.length} headings; write "…" around a comma`,
      };
    }
    const row = rowOf(COLUMNS.map((column) => [column, fields[names.indexOf(column)] ?? '']));
    if ('why' in row) return row;
    return Date.parse(row.date) > now ? { why: 'date: it is in the future' } : checked(row, catalogue, keys);
  };
}

function rowOf(cells: readonly (readonly [column: string, cell: string])[]): z.output<typeof Cells> | Wrong {
  // A name is as it is; what is around anything else is a slip.
  const meant = cells.map(([column, cell]) => [
    column,
    column === 'name' ? unguarded(cell) : unguarded(cell).trim(),
  ]);
  const { data: row, error } = Cells.safeParse(Object.fromEntries(meant));
  return row ?? { why: error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') };
}

/** The row with its serial as Keypost writes it, if it is that of the name. */
function checked(row: z.output<typeof Cells>, { products }: Catalogue, keys: ProductKeys): Row | Wrong {
  const profile = Object.hasOwn(products, row.product) ? products[row.product]?.serial : undefined;
  if (!profile) return { why: `product: the catalogue has ${Object.keys(products).join(', ')}` };
  const name = licenseeOf(row.name, profile);
  if ('held' in name) return { why: `name: ${NAMES[name.held]}` };
  const versions = (keys[row.product] ?? []).flatMap(({ version, key }) => {
    const bytes = keyBytes(profile, key);
    const serial = bytes && serialOf(profile, bytes, name.licensee);
    return serial === undefined ? [] : [{ keyVersion: version, serial }];
  });
  if (versions.length === 0) return { why: 'serial: there is no good key of the product to check it with' };
  const found = versions.find(({ serial }) => isTyped(row.serial, serial, profile.text));
  return found
    ? { ...row, licensee: name.licensee, ...found }
    : { why: 'serial: it is not that of the name, under any key of the product' };
}

const NAMES = {
  no_name: 'there is no letter in it',
  name_too_long: 'it is too long for the product',
  unmappable_name: 'it has a character that the product cannot take, or damage',
};

const cell = (pattern: RegExp, words: string) => z.string().check(z.regex(pattern, words));

const Cells = z.object({
  provider: cell(/^(?!held$|lease$)[a-z0-9][a-z0-9-]{0,62}$/, 'write its name, as in keypost.config.ts'),
  order: cell(/^[^\p{Cc}]{1,255}$/u, "write the provider's id of the order, at most 255 characters"),
  date: z.pipe(
    z.union([z.iso.date(), z.iso.datetime({ offset: true, local: true })], {
      error: 'write it like 2026-11-23, or 2026-11-23T09:30:00Z',
    }),
    // Where no zone is told, it is UTC.
    z.transform((date) => new Date(/T[^Z+-]*$/.test(date) ? `${date}Z` : date).toISOString()),
  ),
  name: z.string(),
  email: z.string().check(z.refine((address) => toMailbox(address) !== undefined, 'no mail can reach it')),
  product: z.string(),
  quantity: z.pipe(cell(/^[1-9]\d{0,5}$/, 'write a whole number, 1 or more'), z.transform(Number)),
  serial: cell(/\S/, 'it is missing'),
});
