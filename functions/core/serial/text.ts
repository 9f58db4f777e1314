/** Bytes as a buyer types them. */
import type { SerialText } from './text-schema.ts';

/** The digits of each alphabet, by value: RFC 4648, and https://www.crockford.com/base32.html. */
export const ALPHABETS = {
  hex: '0123456789abcdef',
  HEX: '0123456789ABCDEF',
  base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  base32: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  crockford: '0123456789ABCDEFGHJKMNPQRSTVWXYZ',
} as const;

export const ALPHABET_NAMES = ['hex', 'HEX', 'base64', 'base64url', 'base32', 'crockford'] as const;
export type Alphabet = (typeof ALPHABET_NAMES)[number];

/** Spelled, cut, parted into groups, and with its prefix: in this order. */
export function written(
  bytes: Buffer,
  { alphabet, cut, group, separator = '-', prefix = '' }: SerialText,
): string {
  const spelling = spelled(bytes, ALPHABETS[alphabet]);
  // Only base64 is filled up with `=`: the tools that write the others leave it out.
  const whole = alphabet === 'base64' ? spelling.padEnd(4 * Math.ceil(bytes.length / 3), '=') : spelling;
  return prefix + grouped(whole.slice(0, cut), group, separator);
}

/** Most significant bits first; the last digit is filled up with zero bits. */
function spelled(bytes: Buffer, digits: string): string {
  const width = Math.log2(digits.length);
  let text = '';
  let bits = 0;
  let waiting = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xffff;
    for (waiting += 8; waiting >= width; waiting -= width) {
      text += digits.charAt((bits >> (waiting - width)) & (digits.length - 1));
    }
  }
  return waiting > 0 ? text + digits.charAt((bits << (width - waiting)) & (digits.length - 1)) : text;
}

function grouped(text: string, size: number | undefined, separator: string): string {
  if (size === undefined) return text;
  const groups = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
    text.slice(at * size, (at + 1) * size),
  );
  return groups.join(separator);
}
