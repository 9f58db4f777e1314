/** `keys set`: a key that the seller has. It is read from standard input, so that no shell remembers it. */
import { Command, Option } from '@commander-js/extra-typings';
import type { Product } from '../../../functions/core/catalogue/catalogue.ts';
import { actorOf, type WhyOptions, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { changeSecret, readSecret } from '../cli/secret.ts';
import {
  readCatalogue,
  type Target,
  type TargetOptions,
  targetFrom,
  withTargetOptions,
} from '../cli/target.ts';
import { requireYes, type Terminal } from '../cli/terminal.ts';
import { factsOfProvider, noteKeyChange } from './audit.ts';
import { withApiKey, withProductKey, withSigningKey } from './change.ts';
import { requireForm } from './form.ts';
import { addVersion, productOrProvider } from './product-key.ts';

interface SetOptions extends TargetOptions, WhyOptions {
  readonly only?: boolean;
  readonly add?: boolean;
  readonly apiKey?: boolean;
  readonly apiUrl?: string;
  readonly yes?: boolean;
}

export const keysSet = (terminal: Terminal) =>
  withWhyOption(withTargetOptions(new Command('set')))
    .argument('<name>', 'a product or a provider of the catalogue')
    .description('a key of a product or a provider, read from standard input')
    .option('--only', 'provider: the key before is not accepted any more')
    .addOption(
      new Option('--add', 'provider: all keys before stay too, where it signs with several').conflicts(
        'only',
      ),
    )
    .addOption(
      new Option('--api-key', "provider: it is the key of the provider's own API").conflicts(['only', 'add']),
    )
    .addOption(
      new Option('--api-url <url>', 'where that API is, if not where everybody has it').implies({
        apiKey: true,
      }),
    )
    .option('--yes', 'product: do not ask before its key is replaced; required where there is no terminal')
    .addHelpText('after', SET)
    .action((name: string, options: SetOptions) => set(terminal, name, options));

const SET = `
A provider has two active signing keys while one replaces the other: the one set
last, and the one before. A product's key becomes its newest version; serials are
made with the newest.

Examples:
  npx --no keypost keys set stripe                     asks for the key and does not show it
  npx --no keypost keys set widgetpro-mac < key.txt    for a product, from a file; with --yes if it has a key
  pbpaste | npx --no keypost keys set shop --local     from the clipboard, on this machine
  npx --no keypost keys set stripe --api-key           for asking the provider what was bought`;

async function set(terminal: Terminal, name: string, options: SetOptions): Promise<void> {
  const catalogue = await readCatalogue(terminal);
  const product = productOrProvider(catalogue, name);
  if (product && (options.only || options.add || options.apiKey))
    throw new CommandError(`${name} is a product; --only, --add and --api-… are for providers`);
  const target = targetFrom(options, terminal.env);
  await target.names();
  const key = (await terminal.readSecret(`The ${what(product, options)} of ${name}`)).trim();
  if (product) {
    requireForm(name, product, key);
    const next = withProductKey(await readSecret(target, (await target.names()).productKeys), name, key);
    if (next && next.version > 1) await requireYes(terminal, options.yes, replacing(name));
    return await addVersion(terminal, target, name, key, options);
  }
  if (key === '') throw new CommandError('the key is empty; nothing is changed');
  await setProviderKey(terminal, target, name, key, options);
}

const replacing = (name: string) =>
  `${name} has a key; apps in customers' hands refuse serials made with another. Replace it?`;

const what = (product: Product | undefined, { apiKey }: SetOptions) =>
  product ? 'key' : apiKey ? 'API key' : 'signing key';

async function setProviderKey(
  terminal: Terminal,
  target: Target,
  name: string,
  key: string,
  options: SetOptions,
): Promise<void> {
  const { apiKey, apiUrl, only, add } = options;
  if (apiUrl && !/^https:\/\/|^http:\/\/localhost[:/]/.test(apiUrl)) {
    throw new CommandError(`--api-url is ${apiUrl}; an address with https:// would do`);
  }
  const hand = await actorOf(target, terminal, 'key change', options);
  const changed = await changeSecret(target, (await target.names()).providerKeys, (entries) =>
    apiKey
      ? withApiKey(entries, name, key, apiUrl)
      : withSigningKey(entries, name, key, only ? 0 : add ? Number.POSITIVE_INFINITY : 1),
  );
  if (!changed) return terminal.print(`${name} has this key already; nothing is changed`);
  terminal.print(`the ${what(undefined, options)} of ${name} is set; it is in use within five minutes`);
  const { before, after } = changed;
  await noteKeyChange(target, name, hand, factsOfProvider(before, name), factsOfProvider(after, name));
}
