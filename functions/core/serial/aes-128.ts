/**
 * Makes a serial from a buyer's name with AES-128 (FIPS 197), byte for byte as shipped apps check it: encode, pad,
 * encrypt, format. The modes are those of SP 800-38A; `cbc-dcpcrypt` is Delphi's DCPcrypt. docs/serials.md explains the
 * options.
 */
import { createCipheriv, createHash, createSecretKey } from 'node:crypto';
import { encode } from './charset.ts';
import type { SerialProfile } from './profile.ts';
import { formatText } from './text.ts';

export const BLOCK = 16;

/** Returns the 16 bytes of a key as stored in `product-keys`, or undefined if it does not have the profile's form. */
export function keyBytes({ key: { form, fit } }: SerialProfile, key: string): Buffer | undefined {
  const bytes = decodeKey(form, key);
  if (bytes === undefined || bytes.length === BLOCK) return bytes;
  if (fit === 'mysql') return foldKey(bytes);
  return fit === 'exact' ? undefined : Buffer.concat([bytes], BLOCK);
}

/** As `my_aes_create_key` of MySQL: XORs each 16 bytes of the key. */
function foldKey(bytes: Buffer): Buffer {
  const key = Buffer.alloc(BLOCK);
  for (const [at, byte] of bytes.entries()) key[at % BLOCK] = (key[at % BLOCK] ?? 0) ^ byte;
  return key;
}

/** Returns the serial, or undefined if the profile's charset lacks a character of the licensee. */
export function serialOf(profile: SerialProfile, key: Buffer, licensee: string): string | undefined {
  const name = encode(profile.charset, licensee);
  return name && formatText(encrypt(profile, key, pad(profile.padding, name)), profile.text);
}

/** Decodes strictly: a key with a line end or a missing hex digit would make serials that every app refuses. */
function decodeKey(form: SerialProfile['key']['form'], key: string): Buffer | undefined {
  switch (form) {
    case 'ascii':
      return /^[ -~]+$/.test(key) ? Buffer.from(key, 'ascii') : undefined;
    case 'hex':
      return /^(?:[0-9a-f]{2})+$/i.test(key) ? Buffer.from(key, 'hex') : undefined;
    case 'base64': {
      const bytes = Buffer.from(key, 'base64');
      return key !== '' && bytes.toString('base64') === key ? bytes : undefined;
    }
    case 'md5':
    case 'sha1':
    case 'sha256':
      return /^[ -~]+$/.test(key)
        ? createHash(form).update(key, 'ascii').digest().subarray(0, BLOCK)
        : undefined;
  }
}

/** Fills a name up to the length that the mode needs. */
export function pad(padding: SerialProfile['padding'], name: Buffer): Buffer {
  const missing = BLOCK - (name.length % BLOCK); // 1 to 16
  switch (padding) {
    case 'none':
      return name;
    case 'null': // adds no block to whole blocks, like PHP's mcrypt and .NET's Zeros
      return Buffer.concat([name, Buffer.alloc(missing % BLOCK)]);
    case 'space':
      return Buffer.concat([name, Buffer.alloc(missing % BLOCK, ' ')]);
    case 'pkcs7': // RFC 5652, 6.3
      return Buffer.concat([name, Buffer.alloc(missing, missing)]);
    case 'x923': // ANSI X9.23
      return Buffer.concat([name, Buffer.alloc(missing - 1), Buffer.of(missing)]);
    case 'iso7816': // ISO/IEC 7816-4
      return Buffer.concat([name, Buffer.of(0x80), Buffer.alloc(missing - 1)]);
    case 'null-pkcs7': // the app fills the block with nulls, and the tool adds PKCS7
      return pad('pkcs7', pad('null', name));
  }
}

/** Encrypts a padded name. */
export function encrypt(profile: SerialProfile, key: Buffer, text: Buffer): Buffer {
  switch (profile.mode) {
    case 'ecb':
      return aes('ecb', key, null, text);
    case 'cbc':
    case 'cfb8':
      return aes(profile.mode, key, ivOf(profile.iv, key), text);
    case 'cbc-dcpcrypt':
      return dcpcrypt(key, ivOf(profile.iv, key), text);
  }
}

function ivOf(iv: NonNullable<SerialProfile['iv']>, key: Buffer): Buffer {
  switch (iv.from) {
    case 'zero':
      return Buffer.alloc(BLOCK);
    case 'key':
      return key;
    case 'literal':
      return Buffer.from(iv.hex, 'hex');
    case 'encrypted-zero':
      return aes('ecb', key, null, Buffer.alloc(BLOCK));
  }
}

/** CBC for the whole blocks; the rest is XORed with the encryption of the previous block and keeps its length. */
function dcpcrypt(key: Buffer, iv: Buffer, text: Buffer): Buffer {
  const whole = text.length - (text.length % BLOCK);
  const blocks = aes('cbc', key, iv, text.subarray(0, whole));
  const mask = aes('ecb', key, null, whole > 0 ? blocks.subarray(-BLOCK) : iv);
  return Buffer.concat([blocks, text.subarray(whole).map((byte, at) => byte ^ (mask[at] ?? 0))]);
}

function aes(mode: 'ecb' | 'cbc' | 'cfb8', key: Buffer, iv: Buffer | null, text: Buffer): Buffer {
  // On Node 24, a key as bytes takes four times as long.
  const cipher = createCipheriv(`aes-128-${mode}`, createSecretKey(key), iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}
