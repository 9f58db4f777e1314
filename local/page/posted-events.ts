/** Events that a person posts, in any of the forms in which AWS hands them on. */
import * as z from 'zod/mini';
import type { Mails } from '../aws/mails.ts';
import type { SesEvents } from '../aws/ses-events.ts';
import { BadRequest } from './bad-request.ts';

const ToLambda = z.object({ Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })) });
const OverHttp = z.object({ Type: z.literal('Notification'), Message: z.string() });
const FromEventBridge = z.object({ detail: z.unknown() });
const Event = z.looseObject({
  mail: z.looseObject({ messageId: z.string(), tags: z._default(z.record(z.string(), z.unknown()), {}) }),
});

export async function postedEvents(
  mails: Mails,
  events: SesEvents,
  body: unknown,
): Promise<{ readonly events: unknown }> {
  const told = z.array(Event).safeParse(inside(body));
  if (!told.success) throw new BadRequest(WANTED);
  const results = await events.post(told.data.map((event) => tagged(mails, event)));
  if (Array.isArray(results) && results.includes('unreadable')) throw new BadRequest(WANTED);
  return { events: results };
}

const WANTED = 'this is no event of SES: one as its configuration set publishes it would do';

function inside(body: unknown): readonly unknown[] {
  const toLambda = ToLambda.safeParse(body);
  if (toLambda.success) return toLambda.data.Records.map(({ Sns }) => fromJson(Sns.Message));
  const overHttp = OverHttp.safeParse(body);
  if (overHttp.success) return [fromJson(overHttp.data.Message)];
  const fromEventBridge = FromEventBridge.safeParse(body);
  return [fromEventBridge.success ? fromEventBridge.data.detail : body];
}

/** SES itself hands back the tags that the mail was sent with. */
function tagged(mails: Mails, { mail, ...event }: z.output<typeof Event>): object {
  const sent = Object.entries(mails.find(mail.messageId)?.tags ?? {});
  const tags = Object.fromEntries(sent.map(([name, value]) => [name, [value]]));
  return { ...event, mail: { ...mail, tags: { ...tags, ...mail.tags } } };
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest(WANTED);
  }
}
