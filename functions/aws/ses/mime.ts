/** Formats a mail as MIME with nodemailer's encodings. Its headers and streams would take three times as long. */
import { randomUUID } from 'node:crypto';
import { encodeWord, foldLines, quoteString } from 'nodemailer/lib/mime-funcs';
import { encode, wrap } from 'nodemailer/lib/qp';
import type { Message } from '../../core/mail/message.ts';

export function toMime({ from, to, replyTo, subject, text, html, headers, files = [] }: Message): Buffer {
  const texts = multipart('alternative', [part('text/plain', text), part('text/html', html)]);
  const all = {
    From: `${phrase(from.name)} ${mailbox(from.address)}`,
    To: mailbox(to),
    'Reply-To': mailbox(replyTo),
    Subject: words(subject),
    Date: new Date().toUTCString().replace('GMT', '+0000'),
    // SES replaces it.
    'Message-ID': `<${randomUUID()}@${from.address.split('@').at(-1)}>`,
    'MIME-Version': '1.0',
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, words(value)])),
  };
  const head = Object.entries(all).map(([name, value]) => foldLines(`${name}: ${value}`));
  const body = files.length > 0 ? multipart('mixed', [texts, ...files.map(attachment)]) : texts;
  return Buffer.from([...head, body].join('\r\n'));
}

/** The boundary has characters that neither quoted-printable nor base64 has in this order. */
function multipart(kind: 'mixed' | 'alternative', parts: readonly string[]): string {
  const boundary = `=_${randomUUID()}`;
  const type = `Content-Type: multipart/${kind};\r\n boundary="${boundary}"`;
  return [type, '', ...parts.flatMap((one) => [`--${boundary}`, one]), `--${boundary}--`, ''].join('\r\n');
}

/** Encodes a text that a header cannot have as it is, or that looks encoded already (RFC 2047). */
const words = (text: string): string =>
  /[^ -~]|=\?/.test(text) ? encodeWord(text, /[a-z]/i.test(text) ? 'Q' : 'B', 52) : text;

/** The name before an address: RFC 5322, 3.2.5. */
const phrase = (name: string): string =>
  words(name) === name && /[^\w ]/.test(name) ? quoteString(name) : words(name);

/** Leaves out what no checked address has, so that nothing can follow it in its header. */
const mailbox = (address: string): string => `<${address.replace(/[^\w.!#$%&'*+/=?^`{|}~@-]/g, '')}>`;

const attachment = ({ name, content }: NonNullable<Message['files']>[number]): string =>
  [
    'Content-Type: application/octet-stream',
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment; filename="${name}"`,
    '',
    ...(Buffer.from(content)
      .toString('base64')
      .match(/.{1,76}/g) ?? []),
  ].join('\r\n');

function part(type: string, content: string): string {
  const headers = `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable`;
  const lines = wrap(encode(content.replace(/\r?\n|\r/g, '\r\n')), LINE);
  return `${headers}\r\n\r\n${lines.replace(UNSAFE, (start) => (start === '.' ? '=2E' : '=46'))}`;
}

/** RFC 2045, 6.7 allows 76 characters; escaping the start of a line takes two more. */
const LINE = 74;
/** Mail servers change lines that start like this, for instance in a licensee (RFC 2049, 3). */
const UNSAFE = /^(?:F(?=rom )|\.)/gm;
