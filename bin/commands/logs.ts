/** `logs`: follows the log of a Lambda, or of the API. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { Command } from '@commander-js/extra-typings';
import { harmless } from './cli/columns.ts';
import { parseCount } from './cli/option-values.ts';
import { type Target, targetFrom, withTargetOptions } from './cli/target.ts';
import type { Terminal } from './cli/terminal.ts';

const HELP = `
A line is one report: what happened, to which provider or order, and why. It holds no
name, address or serial. Ctrl-C ends the command.

Examples:
  npm run keypost -- logs                              what the webhook does
  npm run keypost -- logs api --only 429 --no-follow   the requests that AWS throttled`;

export const logs = (terminal: Terminal) =>
  withTargetOptions(new Command('logs'))
    .argument(
      '[name]',
      'webhook, redeliver, mail-events, reconcile, order-mail, or api for the requests',
      'webhook',
    )
    .option('--minutes <number>', 'begin that many minutes ago', parseCount(7 * 24 * 60), 10)
    .option('--only <text>', 'only lines that contain this text, such as unanswered')
    .option('--no-follow', 'end after the lines so far')
    .addHelpText('after', HELP)
    .action(async (name, { minutes, only, follow, ...options }) => {
      const target = targetFrom(options, terminal.env);
      const client = new CloudWatchLogsClient(target.config);
      const query = {
        logGroupName: await logOf(target, name),
        ...(only === undefined ? {} : { filterPattern: JSON.stringify(only) }),
      };
      const printed = new Map<string, number>();
      let startTime = Date.now() - minutes * 60_000;
      for (;;) {
        for await (const { events = [] } of paginateFilterLogEvents({ client }, { ...query, startTime })) {
          for (const { eventId = '', timestamp = 0, message = '' } of events) {
            if (!printed.has(eventId))
              terminal.print(`${new Date(timestamp).toISOString()} ${harmless(message.trimEnd())}`);
            printed.set(eventId, timestamp);
          }
        }
        if (!follow) return;
        startTime = Math.max(startTime, ...[...printed.values()].map((at) => at - LATE_MS));
        for (const [id, at] of printed) if (at < startTime) printed.delete(id);
        await sleep(POLL_MS);
      }
    });

const POLL_MS = 2_000;
/** A line can arrive some seconds after later ones. */
const LATE_MS = 30_000;

/** Each Lambda has an output with its name: MailEventsFunction for mail-events. */
async function logOf(target: Target, name: string): Promise<string | undefined> {
  const names = await target.names();
  if (name === 'api') return names.output('AccessLog');
  const words = name.split('-').map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`);
  const FunctionName = names.output(`${words.join('')}Function`);
  const found = await new LambdaClient(target.config).send(
    new GetFunctionConfigurationCommand({ FunctionName }),
  );
  return found.LoggingConfig?.LogGroup;
}
