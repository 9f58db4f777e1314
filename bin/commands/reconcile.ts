/** `reconcile`: lists the paid orders of a provider, and fulfils those that no notification reported. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SESClient } from '@aws-sdk/client-ses';
import { Command } from '@commander-js/extra-typings';
import { fixedSecret } from '../../functions/aws/secrets.ts';
import { sesMailer } from '../../functions/aws/ses/mailer.ts';
import { connectPorts } from '../../functions/aws/wiring.ts';
import { type Catalogue, findProvider } from '../../functions/core/catalogue/catalogue.ts';
import { productKeys, providerKeys } from '../../functions/core/catalogue/keys.ts';
import type { Provider } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { type Reconciled, reconcile } from '../../functions/core/reconcile.ts';
import type { Ports } from '../../functions/core/world.ts';
import { localGenerator } from '../../functions/generator/process.ts';
import { providers } from '../../functions/providers/index.ts';
import { json } from './cli/columns.ts';
import { CommandError } from './cli/failure.ts';
import { parseTime } from './cli/option-values.ts';
import { readSecret } from './cli/secret.ts';
import { readCatalogue, type Target, targetFrom, withTargetOptions } from './cli/target.ts';
import type { Terminal } from './cli/terminal.ts';

const HELP = `
Orders that Keypost has stay as they are, so a second run changes nothing, and one that
was interrupted goes on where it stopped. It needs
the key of the provider's API (\`keys set PROVIDER --api-key\`). The deployed Keypost
does the same every hour for the last three days.

Examples:
  npm run keypost -- reconcile stripe --since 2026-11-20
  npm run keypost -- reconcile stripe --since 2026-11-20T18:00:00Z --local --json`;

export const reconcileCommand = (terminal: Terminal) =>
  withTargetOptions(new Command('reconcile'))
    .argument('<provider>', 'a provider of the catalogue')
    .option('--since <time>', 'a day or a time, such as 2026-11-20; three days ago unless given', parseTime)
    .option('--json', 'for scripts: the counts of seen, missing, fulfilled and held orders')
    .addHelpText('after', HELP)
    .action(async (name, options) => {
      const catalogue = await readCatalogue(terminal);
      const provider = requireProvider(catalogue, name);
      const target = targetFrom(options, terminal.env);
      const ports = await portsAt(target, catalogue);
      const setKey = `\`${target.command(`keys set ${name} --api-key`)}\``;
      if (!(await ports.providerKeys.read())[name]?.api)
        throw new CommandError(`${name} has no API key; ${setKey} stores one`);
      const since = options.since ?? Date.now() - 3 * DAY_MS;
      let count: Reconciled = { seen: 0, missing: 0, fulfilled: 0, held: 0 };
      try {
        // A run for a time of its own goes on where it was interrupted, and does not disturb the hourly one.
        const job = options.since === undefined ? name : `${name}#${new Date(since).toISOString()}`;
        for await (const step of reconcile(ports, name, provider, { since, job, sleep })) {
          count = step;
          if (count.seen % SHOWN_EACH === 0) terminal.complain(summary(name, count));
        }
      } catch (error) {
        if (!(error instanceof Rejection)) throw error;
        throw new CommandError(`${summary(name, count)}; then: ${explainRejection(error, setKey)}`);
      }
      terminal.print(options.json ? json(count) : summary(name, count));
    });

const summary = (name: string, { seen, missing, fulfilled, held }: Reconciled): string =>
  `${name} has ${seen} paid orders; ${missing} were missing: ${fulfilled} are fulfilled now, ${held} held`;

function requireProvider(catalogue: Catalogue, name: string): Provider {
  const provider = findProvider(catalogue, name, providers);
  if (provider?.paid) return provider;
  const can = Object.keys(catalogue.providers).filter((one) => findProvider(catalogue, one, providers)?.paid);
  const others = can.length > 0 ? `use one of ${can.join(', ')}` : 'no provider of the catalogue can';
  throw new CommandError(
    provider
      ? `${name} cannot list its paid orders; ${others}`
      : `the catalogue enables no provider ${name}; ${others}`,
  );
}

function explainRejection({ code, message }: Rejection, setKey: string): string {
  if (code === 'no_signing_key' || code === 'bad_body') return message;
  return code === 'provider_refused'
    ? `${message}; check the API key: ${setKey} stores another`
    : `${message}; run the command again in a minute, it continues where it stopped`;
}

/** Connects the ports of a Lambda with the credentials of the person who runs the command. */
async function portsAt(target: Target, catalogue: Catalogue): Promise<Ports> {
  const names = await target.names();
  return connectPorts(new DynamoDBClient(target.config), names.table, {
    catalogue,
    report: () => undefined, // The counts show it.
    generate: localGenerator(catalogue),
    productKeys: fixedSecret(productKeys(await readSecret(target, names.productKeys))),
    providerKeys: fixedSecret(providerKeys(await readSecret(target, names.providerKeys))),
    // One attempt only: see sesClient.
    mailer: sesMailer(new SESClient({ ...target.config, maxAttempts: 1 }), names.configurationSet),
  });
}

const DAY_MS = 24 * 3_600_000;
const SHOWN_EACH = 500;
