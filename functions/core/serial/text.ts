/** Formats a serial's bytes as the text that a buyer types. */
import { ALPHABETS } from './alphabet.ts';
import type { SerialText } from './profile.ts';

/** Encodes the bytes in digits, then cuts, groups and prefixes them, in this order. */
export function formatText(
  bytes: Buffer,
  { alphabet, pad, cut, group, separator = '-', prefix = '' }: SerialText,
): string {
  const digits = encodeDigits(bytes, ALPHABETS[alphabet]);
  // Only base64 is padded with `=`: the tools that write the other alphabets leave it out.
  const isPadded = alphabet === 'base64' && pad !== false;
  const whole = isPadded ? digits.padEnd(4 * Math.ceil(bytes.length / 3), '=') : digits;
  return prefix + inGroups(whole.slice(0, cut), group, separator);
}

/** Most significant bits first; the last digit is filled up with zero bits. */
function encodeDigits(bytes: Buffer, digits: string): string {
  const width = Math.log2(digits.length);
  let text = '';
  let bits = 0;
  let pending = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xffff;
    for (pending += 8; pending >= width; pending -= width) {
      text += digits.charAt((bits >> (pending - width)) & (digits.length - 1));
    }
  }
  return pending > 0 ? text + digits.charAt((bits << (width - pending)) & (digits.length - 1)) : text;
}

function inGroups(text: string, size: number | undefined, separator: string): string {
  if (size === undefined) return text;
  return (text.match(new RegExp(`.{1,${size}}`, 'g')) ?? []).join(separator);
}
