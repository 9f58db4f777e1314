/** `keys set`: stores a key of the seller. The key is read from standard input, so that no shell history has it. */
import { Command, Option } from '@commander-js/extra-typings';
import { findProvider } from '../../../functions/core/catalogue/catalogue.ts';
import { MIN_SIGNING_KEY } from '../../../functions/core/catalogue/keys.ts';
import { allProviders } from '../../../functions/providers/all.ts';
import { withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
import { type OptionsOf, readCatalogue, targetFrom, withTargetOptions } from '../cli/target.ts';
import { requireYes, type Terminal } from '../cli/terminal.ts';
import {
  findProduct,
  setProductKey,
  setProviderKey,
  withApiKey,
  withProductKey,
  withSigningKey,
} from './change.ts';
import { requireForm } from './form.ts';

export const keysSet = (terminal: Terminal) =>
  define().action((name, options) => set(terminal, name, options));

const define = () =>
  withWhyOption(withTargetOptions(new Command('set')))
    .argument('<name>', 'a product or a provider of the catalogue')
    .description('set a key of a product or a provider, read from standard input')
    .option('--only', 'provider: stop accepting the previous keys')
    .addOption(
      new Option('--add', 'provider: keep all previous keys, if it signs with several').conflicts('only'),
    )
    .addOption(
      new Option('--api-key', "provider: set the key of the provider's API").conflicts(['only', 'add']),
    )
    .addOption(
      new Option('--api-url <url>', "the URL of that API, if it is not the provider's usual one").implies({
        apiKey: true,
      }),
    )
    .option('--yes', 'product: replace a key without asking; required if there is no terminal')
    .addHelpText('after', HELP);

type SetOptions = OptionsOf<typeof define>;

const HELP = `
A provider has two active signing keys while one replaces the other: the last two
that were set. A product's key becomes its newest version, which all new serials use.

Examples:
  npm run keypost -- keys set stripe                     ask for the key without showing it
  npm run keypost -- keys set widgetpro-mac < key.txt    for a product, from a file; with --yes if it has a key
  pbpaste | npm run keypost -- keys set shop --local     from the clipboard, on this machine
  npm run keypost -- keys set stripe --api-key           the key that reads orders from the provider`;

async function set(terminal: Terminal, name: string, options: SetOptions): Promise<void> {
  const { only, add, apiKey, apiUrl } = options;
  const catalogue = await readCatalogue(terminal);
  const product = findProduct(catalogue, name);
  if (product && (only || add || apiKey))
    throw new CommandError(`${name} is a product; --only, --add and --api-… are for providers`);
  const target = targetFrom(options, terminal.env);
  const { productKeys } = await target.names();
  const kind = product ? 'key' : apiKey ? 'API key' : 'signing key';
  const key = (await terminal.readSecret(`The ${kind} of ${name}`)).trim();
  if (product) {
    requireForm(name, product, key);
    const added = withProductKey(await readSecret(target, productKeys), name, key);
    if (added && added.version > 1) await requireYes(terminal, options.yes, replaceQuestion(name));
    await setProductKey(terminal, target, name, key, options);
    return;
  }
  if (key === '') throw new CommandError('the key is empty; nothing is changed');
  if (!apiKey && key.length < MIN_SIGNING_KEY)
    throw new CommandError(
      `the signing key has ${key.length} characters; expected at least ${MIN_SIGNING_KEY}, as the provider shows it; nothing is changed`,
    );
  if (apiUrl && !/^https:\/\/|^http:\/\/localhost[:/]/.test(apiUrl))
    throw new CommandError(`--api-url is ${apiUrl}; expected a URL that begins with https://`);
  const usualUrl = findProvider(catalogue, name, allProviders)?.apiUrl;
  const kept = only ? 0 : add ? Number.POSITIVE_INFINITY : 1;
  await setProviderKey(terminal, target, name, options, {
    kind,
    edit: (entries) =>
      apiKey ? withApiKey(entries, name, key, apiUrl, usualUrl) : withSigningKey(entries, name, key, kept),
  });
}

const replaceQuestion = (name: string) =>
  `${name} has a key; released apps refuse serials made with another. Replace it?`;
