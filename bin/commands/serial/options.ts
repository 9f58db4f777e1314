/** What `serial make`, `check` and `explain` are about: a product and its keys, or a profile and a key that are tried. */
import { type Command, Option } from '@commander-js/extra-typings';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import { productKeys } from '../../../functions/core/catalogue/keys.ts';
import { keyBytes, serialOf } from '../../../functions/core/serial/aes-128.ts';
import { presets } from '../../../functions/core/serial/presets.ts';
import type { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
import {
  readCatalogue,
  type Target,
  type TargetOptions,
  targetFrom,
  withTargetOptions,
} from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { inWords } from '../keys/form.ts';
import { productKeyStates } from '../keys/state.ts';
import { licenseeFor, unmappable } from './name.ts';
import { givenKey, givenProfile, KEY } from './profile-option.ts';

export interface AskedOptions extends TargetOptions {
  readonly name: string;
  readonly product?: string;
  readonly key?: string;
  readonly preset?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

export interface Asked {
  /** What a mistake calls it. */
  readonly who: string;
  readonly profile: SerialProfile;
  readonly licensee: string;
  /** The newest first; only what is of the profile's form. */
  readonly keys: readonly [Key, ...Key[]];
}

interface Key {
  readonly bytes: Buffer;
  /** Left out where the key was typed. */
  readonly version?: number;
}

export const asked = (command: Command) =>
  withTargetOptions(command)
    .option('--product <product>', 'a product of the catalogue')
    .requiredOption('--name <name>', 'the name as the order has it')
    .option(...KEY)
    .addOption(
      new Option('--preset <preset>', 'without a product: how a common tool encrypts')
        .choices(Object.keys(presets))
        .conflicts('product'),
    )
    .addOption(
      new Option('--profile <json>', 'without a product: the profile, or what the preset lacks').conflicts(
        'product',
      ),
    )
    .option('--json', 'for scripts');

/** Throws a CommandError or a CatalogueError where there can be no serial. */
export const askedOf = async (terminal: Terminal, options: AskedOptions): Promise<Asked> =>
  options.product === undefined
    ? await tried(terminal, options)
    : await sold(terminal, options, options.product);

/** Under one of the asked keys. Throws a CommandError where the charset lacks a character. */
export function serialUnder({ who, profile, licensee }: Asked, key: Asked['keys'][0]): string {
  const serial = serialOf(profile, key.bytes, licensee);
  if (serial === undefined) throw unmappable(who, profile, licensee);
  return serial;
}

async function tried(terminal: Terminal, { name, key, preset, profile: json }: AskedOptions): Promise<Asked> {
  if (key === undefined || (preset ?? json) === undefined) {
    throw new CommandError(
      'of which product? --product widgetpro-mac, or --profile or --preset together with --key -',
    );
  }
  const who = 'the profile';
  const profile = givenProfile(preset, json);
  const licensee = licenseeFor(who, profile, name);
  return { who, profile, licensee, keys: [await typedKey(terminal, who, profile, key)] };
}

async function sold(terminal: Terminal, options: AskedOptions, id: string): Promise<Asked> {
  const catalogue = await readCatalogue(terminal);
  const { products } = catalogue;
  const profile = Object.hasOwn(products, id) ? products[id]?.serial : undefined;
  if (!profile) {
    throw new CommandError(`the catalogue has no product ${id}; it has ${Object.keys(products).join(', ')}`);
  }
  const licensee = licenseeFor(id, profile, options.name);
  const keys: Asked['keys'] =
    options.key === undefined
      ? await storedKeys(catalogue, id, profile, targetFrom(options, terminal.env))
      : [await typedKey(terminal, id, profile, options.key)];
  return { who: id, profile, licensee, keys };
}

async function typedKey(
  terminal: Terminal,
  who: string,
  profile: SerialProfile,
  given: string,
): Promise<Key> {
  const key = await givenKey(terminal, given);
  const bytes = keyBytes(profile, key);
  if (bytes) return { bytes };
  throw new CommandError(
    `${who} wants a key of ${inWords(profile.key)}; this has ${key.length} characters and is none`,
  );
}

async function storedKeys(
  catalogue: Catalogue,
  id: string,
  profile: SerialProfile,
  target: Target,
): Promise<Asked['keys']> {
  const entries = await readSecret(target, (await target.names()).productKeys);
  const versions = productKeys(entries)[id] ?? [];
  const [newest, ...others] = [...versions]
    .sort((one, other) => other.version - one.version)
    .flatMap(({ version, key }) => {
      const bytes = keyBytes(profile, key);
      return bytes ? [{ version, bytes }] : [];
    });
  const fault = productKeyStates(target, catalogue, entries).find(({ product }) => product === id)?.fault;
  if (fault || !newest) throw new CommandError(`${id}: ${fault}`);
  return [newest, ...others];
}
