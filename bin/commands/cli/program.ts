/** The command line as a whole: verbs, help, and how a run ends. */
import { Command, CommanderError } from 'commander';
import { exportCommand } from '../data/export.ts';
import { importCommand } from '../data/import.ts';
import { personErase } from '../data/person-erase.ts';
import { personExport } from '../data/person-export.ts';
import { doctor } from '../doctor/doctor.ts';
import { keysGenerate } from '../keys/generate.ts';
import { keysList } from '../keys/list.ts';
import { keysSet } from '../keys/set.ts';
import { ordersHeld } from '../orders/held.ts';
import { ordersIssue } from '../orders/issue.ts';
import { ordersList } from '../orders/list.ts';
import { ordersReissue } from '../orders/reissue.ts';
import { ordersRelease } from '../orders/release.ts';
import { ordersResend } from '../orders/resend.ts';
import { ordersSearch } from '../orders/search.ts';
import { ordersShow } from '../orders/show.ts';
import { reconcileCommand } from '../reconcile.ts';
import { serialCheck } from '../serial/check.ts';
import { serialExplain } from '../serial/explain.ts';
import { serialFindProfile } from '../serial/find-profile.ts';
import { serialMake } from '../serial/make.ts';
import { simulate } from '../simulate.ts';
import { explain } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** Answers the exit code: 0 done, 1 not done, 2 not understood. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const group = (name: string, description: string, verbs: readonly ((terminal: Terminal) => Command)[]) =>
    verbs.reduce((all, verb) => all.addCommand(verb(terminal)), new Command(name).description(description));
  const program = new Command('keypost')
    .usage('<command>')
    .description(
      'Keypost on the command line: the keys, the orders that wait for you, and what is not yet right.',
    )
    .addHelpText('after', HELP)
    .addCommand(group('keys', 'the keys of products and providers', [keysList, keysSet, keysGenerate]))
    .addCommand(group('orders', 'the orders', ORDERS))
    .addCommand(group('serial', 'serials', [serialMake, serialCheck, serialExplain, serialFindProfile]))
    .addCommand(reconcileCommand(terminal))
    .addCommand(group('person', 'what is kept of a person', [personExport, personErase]))
    .addCommand(importCommand(terminal))
    .addCommand(exportCommand(terminal))
    .addCommand(simulate(terminal))
    .addCommand(doctor(terminal));
  for (const command of withSubcommands(program)) settle(command, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.complain(explain(error, args.includes('--local')));
    return 1;
  }
}

const ORDERS = [
  ordersList,
  ordersShow,
  ordersSearch,
  ordersHeld,
  ordersRelease,
  ordersResend,
  ordersReissue,
  ordersIssue,
];

const HELP = `
The exit code is 0 if it is done, 1 if it is not, and 2 if it was not understood.

Examples:
  npx --no keypost keys set --help      what a command does, with examples
  npx --no keypost doctor               what is not yet right in the deployed stack
  npx --no keypost orders held --local  the held orders of \`npm start\` on this machine

AWS is reached as AWS's own command line reaches it: AWS_PROFILE, AWS_REGION.
KEYPOST_CONFIG=path is another catalogue than keypost.config.ts.`;

function* withSubcommands(command: Command): Generator<Command> {
  yield command;
  for (const one of command.commands) yield* withSubcommands(one);
}

/** No part of it ends the process or writes past the terminal. */
const settle = (command: Command, { print, complain }: Terminal): Command =>
  command
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: (text) => complain(text.trimEnd()),
    });
