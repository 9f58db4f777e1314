/** Text for people in columns, and for scripts as JSON, without characters that steer a terminal. */
import { eastAsianWidth } from 'get-east-asian-width';

type Rows = readonly (readonly string[])[];

/**
 * Aligns rows of cells; the first row holds the headings, in capitals, if there are any. In a terminal that is too narrow,
 * each row becomes a list with a line for each heading, so that a serial can still be copied whole.
 */
export function columns(rows: Rows, room = screenWidth()): string {
  const cells = rows.map((row) => row.map(harmless));
  const [headings = [], ...others] = cells;
  const table = aligned(cells);
  if (table.split('\n').every((line) => widthOf(line) <= room)) return table;
  const hasHeadings = others.length > 0 && headings.every((one) => /^[A-Z ]+$/.test(one));
  if (!hasHeadings) return aligned(cells.flatMap((row) => wrapped(row, cells, room)));
  const lists = others.map((row) => row.flatMap((cell, at) => (cell ? [[headings[at] ?? '', cell]] : [])));
  return lists.map((list) => aligned(list.flatMap((row) => wrapped(row, list, room)))).join('\n\n');
}

function aligned(cells: Rows): string {
  const widths = widthsOf(cells);
  const padded = (cell: string, at: number) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell));
  return cells.map((row) => row.map(padded).join('  ').trimEnd()).join('\n');
}

const widthsOf = (cells: Rows) =>
  (cells[0] ?? []).map((_, at) => Math.max(...cells.map((row) => widthOf(row[at] ?? ''))));

/** Breaks the last cell of a row into lines: at its spaces, or anywhere if it has none. */
function wrapped(row: readonly string[], cells: Rows, room: number): string[][] {
  const before = row.slice(0, -1);
  const indent = widthsOf(cells.map((one) => one.slice(0, -1))).reduce((sum, width) => sum + width + 2, 0);
  const size = Math.max(8, room - indent);
  const parts = [...(row.at(-1) ?? '').matchAll(new RegExp(`.{1,${size}}(?: |$)|.{1,${size}}`, 'gu'))];
  return parts.length < 2
    ? [[...row]]
    : parts.map(([part], at) => [...before.map((cell) => (at === 0 ? cell : '')), part.trimEnd()]);
}

const screenWidth = () => process.stdout.columns || Number(process.env.COLUMNS) || Number.POSITIVE_INFINITY;

/** Counts the columns that a terminal uses: two for wide characters of East Asia and emoji, none for combining marks. */
function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  const clusters = [...new Intl.Segmenter().segment(text)];
  return clusters.reduce((sum, { segment }) => sum + (EMOJI.test(segment) ? 2 : sumOf(segment)), 0);
}

const EMOJI = /\ufe0f|^\p{RI}{2}|^\p{Emoji_Presentation}/u;

const sumOf = (cluster: string): number =>
  [...cluster].reduce(
    (sum, one) => sum + (/[\p{Mn}\p{Me}\p{Cf}]/u.test(one) ? 0 : eastAsianWidth(one.codePointAt(0) ?? 0)),
    0,
  );

/** Replaces escape sequences, line ends and marks of text direction, so that text from strangers does not steer the terminal. Joiners stay: they only shape letters. */
export const harmless = (text: string): string =>
  text.replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');

/** Formats a value for scripts. JSON.stringify leaves DEL, the C1 controls and marks of text direction unescaped. */
export const json = (value: unknown, indent = 2): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\p{Bidi_C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
