/** Claim codes and typed codes, which are not stored: they are numbers with an HMAC. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { KeypostKeys } from '../catalogue/keys.ts';
import { ALPHABETS } from '../serial/alphabet.ts';
import { formatText } from '../serial/text.ts';

/** A claim code is 80 bits: 10 of the batch's number, 20 of the code's number in the batch, and 50 of the HMAC over both. */
export const MOST_BATCHES = 1 << 10;
export const MOST_CODES = 1 << 20;

export interface CodeNumber {
  readonly batch: number;
  readonly n: number;
}

export const batchKey = (batch: number): string => `batch#${batch}`;

/** Each use has a key of its own, so that no value of one use is valid for another. */
export const subkey = (key: string, use: string): Buffer =>
  createHmac('sha256', key).update(`keypost/${use}/v1`).digest();

/** Returns the function that makes the codes of a list; 10^6 take seconds. */
export function codeMaker([newest]: KeypostKeys): (number: CodeNumber) => string {
  const key = subkey(newest?.key ?? '', 'claim');
  return (number) => format(codeBytes(key, number));
}

/** Returns the number in a typed code, or undefined if no key of ours made it. */
export function parseCode(keys: KeypostKeys, typed: string): CodeNumber | undefined {
  const bytes = parseCrockford(typed, 16);
  if (!bytes) return undefined;
  const head = bytes.readUInt32BE() >>> 2;
  const number = { batch: head >>> 20, n: head & (MOST_CODES - 1) };
  const isOurs = keys.some(({ key }) => timingSafeEqual(codeBytes(subkey(key, 'claim'), number), bytes));
  return isOurs ? number : undefined;
}

function codeBytes(key: Buffer, { batch, n }: CodeNumber): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt32BE(((batch << 20) | n) >>> 0);
  const mac = createHmac('sha256', key).update(bytes.subarray(0, 4)).digest();
  bytes.writeUInt32BE(((((batch << 20) | n) << 2) | (mac.readUInt8() & 3)) >>> 0);
  mac.copy(bytes, 4, 1, 7);
  return bytes;
}

/** The code of 40 bits that is in the mail beside a link. It is valid with this link only. */
export const typedCode = (key: string, token: string): string =>
  format(createHmac('sha256', subkey(key, 'typed')).update(token).digest().subarray(0, 5));

/** Compares in constant time. Any live key may have made the code. */
export function isTypedCode(keys: KeypostKeys, token: string, typed: string): boolean {
  const bytes = parseCrockford(typed, 8);
  return (
    bytes !== undefined &&
    keys.some(({ key }) =>
      timingSafeEqual(parseCrockford(typedCode(key, token), 8) ?? Buffer.alloc(5), bytes),
    )
  );
}

const format = (bytes: Buffer): string => formatText(bytes, { alphabet: 'crockford', group: 4 });

/** Ignores case, spaces and hyphens; O is 0, I and L are 1: https://www.crockford.com/base32.html */
function parseCrockford(typed: string, length: number): Buffer | undefined {
  const digits = typed
    .toUpperCase()
    .replace(/[\s\p{Pd}]/gu, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  if (digits.length !== length) return undefined;
  const bytes = Buffer.alloc((length * 5) / 8);
  let [bits, pending, at] = [0, 0, 0];
  for (const digit of digits) {
    const value = ALPHABETS.crockford.indexOf(digit);
    if (value < 0) return undefined;
    bits = ((bits << 5) | value) & 0xfff;
    pending += 5;
    if (pending < 8) continue;
    pending -= 8;
    bytes.writeUInt8((bits >> pending) & 0xff, at);
    at += 1;
  }
  return bytes;
}
