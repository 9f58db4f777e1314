/** The complete command line: the table of commands, the help, and the exit code. */
import { Argument, Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { json } from './columns.ts';
import { completionOf } from './completion.ts';
import { explain } from './failure.ts';
import { ownManifest } from './package.ts';
import type { Terminal } from './terminal.ts';

/** Runs the command line. Returns the exit code: 0 done, 1 not done, 2 not understood. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  // `help orders issue` is `orders issue --help`.
  const words = args[0] === 'help' ? [...args.slice(1), '--help'] : args;
  const program = new Command('keypost')
    .usage('<command>')
    .helpCommand('help [command...]', 'help on a command')
    .version(ownManifest().version ?? '', '-V, --version', 'show the version of Keypost')
    .description('Keypost on the command line: keys, orders, serials, and the state of the deployment.')
    .addHelpText('after', HELP);
  for (const command of await commandsFor(words, terminal)) program.addCommand(command);
  const isJson = args.includes('--json');
  for (const command of withSubcommands(program)) useTerminal(command, terminal, isJson);
  const complain = (error: string) => terminal.complain(isJson ? json({ error }, 0) : error);
  try {
    await program.parseAsync(words, { from: 'user' });
    return 0;
  } catch (error) {
    const isUsage = error instanceof CommanderError;
    if (isUsage && error.exitCode === 0) return 0;
    if (!isUsage) complain(explain(error, args.includes('--local')));
    else if (isJson) complain(error.message.replace(/^error: /, ''));
    return isUsage ? 2 : 1;
  }
}

/** Defines a verb: its options, its help and its action. */
type Verb = (terminal: Terminal) => CommandUnknownOpts;
type LoadVerb = () => Promise<Verb>;

/** A command line names one of these first. Its modules load only then: the AWS SDK takes half a second of CPU. */
interface Entry {
  readonly description: string;
  /** Loads the verb, or each verb of a group. */
  readonly load: LoadVerb | Readonly<Record<string, LoadVerb>>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  init: {
    description: "write a seller's repository that depends on Keypost",
    load: async () => (await import('../init/init.ts')).init,
  },
  keys: {
    description: 'the keys of products and providers',
    load: {
      list: async () => (await import('../keys/list.ts')).keysList,
      set: async () => (await import('../keys/set.ts')).keysSet,
      generate: async () => (await import('../keys/generate.ts')).keysGenerate,
      rotate: async () => (await import('../keys/generate.ts')).keysRotate,
      public: async () => (await import('../keys/generate.ts')).keysPublic,
    },
  },
  orders: {
    description: 'the orders',
    load: {
      list: async () => (await import('../orders/list.ts')).ordersList,
      show: async () => (await import('../orders/show.ts')).ordersShow,
      search: async () => (await import('../orders/list.ts')).ordersSearch,
      held: async () => (await import('../orders/held.ts')).ordersHeld,
      waiting: async () => (await import('../orders/held.ts')).ordersWaiting,
      release: async () => (await import('../orders/change.ts')).ordersRelease,
      resend: async () => (await import('../orders/change.ts')).ordersResend,
      reissue: async () => (await import('../orders/change.ts')).ordersReissue,
      transfer: async () => (await import('../orders/change.ts')).ordersTransfer,
      issue: async () => (await import('../orders/change.ts')).ordersIssue,
    },
  },
  codes: {
    description: 'claim codes, each of which is good for a serial',
    load: {
      make: async () => (await import('../codes/codes.ts')).codesMake,
      list: async () => (await import('../codes/codes.ts')).codesList,
      stop: async () => (await import('../codes/codes.ts')).codesStop,
      extend: async () => (await import('../codes/codes.ts')).codesExtend,
      revoke: async () => (await import('../codes/codes.ts')).codesRevoke,
    },
  },
  mail: {
    description: 'the mail to the buyer: a preview in any language, and one to yourself',
    load: {
      preview: async () => (await import('../mails/preview.ts')).mailPreview,
      send: async () => (await import('../mails/preview.ts')).mailSend,
    },
  },
  mails: {
    description: 'the order mails of stores, and the events of mails to buyers',
    load: {
      try: async () => (await import('../mails/try.ts')).mailsTry,
      replay: async () => (await import('../mails/replay.ts')).mailsReplay,
    },
  },
  serial: {
    description: 'serials and the profiles that make them',
    load: {
      make: async () => (await import('../serial/make.ts')).serialMake,
      check: async () => (await import('../serial/check.ts')).serialCheck,
      explain: async () => (await import('../serial/make.ts')).serialExplain,
      'find-profile': async () => (await import('../serial/find-profile.ts')).serialFindProfile,
    },
  },
  generator: {
    description: 'third-party programs that make serials',
    load: {
      check: async () => (await import('../serial/generator-check.ts')).generatorCheck,
    },
  },
  provider: {
    description: "providers of the seller's own",
    load: {
      test: async () => (await import('../provider/test.ts')).providerTest,
    },
  },
  revoked: {
    description: 'licences that are not valid any more',
    load: {
      export: async () => (await import('../data/revoked.ts')).revokedExport,
    },
  },
  reconcile: {
    description: 'ask a provider for the paid orders, and fulfil those that Keypost lacks',
    load: async () => (await import('../reconcile.ts')).reconcileCommand,
  },
  person: {
    description: 'the data that is stored about a person',
    load: {
      export: async () => (await import('../data/person.ts')).personExport,
      erase: async () => (await import('../data/person.ts')).personErase,
    },
  },
  import: {
    description: 'import past orders from a CSV; sends no mail',
    load: async () => (await import('../data/import.ts')).importCommand,
  },
  export: {
    description: 'export all orders as CSV or as lines of JSON',
    load: async () => (await import('../data/export.ts')).exportCommand,
  },
  restore: {
    description: 'put back what a restored table has and the present one lacks',
    load: async () => (await import('../data/restore.ts')).restoreCommand,
  },
  simulate: {
    description: 'send a notification as the provider would, and show the answer',
    load: async () => (await import('../simulate.ts')).simulate,
  },
  logs: {
    description: 'follow the log of a Lambda',
    load: async () => (await import('../logs.ts')).logs,
  },
  desk: {
    description: 'the orders in a browser, on this machine',
    load: async () => (await import('../desk/desk.ts')).deskCommand,
  },
  doctor: {
    description: 'check whether everything is ready for sales, and how to fix what is not',
    load: async () => (await import('../doctor/doctor.ts')).doctor,
  },
  completion: {
    description: 'print the completion for bash and zsh',
    load: async () => (terminal) =>
      new Command('completion')
        .addArgument(new Argument('[shell]', 'the same text works in both').choices(['bash', 'zsh']))
        .addHelpText('after', COMPLETION)
        .action(async () => {
          const others = Object.entries(COMMANDS).filter(([name]) => name !== 'completion');
          terminal.print(completionOf(await Promise.all(others.map((one) => commandOf(one, [], terminal)))));
        }),
  },
};

const commandsFor = (words: readonly string[], terminal: Terminal): Promise<CommandUnknownOpts[]> =>
  Promise.all(
    Object.entries(COMMANDS).map(async ([name, entry]) =>
      words.includes(name)
        ? await commandOf([name, entry], words.slice(words.indexOf(name) + 1), terminal)
        : new Command(name).description(entry.description),
    ),
  );

/** Loads the verbs of a group that the words name, or all of them if they name none. */
async function commandOf(
  [name, { description, load }]: readonly [string, Entry],
  words: readonly string[],
  terminal: Terminal,
) {
  if (typeof load === 'function') return (await load())(terminal).description(description);
  const named = Object.keys(load).filter((verb) => words.includes(verb));
  const command = new Command(name).description(description);
  for (const [verb, loadVerb] of Object.entries(load))
    if (named.length === 0 || named.includes(verb)) command.addCommand((await loadVerb())(terminal));
  return command;
}

const COMPLETION = `
Example:
  npm run -s keypost -- completion > keypost-completion.sh && source keypost-completion.sh`;

const HELP = `
The exit code is 0 if the command succeeds, 1 if it fails, and 2 if it is not understood.

Examples:
  npm run keypost -- help keys set        help on a command, with examples
  npm run keypost -- doctor               checks the deployed stack
  npm run keypost -- orders held --local  the held orders of \`npm start\` on this machine

AWS_PROFILE and AWS_REGION work as they do for the AWS command line.
KEYPOST_CONFIG=path selects another catalogue than keypost.config.ts.`;

function* withSubcommands(command: CommandUnknownOpts): Generator<CommandUnknownOpts> {
  yield command;
  for (const one of command.commands) yield* withSubcommands(one);
}

/** Keeps commander from ending the process and from writing past the terminal. */
const useTerminal = (command: CommandUnknownOpts, { print, complain }: Terminal, isJson: boolean) =>
  command
    .exitOverride()
    .showHelpAfterError(isJson ? false : '(--help shows more)')
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      // With --json, the caller writes the error.
      writeErr: (text) => (isJson ? undefined : complain(text.trimEnd())),
    });
