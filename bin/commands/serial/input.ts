/** The input of `serial make`, `check` and `explain`: a product and its keys, or a profile and a key to try. */
import { readFile } from 'node:fs/promises';
import { type Command, Option } from '@commander-js/extra-typings';
import * as z from 'zod/mini';
import { type Catalogue, CatalogueError } from '../../../functions/core/catalogue/catalogue.ts';
import { productKeys } from '../../../functions/core/catalogue/keys.ts';
import { describeIssue } from '../../../functions/core/catalogue/mistakes.ts';
import { serialOf } from '../../../functions/core/serial/aes-128.ts';
import { encode } from '../../../functions/core/serial/charset.ts';
import { licenceId, signLicence } from '../../../functions/core/serial/ed25519.ts';
import { bytesOfKey, isKeyless } from '../../../functions/core/serial/key-bytes.ts';
import type { Serial } from '../../../functions/core/serial/kinds.ts';
import { licenseeOf, type NameOptions } from '../../../functions/core/serial/name.ts';
import { presets } from '../../../functions/core/serial/presets.ts';
import { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { callFunction, programInput, readOutput } from '../../../functions/core/serial/program.ts';
import { programProcess } from '../../../functions/generator/process.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
import { type OptionsOf, readCatalogue, type Target, targetFrom, withTargetOptions } from '../cli/target.ts';
import { readTypedKey, type Terminal } from '../cli/terminal.ts';
import { describeForm, productKeyStates } from '../keys/state.ts';

export interface SerialInput {
  /** The name of the product or profile in error messages. */
  readonly label: string;
  readonly profile: Serial;
  readonly licensee: string;
  /** The keys that have the profile's form, the newest first. A program or a function gets no key, and has a placeholder here. */
  readonly keys: readonly [Key, ...Key[]];
}

interface Key {
  readonly bytes: Buffer;
  /** Undefined if the key was typed. */
  readonly version?: number;
}

export const KEY_OPTION = [
  '--key <key>',
  'the key; - reads it from standard input, which keeps it out of the shell history',
] as const;

export const withInputOptions = (command: Command) =>
  withTargetOptions(command)
    .option('--product <product>', 'a product of the catalogue')
    .requiredOption('--name <name>', 'the name in the order')
    .option(...KEY_OPTION)
    .addOption(
      new Option('--preset <preset>', 'instead of a product: the settings of a common tool')
        .choices(Object.keys(presets))
        .conflicts('product'),
    )
    .addOption(
      new Option(
        '--profile <json>',
        'instead of a product: the profile, or options missing in the preset',
      ).conflicts('product'),
    )
    .option('--json', 'print JSON for scripts');

type InputOptions = OptionsOf<typeof withInputOptions>;

/** Throws a CommandError or a CatalogueError if no serial can be made. */
export async function readInput(terminal: Terminal, options: InputOptions): Promise<SerialInput> {
  const { product, key, name } = options;
  if (product === undefined) return readProfileInput(terminal, options);
  const catalogue = await readCatalogue(terminal);
  const { products } = catalogue;
  const profile = Object.hasOwn(products, product) ? products[product]?.serial : undefined;
  if (!profile)
    throw new CommandError(
      `unknown product ${product}; the catalogue has ${Object.keys(products).join(', ')}`,
    );
  const licensee = requireLicensee(product, profile, name);
  if (isKeyless(profile)) return { label: product, profile, licensee, keys: [{ bytes: Buffer.alloc(0) }] };
  const keys: SerialInput['keys'] =
    key === undefined
      ? await storedKeys(catalogue, product, profile, targetFrom(options, terminal.env))
      : [await typedKey(terminal, product, profile, key)];
  return { label: product, profile, licensee, keys };
}

/** Makes the serial under one of the input's keys. Throws a CommandError that says why that cannot be. */
export async function makeSerial({ label, profile, licensee }: SerialInput, key: Key): Promise<string> {
  switch (profile.kind) {
    case 'aes-128': {
      const serial = serialOf(profile, key.bytes, licensee);
      if (serial === undefined) throw unmappable(label, profile, licensee);
      return serial;
    }
    case 'ed25519': {
      const id = licenceId(`serial make ${licensee}`, 0, 1);
      const { product, updates } = profile;
      const licence = { product, issuedAt: Date.now(), months: updates?.months, seats: 1, id, licensee };
      return signLicence(licence, { number: key.version ?? 1, seed: key.bytes }) ?? '';
    }
    case 'function':
    case 'program': {
      const order = { name: licensee, product: label, order: '', quantity: 1, address: '' };
      const run = async () => {
        if (profile.kind === 'function') return callFunction(profile.make, order);
        const input = programInput(profile.charset, order);
        if (!input) throw unmappable(label, profile, licensee);
        return await programProcess(await readFile(profile.file)).run(input);
      };
      const made = readOutput(await run());
      if ('serial' in made) return made.serial;
      throw new CommandError(`${label}: ${made.fault}; correct the ${profile.kind}`);
    }
  }
}

/** Returns the value of `--key`, or what standard input holds for `-`. */
export const readKey = async (terminal: Terminal, key: string): Promise<string> =>
  key === '-' ? await readTypedKey(terminal, 'The key') : key;

async function readProfileInput(terminal: Terminal, options: InputOptions): Promise<SerialInput> {
  const { name, key, preset, profile: json } = options;
  if (key === undefined || (preset ?? json) === undefined)
    throw new CommandError(
      'found no product; write --product widgetpro-mac, or --profile or --preset together with --key -',
    );
  const label = 'the profile';
  const profile = parseProfile(preset, json);
  const licensee = requireLicensee(label, profile, name);
  return { label, profile, licensee, keys: [await typedKey(terminal, label, profile, key)] };
}

/** Completes the preset by the JSON, as a catalogue does. Throws a CatalogueError. */
function parseProfile(preset: string | undefined, json: string | undefined): SerialProfile {
  const base = Object.entries(presets).find(([name]) => name === preset)?.[1];
  const input = { kind: 'aes-128', ...base, ...(json === undefined ? {} : parseObject(json)) };
  const { data, error } = SerialProfile.safeParse(input, { reportInput: true });
  if (data) return data;
  throw new CatalogueError(error.issues.flatMap((issue) => describeIssue(issue, ['profile'])));
}

function parseObject(json: string): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(json));
  } catch {
    throw new CommandError(
      `--profile: expected a JSON object such as '{"mode":"ecb","padding":"pkcs7","text":{"alphabet":"HEX"}}'`,
    );
  }
}

async function typedKey(terminal: Terminal, label: string, profile: Serial, typed: string): Promise<Key> {
  const key = await readKey(terminal, typed);
  const bytes = bytesOfKey(profile, key);
  if (bytes) return { bytes };
  throw new CommandError(
    `${label}: expected a key of ${describeForm(profile)}, got ${key.length} characters`,
  );
}

async function storedKeys(
  catalogue: Catalogue,
  product: string,
  profile: Serial,
  target: Target,
): Promise<SerialInput['keys']> {
  const entries = await readSecret(target, (await target.names()).productKeys);
  const versions = productKeys(entries)[product] ?? [];
  const [newest, ...others] = [...versions]
    .sort((one, other) => other.version - one.version)
    .flatMap(({ version, key }) => {
      const bytes = bytesOfKey(profile, key);
      return bytes ? [{ version, bytes }] : [];
    });
  const fault = productKeyStates(target, catalogue, entries).find(
    (state) => state.product === product,
  )?.fault;
  if (fault || !newest) throw new CommandError(`${product}: ${fault}`);
  return [newest, ...others];
}

/** Throws a CommandError if Keypost would hold an order with this name. */
function requireLicensee(label: string, profile: NameOptions, name: string): string {
  const result = licenseeOf(name, profile);
  if ('licensee' in result) return result.licensee;
  switch (result.held) {
    case 'no_name':
      throw new CommandError(`${label}: found no visible character in the name; write the buyer's name`);
    case 'name_too_long': {
      const most = `${profile.name.maxBytes} bytes of ${profile.charset}`;
      throw new CommandError(`${label}: found a name of ${name.length} characters; write at most ${most}`);
    }
    case 'unmappable_name':
      throw unmappable(label, profile, name);
  }
}

export function unmappable(label: string, { charset }: NameOptions, name: string): CommandError {
  const letter = [...name.normalize('NFC')].find((one) => !IGNORED.test(one) && !encode(charset, one));
  const code = letter?.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
  return new CommandError(
    letter
      ? `${label}: found ${letter} (U+${code}), which ${charset} lacks; write another spelling of the name`
      : `${label}: found damage or a control character in the name; write it as the buyer types it (docs/names.md)`,
  );
}

/** Characters that normalisation replaces by a space or removes. */
const IGNORED = /[\p{Zs}\p{Cf}]/u;
