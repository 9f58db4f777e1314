/** Detects and reverses damage to names: HTML entities, UTF-8 decoded as windows-1252, lost characters. */
import { isAscii, isUtf8 } from 'node:buffer';
import { encode } from './charset.ts';

const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z][a-z0-9]{1,30}));/gi;

/** The named entities that HTML escapers write. A name with any other named entity is held. */
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/**
 * IPA, combining accents and rare scripts. `É’` and `ß’` are also the bytes of such letters, but a name means the former.
 */
const UNLIKELY = /[\u0180-\u036f\u0482-\u05cf\u0700-\u07ff]/;

/** True if `name` visibly differs from what the buyer typed. */
export function isDamaged(name: string): boolean {
  return name.includes('\ufffd') || name.search(ENTITY) >= 0 || redecode(name) !== undefined;
}

/** Decodes entities once and reverses one wrong decoding. Damage that has no exact repair is left unchanged. */
export function fixMojibake(name: string): string {
  const text = name.replace(ENTITY, decodeEntity);
  return redecode(text) ?? text;
}

function decodeEntity(entity: string, decimal?: string, hex?: string, word = ''): string {
  const code = decimal ? Number.parseInt(decimal, 10) : hex ? Number.parseInt(hex, 16) : undefined;
  if (code === undefined) return Object.hasOwn(NAMED, word) ? (NAMED[word] ?? entity) : entity;
  return code <= 0x10ffff ? String.fromCodePoint(code) : entity;
}

/**
 * Returns `José` for `JosÃ©`, or undefined if `name` was not decoded wrongly. The windows-1252 bytes of a damaged name
 * are valid UTF-8; those of a likely undamaged name are not.
 */
function redecode(name: string): string | undefined {
  const bytes = encode('windows-1252', name.normalize('NFC'));
  if (!bytes || isAscii(bytes) || !isUtf8(bytes)) return undefined;
  const original = bytes.toString();
  return UNLIKELY.test(original) ? undefined : original;
}
