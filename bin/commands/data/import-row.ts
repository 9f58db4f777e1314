/** One row of past orders: parses it, checks its serial, and adds it to its order. */
import * as z from 'zod/mini';
import { type Catalogue, ownerOf } from '../../../functions/core/catalogue/catalogue.ts';
import type { ProductKeys } from '../../../functions/core/catalogue/keys.ts';
import { toMailbox } from '../../../functions/core/mail/address.ts';
import { importLine } from '../../../functions/core/order/manual.ts';
import { emptyOrder } from '../../../functions/core/order/settle.ts';
import { keyOf, type Order } from '../../../functions/core/order/types.ts';
import { bytesOfKey, isKeyless } from '../../../functions/core/serial/key-bytes.ts';
import { licenseeOf } from '../../../functions/core/serial/name.ts';
import { serialUnder } from '../../../functions/core/serial/typed-serial.ts';
import { unguardFormula } from './csv.ts';

export interface Row extends z.output<typeof Cells> {
  readonly licensee: string;
  /** The serial exactly as Keypost makes it. */
  readonly serial: string;
  readonly keyVersion: number | null;
  readonly unverified?: true | undefined;
}

/** Decides which rows are accepted. */
export interface Accepting {
  readonly keys: ProductKeys;
  readonly now: number;
  /** Accepts serials that the present settings do not make. */
  readonly asIssued: boolean;
}

/** Says why a row is wrong without quoting personal data. */
export interface Wrong {
  readonly why: string;
}

/** Returns a parser for the rows under this header, or what is wrong with the header. */
export function rowParser(
  header: readonly string[],
  catalogue: Catalogue,
  { keys, now, asIssued }: Accepting,
): ((fields: readonly string[]) => Row | Wrong) | Wrong {
  const names = header.map((name) => name.trim().toLowerCase());
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0)
    return { why: `the first line has no ${missing.join(', ')}; write ${COLUMNS.join(',')} there` };
  return (fields) => {
    if (fields.some((cell) => cell.includes('\ufffd')))
      return {
        why: 'found a damaged character, or bytes that are not UTF-8, as in a file of windows-1252; save the file as "CSV UTF-8" and import it again',
      };
    if (fields.length !== header.length)
      return {
        why: `found ${fields.length} fields under ${header.length} headings; write "…" around a field that contains a separator`,
      };
    const cells = parseCells(COLUMNS.map((column) => [column, fields[names.indexOf(column)] ?? '']));
    if ('why' in cells) return cells;
    if (Date.parse(cells.date) > now) return { why: 'date: it is in the future' };
    const row = withKnownSerial(cells, catalogue, keys);
    return 'why' in row && asIssued ? (withSerialAsIssued(cells, catalogue) ?? row) : row;
  };
}

/** Trims every cell except the name, whose spaces may matter. */
function parseCells(
  entries: readonly (readonly [column: string, cell: string])[],
): z.output<typeof Cells> | Wrong {
  const cells = entries.map(([column, cell]) => {
    const text = unguardFormula(cell);
    return [column, column === 'name' ? text : text.trim()];
  });
  const { data, error } = Cells.safeParse(Object.fromEntries(cells));
  return data ?? { why: error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') };
}

/** Accepts a row only if its serial belongs to its name, under any key version of the product. */
function withKnownSerial(row: z.output<typeof Cells>, { products }: Catalogue, keys: ProductKeys) {
  const profile = Object.hasOwn(products, row.product) ? products[row.product]?.serial : undefined;
  if (!profile) return { why: `product: expected one of ${Object.keys(products).join(', ')}` };
  const name = licenseeOf(row.name, profile);
  if ('held' in name) return { why: `name: ${NAME_FAULTS[name.held]}` };
  const { licensee } = name;
  if (isKeyless(profile)) return { ...row, licensee, keyVersion: null, unverified: true as const };
  const versions = (keys[row.product] ?? []).flatMap(({ version, key }) => {
    const bytes = bytesOfKey(profile, key);
    return bytes ? [{ version, bytes }] : [];
  });
  if (versions.length === 0)
    return { why: 'serial: the product has no usable key to check it with; set one with `keys set`' };
  const match = versions.flatMap((key) => {
    const serial = serialUnder(profile, key, row.serial, licensee);
    return serial === undefined ? [] : { keyVersion: key.version, serial };
  })[0];
  return match
    ? { ...row, licensee, ...match }
    : {
        why: 'serial: it is not the serial of this name under any key of the product; if an older scheme made it, import it with --as-issued',
      };
}

/** Keeps the serial word for word, also if the product's settings make no licensee of the name. */
function withSerialAsIssued(row: z.output<typeof Cells>, { products }: Catalogue): Row | undefined {
  const product = Object.hasOwn(products, row.product) ? products[row.product] : undefined;
  const name = product && licenseeOf(row.name, product.serial);
  const licensee = name && 'licensee' in name ? name.licensee : row.name.trim();
  return product && licensee ? { ...row, licensee, keyVersion: null, unverified: true } : undefined;
}

const NAME_FAULTS = {
  no_name: 'it has no letter',
  name_too_long: 'it is too long for the product',
  unmappable_name: 'it is damaged, or has a character that the product cannot encode',
};

const cell = (pattern: RegExp, message: string) => z.string().check(z.regex(pattern, message));

/** In English, German, French, Spanish and Italian. */
const MONTH =
  '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mrz|mai|okt|dez|janv|févr|mars|avr|juin|juil|août|sept|déc|ene|abr|ago|dic|gen|mag|giu|lug|set|ott)';
/**
 * A long number, with an exponent, only 15 digits, decimals or separators; a date, a formula, a cell that is too narrow, and a failed
 * formula, as spreadsheets write them.
 */
const FROM_SPREADSHEET = [
  /^\d+([.,]\d+)?E[+-]?\d+$/i,
  /^[1-9]\d{14}00+$/,
  /^\d+[.,]0+$/,
  /^\d{1,3}([.,'’ \u00a0\u202f])\d{3}(\1\d{3})+$/,
  /^="/,
  /^\d{1,2}([./-])\d{1,2}\1\d{2,4}$/,
  new RegExp(`^(\\d{1,2}[-. ]{1,2}${MONTH}\\.?([- ]\\d{2,4})?|${MONTH}\\.?[- ]\\d\\d)$`, 'i'),
  /^#+$|^#(DIV\/0!|N\/A|NAME\?|NULL!|NUM!|REF!|VALUE!)$/,
];

const Cells = z.object({
  provider: cell(/^(?!held$|lease$)[a-z0-9][a-z0-9-]{0,62}$/, 'write its name, as in keypost.config.ts'),
  order: cell(/^[^\p{Cc}]{1,255}$/u, "write the provider's id of the order, at most 255 characters").check(
    z.refine(
      (id) => !FROM_SPREADSHEET.some((pattern) => pattern.test(id)),
      'a spreadsheet has changed the number, as in 5.12346E+12 or 31.05.2024; format the column as text and export the orders again',
    ),
  ),
  date: z.pipe(
    z.union([z.iso.date(), z.iso.datetime({ offset: true, local: true })], {
      error: 'expected a date such as 2026-11-23 or 2026-11-23T09:30:00Z',
    }),
    // A time without a zone is UTC.
    z.transform((date) => new Date(/T[^Z+-]*$/.test(date) ? `${date}Z` : date).toISOString()),
  ),
  name: z.string(),
  email: z
    .string()
    .check(
      z.refine((address) => toMailbox(address) !== undefined, 'expected an address that mail can reach'),
    ),
  product: z.string(),
  quantity: z.pipe(cell(/^[1-9]\d{0,5}$/, 'write a whole number, 1 or more'), z.transform(Number)),
  serial: cell(/\S/, 'it is missing'),
});

/** The columns of the file, in the order in which `export` writes them. */
export const COLUMNS = Object.keys(Cells.shape);

export const keyOfRow = (catalogue: Catalogue, { provider, order }: Row): string =>
  keyOf(ownerOf(catalogue, provider), false, order);

const OBSTACLES = {
  'other serial': 'order: it already has another serial of this product, which cannot change',
  held: 'order: it is held; release it with `orders release`',
  unpaid: 'order: the provider reports that it is not paid yet',
  'not in force': 'order: it is refunded or disputed',
  too_large: 'order: it has as many lines as an order may have',
} as const;

/**
 * Returns the order with the row's line added, or why that is not possible. No mail is sent for it. Returns undefined if
 * the order already has the serial, or was erased: an old file must not bring back a person's data.
 */
export function withRow(
  catalogue: Catalogue,
  order: Order | undefined,
  row: Row,
  who: string,
  now: number,
): Order | Wrong | undefined {
  const provider = ownerOf(catalogue, row.provider);
  const old = order ?? emptyOrder(keyOfRow(catalogue, row), provider, false, Date.parse(row.date));
  const { product, quantity, licensee, serial, keyVersion, unverified, name, email } = row;
  const sku = skuOf(catalogue, row);
  const line = { sku, product, quantity, licensee, serial, keyVersion, unverified };
  const past = { paidAt: row.date, buyer: { name, email } };
  const result = importLine(old, line, past, { who, why: null }, now);
  if (typeof result !== 'string') return result;
  return result === 'unchanged' || result === 'erased' ? undefined : { why: OBSTACLES[result] };
}

/** The file does not say which of several SKUs was sold. A later notification is matched by the product. */
function skuOf({ products }: Catalogue, { provider, product }: Row): string {
  const skus = products[product]?.skus ?? {};
  const [sku, ...others] = Object.hasOwn(skus, provider) ? (skus[provider] ?? []) : [];
  return sku !== undefined && others.length === 0 ? sku : product;
}
