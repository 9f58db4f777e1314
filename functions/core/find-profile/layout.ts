/** Derives from serials how their text may be formatted. */
import { ALPHABETS, type Alphabet } from '../serial/alphabet.ts';
import type { SerialText } from '../serial/profile.ts';

/** A format that fits all serials, and the digits of each serial without prefix and separators. */
export interface Layout {
  readonly text: SerialText;
  readonly digits: readonly string[];
}

const MAX_PREFIX = 40;

/** Yields every layout in the digits of `alphabet` that fits all serials. */
export function* findLayouts(serials: readonly string[], alphabet: Alphabet): Generator<Layout> {
  const known = `${ALPHABETS[alphabet]}${alphabet === 'base64' ? '=' : ''}`;
  for (let length = 0; length <= sharedLength(serials); length++) {
    const prefix = serials[0]?.slice(0, length) ?? '';
    const bodies = serials.map((serial) => serial.slice(length));
    // A separator contains no digit, so it consists of exactly the characters that are not digits.
    const separators = [...new Set(bodies.join(''))]
      .filter((one) => !known.includes(one))
      .sort()
      .join('');
    for (const { digits, ...grouping } of groupings(bodies, separators)) {
      const fits = digits.every((one) => one !== '' && [...one].every((digit) => known.includes(digit)));
      if (fits) yield { text: { alphabet, ...grouping, ...(prefix && { prefix }) }, digits };
    }
  }
}

/** Returns the number of digits at which all serials are cut, undefined if they are not cut, false if they do not match. */
export function findCut(encoded: readonly string[], digits: readonly string[]): number | undefined | false {
  if (encoded.some((text, at) => !text.startsWith(digits[at] ?? ''))) return false;
  if (encoded.every((text, at) => text.length === digits[at]?.length)) return undefined;
  const cut = Math.max(...digits.map((one) => one.length));
  const even = encoded.every((text, at) => Math.min(text.length, cut) === digits[at]?.length);
  return even && cut;
}

/** Returns the length of the longest common start that can be a prefix. */
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

/** Yields the bodies ungrouped, or split into groups of equal size by a separator without letters and ASCII digits. */
function* groupings(
  bodies: readonly string[],
  separators: string,
): Generator<{ digits: string[]; group?: number; separator?: string }> {
  if (separators === '') return yield { digits: [...bodies] };
  const marks = bodies.flatMap((body) => body.match(/[^A-Za-z0-9]{1,5}/g) ?? []);
  for (const separator of new Set([...marks, ...marks.flatMap((mark) => [...mark])])) {
    if ([...new Set(separator)].sort().join('') !== separators) continue;
    const parts = bodies.map((body) => body.split(separator));
    const group = Math.max(...parts.flat().map((part) => part.length));
    const even = parts.every((groups) =>
      groups.every((part, at) => (at + 1 < groups.length ? part.length === group : part !== '')),
    );
    if (even && group <= 76) yield { digits: parts.map((groups) => groups.join('')), group, separator };
  }
}

/** Decodes digits to bytes; the padding bits of the last digit are dropped. */
export function decodeDigits(digits: string, alphabet: Alphabet): Buffer {
  const width = Math.log2(ALPHABETS[alphabet].length);
  const bits = [...digits.replace(/=+$/, '')]
    .map((digit) => ALPHABETS[alphabet].indexOf(digit).toString(2).padStart(width, '0'))
    .join('');
  return Buffer.from((bits.match(/[01]{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
