/** `simulate`: posts a notification to our own webhook, built and signed as the provider does it. */
import { Command, Option } from '@commander-js/extra-typings';
import type { Catalogue } from '../../functions/core/catalogue/catalogue.ts';
import { providerKeys } from '../../functions/core/catalogue/keys.ts';
import { needsSigningKey } from '../../functions/providers/all.ts';
import {
  addressAt,
  postRequest,
  requireSimulator,
  SimulationError,
  signOrder,
} from '../../functions/providers/simulate.ts';
import { harmless, json } from './cli/columns.ts';
import { CommandError } from './cli/failure.ts';
import { timeOf } from './cli/http.ts';
import { readSecret } from './cli/secret.ts';
import { type OptionsOf, readCatalogue, type Target, targetFrom, withTargetOptions } from './cli/target.ts';
import { readTypedKey, type Terminal } from './cli/terminal.ts';

const command = () =>
  withTargetOptions(new Command('simulate'))
    .argument('<provider>', 'a provider of the catalogue')
    .option('--to <url>', "the webhook's address; that of the stack or of `npm start` unless given")
    .option('--event <event>', 'the event to send: paid, refunded, … as the provider has them', 'paid')
    .option(
      '--product <product>',
      'a product of the catalogue; the first with a SKU of the provider unless given',
    )
    .option('--id <order>', "the provider's ID of an existing order, to refund or repeat it")
    .option('--name <name>', "the buyer's name", 'Zoë Lindqvist')
    .option('--email <address>', "the buyer's address; `alarms` of the catalogue unless given")
    .option('--company <company>', "the buyer's company", '')
    .option('--live', 'send a real sale: Keypost makes a genuine serial and mails it', false)
    .addOption(new Option('--test', 'the default').hideHelp().conflicts('live'))
    .option('--secret-stdin', 'read the signing key from standard input instead of Secrets Manager')
    .option('--json', 'for scripts')
    .addHelpText('after', HELP);

const HELP = `
The order is a test order, marked with the provider's own flag. Keypost ignores it, or
mails it to the seller with a serial that no app accepts, as testOrders of the
catalogue says. With --live it counts as a real sale.

Examples:
  npm run keypost -- simulate stripe --local --name 'José Núñez'
  npm run keypost -- simulate stripe                              to the deployed stack
  npm run keypost -- simulate stripe --live --local               a real sale
  npm run keypost -- simulate stripe --event refunded --id pi_…   the orderId that --json shows`;

export const simulate = (terminal: Terminal) =>
  command().action((provider, options) => send(terminal, provider, options));

async function send(terminal: Terminal, provider: string, options: OptionsOf<typeof command>): Promise<void> {
  const catalogue = await readCatalogue(terminal);
  const { event, id, name, company, live } = options;
  const isIgnored = !live && catalogue.providers[provider]?.testOrders !== 'seller';
  const simulator = await requireSimulator(catalogue, provider).catch(toCommandError);
  const product = options.product ?? firstProduct(catalogue, provider);
  const email = options.email ?? catalogue.seller.alarms;
  const target = targetFrom(options, terminal.env);
  const { page } = target;
  const isMail = catalogue.providers[provider]?.mail !== undefined;
  if (isMail && !page && !options.to)
    throw new CommandError(
      `${provider} sends mails; simulate one with --local, or mail one to the deployed address`,
    );
  const isSigned = needsSigningKey(catalogue, provider);
  const secret = isSigned ? await secretOf(terminal, target, provider, options.secretStdin) : '';
  const own = isMail && page ? addressAt(page, catalogue, provider) : undefined;
  const address = options.to ?? own ?? (await addressOf(target, provider));
  const order = { provider, event, product, id, name, email, company, test: !live };
  try {
    const now = await timeOf(target);
    const request = signOrder(simulator, order, { catalogue, secret, address, now });
    const { status, body } = await postRequest(address, request);
    const { orderId } = request;
    terminal.print(
      options.json
        ? json({ status, body, orderId })
        : `${provider} receives ${status} ${harmless(body)}\nfor order ${orderId}`,
    );
    if (isIgnored)
      terminal.complain(
        `Keypost ignores this test order: write testOrders: 'seller' under providers.${provider}, or send a real sale with --live`,
      );
  } catch (error) {
    // fetch throws a TypeError for an unknown host, a refused connection and a malformed address.
    if (error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError'))
      throw new CommandError(`nothing answers at ${address}; check the address`);
    return toCommandError(error);
  }
}

function toCommandError(error: unknown): never {
  throw error instanceof SimulationError ? new CommandError(error.message) : error;
}

function firstProduct(catalogue: Catalogue, provider: string): string {
  const [first] = Object.entries(catalogue.products).find(([, { skus }]) => skus[provider]?.length) ?? [];
  if (first) return first;
  throw new CommandError(
    `no product of the catalogue has SKUs of ${provider}; add one under the skus of a product`,
  );
}

async function secretOf(
  terminal: Terminal,
  target: Target,
  provider: string,
  isTyped: boolean | undefined,
): Promise<string> {
  if (isTyped) {
    const typed = await readTypedKey(terminal, `The signing key of ${provider}`);
    if (typed) return typed;
    throw new CommandError('the signing key is empty, so nothing is sent; type the key, or pipe it in');
  }
  const entries = await readSecret(target, (await target.names()).providerKeys);
  const [newest] = providerKeys(entries)[provider]?.signing ?? [];
  if (newest) return newest;
  throw new CommandError(
    `${provider} has no signing key; \`${target.command(`keys set ${provider}`)}\` stores one`,
  );
}

async function addressOf(target: Target, provider: string): Promise<string> {
  const address = (await target.names()).webhook(provider);
  if (address) return address;
  throw new CommandError(
    `the stack has no address for ${provider}; run \`npx cdk deploy\`, or give an address with --to`,
  );
}
