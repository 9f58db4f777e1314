/** Text for people and scripts. Text that comes from strangers must not steer the terminal. */
import stringWidth from 'string-width';

/** Aligns rows of cells; the first row holds the headings. */
export function columns(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(harmless));
  const widths = (cells[0] ?? []).map((_, at) => Math.max(...cells.map((row) => stringWidth(row[at] ?? ''))));
  const padded = (cell: string, at: number) => cell + ' '.repeat((widths[at] ?? 0) - stringWidth(cell));
  return cells.map((row) => row.map(padded).join('  ').trimEnd()).join('\n');
}

/** Replaces escape sequences, line ends and marks of text direction. Joiners stay: they only shape letters. */
export const harmless = (text: string): string =>
  text.replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');

/** Formats a value for scripts. JSON.stringify leaves DEL, the C1 controls and marks of text direction unescaped. */
export const json = (value: unknown, indent = 2): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\p{Bidi_C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
