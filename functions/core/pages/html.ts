/** The frame of a page: no script, no cookie, one style. Texts of others are escaped. */
import { createHash } from 'node:crypto';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { textIn } from '../mail/language.ts';
import { fill } from '../mail/sentences.ts';
import type { AllWords } from './words.ts';

export interface Html {
  readonly html: string;
}

export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a page says above its content, with its status. */
export interface Reply {
  readonly status: number;
  readonly why: readonly Html[];
}

/** The reader of a page. */
export interface Reader {
  readonly words: AllWords;
  readonly language: string;
  readonly seller: Catalogue['seller'];
}

/** Escapes what is inserted, unless it is HTML of ours. */
export const html = (
  ours: TemplateStringsArray,
  ...theirs: readonly (string | Html | readonly Html[])[]
): Html => ({
  html: String.raw({ raw: ours }, ...theirs.map(toHtml)),
});

const toHtml = (part: string | Html | readonly Html[]): string => {
  if (typeof part === 'string') return part.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  return 'html' in part ? part.html : part.map(toHtml).join('');
};

const STYLE =
  ':root{color-scheme:light dark}body{font:1rem/1.5 sans-serif;max-width:36rem;margin:auto;padding:1rem;overflow-wrap:anywhere}' +
  'label,code{display:block}input,select,button{font:inherit;padding:.5rem}input,select{width:100%;box-sizing:border-box;' +
  'margin:0 0 1rem}pre{white-space:pre-wrap}code{padding:.5rem;border:1px solid;user-select:all}footer{margin:3rem 0 0}';

/** https://www.w3.org/TR/CSP3/ */
const POLICY =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

export function page(
  { words, language, seller }: Reader,
  title: string,
  body: readonly Html[],
  { status = 200, location }: { readonly status?: number; readonly location?: string } = {},
): PageAnswer {
  const values = { seller: seller.name };
  const links = (['imprint', 'privacy'] as const).flatMap((name) => {
    const found = textIn(seller[name], words.tag, seller);
    if (found === undefined) return [];
    return /^https:\S+$/.test(found) ? html` · <a href="${found}">${words[name]}</a>` : html`<br>${found}`;
  });
  const heading = fill(title, values);
  const { html: text } = html`<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${heading} – ${seller.name}</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
${body.map((part) => ({ html: `${part.html}\n` }))}</main>
<footer><bdi>${seller.name}</bdi>${links}</footer>
</body>
</html>
`;
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': language,
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
      'strict-transport-security': 'max-age=31536000',
      'cache-control': 'no-store',
      ...(location === undefined ? {} : { location }),
    },
    body: text,
  };
}

export const text = (sentence: string): Html => html`<p>${sentence}</p>`;
export const alert = (sentence: string): Html => html`<p role="alert">${sentence}</p>`;
export const refuse = (why: string, status = 400): Reply => ({ status, why: [alert(why)] });
export const heading = (title: string): Html => html`<h2>${title}</h2>`;

/** A text to copy: a click selects all of it. */
export const copyable = (label: string, value: string): Html =>
  html`<p>${label}<code translate="no" dir="auto">${value}</code></p>`;

/** @param action the path below `/`; a form without one posts to its own page. */
export const form = (parts: readonly Html[], button: string, action = ''): Html =>
  html`<form method="post"${action ? html` action="${action}"` : ''}>
${parts}<button>${button}</button>
</form>`;

export interface Field {
  readonly type?: 'email' | 'text';
  readonly autocomplete?: string;
  readonly value?: string | undefined;
  readonly optional?: boolean;
  /** Distinguishes the fields of several forms. */
  readonly within?: string;
}

/** @param name the name of the value in the posted form. */
export const field = (
  name: string,
  label: string,
  { type = 'text', autocomplete = 'off', value = '', optional = false, within = '' }: Field = {},
): Html => html`<label for="${within}${name}">${label}</label>
<input id="${within}${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" maxlength="254" value="${value}"${optional ? '' : html` required`}>
`;

export const hidden = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}">
`;

export const choice = (
  name: string,
  label: string,
  options: readonly (readonly [value: string, text: string])[],
): Html =>
  html`<label for="${name}">${label}</label>
<select id="${name}" name="${name}">${options.map(([value, one]) => html`<option value="${value}">${one}</option>`)}</select>
`;
