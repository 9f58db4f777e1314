/**
 * A mail as it travels, in nodemailer's encodings. Its headers are few and ours, so they are joined here: the class that
 * nodemailer has for any mail is 31 KB more to read at each cold start, and three times as slow.
 */
import { randomUUID } from 'node:crypto';
import { encodeWord, foldLines, quoteString } from 'nodemailer/lib/mime-funcs';
import { encode, wrap } from 'nodemailer/lib/qp';
import type { Message } from '../core/mail/serial-mail.ts';

export function toMime({ from, to, replyTo, subject, headers, text, html }: Message): Buffer {
  const id = randomUUID();
  // Quoted-printable never has this beginning (RFC 2045, 6.7).
  const boundary = `=_${id}`;
  const head = [
    ['From', `${phrase(from.name)} <${from.address}>`],
    ['To', to],
    ['Reply-To', replyTo],
    ['Subject', words(subject)],
    ...Object.entries(headers).map(([name, value]) => [name, words(value)]),
    ['Message-ID', `<${id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`],
    ['Date', new Date().toUTCString().replace('GMT', '+0000')],
    ['MIME-Version', '1.0'],
    ['Content-Type', `multipart/alternative; boundary="${boundary}"`],
  ].map(([name, value]) => foldLines(`${name}: ${value}`));
  const parts = [part('text/plain', text), part('text/html', html)];
  return Buffer.from(
    [...head, '', ...parts.flatMap((one) => [`--${boundary}`, one]), `--${boundary}--`, ''].join('\r\n'),
  );
}

function part(type: string, content: string): string {
  const headers = `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable`;
  const lines = wrap(encode(content.replaceAll('\n', '\r\n')), LINE);
  return `${headers}\r\n\r\n${lines.replace(UNSAFE, (start) => (start === '.' ? '=2E' : '=46'))}`;
}

/** RFC 2045, 6.7: 76, less what is put at a line's start. */
const LINE = 74;
/** Starts of lines that mail servers change, in a licensee for instance (RFC 2049, 3). */
const UNSAFE = /^(?:F(?=rom )|\.)/gm;

const words = (text: string) => (isPlain(text) ? text : encodeWord(text, 'Q', 52));

/** Before an address marks have a meaning, but between quotes. */
const phrase = (name: string) => (isPlain(name) ? quoteString(name) : words(name));

/** ASCII in one line that does not look encoded: a name that somebody gave may. */
const isPlain = (text: string) => /^(?:[!-~]+(?: [!-~]+)*)?$/.test(text) && !text.includes('=?');
