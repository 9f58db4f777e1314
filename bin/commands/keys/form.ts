/** The form of a product's key and of the entries in the secrets. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Product } from '../../../functions/core/catalogue/catalogue.ts';
import { bytesOfKey, isKeyless } from '../../../functions/core/serial/key-bytes.ts';
import type { Serial } from '../../../functions/core/serial/kinds.ts';
import { CommandError } from '../cli/failure.ts';

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
  const isAnyLength = fit !== 'exact';
  switch (form) {
    case 'ascii':
      return isAnyLength ? 'ASCII characters' : '16 ASCII characters';
    case 'hex':
      return isAnyLength ? 'an even number of hex digits' : '32 hex digits';
    case 'base64':
      return isAnyLength ? 'bytes in base64' : '16 bytes in base64 (24 characters)';
    case 'md5':
    case 'sha1':
    case 'sha256':
      return 'any ASCII text';
  }
}

export function randomKey(serial: Serial): string {
  if (serial.kind === 'ed25519') return randomBytes(32).toString('base64');
  if (isKeyless(serial))
    throw new CommandError(`the serials are made by a ${serial.kind}, which gets no key`);
  switch (serial.key.form) {
    case 'ascii':
    case 'md5':
    case 'sha1':
    case 'sha256':
      return Array.from({ length: 16 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
    case 'hex':
      return randomBytes(16).toString('hex');
    case 'base64':
      return randomBytes(16).toString('base64');
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export const PRODUCT_ENTRY = '[{ "version": 1, "key": "…" }]';
export const PROVIDER_ENTRY = '{ "signing": ["…"] }';

export const malformed = (name: string, shape: string): string =>
  `the entry ${name} in the secret is not of the form ${shape}; correct it with \`aws secretsmanager put-secret-value\``;
