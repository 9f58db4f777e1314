/**
 * Cells of a CSV as a spreadsheet may open them: what it would take for a formula has an apostrophe before it, which
 * `unguarded` takes away again. https://owasp.org/www-community/attacks/CSV_Injection
 */

/** One line of the file, without its end; nothing in it steers a terminal. */
export const csvLine = (cells: readonly string[]): string =>
  cells.map((cell) => quoted(guarded(cell.replace(CONTROL, '\ufffd')))).join(',');

export const unguarded = (cell: string): string => (GUARDED.test(cell) ? cell.slice(1) : cell);

const guarded = (cell: string): string => (FORMULA.test(cell) ? `'${cell}` : cell);

/** But tab and line ends, which may be around a name. */
const CONTROL = /(?![\t\r\n])\p{Cc}/gu;

/** Apostrophes before it are one more each time, so that every cell comes back as it was. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const GUARDED = /^'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** RFC 4180. */
const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
