/** Whose name a serial is made from, letter by letter: the policy of docs/names.md. */
import { encode } from './charset.ts';
import { isDamaged, repaired } from './mojibake.ts';
import type { SerialProfile } from './profile.ts';

const MAX_BYTES = 256;

/** Long enough for a name with every character escaped; more is no name, and would only cost time. */
const MAX_RECEIVED = 4096;

/** A format character, unless it is the joiner between two emoji. */
const INVISIBLE = /(?!(?<=\p{ExtPict}[\ufe0f\u{1f3fb}-\u{1f3ff}]{0,2})\u200d(?=\p{ExtPict}))\p{Cf}/gu;

/** Nobody can type these: controls, line and paragraph separators. */
const UNTYPABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** The name as it must be typed, or why there is none. */
export function licenseeOf(
  received: string,
  { name: habits, charset }: SerialProfile,
): { readonly licensee: string } | { readonly held: 'no_name' | 'name_too_long' | 'unmappable_name' } {
  if (received.length > MAX_RECEIVED) return { held: 'name_too_long' };
  const name = habits.repair ? repaired(received) : received;
  const licensee = cleaned(name, habits);
  if (!/[^\s\p{DI}]/u.test(licensee)) return { held: 'no_name' };
  // Damage shows before a no-break space has become a space, and may show only after a soft hyphen is gone.
  if (UNTYPABLE.test(licensee) || isDamaged(name) || isDamaged(licensee)) return { held: 'unmappable_name' };
  if (Buffer.byteLength(licensee) > MAX_BYTES) return { held: 'name_too_long' };
  const bytes = encode(charset, licensee);
  if (!bytes) return { held: 'unmappable_name' };
  return bytes.length > habits.maxBytes ? { held: 'name_too_long' } : { licensee };
}

function cleaned(name: string, { form, fold, collapse, trim }: SerialProfile['name']): string {
  const typed = folded(normal(name, form), fold)
    .replace(/\p{Zs}/gu, ' ')
    .replace(INVISIBLE, '');
  const spaced = collapse ? typed.replace(/ {2,}/g, ' ') : typed;
  const whole = spaced.match(trim ? /[^\t\r\n ](?:.*[^\t\r\n ])?/su : /[^\t\r\n](?:.*[^\t\r\n])?/su);
  // Again: folding may decompose, and what stood on both sides of an invisible character may now be one letter.
  return normal(whole?.[0] ?? '', form);
}

function normal(text: string, form: SerialProfile['name']['form']): string {
  switch (form) {
    case 'nfc':
      return text.normalize('NFC');
    case 'nfd':
      return text.normalize('NFD');
    case 'as-is':
      return text;
  }
}

/** By Unicode and no country's rules: ß becomes SS. */
function folded(text: string, fold: SerialProfile['name']['fold']): string {
  if (fold === 'none') return text;
  return fold === 'upper' ? text.toUpperCase() : text.toLowerCase();
}
