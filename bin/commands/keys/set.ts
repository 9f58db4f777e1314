/** `keys set`: stores a key of the seller. The key is read from standard input, so that no shell history has it. */
import { readFile } from 'node:fs/promises';
import { Command, Option } from '@commander-js/extra-typings';
import { parse } from 'csv-parse/sync';
import { findProvider } from '../../../functions/core/catalogue/catalogue.ts';
import { MIN_SIGNING_KEY } from '../../../functions/core/catalogue/keys.ts';
import { allProviders } from '../../../functions/providers/all.ts';
import { withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
import { type OptionsOf, readCatalogue, targetFrom, withTargetOptions } from '../cli/target.ts';
import { readTypedKey, requireYes, type Terminal } from '../cli/terminal.ts';
import {
  findProduct,
  setProductKey,
  setProviderKey,
  withApiKey,
  withProductKey,
  withSigningKey,
} from './change.ts';
import { requireForm } from './state.ts';

export const keysSet = (terminal: Terminal) =>
  define().action((name, options, command) => {
    const { file } = options;
    if (name !== undefined && file === undefined) return set(terminal, name, options);
    if (name === undefined && file !== undefined) return setAll(terminal, file, options);
    // Commander ends with exit code 2, as for every line that it does not understand.
    return command.error(
      'error: expected the name of a product or a provider, or --file with names and keys',
    );
  });

const define = () =>
  withWhyOption(withTargetOptions(new Command('set')))
    .argument('[name]', 'a product or a provider of the catalogue')
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
    .addOption(
      new Option('--file <csv>', 'set many keys: name,key in each line, instead of <name>').conflicts([
        'only',
        'add',
        'apiKey',
        'apiUrl',
      ]),
    )
    .option('--yes', 'product: replace a key without asking; required if there is no terminal')
    .addHelpText('after', HELP);

type SetOptions = OptionsOf<typeof define>;

const HELP = `
A provider has two active signing keys while one replaces the other: the last two
that were set. A product's key becomes its newest version, which all new serials use.

With --file, all keys are checked before the first one is set. Delete the file afterwards.

Examples:
  npm run keypost -- keys set --file keys.csv            every key of the file, without showing any
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
  const key = await readTypedKey(terminal, `The ${kind} of ${name}`);
  if (product) {
    requireForm(name, product, key);
    const added = withProductKey(await readSecret(target, productKeys), name, key);
    if (added && added.version > 1) await requireYes(terminal, options.yes, replaceQuestion(name));
    await setProductKey(terminal, target, name, key, options);
    return;
  }
  if (key === '') throw new CommandError('the key is empty; nothing is changed');
  if (!apiKey) requireLength(name, key);
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

function requireLength(name: string, key: string): void {
  if (key.length < MIN_SIGNING_KEY)
    throw new CommandError(
      `the signing key of ${name} has ${key.length} characters; expected at least ${MIN_SIGNING_KEY}, as the provider shows it; nothing is changed`,
    );
}

/** Sets the keys of a file, after every line has been checked. */
async function setAll(terminal: Terminal, file: string, options: SetOptions): Promise<void> {
  const catalogue = await readCatalogue(terminal);
  const target = targetFrom(options, terminal.env);
  const stored = await readSecret(target, (await target.names()).productKeys);
  const keys = (await readRows(file)).map(([name, key]) => {
    const product = findProduct(catalogue, name);
    if (product) requireForm(name, product, key);
    else requireLength(name, key);
    return {
      name,
      key,
      product,
      isReplaced: product && (withProductKey(stored, name, key)?.version ?? 0) > 1,
    };
  });
  const replaced = keys.flatMap(({ name, isReplaced }) => (isReplaced ? name : []));
  if (replaced.length > 0) await requireYes(terminal, options.yes, replaceQuestion(replaced.join(', ')));
  for (const { name, key, product } of keys) {
    if (product) await setProductKey(terminal, target, name, key, options);
    else
      await setProviderKey(terminal, target, name, options, {
        kind: 'signing key',
        edit: (entries) => withSigningKey(entries, name, key, 1),
      });
  }
}

/** No message quotes a line, because it contains a key. */
async function readRows(file: string): Promise<readonly (readonly [name: string, key: string])[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CommandError(`${file} cannot be read; name a CSV file with name,key in each line`);
  });
  let rows: string[][] = [];
  try {
    rows = parse(text, { bom: true, skip_empty_lines: true, trim: true, relax_column_count: true });
  } catch {
    throw new CommandError(`${file} is not CSV; write name,key in each line; nothing is changed`);
  }
  const pairs = rows.map(([name = '', key = '', ...others], line): readonly [string, string] => {
    if (name && key && others.length === 0) return [name, key];
    throw new CommandError(`${file}, line ${line + 1}: expected name,key; nothing is changed`);
  });
  const named = pairs.filter(([name, key], line) => line > 0 || name !== 'name' || key !== 'key');
  if (new Set(named.map(([name]) => name)).size < named.length)
    throw new CommandError(`${file} has a name twice; write one line for each name; nothing is changed`);
  if (named.length > 0) return named;
  throw new CommandError(`${file} has no keys; write name,key in each line`);
}

const replaceQuestion = (name: string) =>
  `${name} has a key; released apps refuse serials made with another. Replace it?`;
