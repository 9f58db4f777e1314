import { CsvError, parse } from 'csv-parse/sync';
import type { Pair } from './find-profile.ts';
import { interpretNames } from './interpretations.ts';

/** Three to five pairs identify a profile. */
const MOST_PAIRS = 10;
/** Twice the length of a name of 64 bytes in hex and in groups of four. */
const MOST_SERIAL = 400;
/** More characters than ten pairs of the longest names and serials have. */
const MOST_CHARACTERS = 64 * 1024;

/** Parses pairs from CSV, with or without the header `name,serial`, or returns the first mistake with its line. */
export function parsePairs(csv: string): { readonly pairs: readonly Pair[] } | { readonly mistake: string } {
  if (csv.length > MOST_CHARACTERS) {
    return {
      mistake: `found ${csv.length} characters, expected at most ${MOST_CHARACTERS}; write three to five pairs`,
    };
  }
  // A spreadsheet copies tabs, and writes semicolons where the comma is the decimal mark.
  const [byComma, ...others] = [',', ';', '\t'].map((delimiter) => parseRows(csv, delimiter));
  const isPairs = (one: ReturnType<typeof parseRows>) =>
    'rows' in one && one.rows.length > 0 && one.rows.every(({ fields }) => fields.length === 2);
  const parsed = [byComma, ...others].find((one) => one && isPairs(one)) ?? byComma ?? { rows: [] };
  if ('mistake' in parsed) return parsed;
  const [header] = parsed.rows;
  const isHeader = /^name,serial$/i.test(header?.fields.map((field) => field.trim()).join() ?? '');
  const rows = parsed.rows.slice(isHeader ? 1 : 0);
  for (const [index, { line, fields }] of rows.entries()) {
    const mistake = findMistake(fields, index);
    if (mistake !== undefined) return { mistake: `line ${line}: ${mistake}` };
  }
  const pairs = rows.map(({ fields: [name = '', serial = ''] }) => ({ name, serial }));
  return pairs.length > 0
    ? { pairs }
    : { mistake: 'found no pair; write lines like "Jane Q. Sample",B05F5DA7' };
}

interface Row {
  /** The line on which the row begins. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** Stands for CR LF within quotes: a character for private use. */
const CR_LF = '\ue000';

/** Reads CSV by RFC 4180, or with another delimiter, without empty lines. */
function parseRows(
  csv: string,
  delimiter: string,
): { readonly rows: readonly Row[] } | { readonly mistake: string } {
  const rows: Row[] = [];
  let end = 0;
  let marks = 0;
  // csv-parse counts CR LF within quotes as two lines. A serial may have it as its separator.
  const quoted = csv.replaceAll(/"[^"]*"/g, (field) => field.replaceAll('\r\n', CR_LF));
  try {
    parse(quoted.replaceAll(/\r\n?/g, '\n'), {
      bom: true,
      delimiter,
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (fields: string[], { lines }) => {
        const record = fields.join('');
        const line = lines + marks - (record.split('\n').length - 1);
        marks += record.split(CR_LF).length - 1;
        end = lines + marks;
        rows.push({ line, fields: fields.map((field) => field.replaceAll(CR_LF, '\r\n')) });
        return null;
      },
    });
    return { rows };
  } catch (error) {
    const message = error instanceof CsvError ? QUOTING[error.code] : undefined;
    if (message === undefined) throw error;
    return { mistake: `line ${end + 1}: ${message}` };
  }
}

const QUOTING: { readonly [Code in CsvError['code']]?: string } = {
  INVALID_OPENING_QUOTE: 'found a quote within a field; write "…" around the field, and "" for the quote',
  CSV_INVALID_CLOSING_QUOTE: 'found text after a closing quote; write a comma there, or end the line',
  CSV_QUOTE_NOT_CLOSED: 'found a quote that is not closed; write another at the end of the field',
};

function findMistake(fields: readonly string[], index: number): string | undefined {
  const [name = '', serial = ''] = fields;
  if (fields.length !== 2) {
    const found = fields.length === 1 ? 'one field' : `${fields.length} fields`;
    return `found ${found}; write name,serial with "…" around a field that contains a comma`;
  }
  if (index === MOST_PAIRS) return `found more than ${MOST_PAIRS} pairs; write three to five`;
  if (serial.trim() === '') return 'found no serial; write name,serial';
  if (serial.length > MOST_SERIAL) {
    return `found a serial of ${serial.length} characters; write at most ${MOST_SERIAL}`;
  }
  return interpretNames([name]).length > 0
    ? undefined
    : 'found a name that Keypost would hold (empty, too long, damaged, or with a control character); write it as the buyer types it';
}
