/** What a product's key has to look like, in words; and new keys that look so. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Product } from '../../../functions/core/catalogue/catalogue.ts';
import { keyBytes } from '../../../functions/core/serial/aes-128.ts';
import { CommandError } from '../cli/failure.ts';

type Form = Product['serial']['key'];

/** Throws a CommandError that tells what was found, but not the key. */
export function requireForm(name: string, { serial }: Product, key: string): void {
  if (keyBytes(serial, key)) return;
  const found = `a key of ${inWords(serial.key)}; this has ${key.length} characters and is none`;
  throw new CommandError(`${name} wants ${found}; nothing is changed`);
}

export function inWords({ form, fit }: Form): string {
  const any = fit !== 'exact';
  switch (form) {
    case 'ascii':
      return any ? 'characters of ASCII' : '16 characters of ASCII';
    case 'hex':
      return any ? 'an even number of hex digits' : '32 hex digits';
    case 'base64':
      return any ? 'bytes in base64' : '16 bytes in base64 (24 characters)';
    case 'md5':
      return 'any text of ASCII';
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function randomKey({ form }: Form): string {
  switch (form) {
    case 'ascii':
    case 'md5':
      return Array.from({ length: 16 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
    case 'hex':
      return randomBytes(16).toString('hex');
    case 'base64':
      return randomBytes(16).toString('base64');
  }
}
