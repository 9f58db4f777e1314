/** `simulate`: what a provider would send, signed as it signs, posted to our own webhook. */
import { Command } from '@commander-js/extra-typings';
import type { Catalogue } from '../../functions/core/catalogue/catalogue.ts';
import { providerKeys } from '../../functions/core/catalogue/keys.ts';
import {
  postRequest,
  requireSimulator,
  SimulationError,
  signOrder,
} from '../../functions/providers/simulate.ts';
import { harmless, json } from './cli/columns.ts';
import { CommandError } from './cli/failure.ts';
import { readSecret } from './cli/secret.ts';
import { readCatalogue, type TargetOptions, targetFrom, withTargetOptions } from './cli/target.ts';
import type { Terminal } from './cli/terminal.ts';

interface SimulateOptions extends TargetOptions {
  readonly to?: string;
  readonly event: string;
  readonly product?: string;
  readonly id?: string;
  readonly name: string;
  readonly email?: string;
  readonly company: string;
  readonly test: boolean;
  readonly secretStdin?: boolean;
  readonly json?: boolean;
}

export const simulate = (terminal: Terminal) =>
  withTargetOptions(new Command('simulate'))
    .argument('<provider>', 'a provider of the catalogue')
    .description('sends a notification as the provider would, and shows the answer')
    .option('--to <url>', 'where to, if not to the address that the stack or `npm start` has for it')
    .option('--event <event>', 'what it says: paid, refunded, … as the provider has them', 'paid')
    .option('--product <product>', 'of the catalogue; the first that the provider sells')
    .option('--id <order>', "the provider's id of an order that is there, to refund it or to repeat it")
    .option('--name <name>', "the buyer's name", 'Zoë Lindqvist')
    .option('--email <address>', 'where the serial goes; your own address of the catalogue')
    .option('--company <company>', "the buyer's company", '')
    .option('--test', "marked as a test order, with the provider's own flag", false)
    .option('--secret-stdin', 'the signing key is read from standard input and not from Secrets Manager')
    .option('--json', 'for scripts')
    .addHelpText('after', HELP)
    .action((provider: string, options: SimulateOptions) => send(terminal, provider, options));

const HELP = `
Without --test it is a sale like any other: it makes a genuine serial and mails it.

Examples:
  npx --no keypost simulate stripe --local --name 'José Núñez'
  npx --no keypost simulate stripe --test                       to the deployed stack
  npx --no keypost simulate stripe --event refunded --id pi_…   what --json calls orderId`;

async function send(terminal: Terminal, provider: string, options: SimulateOptions): Promise<void> {
  const catalogue = await readCatalogue(terminal);
  const { event, id, name, company, test } = options;
  const simulator = await requireSimulator(catalogue, provider).catch(toCommandError);
  const product = options.product ?? firstProduct(catalogue, provider);
  const email = options.email ?? catalogue.seller.alarms;
  const secret = await secretOf(terminal, provider, options);
  const address = options.to ?? (await addressOf(terminal, provider, options));
  const order = { provider, event, product, id, name, email, company, test };
  try {
    const request = signOrder(simulator, order, { catalogue, secret, address });
    const { status, body } = await postRequest(address, request);
    const { orderId } = request;
    terminal.print(
      options.json
        ? json({ status, body, orderId })
        : `${provider} hears ${status} ${harmless(body)}\nof order ${orderId}`,
    );
  } catch (error) {
    // What fetch throws: no such host, nobody listening, an address that is none; and the end of our patience.
    if (error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError'))
      throw new CommandError(`nothing answers at ${address}; is it the right address?`);
    return toCommandError(error);
  }
}

function toCommandError(error: unknown): never {
  throw error instanceof SimulationError ? new CommandError(error.message) : error;
}

function firstProduct(catalogue: Catalogue, provider: string): string {
  const [first] = Object.entries(catalogue.products).find(([, { skus }]) => skus[provider]?.length) ?? [];
  if (first) return first;
  throw new CommandError(`no product of the catalogue has SKUs of ${provider}; write one under its skus`);
}

async function secretOf(terminal: Terminal, provider: string, options: SimulateOptions): Promise<string> {
  if (options.secretStdin) {
    const typed = (await terminal.readSecret(`The signing key of ${provider}`)).trim();
    if (typed) return typed;
    throw new CommandError('the signing key is empty; nothing is sent');
  }
  const target = targetFrom(options, terminal.env);
  const entries = await readSecret(target, (await target.names()).providerKeys);
  const [newest] = providerKeys(entries)[provider]?.signing ?? [];
  if (newest) return newest;
  throw new CommandError(
    `${provider} has no signing key; \`${target.command(`keys set ${provider}`)}\` takes one`,
  );
}

async function addressOf(terminal: Terminal, provider: string, options: SimulateOptions): Promise<string> {
  const target = targetFrom(options, terminal.env);
  const address = (await target.names()).webhook(provider);
  if (address) return address;
  throw new CommandError(
    `the stack has no address for ${provider}; \`npx cdk deploy\` makes it, --to names another`,
  );
}
