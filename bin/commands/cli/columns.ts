/** Tables for people. What strangers have written must not steer the terminal. */

/** Rows of cells, the first of them the headings, as aligned lines. */
export function columns(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(harmless));
  const widths = (shown[0] ?? []).map((_, at) => Math.max(...shown.map((row) => row[at]?.length ?? 0)));
  return shown
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Without escape sequences, line ends, and marks that turn the rest of the line around; joiners do nothing of the kind. */
export const harmless = (text: string): string =>
  text.replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');

/** For scripts; harmless too, since JSON leaves the controls above U+007E as they are. */
export const json = (value: unknown, indent = 2): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
