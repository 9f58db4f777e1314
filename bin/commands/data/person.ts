import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { orderStore } from '../../../functions/aws/orders.ts';
import { type Target, type TargetOptions, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { finderOf, tracesIn } from './trace.ts';

export interface PersonOptions extends TargetOptions {
  readonly email: string;
}

/** A command about whoever has an address. */
export const aboutPerson = (command: Command) =>
  withTargetOptions(command).requiredOption('--email <address>', 'of the person, whatever its case', address);

const CALL_MS = 10_000;

/** Every order in which the person's address stands. */
export async function keptOf(terminal: Terminal, options: PersonOptions) {
  const target: Target = targetFrom(options, terminal.env);
  const table = { client: new DynamoDBClient(target.config), name: (await target.names()).table };
  const isIn = finderOf(options.email);
  terminal.complain('reads the whole table');
  return {
    target,
    isIn,
    store: orderStore(table.client, table.name, () => AbortSignal.timeout(CALL_MS)),
    orders: await tracesIn(table, isIn),
  };
}

/** It need not be one that mail can reach: such orders are held, and kept. */
function address(text: string): string {
  if (/\S@\S/.test(text)) return text;
  throw new InvalidArgumentError('An address like name@example.com would do.');
}
