/** The form of a product's key and of the entries in the secrets; which keys exist, and what is wrong with them, without any key. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Catalogue, Product } from '../../../functions/core/catalogue/catalogue.ts';
import { MIN_SIGNING_KEY, productKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import { bytesOfKey, isKeyless } from '../../../functions/core/serial/key-bytes.ts';
import type { Serial } from '../../../functions/core/serial/kinds.ts';
import { needsSigningKey } from '../../../functions/providers/all.ts';
import { CommandError } from '../cli/failure.ts';
import type { Entries } from '../cli/secret.ts';
import type { Target } from '../cli/target.ts';

/** Throws a CommandError that says what was found, without the key. */
export function requireForm(name: string, { serial }: Product, key: string): void {
  if (bytesOfKey(serial, key)) return;
  throw new CommandError(
    `${name} needs a key of ${describeForm(serial)}; this one has ${key.length} characters and is not of that form; nothing is changed`,
  );
}

export function describeForm(serial: Serial): string {
  if (serial.kind === 'ed25519') return '32 bytes in base64 (44 characters)';
  if (isKeyless(serial)) return `no form: its ${serial.kind} gets no key`;
  const { form, fit } = serial.key;
  const { exact, anyLength } = FORMS[form];
  return fit === 'exact' ? exact : anyLength;
}

export function randomKey(serial: Serial): string {
  if (serial.kind === 'ed25519') return randomBytes(32).toString('base64');
  if (isKeyless(serial))
    throw new CommandError(`the serials are made by a ${serial.kind}, which gets no key`);
  const { encoding } = FORMS[serial.key.form];
  return encoding
    ? randomBytes(16).toString(encoding)
    : Array.from({ length: 16 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const HASHED = { exact: 'any ASCII text', anyLength: 'any ASCII text', encoding: undefined };
/** A key of the exact length, one of another length that the profile's `fit` allows, and the encoding of a random one. */
const FORMS = {
  ascii: { exact: '16 ASCII characters', anyLength: 'ASCII characters', encoding: undefined },
  hex: { exact: '32 hex digits', anyLength: 'an even number of hex digits', encoding: 'hex' },
  base64: { exact: '16 bytes in base64 (24 characters)', anyLength: 'bytes in base64', encoding: 'base64' },
  ...{ md5: HASHED, sha1: HASHED, sha256: HASHED },
} as const;

export const PRODUCT_ENTRY = '[{ "version": 1, "key": "…" }]';
export const PROVIDER_ENTRY = '{ "signing": ["…"] }';

export const malformed = (name: string, shape: string): string =>
  `the entry ${name} in the secret is not of the form ${shape}; correct it with \`aws secretsmanager put-secret-value\``;

/**
 * Covers the catalogue's products and any other name that has a product key. `fault` says what is wrong and how to fix it;
 * it is null if serials can be made.
 */
export function productKeyStates(target: Target, { products }: Catalogue, entries: Entries) {
  const keys = productKeys(entries);
  return union(products, keys).map((name) => {
    const product = Object.hasOwn(products, name) ? products[name] : undefined;
    const versions = (keys[name] ?? [])
      .map(({ version, key }) => ({ version, ok: isUsable(product, key) }))
      .sort((one, other) => one.version - other.version);
    const newest = versions.at(-1);
    const fault = (): string | null => {
      if (!product) return 'not in the catalogue';
      if (newest?.ok || isKeyless(product.serial)) return null;
      if (!newest) {
        const verb = product.serial.kind === 'ed25519' ? 'generate' : 'set';
        return missing(entries, name, PRODUCT_ENTRY, keys[name] !== undefined, setHint(target, name, verb));
      }
      return `version ${newest.version} is not ${describeForm(product.serial)}; ${setHint(target, name)}`;
    };
    return { product: name, versions, fault: fault() };
  });
}

/** Covers the enabled providers and any other name that has a provider key. `signing` is the number of active signing keys. */
export function providerKeyStates(target: Target, catalogue: Catalogue, entries: Entries) {
  const { providers } = catalogue;
  const keys = providerKeys(entries);
  return union(providers, keys).map((name) => {
    const { signing = [], api } = keys[name] ?? {};
    const fault = (): string | null => {
      if (!Object.hasOwn(providers, name)) return 'not enabled in the catalogue';
      if (!needsSigningKey(catalogue, name)) return null;
      if (signing.length === 0)
        return missing(entries, name, PROVIDER_ENTRY, keys[name] !== undefined, setHint(target, name));
      // It still works: a provider may sign with it until the seller has changed it there.
      return signing.some((key) => key.length < MIN_SIGNING_KEY)
        ? `a signing key has fewer than ${MIN_SIGNING_KEY} characters; make a longer one at the provider, and ${setHint(target, name)}`
        : null;
    };
    return { provider: name, signing: signing.length, api: api !== undefined, fault: fault() };
  });
}

const isUsable = (product: Product | undefined, key: string) =>
  product !== undefined && bytesOfKey(product.serial, key) !== undefined;

const missing = (entries: Entries, name: string, shape: string, isWellFormed: boolean, hint: string) =>
  Object.hasOwn(entries, name) && !isWellFormed ? malformed(name, shape) : `no key; ${hint}`;

const setHint = (target: Target, name: string, verb: 'set' | 'generate' = 'set') =>
  `${verb} one with \`${target.command(`keys ${verb} ${name}`)}\``;

const union = (catalogue: object, keys: object): string[] => [
  ...new Set([...Object.keys(catalogue), ...Object.keys(keys)]),
];
