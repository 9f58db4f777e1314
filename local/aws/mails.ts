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
  /** The message as SES received it, in base64. */
  raw: z.string(),
});
export type Mail = z.output<typeof Mail>;

export type Mails = ReturnType<typeof openMails>;
export type ShownMail = Awaited<ReturnType<typeof show>>;

const DAY_MS = 24 * 3_600_000;

export function openMails(files: Files, file: string) {
  const log = files.log(file);
  /** Returns undefined for an erased mail. */
  const mailAt = (at: number) => {
    const line = log.line(at)?.trim();
    return line ? parseJson(Mail, line, `line ${at + 1} of ${files.path(file)}`) : undefined;
  };
  const quotaEntry = ({ at, to }: Mail) => ({ until: Date.parse(at) + DAY_MS, recipients: to.length });
  /** The mails that count against the quota, oldest first. */
  const recent: ReturnType<typeof quotaEntry>[] = [];
  for (let at = log.count() - 1; at >= 0; at -= 1) {
    const mail = mailAt(at);
    if (!mail) continue;
    const entry = quotaEntry(mail);
    if (entry.until <= Date.now()) break;
    recent.push(entry);
  }
  recent.reverse();
  let sum = recent.reduce((total, { recipients }) => total + recipients, 0);
  let parsed = new Map<number, Promise<ShownMail>>();
  return {
    /** Stores the mail and returns its SES message ID. */
    accept(accepted: Omit<Mail, 'id' | 'at'>): string {
      const mail = { id: `01${randomUUID()}-000000`, at: new Date().toISOString(), ...accepted };
      log.append(JSON.stringify(mail));
      recent.push(quotaEntry(mail));
      sum += mail.to.length;
      return mail.id;
    },
    /** Finds a mail by its SES message ID. */
    find(id: string): Mail | undefined {
      for (let at = log.count() - 1; at >= 0; at -= 1) if (log.line(at)?.includes(id)) return mailAt(at);
      return undefined;
    },
    /** Returns the recipients of the last 24 hours, which SES counts against the quota. */
    lastDay() {
      while (recent[0] && recent[0].until <= Date.now()) sum -= recent.shift()?.recipients ?? 0;
      return sum;
    },
    /** Returns the newest mails as a mail reader shows them. */
    list(most: number) {
      const before = parsed;
      const from = Math.max(0, log.count() - most);
      const positions = Array.from({ length: log.count() - from }, (_, at) => from + at);
      const shownAt = (at: number) => {
        const mail = mailAt(at);
        return mail && show(mail);
      };
      parsed = new Map(
        positions.flatMap((at) => {
          const mail = before.get(at) ?? shownAt(at);
          return mail ? [[at, mail] as const] : [];
        }),
      );
      return Promise.all(parsed.values());
    },
    /** Erases the mails that match and returns their number. */
    erase(matches: (mail: Mail) => boolean): number {
      const found = Array.from({ length: log.count() }, (_, at) => at).filter((at) => {
        const mail = mailAt(at);
        return mail !== undefined && matches(mail);
      });
      for (const at of found) log.wipe(at);
      parsed = new Map();
      return found.length;
    },
  };
}

/** Shows the envelope's recipients, because the To header may name others. */
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
    /** The message as SES received it: its lines are ASCII. */
    raw: Buffer.from(raw, 'base64').toString(),
  };
}
