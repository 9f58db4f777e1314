/** An order mail, decoded strictly: a wrongly decoded character makes a wrong serial. Errors are `mail_changed`. */
import PostalMime from 'postal-mime';
import { decode1252 } from '../serial/charset.ts';
import { Rejection } from './rejection.ts';

export interface Mail {
  readonly subject: string;
  /** The text part: trimmed lines, the empty ones included. */
  readonly lines: readonly string[];
  /** The HTML part as text in one line; empty if there is none. */
  readonly html: string;
}

/** A larger mail is held unparsed. */
export const MAX_MAIL_BYTES = 256 * 1024;

/** Makes the error of a mail that is not as the store's file describes. */
export const mailChanged = (found: string): Rejection =>
  new Rejection('mail_changed', `the mail is not as its store wrote it before: ${found}`);

/** Throws `mail_changed` for an unknown charset, a character that its charset lacks, and for more than one text part. */
export async function parseMail(raw: Buffer): Promise<Mail> {
  const types = [...raw.toString('latin1').matchAll(CONTENT_TYPE)].map(([type]) => type.toLowerCase());
  const charsets = types.map(charsetOf);
  const words = [
    ...headersOf(raw, 'subject')
      .join()
      .matchAll(/=\?([^?*]*)/g),
  ].map(([, name = '']) => name);
  if ([...charsets, ...words].some((name) => !CHARSETS.includes(name.toLowerCase())))
    throw mailChanged(`found a charset that is none of ${CHARSETS.join(', ')}`);
  if (types.filter((type) => type.includes('text/plain')).length > 1)
    throw mailChanged('found two text parts, expected one');
  const parsed = await PostalMime.parse(raw, { forceRfc822Attachments: true }).catch(() => {
    throw mailChanged('found parts that are nested too deeply');
  });
  const [text, html, subject] = [parsed.text, parsed.html, parsed.subject].map((part = '') =>
    decode1252(part),
  );
  // ASCII is also the charset of a part that names none.
  const isAscii = types.length === 0 || charsets.some((name) => name.includes('ascii'));
  if (UNTYPABLE.test(`${text}${html}${subject}`) || (isAscii && /\P{ASCII}/u.test(`${text}${html}`)))
    throw mailChanged('found a character that its charset does not have');
  return {
    subject: subject?.trim() ?? '',
    lines: (text ?? '').split('\n').map((line) => line.trim()),
    html: toText(html ?? ''),
  };
}

/** The unfolded values of a header, from the raw bytes: a parser may decode or choose. */
export function headersOf(raw: Buffer, name: string): string[] {
  const [head = ''] = raw.toString('latin1').split(/\r?\n\r?\n/, 1);
  const unfolded = head.replace(/\r?\n[ \t]+/g, ' ');
  return [...unfolded.matchAll(new RegExp(String.raw`^${name}[ \t]*:(.*)$`, 'gim'))].map(([, value = '']) =>
    value.trim(),
  );
}

/** The lines below each label. `one` throws unless there is exactly one. */
export interface Sections {
  all(label: string): readonly string[];
  one(label: string): string;
}

/**
 * Splits the mail at its labels. Each occurs once, in this order, alone on a line or before a colon. Below `comment` is
 * the buyer's text, in which other labels mean nothing. Throws `mail_changed`.
 */
export function sections(
  lines: readonly string[],
  [first = '', ...others]: readonly string[],
  comment?: string,
): Sections {
  const labels = [first, ...others];
  const split = lines.filter(Boolean).flatMap((line) => {
    const label = labels.find((one) => line.startsWith(`${one}:`));
    return label ? [label, line.slice(label.length + 1).trim()].filter(Boolean) : [line];
  });
  const last = comment === undefined ? labels.length : labels.indexOf(comment) + 1;
  const starts: number[] = [];
  for (const label of labels.slice(0, last)) starts.push(split.indexOf(label, (starts.at(-1) ?? -1) + 1));
  const ends: number[] = [];
  for (const label of labels.slice(last).reverse())
    ends.unshift(split.lastIndexOf(label, (ends[0] ?? split.length) - 1));
  const all = [...starts, ...ends];
  const found = new Map<string, readonly string[]>();
  for (const [at, label] of labels.entries()) {
    const [start = -1, end = split.length] = [all[at], all[at + 1]];
    const below = split.slice(start + 1, end);
    const known = label === comment ? labels.slice(last - 1, last + 1) : labels;
    if (start < 0 || start < (all[at - 1] ?? 0)) throw mailChanged(`found no label ${JSON.stringify(label)}`);
    if (below.some((line) => known.includes(line)))
      throw mailChanged(`found a second label below ${JSON.stringify(label)}`);
    found.set(label, below);
  }
  const below = (label: string) => found.get(label) ?? [];
  return {
    all: below,
    one(label) {
      const [value, ...more] = below(label);
      if (value !== undefined && more.length === 0) return value;
      throw mailChanged(`expected one line at the label ${JSON.stringify(label)}`);
    },
  };
}

/** Parses `$1,029.00 USD`, `USD 29.00` and `29.00`. Throws `mail_changed`. */
export function parseAmount(text: string): { readonly value: string; readonly currency: string | undefined } {
  const [, before, whole, fraction = '', after] = AMOUNT.exec(text) ?? [];
  if (whole === undefined || (before && after)) throw mailChanged('found an amount of another form');
  return { value: whole.replaceAll(',', '') + fraction, currency: before ?? after };
}

const AMOUNT = /^(?:([A-Z]{3})\s)?\p{Sc}?(\d{1,3}(?:,\d{3})+|\d{1,12})(\.\d{1,2})?(?:\s([A-Z]{3}))?$/u;

/** A header of the mail or of a part, with its folded lines. */
const CONTENT_TYPE = /^content-type:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*/gim;
const CHARSETS = ['us-ascii', 'utf-8', 'utf8', 'iso-8859-1', 'iso-8859-15', 'windows-1250', 'windows-1252'];
/** Controls, and the character that replaces undecodable bytes. */
const UNTYPABLE = /[^\P{Cc}\t\r\n]|\ufffd/u;

/** Returns the charset of a content type. Only text has one. */
function charsetOf(type: string): string {
  if (/^content-type:(?!\s*text\/)/.test(type)) return 'utf-8';
  if (!type.includes('charset')) return 'us-ascii';
  return /;\s*charset\s*=\s*"?([\w-]+)"?\s*(?:;|$)/.exec(type)?.[1] ?? 'unknown';
}

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' } as const;

/** Decodes entities once: what looks like one afterwards is text. */
const toText = (html: string): string =>
  html
    .replace(/<(style|script)\b[\s\S]*?<\/\1>|<[^>]*>/gi, ' ')
    .replace(/&(?:#(\d{1,6})|#x([\da-f]{1,5})|(amp|lt|gt|quot|apos|nbsp));/gi, (all, decimal, hex, name) => {
      if (name) return Object.entries(NAMED).find(([one]) => one === name.toLowerCase())?.[1] ?? all;
      return String.fromCodePoint(Math.min(Number.parseInt(decimal ?? hex, decimal ? 10 : 16), 0x10ffff));
    })
    .replace(/\s+/g, ' ');
