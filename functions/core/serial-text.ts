/** Bytes as a buyer types them. */
import * as z from 'zod/mini';

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

const LEAST_CUT = 8;
const CUT = `${LEAST_CUT} or more, or leave it out: fewer characters are soon guessed`;
const SEPARATOR = 'one to five characters of ASCII';
const PREFIX = 'one to forty characters of ASCII, without spaces';

export const SerialText = z
  .strictObject(
    {
      alphabet: z.enum(ALPHABET_NAMES),
      /** How many characters are kept, counted before they are grouped. */
      cut: z.optional(z.int(CUT).check(z.minimum(LEAST_CUT, CUT))),
      group: z.optional(z.int().check(z.minimum(1, '1 to 64'), z.maximum(64, '1 to 64'))),
      /** Stands between groups; `-` where not said. */
      separator: z.optional(z.string(SEPARATOR).check(z.regex(/^[ -~]{1,5}$/, SEPARATOR))),
      prefix: z.optional(z.string(PREFIX).check(z.regex(/^[!-~]{1,40}$/, PREFIX))),
    },
    '{ alphabet, cut, group, separator, prefix }',
  )
  .check(
    z.refine(({ group, separator }) => group !== undefined || separator === undefined, {
      path: ['separator'],
      error: 'found a separator and no group; write group: 5 beside it, or leave it out',
    }),
    z.refine(isReadable, {
      path: ['separator'],
      error:
        "found a separator that is a digit of the alphabet too ('-' where none is said); write another, like '.'",
    }),
  );
export type SerialText = z.infer<typeof SerialText>;

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

function isReadable({ alphabet, group, separator = '-' }: SerialText): boolean {
  const digits = alphabet === 'base64' ? `${ALPHABETS.base64}=` : ALPHABETS[alphabet];
  return group === undefined || ![...separator].some((character) => digits.includes(character));
}
