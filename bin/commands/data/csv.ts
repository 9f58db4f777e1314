/** CSV files as spreadsheets and other programs write and read them. csv-parse and csv-stringify know the syntax. */
import { CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { CommandError } from '../cli/failure.ts';

/** A record, or the mistake in it, with the line of the file on which it begins. */
export type CsvRecord =
  | { readonly line: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly mistake: string };

/**
 * Reads a CSV record by record and keeps no more than one record in memory. After a mistake it continues with the next
 * line, so that a quote that is not closed does not swallow the rows behind it.
 */
export async function* csvRecords(text: AsyncIterable<string>, delimiter = ','): AsyncGenerator<CsvRecord> {
  let line = 1;
  let open: readonly string[] = [];
  for await (const next of linesOf(text)) {
    const lines = [...open, next];
    open = yield* completeRecords(lines, { line, delimiter }, false);
    line += lines.length - open.length;
  }
  yield* completeRecords(open, { line, delimiter }, true);
}

/** Excel separates fields by semicolons where the comma is the decimal mark. The headings contain no separator. */
export const findDelimiter = (headings: string): string =>
  [',', ';', '\t'].reduce((best, one) =>
    headings.split(one).length > headings.split(best).length ? one : best,
  );

interface Start {
  readonly line: number;
  readonly delimiter: string;
}

/** Returns the lines of a record that continues on the next line. */
function* completeRecords(
  lines: readonly string[],
  { line, delimiter }: Start,
  isEnd: boolean,
): Generator<CsvRecord, readonly string[]> {
  let begin = 0;
  let quotes = 0;
  for (let at = 0; at < lines.length; at += 1) {
    quotes += (lines[at] ?? '').split('"').length - 1;
    const isLast = at - begin === MAX_RECORD_LINES - 1 || (isEnd && at === lines.length - 1);
    // After an odd number of quotes, the line end is part of a field.
    if (quotes % 2 === 1 && !isLast) continue;
    const record = parseRecord(lines.slice(begin, at + 1).join(''), delimiter);
    if (record) yield { line: line + begin, ...record };
    if (record && 'mistake' in record) at = begin;
    begin = at + 1;
    quotes = 0;
  }
  return lines.slice(begin);
}

/** Returns undefined for an empty line. */
function parseRecord(text: string, delimiter: string) {
  // Most records have no quote, and the library costs a tenth of an import's CPU.
  if (!text.includes('"')) {
    const line = text.replace(/^\ufeff/, '').replace(/(\r\n|\n|\r)$/, '');
    return line === '' ? undefined : { fields: line.split(delimiter) };
  }
  try {
    const [fields] = parse(text, { ...PARSE_OPTIONS, delimiter });
    return fields && { fields };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { mistake: MISTAKES[error.code] ?? error.message };
  }
}

const PARSE_OPTIONS = {
  bom: true,
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true,
  skip_empty_lines: true,
};

const MISTAKES: Readonly<Record<string, string>> = {
  INVALID_OPENING_QUOTE: 'found a quote within a field; write "…" around the field, and "" for the quote',
  CSV_INVALID_CLOSING_QUOTE:
    'found text after a closing quote; write a comma after the quote, or end the line',
  CSV_QUOTE_NOT_CLOSED: 'found a quote that is not closed; write another at the end of the field',
};

const MAX_RECORD_LINES = 50;
const MAX_LINE_CHARACTERS = 64 * 1024;

/** Keeps the line ends, because they may be part of a field. */
async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  let count = 0;
  for await (const chunk of text) {
    // A carriage return at the end of the chunk may be the first half of a line end, so it does not split.
    const lines = (rest + chunk).split(/(?<=\n|\r(?!\n))/);
    rest = lines.pop() ?? '';
    yield* lines;
    count += lines.length;
    if (rest.length > MAX_LINE_CHARACTERS)
      throw new CommandError(
        `line ${count + 1} is longer than ${MAX_LINE_CHARACTERS} characters; check that the file is a CSV`,
      );
  }
  if (rest) yield rest;
}

/**
 * Formats one line, without its end. A cell that a spreadsheet would take for a formula gets an apostrophe:
 * https://owasp.org/www-community/attacks/CSV_Injection. No character in it controls a terminal.
 */
export const csvLine = (cells: readonly string[]): string =>
  stringify([cells.map((cell) => guardFormula(withoutControls(cell)))], {
    eof: false,
    quoted_match: /[\r\n]/,
  });

/** Removes the apostrophe that `csvLine` adds. */
export const unguardFormula = (cell: string): string => (GUARDED.test(cell) ? cell.slice(1) : cell);

const guardFormula = (cell: string): string => (FORMULA.test(cell) ? `'${cell}` : cell);

/** A cell that begins with apostrophes and a formula gets one more, so that `unguardFormula` restores every cell. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const GUARDED = /^'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** Keeps tabs and line ends. A bare carriage return would overwrite the line, and a bidi control would reorder it. */
const withoutControls = (cell: string): string =>
  cell
    .replace(/\r(?!\n)/g, '\n')
    .replace(/\p{Bidi_Control}/gu, '')
    .replace(/(?![\t\r\n])\p{Cc}/gu, '\ufffd');
