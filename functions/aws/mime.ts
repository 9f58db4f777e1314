/** Formats a mail as MIME with nodemailer's headers and encodings. Its streams would take three times as long. */
import { randomUUID } from 'node:crypto';
import { encodeWord } from 'nodemailer/lib/mime-funcs';
import MimeNode from 'nodemailer/lib/mime-node';
import { encode, wrap } from 'nodemailer/lib/qp';
import type { Message } from '../core/mail/message.ts';

export function toMime(message: Message): Buffer {
  const root = new MimeNode('multipart/alternative');
  root.setHeader({
    From: { ...message.from },
    To: { address: message.to },
    'Reply-To': { address: message.replyTo },
    Subject: subject(message.subject),
    // SES replaces it. Without one, nodemailer draws five random numbers for it.
    'Message-ID': `<${randomUUID()}@${message.from.address.split('@').at(-1)}>`,
    ...message.headers,
  });
  const head = root.buildHeaders();
  const edge = `--${root.boundary}`;
  const [text, html] = [part('text/plain', message.text), part('text/html', message.html)];
  return Buffer.from([head, '', edge, text, edge, html, `${edge}--`, ''].join('\r\n'));
}

function part(type: string, content: string): string {
  const headers = `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable`;
  const lines = wrap(encode(content.replaceAll('\n', '\r\n')), LINE);
  return `${headers}\r\n\r\n${lines.replace(UNSAFE, (start) => (start === '.' ? '=2E' : '=46'))}`;
}

/** RFC 2045, 6.7 allows 76 characters; escaping the start of a line takes two more. */
const LINE = 74;
/** Mail servers change lines that start like this, for instance in a licensee (RFC 2049, 3). */
const UNSAFE = /^(?:F(?=rom )|\.)/gm;

/** Encodes text that looks encoded already: nodemailer would pass it on, but here it is part of a name. */
const subject = (text: string) =>
  text.includes('=?') ? { prepared: true, foldLines: true, value: encodeWord(text, 'Q', 52) } : text;
