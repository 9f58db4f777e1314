/** `mails replay`: processes the events of mails that the Lambda `mail-events` could not process. */

import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Command } from '@commander-js/extra-typings';
import * as z from 'zod/mini';
import { mailEvents } from '../../../functions/aws/ses/feedback.ts';
import { recordMailEvent } from '../../../functions/core/mail/feedback.ts';
import { json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { openTable } from '../orders/table.ts';

export const mailsReplay = (terminal: Terminal) =>
  withTargetOptions(new Command('replay'))
    .description('process bounces and deliveries again that mail-events could not process')
    .option('--json', 'for scripts')
    .addHelpText('after', HELP)
    .action(async (options) => {
      const target = targetFrom(options, terminal.env);
      const count = { replayed: 0, failed: 0 };
      if (!target.local) {
        const { store } = await openTable(target);
        const sqs = new SQSClient(target.config);
        const QueueUrl = (await target.names()).output('MailEventsLost');
        const ports = { store, now: Date.now, report: () => undefined };
        for await (const { Body = '', ReceiptHandle } of messages(sqs, QueueUrl)) {
          const isDone = await replay(ports, Body).catch(() => false);
          count[isDone ? 'replayed' : 'failed'] += 1;
          if (isDone) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        }
      }
      if (options.json) terminal.print(json(count));
      else terminal.print(target.local ? LOCAL : `${count.replayed} replayed, ${count.failed} failed`);
      if (count.failed > 0)
        throw new CommandError(
          `${count.failed} messages stay in the queue MailEventsLost; run the command again, and if it fails again, look at their text in the console of SQS`,
        );
    });

const LOCAL =
  'npm start has no dead-letter queue: it gives each event to mail-events up to three times and then drops it';

const HELP = `
SES reports each bounce to the Lambda mail-events. An event that it fails to process
three times is kept for 14 days, and the alarm WorkerErrors stays on. The command
records such events in their orders and removes them from the queue.

Example:
  npm run keypost -- mails replay`;

/** A message that was received stays hidden for this long. */
const HIDDEN_SECONDS = 300;

async function* messages(sqs: SQSClient, QueueUrl: string): AsyncGenerator<Message> {
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        ...{ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: HIDDEN_SECONDS },
      }),
    );
    if (Messages.length === 0) return;
    yield* Messages;
  }
}

/** Returns false if the text is no event of SES. */
async function replay(ports: Parameters<typeof recordMailEvent>[0], body: string): Promise<boolean> {
  const events = mailEvents(invocationOf(body));
  for (const event of events) if (event) await recordMailEvent(ports, event);
  return events.every((event) => event !== undefined);
}

/**
 * The Lambda's destination keeps the invocation as `requestPayload`; the subscription's queue keeps the notification of SNS.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
function invocationOf(body: string): unknown {
  const { requestPayload, ...Sns } = Kept.parse(JSON.parse(body));
  return requestPayload ?? { Records: [{ Sns }] };
}
const Kept = z.object({ requestPayload: z.optional(z.unknown()), Message: z.optional(z.string()) });
