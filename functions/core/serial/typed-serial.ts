import type { SerialText } from './profile.ts';

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
