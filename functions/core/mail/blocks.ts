/** A part of a mail with the same words in plain text and in HTML. */
export interface Block {
  readonly text: string;
  readonly html: string;
}

/** Inserts texts of others into a sentence of ours. They are escaped, and `<bdi>` isolates their writing direction. */
export function paragraph(ours: TemplateStringsArray, ...theirs: readonly string[]): Block {
  const text = String.raw({ raw: ours }, ...theirs);
  const html = String.raw(
    { raw: ours.map(escapeHtml) },
    ...theirs.map((one) => `<bdi>${escapeHtml(one)}</bdi>`),
  );
  return { text, html: `<p>${html.replaceAll('\n', '<br>\n')}</p>` };
}

export const heading = (theirs: string): Block => ({
  text: theirs,
  html: `<h2 style="font-size:18px" dir="auto">${escapeHtml(theirs)}</h2>`,
});

/** A text to type or copy as it is: it has its own line and wraps only at the edge of the screen. */
export const verbatim = (label: string, value: string): Block => ({
  text: `${label}:\n${value}`,
  html: `<p>${label}:</p>\n<code style="${CODE}" dir="auto">${escapeHtml(value)}</code>`,
});

export const joinBlocks = (blocks: readonly Block[]): Block => ({
  text: `${blocks.map(({ text }) => text).join('\n\n')}\n`,
  html: `${HEAD}\n${blocks.map(({ html }) => html).join('\n')}\n</body>\n</html>\n`,
});

/** Removes line breaks and direction marks, so that the text cannot end a header or reverse the text after it. */
export const oneLine = (text: string): string =>
  text
    .replace(/\p{Bidi_Control}/gu, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();

const CODE =
  'display:block;padding:8px;border:1px solid;font-family:monospace;font-size:16px;' +
  'white-space:pre-wrap;word-break:break-all;hyphens:none';

/** Sets no colours, so that the reader's light or dark scheme applies; keeps digits in a serial from becoming phone links. */
const HEAD = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
</head>
<body style="font-family:sans-serif;font-size:16px;line-height:1.5">`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Escapes text between tags only. Attributes contain no text of others. */
const escapeHtml = (text: string): string => text.replace(/[&<>]/g, (char) => ENTITIES[char] ?? char);
