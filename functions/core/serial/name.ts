/** Normalises a received name to the licensee that the serial is made from: the policy of docs/names.md. */
import { encode } from './charset.ts';
import { fixMojibake, isDamaged } from './mojibake.ts';
import type { SerialProfile } from './profile.ts';

/** The part of a product's `serial` that says how names are spelled. */
export type NameOptions = Pick<SerialProfile, 'name' | 'charset'>;

const MAX_BYTES = 256;

/** A limit on the work per name. A name of 256 bytes fits even if every character is escaped. */
const MAX_RECEIVED = 4096;

/** Format characters, except the joiner between two emoji. */
const INVISIBLE = /(?!(?<=\p{ExtPict}[\ufe0f\u{1f3fb}-\u{1f3ff}]{0,2})\u200d(?=\p{ExtPict}))\p{Cf}/gu;

/** Control characters, line and paragraph separators: a buyer cannot type them. */
const UNTYPABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Returns the name as the buyer must type it, or the reason for which the line is held. */
export function licenseeOf(
  received: string,
  { name: options, charset }: NameOptions,
): { readonly licensee: string } | { readonly held: 'no_name' | 'name_too_long' | 'unmappable_name' } {
  if (received.length > MAX_RECEIVED) return { held: 'name_too_long' };
  const name = options.repair ? fixMojibake(received) : received;
  const licensee = clean(name, options);
  if (!/[^\s\p{DI}]/u.test(licensee)) return { held: 'no_name' };
  // Both forms are checked: some damage is visible only before spaces are replaced, some only after invisible
  // characters are removed.
  if (UNTYPABLE.test(licensee) || isDamaged(name) || isDamaged(licensee)) return { held: 'unmappable_name' };
  if (Buffer.byteLength(licensee) > MAX_BYTES) return { held: 'name_too_long' };
  const bytes = encode(charset, licensee);
  if (!bytes) return { held: 'unmappable_name' };
  return bytes.length > options.maxBytes ? { held: 'name_too_long' } : { licensee };
}

function clean(name: string, { form, fold, collapse, trim }: SerialProfile['name']): string {
  const typed = foldCase(normalise(name, form), fold)
    .replace(/\p{Zs}/gu, ' ')
    .replace(INVISIBLE, '');
  const spaced = collapse ? typed.replace(/ {2,}/g, ' ') : typed;
  const whole = spaced.match(trim ? /[^\t\r\n ](?:.*[^\t\r\n ])?/su : /[^\t\r\n](?:.*[^\t\r\n])?/su);
  // Normalised a second time: folding may decompose letters, and removing an invisible character may join two parts.
  return normalise(whole?.[0] ?? '', form);
}

function normalise(text: string, form: SerialProfile['name']['form']): string {
  switch (form) {
    case 'nfc':
      return text.normalize('NFC');
    case 'nfd':
      return text.normalize('NFD');
    case 'as-is':
      return text;
  }
}

/** Folds by Unicode's rules, independent of locale: ß becomes SS. */
function foldCase(text: string, fold: SerialProfile['name']['fold']): string {
  if (fold === 'none') return text;
  return fold === 'upper' ? text.toUpperCase() : text.toLowerCase();
}
