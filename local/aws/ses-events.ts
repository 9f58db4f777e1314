/** Publishes SES events of accepted mails to the Lambda mail-events, after a delay and in the format of SNS. */
import { randomUUID } from 'node:crypto';
import type { Lambda } from '../lambdas/gateway.ts';
import type { Mail } from './mails.ts';

export type SesEvents = ReturnType<typeof sesEvents>;
type AcceptedMail = Pick<Mail, 'id' | 'from' | 'to' | 'tags'>;

const DELAY_MS = 500;
const MINUTE = 60_000;
/** Drops events beyond this number to bound the memory; SES does not guarantee events either. */
const MOST_QUEUED = 1_000;

export function sesEvents() {
  let deliverTo = (_lambda: Lambda): void => undefined;
  const lambda = new Promise<Lambda>((resolve) => {
    deliverTo = resolve;
  });
  const waiting = new Map<() => Promise<void>, NodeJS.Timeout>();
  let last: Promise<void> = Promise.resolve();
  let queued = 0;

  /** Sends the events one at a time, so that they do not slow down the orders. */
  function schedule(ms: number, events: readonly object[], tries = 1): void {
    queued += 1;
    const send = () => {
      clearTimeout(waiting.get(send));
      waiting.delete(send);
      last = last.then(async () => {
        for (const event of events) await invoke(event, tries);
        queued -= 1;
      });
      return last;
    };
    waiting.set(send, setTimeout(send, ms).unref());
  }
  async function invoke(event: object, tries: number): Promise<void> {
    try {
      await (await lambda)(snsEvent([event]));
    } catch {
      // Lambda tries an event three times: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
      if (tries < 3) schedule(tries * MINUTE, [event], tries + 1);
    }
  }

  return {
    deliverTo: (to: Lambda) => deliverTo(to),
    publish(mail: AcceptedMail) {
      if (queued < MOST_QUEUED) schedule(DELAY_MS, eventsOf(mail));
    },
    /** Sends the waiting events now. A run of redeliver in the future needs them, because they would come before it. */
    async flush() {
      for (const send of [...waiting.keys()]) void send();
      await last;
    },
    /** Sends events and returns the Lambda's result for each. */
    post: async (events: readonly object[]) => (await lambda)(snsEvent(events)),
    stop: () => waiting.forEach((timer) => void clearTimeout(timer)),
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
const snsEvent = (events: readonly object[]) => ({
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
function eventsOf({ id, from, to, tags }: AcceptedMail): object[] {
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
  return [{ eventType: 'Send', mail, send: {} }, ...(simulated[scenarioOf(to[0])] ?? [delivery])];
}

/**
 * Returns the scenario that an address of the mailbox simulator or of example.com names before `@` and any label.
 * https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
 */
const scenarioOf = (address = ''): string =>
  /^([a-z]+)(?:\+[^@]*)?@(?:simulator\.amazonses|example)\.com$/.exec(address.toLowerCase())?.[1] ?? '';
