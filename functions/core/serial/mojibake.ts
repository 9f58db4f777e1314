/** What careless feeds do to a name: HTML entities, UTF-8 read as windows-1252, characters lost on the way. */
import { isAscii, isUtf8 } from 'node:buffer';
import { encode } from './charset.ts';

const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z][a-z0-9]{1,30}));/gi;

/** What every HTML escaper writes; of the others, numbers will do. */
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** Letters that no name has had misread, where `É’` or `ß’` may well be meant: IPA, loose accents, rare scripts. */
const UNLIKELY = /[\u0180-\u036f\u0482-\u05cf\u0700-\u07ff]/;

/** Whether `name` is visibly not what the buyer typed. */
export function isDamaged(name: string): boolean {
  return name.includes('\ufffd') || name.search(ENTITY) >= 0 || misread(name) !== undefined;
}

/** `name` with entities decoded once and a misreading undone once; what cannot be undone exactly stays as it is. */
export function repaired(name: string): string {
  const text = name.replace(ENTITY, decoded);
  return misread(text) ?? text;
}

function decoded(entity: string, decimal?: string, hex?: string, word = ''): string {
  const code = decimal ? Number.parseInt(decimal, 10) : hex ? Number.parseInt(hex, 16) : undefined;
  if (code === undefined) return Object.hasOwn(NAMED, word) ? (NAMED[word] ?? entity) : entity;
  return code <= 0x10ffff ? String.fromCodePoint(code) : entity;
}

/** What was meant by a name like `JosÃ©`: its windows-1252 bytes are UTF-8, which happens to no other name that is likely. */
function misread(name: string): string | undefined {
  const bytes = encode('windows-1252', name.normalize('NFC'));
  if (!bytes || isAscii(bytes) || !isUtf8(bytes)) return undefined;
  const meant = bytes.toString();
  return UNLIKELY.test(meant) ? undefined : meant;
}
