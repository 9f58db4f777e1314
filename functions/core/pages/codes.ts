/** Claim codes and typed codes, which are not stored: they are numbers with an HMAC. */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
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

/** Returns the function that makes the codes of a list. */
export function codeMaker([newest]: KeypostKeys): (number: CodeNumber) => string {
  const key = createSecretKey(subkey(newest?.key ?? '', 'claim'));
  const bytes = Buffer.alloc(4);
  return ({ batch, n }) => {
    bytes.writeUInt32BE(batch * MOST_CODES + n);
    // A digest in hex costs half of one in a buffer; a list may have a million codes.
    const mac = createHmac('sha256', key).update(bytes).digest('hex');
    const pair = (at: number, shift: number) =>
      PAIRS[(Number.parseInt(mac.slice(at, at + 3), 16) >> shift) & 1023];
    const head = `${PAIRS[batch]}${PAIRS[n >> 10]}-${PAIRS[n & 1023]}`;
    return `${head}${pair(1, 0)}-${pair(4, 2)}${pair(6, 0)}-${pair(9, 2)}${pair(11, 0)}`;
  };
}

/** Returns the number in a typed code, or undefined if no key of ours made it. */
export function parseCode(keys: KeypostKeys, typed: string): CodeNumber | undefined {
  const digits = digitsOf(typed);
  const head = [...digits.slice(0, 6)].reduce((sum, one) => sum * 32 + ALPHABETS.crockford.indexOf(one), 0);
  const number = { batch: (head >>> 20) & (MOST_BATCHES - 1), n: head & (MOST_CODES - 1) };
  return keys.some((key) => isSame(codeMaker([key])(number), digits)) ? number : undefined;
}

/** Two of Crockford's digits for each number of 10 bits. */
const PAIRS = [...ALPHABETS.crockford].flatMap((one, _, all) => all.map((two) => one + two));

/** The code of 40 bits that is in the mail beside a link. It is valid with this link only. */
export const typedCode = (key: string, token: string): string =>
  format(createHmac('sha256', subkey(key, 'typed')).update(token).digest().subarray(0, 5));

/** Any live key may have made the code. */
export const isTypedCode = (keys: KeypostKeys, token: string, typed: string): boolean =>
  keys.some(({ key }) => isSame(typedCode(key, token), digitsOf(typed)));

const format = (bytes: Buffer): string => formatText(bytes, { alphabet: 'crockford', group: 4 });

/** Ignores case, spaces and hyphens; O is 0, I and L are 1: https://www.crockford.com/base32.html */
const digitsOf = (typed: string): string =>
  typed
    .toUpperCase()
    .replace(/[\s\p{Pd}]/gu, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');

/** Compares in constant time. */
function isSame(code: string, digits: string): boolean {
  const [ours, theirs] = [Buffer.from(code.replaceAll('-', '')), Buffer.from(digits)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
