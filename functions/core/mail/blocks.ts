/** What a mail is made of. Each block says the same words twice: in plain text and in HTML. */
export interface Block {
  readonly text: string;
  readonly html: string;
}

/** A sentence of ours with what others have written set into it: escaped, and free to run from right to left. */
export function paragraph(ours: TemplateStringsArray, ...theirs: readonly string[]): Block {
  const text = String.raw({ raw: ours }, ...theirs);
  const html = String.raw({ raw: ours.map(escaped) }, ...theirs.map((one) => `<bdi>${escaped(one)}</bdi>`));
  return { text, html: `<p>${html.replaceAll('\n', '<br>\n')}</p>` };
}

export const heading = (theirs: string): Block => ({
  text: theirs,
  html: `<h2 style="font-size:18px" dir="auto">${escaped(theirs)}</h2>`,
});

/** What has to be typed or copied as it stands: alone on its line, and broken nowhere but by the edge of the screen. */
export const exactly = (label: string, value: string): Block => ({
  text: `${label}:\n${value}`,
  html: `<p>${label}:</p>\n<code style="${CODE}" dir="auto">${escaped(value)}</code>`,
});

export const joined = (blocks: readonly Block[]): Block => ({
  text: `${blocks.map(({ text }) => text).join('\n\n')}\n`,
  html: `${HEAD}\n${blocks.map(({ html }) => html).join('\n')}\n</body>\n</html>\n`,
});

/** Nothing in it can end a line or a header, or turn the direction of what follows. */
export const oneLine = (text: string): string =>
  text
    .replace(/\p{Bidi_Control}/gu, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();

const CODE =
  'display:block;padding:8px;border:1px solid;font-family:monospace;font-size:16px;' +
  'white-space:pre-wrap;word-break:break-all;hyphens:none';

/** No colours, so that the reader's own stand, light or dark; no telephone numbers to be seen in a serial. */
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

/** Between tags only: nothing of others stands in an attribute. */
const escaped = (text: string): string => text.replace(/[&<>]/g, (char) => ENTITIES[char] ?? char);
