import type { SerialText } from './text-schema.ts';

/** Whether somebody has typed the serial that was issued: spaces, dashes and separators aside, and case where there is one case. */
export function isTyped(typed: string, issued: string, text: SerialText): boolean {
  return digitsOf(typed, text) === digitsOf(issued, text);
}

/** One serial is one text, for what is left out or folded stands for no bytes. */
function digitsOf(serial: string, { alphabet, group, separator = '-' }: SerialText): string {
  const marks = group === undefined ? '' : separator;
  const blank = alphabet === 'base64url' ? /[\s\p{Cf}]/u : /[\s\p{Cf}\p{Pd}]/u;
  const digits = [...serial].filter((one) => !blank.test(one) && !marks.includes(one)).join('');
  switch (alphabet) {
    case 'base64':
    case 'base64url':
      return digits;
    case 'crockford': // https://www.crockford.com/base32.html: what is easily misread is read as meant
      return digits.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
    case 'hex':
    case 'HEX':
    case 'base32':
      return digits.toUpperCase();
  }
}
