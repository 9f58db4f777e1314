/**
 * Parses SES's events, which the configuration set publishes and SNS passes to a Lambda.
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
 */
import * as z from 'zod/mini';
import type { MailEvent } from '../../core/mail/feedback.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
export const Notifications = z.object({
  Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })),
});

const Mail = z.object({
  messageId: z.string(),
  timestamp: z.optional(z.string()),
  tags: z._default(z.record(z.string(), z.array(z.string())), {}),
});
const Bounce = z.object({
  bounceType: z.string(),
  bounceSubType: z.string(),
  timestamp: z.optional(z.string()),
});
const Complaint = z.object({ complaintSubType: z.nullish(z.string()) });
const Event = z.discriminatedUnion('eventType', [
  z.object({ eventType: z.enum(['Send', 'Delivery', 'Reject', 'DeliveryDelay']), mail: Mail }),
  z.object({ eventType: z.literal('Bounce'), mail: Mail, bounce: Bounce }),
  z.object({ eventType: z.literal('Complaint'), mail: Mail, complaint: Complaint }),
]);
type Event = z.output<typeof Event>;

/** Parses each record of the invocation; undefined for a record that is not as documented or of another type. */
export function mailEvents(invocation: unknown): readonly (MailEvent | undefined)[] {
  const { success, data } = Notifications.safeParse(invocation);
  return success ? data.Records.map(({ Sns }) => mailEvent(Sns.Message)) : [undefined];
}

function mailEvent(message: string): MailEvent | undefined {
  const { success, data } = Event.safeParse(parseJson(message));
  if (!success) return undefined;
  const { messageId, tags } = data.mail;
  const [order, send, version] = [tags.order?.[0], tags.send?.[0], tags.version?.[0]];
  return {
    kind: kindOf(data),
    messageId,
    orderKey: order === undefined ? undefined : Buffer.from(order, 'base64url').toString(),
    send: send === undefined ? undefined : Number(send),
    version: version === undefined ? undefined : Number(version),
  };
}

function kindOf(event: Event): MailEvent['kind'] {
  if (event.eventType === 'Bounce') return bounceOf(event.bounce, event.mail);
  if (event.eventType !== 'Complaint') return KINDS[event.eventType];
  return SUPPRESSED.includes(event.complaint.complaintSubType ?? '') ? 'suppressed' : 'complaint';
}

/** SES accepts mails to an address on either of its suppression lists but does not send them. */
const SUPPRESSED = ['Suppressed', 'OnAccountSuppressionList'];

/**
 * Only a permanent bounce means a wrong address. An out-of-office reply is a general one; it comes at once, while SES gives a mail
 * up after hours: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
 */
function bounceOf(bounce: z.output<typeof Bounce>, mail: z.output<typeof Mail>): MailEvent['kind'] {
  const { bounceType, bounceSubType, timestamp = '' } = bounce;
  if (SUPPRESSED.includes(bounceSubType)) return 'suppressed';
  if (bounceType === 'Permanent') return 'bounce';
  const isLate = Date.parse(timestamp) - Date.parse(mail.timestamp ?? '') > REPLY_MS;
  return bounceType === 'Transient' && (bounceSubType !== 'General' || isLate)
    ? 'undelivered'
    : 'soft_bounce';
}
const REPLY_MS = 3_600_000;

const KINDS = { Send: 'send', Delivery: 'delivery', Reject: 'reject', DeliveryDelay: 'delay' } as const;

function parseJson(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return undefined; // handled like any other undocumented event
  }
}
