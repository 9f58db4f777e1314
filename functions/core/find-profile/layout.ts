/** How serials may have been written: read back from the serials themselves. */
import { ALPHABETS, type Alphabet } from '../serial/alphabet.ts';
import type { SerialText } from '../serial/profile.ts';

/** One way in which all of the serials may have been written, and the digits of each without what is around them. */
export interface Layout {
  readonly text: SerialText;
  readonly digits: readonly string[];
}

const MAX_PREFIX = 40;

/** Every layout in the digits of `alphabet` that fits all of the serials. */
export function* layoutsOf(serials: readonly string[], alphabet: Alphabet): Generator<Layout> {
  const known = `${ALPHABETS[alphabet]}${alphabet === 'base64' ? '=' : ''}`;
  for (let length = 0; length <= sharedLength(serials); length++) {
    const prefix = serials[0]?.slice(0, length) ?? '';
    const bodies = serials.map((serial) => serial.slice(length));
    // A separator is no digit, so that it has all the characters that are none, and no other.
    const strangers = [...new Set(bodies.join(''))]
      .filter((one) => !known.includes(one))
      .sort()
      .join('');
    for (const { digits, ...grouping } of groupings(bodies, strangers)) {
      const fits = digits.every((one) => one !== '' && [...one].every((digit) => known.includes(digit)));
      if (fits) yield { text: { alphabet, ...grouping, ...(prefix && { prefix }) }, digits };
    }
  }
}

/** After how many digits all of the serials were cut; undefined if they were not, false if these are no such serials. */
export function cutOf(spellings: readonly string[], digits: readonly string[]): number | undefined | false {
  if (spellings.some((spelling, at) => !spelling.startsWith(digits[at] ?? ''))) return false;
  if (spellings.every((spelling, at) => spelling.length === digits[at]?.length)) return undefined;
  const cut = Math.max(...digits.map((one) => one.length));
  const even = spellings.every((spelling, at) => Math.min(spelling.length, cut) === digits[at]?.length);
  return even && cut;
}

/** How many characters all begin with, so far as they can be a prefix. */
function sharedLength([first = '', ...others]: readonly string[]): number {
  let length = 0;
  while (
    length < Math.min(MAX_PREFIX, first.length - 1) &&
    /[!-~]/.test(first.charAt(length)) &&
    others.every((other) => other.charAt(length) === first.charAt(length))
  ) {
    length++;
  }
  return length;
}

/** As they stand, or in groups of one size parted by what is no letter and no digit. */
function* groupings(
  bodies: readonly string[],
  strangers: string,
): Generator<{ digits: string[]; group?: number; separator?: string }> {
  if (strangers === '') return yield { digits: [...bodies] };
  const marks = bodies.flatMap((body) => body.match(/[^A-Za-z0-9]{1,5}/g) ?? []);
  for (const separator of new Set([...marks, ...marks.flatMap((mark) => [...mark])])) {
    if ([...new Set(separator)].sort().join('') !== strangers) continue;
    const parts = bodies.map((body) => body.split(separator));
    const group = Math.max(...parts.flat().map((part) => part.length));
    const even = parts.every((of) =>
      of.every((part, at) => (at + 1 < of.length ? part.length === group : part !== '')),
    );
    if (even && group <= 64) yield { digits: parts.map((of) => of.join('')), group, separator };
  }
}

/** The bytes that digits spell; bits that fill up the last digit are dropped. */
export function bytesOf(digits: string, alphabet: Alphabet): Buffer {
  const width = Math.log2(ALPHABETS[alphabet].length);
  const bits = [...digits.replace(/=+$/, '')]
    .map((digit) => ALPHABETS[alphabet].indexOf(digit).toString(2).padStart(width, '0'))
    .join('');
  return Buffer.from((bits.match(/[01]{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
