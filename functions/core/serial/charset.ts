/**
 * Text to bytes as an app's own language did it. The tables are written out: Node 20's `TextDecoder` gets
 * windows-1252 wrong. What a charset has not is an error and never a `?`.
 */

/** By charset, its characters from 0x80 up; `\0` stands where there is none. */
const UPPER = {
  // https://encoding.spec.whatwg.org/index-windows-1252.txt, without the five controls that Windows leaves open.
  'windows-1252':
    '€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ' +
    '\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ',
  // https://www.unicode.org/Public/MAPPINGS/VENDORS/APPLE/ROMAN.TXT, with the euro of Mac OS 8.5 and later.
  macroman:
    'ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø' +
    '¿¡¬√ƒ≈∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ',
  latin1: String.fromCharCode(...Array.from({ length: 128 }, (_, at) => 0x80 + at)),
} as const;

export const CHARSETS = ['utf8', 'windows-1252', 'macroman', 'latin1', 'utf16le'] as const;
export type Charset = (typeof CHARSETS)[number];

/** The bytes of `text`, or undefined where it has a character that `charset` has not. */
export function encode(charset: Charset, text: string): Buffer | undefined {
  if (charset === 'utf8' || charset === 'utf16le')
    return /\p{Cs}/u.test(text) ? undefined : Buffer.from(text, charset);
  const bytes = Buffer.alloc(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const upper = code < 0x80 ? code : UPPER[charset].indexOf(text.charAt(at)) + 0x80;
    if (code >= 0x80 && upper < 0x80) return undefined;
    bytes[at] = upper;
  }
  return bytes;
}
