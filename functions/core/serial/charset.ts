/**
 * Encodes text as the app's own language does. The tables are written out because Node 20's `TextDecoder` gets
 * windows-1252 wrong. A character that a charset lacks is an error, never a `?`.
 */

/** The characters of each charset from 0x80 up; `\0` marks an unassigned code. */
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

/** Returns the bytes of `text`, or undefined if `charset` lacks one of its characters. */
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

/** Replaces the controls that Node 20's `TextDecoder` returns for windows-1252; no text has them otherwise. */
export const decode1252 = (text: string): string =>
  text.replace(/[\x80-\x9f]/g, (code) => UPPER['windows-1252'].charAt(code.charCodeAt(0) - 0x80));
