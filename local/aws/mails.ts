/** The mails that SES has accepted, oldest first. */
import { randomUUID } from 'node:crypto';
import PostalMime from 'postal-mime';
import * as z from 'zod/mini';
import { type Files, parseJson } from '../files.ts';

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

const FILE = 'mails.jsonl';
const DAY_MS = 24 * 3_600_000;

export function openMails(files: Files) {
  const log = files.log(FILE);
  /** Undefined for one that was erased. */
  const mailAt = (at: number) => {
    const line = log.line(at)?.trim();
    return line ? parseJson(Mail, line, `line ${at + 1} of ${files.path(FILE)}`) : undefined;
  };
  const counted = ({ at, to }: Mail) => ({ until: Date.parse(at) + DAY_MS, recipients: to.length });
  /** What counts against the quota, oldest first. */
  const lately: ReturnType<typeof counted>[] = [];
  for (let at = log.count() - 1; at >= 0; at -= 1) {
    const mail = mailAt(at);
    if (!mail) continue;
    const one = counted(mail);
    if (one.until <= Date.now()) break;
    lately.push(one);
  }
  lately.reverse();
  let sum = lately.reduce((total, { recipients }) => total + recipients, 0);
  let parsed = new Map<number, Promise<ShownMail>>();
  return {
    /** On disk when it returns. Answers SES's id for the mail. */
    accept(accepted: Omit<Mail, 'id' | 'at'>): string {
      const mail = { id: `01${randomUUID()}-000000`, at: new Date().toISOString(), ...accepted };
      log.append(JSON.stringify(mail));
      lately.push(counted(mail));
      sum += mail.to.length;
      return mail.id;
    },
    /** The mail of SES's id. */
    find(id: string): Mail | undefined {
      for (let at = log.count() - 1; at >= 0; at -= 1) if (log.line(at)?.includes(id)) return mailAt(at);
      return undefined;
    },
    /** How many recipients there were in the last 24 hours: what SES counts. */
    lastDay() {
      while (lately[0] && lately[0].until <= Date.now()) sum -= lately.shift()?.recipients ?? 0;
      return sum;
    },
    /** The newest of them, as a mail reader shows them. */
    shown(most: number) {
      const before = parsed;
      const from = Math.max(0, log.count() - most);
      const places = Array.from({ length: log.count() - from }, (_, at) => from + at);
      const shownAt = (at: number) => {
        const mail = mailAt(at);
        return mail && show(mail);
      };
      parsed = new Map(
        places.flatMap((at) => {
          const mail = before.get(at) ?? shownAt(at);
          return mail ? [[at, mail] as const] : [];
        }),
      );
      return Promise.all(parsed.values());
    },
    /** Erases each of which `isGone`, and answers how many. */
    erase(isGone: (mail: Mail) => boolean): number {
      const gone = Array.from({ length: log.count() }, (_, at) => at).filter((at) => {
        const mail = mailAt(at);
        return mail !== undefined && isGone(mail);
      });
      for (const at of gone) log.wipe(at);
      parsed = new Map();
      return gone.length;
    },
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
