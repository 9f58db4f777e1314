/** `keys public` prints the public keys that an app with signed licences holds, in the form of each language. */
import { Command } from '@commander-js/extra-typings';
import { productKeys } from '../../../functions/core/catalogue/keys.ts';
import { publicKeyOf, seedOf } from '../../../functions/core/serial/ed25519.ts';
import { type Entries, readSecret } from '../cli/secret.ts';
import { readCatalogue, type Target, targetFrom, withTargetOptions } from '../cli/target.ts';
import { CommandError, json, type Terminal } from '../cli/terminal.ts';
import { findProduct } from './change.ts';

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
export const publicKeys = (entries: Entries, name: string): PublicKey[] =>
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
