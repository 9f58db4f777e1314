/** `reconcile`: asks a provider what was paid, and takes the orders that no notification brought. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SESClient } from '@aws-sdk/client-ses';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { ask } from '../../functions/aws/ask.ts';
import { orderStore } from '../../functions/aws/orders.ts';
import { sesMailer } from '../../functions/aws/ses.ts';
import { type Catalogue, findProvider } from '../../functions/core/catalogue/catalogue.ts';
import { productKeys, providerKeys } from '../../functions/core/catalogue/keys.ts';
import type { Provider } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { type Reconciled, reconcile } from '../../functions/core/reconcile.ts';
import type { LambdaPorts, Secret } from '../../functions/core/world.ts';
import { providers } from '../../functions/providers/index.ts';
import { json } from './cli/columns.ts';
import { CommandError } from './cli/failure.ts';
import { readSecret } from './cli/secret.ts';
import {
  readCatalogue,
  type Target,
  type TargetOptions,
  targetFrom,
  withTargetOptions,
} from './cli/target.ts';
import type { Terminal } from './cli/terminal.ts';

interface ReconcileOptions extends TargetOptions {
  readonly since?: number;
  readonly json?: boolean;
}

const DAY_MS = 24 * 3_600_000;

export const reconcileCommand = (terminal: Terminal) =>
  withTargetOptions(new Command('reconcile'))
    .argument('<provider>', 'as the catalogue calls it')
    .description('ask a provider what was paid, and take the orders that Keypost lacks')
    .option('--since <time>', 'a day or a time, as in 2026-11-20; three days ago where nothing is said', time)
    .option('--json', 'for scripts: how many were seen, missing, fulfilled and held')
    .addHelpText('after', HELP)
    .action((name: string, options: ReconcileOptions) => bring(terminal, name, options));

const HELP = `
What is here already stays as it is: to run it twice changes nothing. It needs
the key of the provider's own API (\`keys set PROVIDER --api-key\`). The deployed
Keypost does the same each hour for the last three days.

Examples:
  npx --no keypost reconcile stripe --since 2026-11-20
  npx --no keypost reconcile stripe --since 2026-11-20T18:00:00Z --local --json`;

async function bring(terminal: Terminal, name: string, options: ReconcileOptions): Promise<void> {
  const catalogue = await readCatalogue(terminal);
  const provider = askable(catalogue, name);
  const target = targetFrom(options, terminal.env);
  const shared = await sharedAt(target, catalogue);
  if (!(await shared.providerKeys.read())[name]?.api) {
    throw new CommandError(
      `${name} cannot be asked without the key of its API; \`${target.command(`keys set ${name} --api-key`)}\` takes it`,
    );
  }
  const since = options.since ?? Date.now() - 3 * DAY_MS;
  let count: Reconciled = { seen: 0, missing: 0, fulfilled: 0, held: 0 };
  try {
    for await (const step of reconcile(shared, name, provider, since)) count = step;
  } catch (error) {
    if (error instanceof Rejection)
      throw new CommandError(`${told(name, count)}; then: ${cureOf(target, name, error)}`);
    throw error;
  }
  terminal.print(options.json ? json(count) : told(name, count));
}

const told = (name: string, { seen, missing, fulfilled, held }: Reconciled): string =>
  `${name} told of ${seen} paid orders; ${missing} were missing, of which ${fulfilled} are fulfilled now and ${held} held`;

function askable(catalogue: Catalogue, name: string): Provider {
  const can = Object.keys(catalogue.providers).filter((one) => findProvider(catalogue, one, providers)?.paid);
  const provider = findProvider(catalogue, name, providers);
  if (provider?.paid) return provider;
  const others =
    can.length > 0 ? `those that can: ${can.join(', ')}` : 'none that the catalogue enables can be';
  throw new CommandError(
    provider
      ? `${name} cannot be asked what was paid; ${others}`
      : `the catalogue enables no provider ${name}; ${others}`,
  );
}

function cureOf(target: Target, name: string, { code, message }: Rejection): string {
  switch (code) {
    case 'provider_refused':
      return `${message}; look at the key: \`${target.command(`keys set ${name} --api-key`)}\` takes another`;
    case 'no_signing_key':
    case 'bad_body':
      return message;
    default:
      return `${message}; run it again in a minute, it goes on where it stopped`;
  }
}

/** What a Lambda has of the world, under the credentials of whoever runs the command. */
async function sharedAt(target: Target, catalogue: Catalogue): Promise<LambdaPorts> {
  const names = await target.names();
  const dynamo = new DynamoDBClient(target.config);
  return {
    catalogue,
    now: Date.now,
    ask,
    report: () => undefined, // the counts say it
    productKeys: fixed(productKeys(await readSecret(target, names.productKeys))),
    providerKeys: fixed(providerKeys(await readSecret(target, names.providerKeys))),
    // One attempt, as always: see sesClient.
    mailer: sesMailer(new SESClient({ ...target.config, maxAttempts: 1 }), names.configurationSet),
    store: (ms) => orderStore(dynamo, names.table, () => AbortSignal.timeout(ms())),
  };
}

const fixed = <Value>(value: Value): Secret<Value> => ({
  read: async () => value,
  newer: async () => undefined,
});

function time(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at)) return at;
  throw new InvalidArgumentError('A day like 2026-11-20, or a time like 2026-11-20T18:00:00Z would do.');
}
