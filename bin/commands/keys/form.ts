/** The form of a product's key and of the entries in the secrets. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Product } from '../../../functions/core/catalogue/catalogue.ts';
import { bytesOfKey, isKeyless } from '../../../functions/core/serial/key-bytes.ts';
import type { Serial } from '../../../functions/core/serial/kinds.ts';
import { CommandError } from '../cli/terminal.ts';

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
