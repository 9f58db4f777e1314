/**
 * Tells whether a serial that Keypost made belongs to a name. Copy this file into your app and write your product's
 * `serial` from keypost.config.ts and its key below. It needs Node.js or Electron's main process, and no package.
 *
 * AES here keeps honest people honest, and no more: the key is in the app, and whoever takes it out can write a serial
 * for any name. So the name is encrypted and the whole compared; an app that decrypts a serial instead, and looks whether
 * a name comes out, accepts what was put together from parts of others. More in Keypost's docs/serials.md.
 */
import { createCipheriv, createHash, timingSafeEqual } from 'node:crypto';

const PROFILE = { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } };
const KEY = '1234567890123456';

const ALPHABETS = {
  hex: '0123456789ABCDEF', // in capitals, as all that is typed will be
  HEX: '0123456789ABCDEF',
  base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  base32: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  crockford: '0123456789ABCDEFGHJKMNPQRSTVWXYZ', // https://www.crockford.com/base32.html
};

/** Whether `serial`, as the buyer typed it, is that of `name`. Nobody has an empty name. */
export function isValid(name, serial, profile = PROFILE, key = KEY) {
  const expected = serialFor(name, profile, key);
  if (expected === undefined || cleaned(name, profile.name) === '') return false;
  const [ours, typed] = [expected, plain(serial, profile.text)].map((text) => Buffer.from(text));
  return ours.length === typed.length && timingSafeEqual(ours, typed);
}

/** The serial without what stands between its groups, or undefined where the charset lacks a character of the name. */
export function serialFor(name, profile = PROFILE, key = KEY) {
  const { alphabet, cut, prefix = '' } = profile.text;
  const bytes = encoded(cleaned(name, profile.name), profile.charset);
  if (!bytes) return undefined;
  const serial = spelled(encrypted(profile, keyBytes(key, profile.key), padded(profile.padding, bytes)), alphabet);
  return plain(prefix + serial.slice(0, cut), profile.text);
}

/** The name as Keypost cleans it before it encrypts it; see docs/names.md. */
function cleaned(name, { form = 'nfc', trim = true, collapse = true, fold = 'none' } = {}) {
  const normal = (text) => (form === 'as-is' ? text : text.normalize(form.toUpperCase()));
  let text = normal(name);
  if (fold === 'upper') text = text.toUpperCase();
  if (fold === 'lower') text = text.toLowerCase();
  text = text.replace(/\p{Zs}/gu, ' ').replace(/(?!\u200d)\p{Cf}/gu, ''); // the joiner stays: emoji need it
  if (collapse) text = text.replace(/ {2,}/g, ' ');
  return normal(text.replace(trim ? /^[\t\r\n ]+|[\t\r\n ]+$/g : /^[\t\r\n]+|[\t\r\n]+$/g, ''));
}

const LATIN_1 = Array.from({ length: 128 }, (_, at) => String.fromCharCode(0x80 + at)).join('');
const UPPER_HALVES = {
  latin1: LATIN_1,
  'windows-1252': `€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ${LATIN_1.slice(32)}`,
  macroman:
    'ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø' +
    '¿¡¬√ƒ≈∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ',
};

function encoded(text, charset = 'utf8') {
  if (/\p{Cs}/u.test(text)) return undefined; // half a character
  if (charset === 'utf8' || charset === 'utf16le') return Buffer.from(text, charset);
  const bytes = [...text].map((letter) => {
    const upper = UPPER_HALVES[charset].indexOf(letter);
    return letter <= '\x7f' ? letter.charCodeAt(0) : upper < 0 ? undefined : 0x80 + upper;
  });
  return bytes.includes(undefined) ? undefined : Buffer.from(bytes);
}

/** Sixteen bytes; a key of another length is filled up with zeros or cut, as `fit: 'null-pad-or-cut'` has it. */
function keyBytes(key, { form = 'ascii' } = {}) {
  const bytes = form === 'md5' ? createHash('md5').update(key).digest() : Buffer.from(key, form);
  return Buffer.concat([bytes], 16);
}

function padded(padding, bytes) {
  const missing = 16 - (bytes.length % 16); // 1 to 16
  const fill = {
    none: [],
    null: Array(missing % 16).fill(0), // nothing is added to whole blocks
    space: Array(missing % 16).fill(0x20),
    pkcs7: Array(missing).fill(missing),
    x923: [...Array(missing - 1).fill(0), missing],
  };
  return Buffer.concat([bytes, Buffer.from(fill[padding])]);
}

function encrypted({ mode, iv }, key, text) {
  const aes = (cipher, start, bytes) =>
    createCipheriv(`aes-128-${cipher}`, key, start).setAutoPadding(false).update(bytes);
  if (mode === 'ecb') return aes('ecb', null, text);
  const start = {
    zero: () => Buffer.alloc(16),
    key: () => key,
    literal: () => Buffer.from(iv.hex, 'hex'),
    'encrypted-zero': () => aes('ecb', null, Buffer.alloc(16)),
  }[iv.from]();
  if (mode !== 'cbc-dcpcrypt') return aes(mode, start, text);
  // Delphi's DCPcrypt: CBC, and what is left over is XORed with the encryption of the block before it
  const whole = text.length - (text.length % 16);
  const blocks = aes('cbc', start, text.subarray(0, whole));
  const mask = aes('ecb', null, whole > 0 ? blocks.subarray(-16) : start);
  return Buffer.concat([blocks, text.subarray(whole).map((byte, at) => byte ^ mask[at])]);
}

/** Bits to digits, the highest first; the last digit is filled up with zero bits. */
function spelled(bytes, alphabet) {
  const digits = ALPHABETS[alphabet];
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const width = Math.log2(digits.length);
  return (bits.match(new RegExp(`.{1,${width}}`, 'g')) ?? [])
    .map((part) => digits[Number.parseInt(part.padEnd(width, '0'), 2)])
    .join('');
}

/** Without spaces, hyphens and separators; in capitals where small letters mean no more; Crockford's O, I and L read. */
function plain(text, { alphabet, separator = '-' }) {
  const folded = (text) => (alphabet.startsWith('base64') ? text : text.toUpperCase());
  const digits = ALPHABETS[alphabet];
  const typed = alphabet === 'crockford' ? folded(text).replace(/O/g, '0').replace(/[IL]/g, '1') : folded(text);
  const dropped = folded(`-=${separator}`);
  return [...typed].filter((one) => digits.includes(one) || (/[!-~]/.test(one) && !dropped.includes(one))).join('');
}
