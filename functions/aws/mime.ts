/** Formats a mail as MIME with nodemailer's headers and encodings. Its streams would take three times as long. */
import { randomUUID } from 'node:crypto';
import { encodeWord } from 'nodemailer/lib/mime-funcs';
import MimeNode from 'nodemailer/lib/mime-node';
import { encode, wrap } from 'nodemailer/lib/qp';
import type { Message } from '../core/mail/message.ts';

export function toMime(message: Message): Buffer {
  const { files = [] } = message;
  const root = new MimeNode(files.length > 0 ? 'multipart/mixed' : 'multipart/alternative');
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
  const texts = [part('text/plain', message.text), part('text/html', message.html)];
  if (files.length === 0) return Buffer.from(`${head}\r\n\r\n${multipart(root, texts)}`);
  const body = root.createChild('multipart/alternative');
  const inner = `${body.buildHeaders()}\r\n\r\n${multipart(body, texts)}`;
  return Buffer.from(`${head}\r\n\r\n${multipart(root, [inner, ...files.map(attachment)])}`);
}

const multipart = ({ boundary }: MimeNode, parts: readonly string[]): string =>
  [...parts.flatMap((one) => [`--${boundary}`, one]), `--${boundary}--`, ''].join('\r\n');

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
