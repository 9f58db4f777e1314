/** What SES tells of the mails it took, to the Lambda that listens: as SNS hands it on, and some time later. */
import { randomUUID } from 'node:crypto';
import type { Lambda } from '../gateway.ts';
import type { Mail } from './mails.ts';

export type SesEvents = ReturnType<typeof sesEvents>;
type Accepted = Pick<Mail, 'id' | 'from' | 'to' | 'tags'>;

const DELAY_MS = 500;
const MINUTE = 60_000;
/** SES promises no event at all, and those of a crowd that does not end must not fill the memory. */
const MOST_UNTOLD = 1_000;

export function sesEvents() {
  let listening = (_listener: Lambda): void => undefined;
  const listener = new Promise<Lambda>((resolve) => {
    listening = resolve;
  });
  const waiting = new Map<() => Promise<void>, NodeJS.Timeout>();
  let last: Promise<void> = Promise.resolve();
  let untold = 0;

  /** One at a time, so that a crowd of orders is not held up by what is told of them. */
  function later(ms: number, events: readonly object[], tries = 1): void {
    untold += 1;
    const tell = () => {
      clearTimeout(waiting.get(tell));
      waiting.delete(tell);
      last = last.then(async () => {
        for (const event of events) await toLambda(event, tries);
        untold -= 1;
      });
      return last;
    };
    waiting.set(tell, setTimeout(tell, ms).unref());
  }
  async function toLambda(event: object, tries: number): Promise<void> {
    try {
      await (await listener)(viaSns([event]));
    } catch {
      // Lambda tries an event three times: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
      if (tries < 3) later(tries * MINUTE, [event], tries + 1);
    }
  }

  return {
    listening: (to: Lambda) => listening(to),
    accepted(mail: Accepted) {
      if (untold < MOST_UNTOLD) later(DELAY_MS, eventsOf(mail));
    },
    /** Whoever makes it later has let pass what comes meanwhile. */
    async told() {
      for (const tell of [...waiting.keys()]) void tell();
      await last;
    },
    /** Answers what the Lambda has made of each. */
    post: async (events: readonly object[]) => (await listener)(viaSns(events)),
    stop: () => waiting.forEach((timer) => void clearTimeout(timer)),
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
const viaSns = (events: readonly object[]) => ({
  Records: events.map((event) => ({
    EventVersion: '1.0',
    EventSource: 'aws:sns',
    EventSubscriptionArn: `${TOPIC}:${randomUUID()}`,
    Sns: {
      Type: 'Notification',
      MessageId: randomUUID(),
      TopicArn: TOPIC,
      Subject: 'Amazon SES Email Event Notification',
      Message: JSON.stringify(event),
      Timestamp: new Date().toISOString(),
    },
  })),
});

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:keypost-mail-events';

/** https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html */
function eventsOf({ id, from, to, tags }: Accepted): object[] {
  const timestamp = new Date().toISOString();
  const mail = {
    timestamp,
    source: from,
    sendingAccountId: '123456789012',
    messageId: id,
    destination: to,
    headersTruncated: false,
    tags: Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, [value]])),
  };
  const recipients = to.map((emailAddress) => ({ emailAddress }));
  const bounce = (bounceType: string, bounceSubType: string) => ({
    eventType: 'Bounce',
    mail,
    bounce: { bounceType, bounceSubType, bouncedRecipients: recipients, timestamp, feedbackId: id },
  });
  const delivery = {
    eventType: 'Delivery',
    mail,
    delivery: { timestamp, processingTimeMillis: DELAY_MS, recipients: to, smtpResponse: '250 OK' },
  };
  const complaint = {
    complainedRecipients: recipients,
    timestamp,
    feedbackId: id,
    complaintFeedbackType: 'abuse',
  };
  const simulated: Readonly<Record<string, readonly object[]>> = {
    bounce: [bounce('Permanent', 'General')],
    suppressionlist: [bounce('Permanent', 'Suppressed')],
    ooto: [delivery, bounce('Transient', 'General')],
    complaint: [delivery, { eventType: 'Complaint', mail, complaint }],
  };
  return [{ eventType: 'Send', mail, send: {} }, ...(simulated[simulatedBy(to[0])] ?? [delivery])];
}

/**
 * The part before `@` and any label, for the mailbox simulator and for example.com, where the sample buyers live.
 * https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
 */
const simulatedBy = (address = ''): string =>
  /^([a-z]+)(?:\+[^@]*)?@(?:simulator\.amazonses|example)\.com$/.exec(address.toLowerCase())?.[1] ?? '';
