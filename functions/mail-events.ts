/** The Lambda that receives SES's delivery events. */

import { dynamoClient, orderStore } from './aws/dynamodb/orders.ts';
import { logReports } from './aws/reports.ts';
import { mailEvents } from './aws/ses/feedback.ts';
import { recordMailEvent } from './core/mail/feedback.ts';
import { mailEventsEnv } from './env.ts';

const CALL_MS = 3_000;

const env = mailEventsEnv(process.env);
const ports = {
  now: Date.now,
  report: logReports(env.NAMESPACE, Date.now),
  store: orderStore(dynamoClient(), env.TABLE, () => CALL_MS),
};

/** Returns a result for each event. Throws if the store does, so that SNS retries; an unreadable event is only reported. */
export async function handler(invocation: unknown): Promise<readonly string[]> {
  const results: string[] = [];
  for (const event of mailEvents(invocation)) {
    if (!event) ports.report('mail_event_unknown', { kind: 'unreadable' });
    results.push(event ? await recordMailEvent(ports, event) : 'unreadable');
  }
  return results;
}
