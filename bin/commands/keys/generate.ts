/** `keys generate` makes the first key of a product, `keys rotate` the next one of signed licences, and `keys public` prints the public keys that an app holds, in the form of each language. */
import { Command } from '@commander-js/extra-typings';
import type { Product } from '../../../functions/core/catalogue/catalogue.ts';
import { productKeys } from '../../../functions/core/catalogue/keys.ts';
import { MOST_KEYS, publicKeyOf, seedOf } from '../../../functions/core/serial/ed25519.ts';
import { withWhyOption } from '../cli/audit.ts';
import { json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { type Entries, readSecret } from '../cli/secret.ts';
import { type OptionsOf, readCatalogue, type Target, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { everyItem, openTable } from '../orders/table.ts';
import { findProduct, setProductKey } from './change.ts';
import { randomKey } from './state.ts';

export const keysGenerate = (terminal: Terminal) =>
  generateCommand().action((name, options) => generate(terminal, name, options));

export const keysRotate = (terminal: Terminal) =>
  define('rotate')
    .description('make the next key of a product with signed licences, and report what the old key signed')
    .addHelpText('after', ROTATE_HELP)
    .action((name, options) => rotate(terminal, name, options));

const define = (verb: string) =>
  withWhyOption(withTargetOptions(new Command(verb)))
    .argument('<product>', 'a product of the catalogue')
    .option('--json', 'print JSON for scripts: the number of the key, and the public key if there is one');

const generateCommand = () =>
  define('generate')
    .description("make a random key of the product's form")
    .option('--replace', 'even if the product has a key: only apps with the new key accept new serials')
    .addHelpText('after', '\nExample:\n  npm run keypost -- keys generate widgetpro-win');

const ROTATE_HELP = `
New licences are signed with the new key at once, so release an app that knows both
public keys first: make the key, ship it, and the customers' old licences stay valid.

Example:
  npm run keypost -- keys rotate widgetpro-mac`;

async function generate(
  terminal: Terminal,
  name: string,
  options: OptionsOf<typeof generateCommand>,
): Promise<void> {
  const target = targetFrom(options, terminal.env);
  const product = await requireProduct(terminal, target, name);
  const secret = (await target.names()).productKeys;
  if (Object.hasOwn(await readSecret(target, secret), name) && !options.replace)
    throw new CommandError(
      `${name} already has a key, and released apps refuse serials made with another; if no app is released, add --replace`,
    );
  const version = await makeKey(terminal, target, name, product, options);
  if (product.serial.kind === 'ed25519') return;
  if (options.json) return terminal.print(json({ keyNumber: version }));
  const command = `aws secretsmanager get-secret-value --secret-id ${secret} --query SecretString --output text`;
  terminal.print(`your app needs the key; show it with:\n  ${command}${target.awsOption}`);
}

async function rotate(terminal: Terminal, name: string, options: OptionsOf<typeof define>): Promise<void> {
  const target = targetFrom(options, terminal.env);
  const product = await requireProduct(terminal, target, name);
  const { kind } = product.serial;
  if (kind !== 'ed25519')
    throw new CommandError(`${name} is of kind ${kind}; only ed25519 has keys that can be rotated`);
  const known = publicKeys(await readSecret(target, (await target.names()).productKeys), name);
  const old = known.at(-1);
  if (!old) throw noKey(target, name);
  if (old.version >= MOST_KEYS)
    throw new CommandError(`${name} has its last key, number ${MOST_KEYS}; give the product another number`);
  await makeKey(terminal, target, name, product, options);
  const signed = await countSigned(target, name, old.version);
  if (!options.json)
    terminal.print(`key ${old.version} has signed ${signed} licences, which stay valid with its public key`);
}

/** Sets a random key, and prints the public key if there is one. Returns the version. */
async function makeKey(
  terminal: Terminal,
  target: Target,
  name: string,
  { serial }: Product,
  options: OptionsOf<typeof define>,
): Promise<number> {
  const key = randomKey(serial);
  const quiet = options.json ? { ...terminal, print: () => undefined } : terminal;
  const version = await setProductKey(quiet, target, name, key, options);
  const seed = serial.kind === 'ed25519' ? seedOf(key) : undefined;
  if (seed) printPublicKey(terminal, name, { version, key: publicKeyOf(seed) }, options.json);
  return version;
}

async function requireProduct(terminal: Terminal, target: Target, name: string): Promise<Product> {
  const product = findProduct(await readCatalogue(terminal), name);
  if (product) return product;
  throw new CommandError(
    `${name} is a provider, which makes its own key; set that with \`${target.command(`keys set ${name}`)}\``,
  );
}

/** Reads the whole table: licences are not indexed by key. */
async function countSigned(target: Target, product: string, version: number): Promise<number> {
  let count = 0;
  const { table } = await openTable(target);
  for await (const items of everyItem(table, { isConsistent: true }))
    for (const item of items)
      for (const line of item.kind === 'order' ? item.lines : [])
        if (line.state === 'issued' && line.product === product)
          count += [line.issued, ...line.superseded].filter(
            ({ keyVersion }) => keyVersion === version,
          ).length;
  return count;
}

interface PublicKey {
  readonly version: number;
  readonly key: Buffer;
}

export const keysPublic = (terminal: Terminal) =>
  withTargetOptions(new Command('public'))
    .argument('<product>', 'a product of kind ed25519')
    .description('print the public keys for the app')
    .option('--json', 'print JSON for scripts')
    .addHelpText('after', '\nExample:\n  npm run keypost -- keys public widgetpro-mac')
    .action(async (name, options) => {
      if (findProduct(await readCatalogue(terminal), name)?.serial.kind !== 'ed25519')
        throw new CommandError(`${name} has no public key; only products of kind ed25519 have one`);
      const target = targetFrom(options, terminal.env);
      const keys = publicKeys(await readSecret(target, (await target.names()).productKeys), name);
      if (options.json)
        return terminal.print(json(keys.map(({ version, key }) => ({ version, hex: key.toString('hex') }))));
      if (keys.length === 0) throw noKey(target, name);
      for (const one of keys) printPublicKey(terminal, name, one);
    });

export const noKey = (target: Target, name: string) =>
  new CommandError(`${name} has no key; make one with \`${target.command(`keys generate ${name}`)}\``);

/** The oldest first. */
const publicKeys = (entries: Entries, name: string): PublicKey[] =>
  (productKeys(entries)[name] ?? [])
    .flatMap(({ version, key }) => {
      const seed = seedOf(key);
      return seed ? { version, key: publicKeyOf(seed) } : [];
    })
    .sort((one, other) => one.version - other.version);

export function printPublicKey(
  { print }: Terminal,
  name: string,
  { version, key }: PublicKey,
  isJson?: true | undefined,
): void {
  if (isJson) {
    print(json({ publicKey: key.toString('base64'), keyNumber: version }));
    return;
  }
  const bytes = [...key].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(', ');
  print(
    [
      `The public key ${version} of ${name}, for the app (docs/checks):`,
      `  JavaScript, Python, C#, Rust, Swift, Xojo   ${key.toString('hex')}`,
      `  base64                                      ${key.toString('base64')}`,
      `  C                                           {${bytes}}`,
      `  Object Pascal                               (${bytes.replaceAll('0x', '$')})`,
    ].join('\n'),
  );
}
