import { PLACEHOLDER, type Values } from './sentences.ts';

/** A part of a mail with the same words in plain text and in HTML. */
export interface Block {
  readonly text: string;
  readonly html: string;
}

/** Fills texts of others into a sentence. They are escaped, and `<bdi>` isolates their writing direction. */
export function paragraph(sentence: string, values: Values = {}): Block {
  const fill = (value: (found: string) => string, rest: (text: string) => string) =>
    sentence
      .split(PLACEHOLDER)
      .map((part, n) =>
        n % 2 === 0 ? rest(part) : Object.hasOwn(values, part) ? value(values[part] ?? '') : `{${part}}`,
      )
      .join('');
  const html = fill((value) => `<bdi>${escapeHtml(value)}</bdi>`, escapeHtml);
  return {
    text: fill(String, String),
    html: `<p dir="auto">${html.replaceAll('\n', '<br>\n')}</p>`,
  };
}

export const heading = (theirs: string): Block => ({
  text: theirs,
  html: `<h2 style="font-size:18px" dir="auto">${escapeHtml(theirs)}</h2>`,
});

/** A text to type or copy as it is, on its own line. A name wraps at words, a serial at any letter. */
export const verbatim = (label: string, value: string, wraps: 'at words' | 'anywhere'): Block => ({
  text: `${label}:\n${value}`,
  html: `<p>${escapeHtml(label)}:</p>\n<code style="${CODE};${wraps === 'anywhere' ? 'word-break:break-all' : WRAP}" dir="auto">${escapeHtml(value)}</code>`,
});

/** A link as a button, and as text for mail readers that open only some kinds of addresses. */
export const button = (label: string, address: string, accent: string | undefined): Block => ({
  text: `${label}:\n${address}`,
  html: `<p><a href="${escapeAttribute(address)}" style="${BUTTON};${coloursOf(accent)}">${escapeHtml(label)}</a>:<br>\n<span style="font-size:13px;word-break:break-all" dir="ltr">${escapeHtml(address)}</span></p>`,
});

/** Text of the seller below the mail. An address is a link. */
export function footer(label: string, theirs: string): Block {
  const text = isAddress(theirs) ? `${label}: ${theirs}` : theirs;
  const html = isAddress(theirs)
    ? `${escapeHtml(label)}: <a href="${escapeAttribute(theirs)}" style="color:inherit">${escapeHtml(theirs)}</a>`
    : escapeHtml(theirs).replaceAll('\n', '<br>\n');
  return { text, html: `<p style="font-size:13px" dir="auto">${html}</p>` };
}
const isAddress = (text: string): boolean => /^https:\/\/\S+$/.test(text);

export interface Frame {
  readonly lang: string;
  readonly dir: 'ltr' | 'rtl';
  readonly title: string;
  readonly seller: string;
  readonly logo?: string | undefined;
  readonly accent?: string | undefined;
}

/** Sets no colours but the accent, so that the reader's light or dark scheme applies. */
export function joinBlocks(
  blocks: readonly Block[],
  { lang, dir, title, seller, logo, accent }: Frame,
): Block {
  const border = accent ? `;border-top:4px solid ${accent}` : '';
  // The white ground shows a dark logo in a dark scheme too.
  const picture = logo
    ? `<p><img src="${escapeAttribute(logo)}" alt="${escapeAttribute(seller)}" height="48" style="max-width:100%;background:#fff;padding:8px;border-radius:6px"></p>\n`
    : '';
  return {
    text: `${blocks.map(({ text }) => text).join('\n\n')}\n`,
    html: `<!DOCTYPE html>
<html lang="${lang}" dir="${dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
<title>${escapeHtml(title)}</title>
</head>
<body style="${BODY}${border}">
${picture}${blocks.map(({ html }) => html).join('\n')}
</body>
</html>
`,
  };
}

/** Removes line breaks and direction marks, so that the text cannot end a header or reverse the text after it. */
export const oneLine = (text: string): string =>
  text
    .replace(/\p{Bidi_Control}/gu, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();

const WRAP = 'overflow-wrap:anywhere;word-break:break-word';
const BODY = `font-family:sans-serif;font-size:16px;line-height:1.5;max-width:600px;margin:0 auto;padding:16px;${WRAP}`;
const CODE =
  'display:block;padding:8px;border:1px solid;font-family:monospace;font-size:16px;white-space:pre-wrap;hyphens:none';
const BUTTON =
  'display:inline-block;padding:8px 16px;border:2px solid;border-radius:6px;font-weight:bold;text-decoration:none';

/** Black or white on the accent, whichever has the higher contrast: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function coloursOf(accent: string | undefined): string {
  if (!accent) return 'color:inherit';
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(accent.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const isLight = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179;
  return `background:${accent};border-color:${accent};color:${isLight ? '#000' : '#fff'}`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes text between tags. */
export const escapeHtml = (text: string): string => text.replace(/[&<>]/g, (char) => ENTITIES[char] ?? char);
/** Escapes the value of an attribute in double quotes. */
export const escapeAttribute = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char);
