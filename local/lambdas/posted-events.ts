/** SES events that a person posts, in any of the formats in which AWS delivers them. */
import * as z from 'zod/mini';
import { BadRequest } from '../../bin/commands/cli/http.ts';
import type { Mails } from '../aws/mails.ts';
import type { SesEvents } from '../aws/ses-events.ts';

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
  const parsed = z.array(Event).safeParse(unwrap(body));
  if (!parsed.success) throw new BadRequest(MESSAGE);
  const results = await events.post(parsed.data.map((event) => withTags(mails, event)));
  if (Array.isArray(results) && results.includes('unreadable')) throw new BadRequest(MESSAGE);
  return { events: results };
}

const MESSAGE = 'the body is not an SES event: expected an event as a configuration set publishes it';

function unwrap(body: unknown): readonly unknown[] {
  const toLambda = ToLambda.safeParse(body);
  if (toLambda.success) return toLambda.data.Records.map(({ Sns }) => fromJson(Sns.Message));
  const overHttp = OverHttp.safeParse(body);
  if (overHttp.success) return [fromJson(overHttp.data.Message)];
  const fromEventBridge = FromEventBridge.safeParse(body);
  return [fromEventBridge.success ? fromEventBridge.data.detail : body];
}

/** Adds the tags that the mail was sent with, as SES does. */
function withTags(mails: Mails, { mail, ...event }: z.output<typeof Event>): object {
  const sent = Object.entries(mails.find(mail.messageId)?.tags ?? {});
  const tags = Object.fromEntries(sent.map(([name, value]) => [name, [value]]));
  return { ...event, mail: { ...mail, tags: { ...tags, ...mail.tags } } };
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest(MESSAGE);
  }
}
