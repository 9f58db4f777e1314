import { distance } from '../mail/likely-address.ts';
import { serialOf } from './aes-128.ts';
import { licenseeIn } from './ed25519.ts';
import type { Serial } from './kinds.ts';
import type { SerialText } from './profile.ts';

/** Returns the serial in its issued form if it belongs to the licensee under this key. */
export function serialUnder(
  profile: Exclude<Serial, { readonly kind: 'function' | 'program' }>,
  { version, bytes }: { readonly version: number; readonly bytes: Buffer },
  typed: string,
  licensee: string,
): string | undefined {
  if (profile.kind === 'ed25519') {
    const text = typed.replaceAll(/[\s\p{Cf}]/gu, '');
    return licenseeIn(text, profile.product, [{ number: version, seed: bytes }]) === licensee
      ? text
      : undefined;
  }
  const serial = serialOf(profile, bytes, licensee);
  return serial !== undefined && isTyped(typed, serial, profile.text) ? serial : undefined;
}

/** Ignores spaces, dashes and separators, and case if the alphabet has only one. */
export function isTyped(typed: string, issued: string, text: SerialText): boolean {
  return normalise(typed, text) === normalise(issued, text);
}

/** Two serials never normalise to the same text: the removed or folded characters carry no bits. */
function normalise(serial: string, { alphabet, group, separator = '-' }: SerialText): string {
  const marks = group === undefined ? '' : separator;
  const blank = alphabet === 'base64url' ? /[\s\p{Cf}]/u : /[\s\p{Cf}\p{Pd}]/u;
  const digits = [...serial].filter((one) => !blank.test(one) && !marks.includes(one)).join('');
  switch (alphabet) {
    case 'base64':
      // Its `=` carries no bits, unless the serial is cut.
      return digits.replaceAll('=', '');
    case 'base64url':
      return digits;
    case 'crockford': // https://www.crockford.com/base32.html: O decodes as 0, I and L decode as 1
      return digits.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
    case 'hex':
    case 'HEX':
    case 'base32':
      return digits.toUpperCase();
  }
}

/** True if the typed text is the issued serial with a few digits missing, added or mistaken, in other case, or beside other text. */
export function isBadCopy(typed: string, issued: string): boolean {
  const [one, other] = [comparable(typed), comparable(issued)];
  const isPart = one.length >= LEAST_PART && (other.includes(one) || one.includes(other));
  return isPart || (other !== '' && distance(one, other, false) <= Math.ceil(other.length / 8));
}

const LEAST_PART = 8;

/** Letters and digits without case; those that look alike become one. */
const comparable = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^a-z0-9+/_]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1');
