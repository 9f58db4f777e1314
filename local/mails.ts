/** The mails that SES has accepted, oldest first. */
import { randomUUID } from 'node:crypto';
import PostalMime from 'postal-mime';
import * as z from 'zod/mini';
import type { Files } from './files.ts';

const Mail = z.object({
  id: z.string(),
  at: z.string(),
  from: z.string(),
  to: z.array(z.string()),
  tags: z.record(z.string(), z.string()),
  /** The message as it was handed in, base64. */
  raw: z.string(),
});
export type Mail = z.output<typeof Mail>;

export type Mails = ReturnType<typeof openMails>;
export type ShownMail = Awaited<ReturnType<typeof show>>;

const FOLDER = 'mails';

export function openMails(files: Files) {
  const mails = files
    .names(FOLDER)
    .map((name) => Mail.parse(JSON.parse(files.read(`${FOLDER}/${name}`) ?? '')));
  let count = Number(files.names(FOLDER).at(-1)?.slice(0, 8) ?? 0);
  const parsed = new Map<string, Promise<ShownMail>>();
  const remembered = (mail: Mail) => {
    const known = parsed.get(mail.id) ?? show(mail);
    parsed.set(mail.id, known);
    return known;
  };
  return {
    /** On disk when it returns. Answers SES's id for the mail. */
    accept(accepted: Omit<Mail, 'id' | 'at'>): string {
      const mail = { id: `01${randomUUID()}-000000`, at: new Date().toISOString(), ...accepted };
      count += 1;
      files.write(`${FOLDER}/${String(count).padStart(8, '0')}.json`, JSON.stringify(mail));
      mails.push(mail);
      return mail.id;
    },
    /** How many recipients there were in the last 24 hours: what SES counts. */
    lastDay() {
      const since = new Date(Date.now() - 24 * 3_600_000).toISOString();
      return mails.reduce((sum, { at, to }) => sum + (at > since ? to.length : 0), 0);
    },
    /** As a mail reader shows them. */
    shown: () => Promise.all(mails.map((mail) => remembered(mail))),
  };
}

/** The recipients are the envelope's: who gets it, whatever the header says. */
async function show({ id, at, from, to, raw }: Mail) {
  const parsed = await PostalMime.parse(Buffer.from(raw, 'base64'));
  const { name, address } = { name: '', address: from, ...parsed.from };
  const headers: Record<string, string> = {};
  for (const { key, value } of parsed.headers)
    headers[key] = headers[key] ? `${headers[key]}, ${value}` : value;
  return {
    id,
    to,
    from: name ? `${name} <${address}>` : address,
    subject: parsed.subject ?? '',
    text: parsed.text ?? '',
    html: parsed.html ?? '',
    headers,
    at,
  };
}
