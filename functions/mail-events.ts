/** The Lambda that SES tells what became of each mail. */

import { dynamoClient, orderStore } from './aws/orders.ts';
import { logReports } from './aws/reports.ts';
import { mailEvents } from './aws/ses-feedback.ts';
import { recordMailEvent } from './core/mail/feedback.ts';
import { mailEventsEnv } from './env.ts';

const CALL_MS = 3_000;

const env = mailEventsEnv(process.env);
const ports = {
  now: Date.now,
  report: logReports(env.NAMESPACE, Date.now),
  store: orderStore(dynamoClient(), env.TABLE, () => AbortSignal.timeout(CALL_MS)),
};

/** Answers what became of each event. Throws where the store does; what cannot be read would fare no better next time. */
export async function handler(invocation: unknown): Promise<readonly string[]> {
  const results: string[] = [];
  for (const event of mailEvents(invocation)) {
    if (!event) ports.report('mail_event_unknown', { kind: 'unreadable' });
    results.push(event ? await recordMailEvent(ports, event) : 'unreadable');
  }
  return results;
}
