/** Profiles are told apart by what they make of names. */

import { keyBytes, serialOf } from '../serial/aes-128.ts';
import { licenseeOf } from '../serial/name.ts';
import type { SerialProfile } from '../serial/profile.ts';

/** Names that show one thing each, before those that show several: digits have no case. */
const PROBES: readonly (readonly [what: string, name: string])[] = [
  ['with small and capital letters', 'Jane'],
  ['of 17 bytes or more', '12345678901234567'],
  ['of fewer than 15 bytes', '1234567'],
  ['of exactly 15 bytes', '123456789012345'],
  ['of exactly 16 bytes', '1234567890123456'],
  ['of 33 bytes or more', '123456789012345678901234567890123'],
  ['with an accent, like José', 'é'],
  ['with a curly apostrophe, like D’Angelo', '’'],
  ['with an accent and a curly apostrophe, like José D’Angelo', 'é’'],
  ['of 17 bytes or more, with an accent', '1234567890123456é'],
  ['of 17 bytes or more, with an accent and a curly apostrophe', '1234567890123456é’'],
  ['with spaces around it', ' 1 '],
  ['with two spaces together', '1  2'],
];

/** The profiles without those that do to every name what one before them does. */
export function distinct(profiles: readonly SerialProfile[], key: string): SerialProfile[] {
  const does = profiles.map((profile) => PROBES.map(([, name]) => serialFor(profile, key, name)).join());
  return profiles.filter((_, at) => does.indexOf(does[at] ?? '') === at);
}

/** The name that parts the profiles best, in words; undefined where there are no two. */
export function deciding(profiles: readonly SerialProfile[], key: string): string | undefined {
  const parts = PROBES.map(([what, name]) => ({
    what,
    count: new Set(profiles.map((profile) => serialFor(profile, key, name))).size,
  }));
  const best = parts.reduce((best, one) => (one.count > best.count ? one : best), { what: '', count: 1 });
  return best.count > 1 ? `a name ${best.what}` : undefined;
}

function serialFor(profile: SerialProfile, key: string, name: string): string | undefined {
  const bytes = keyBytes(profile, key);
  const result = licenseeOf(name, profile);
  return bytes && 'licensee' in result ? serialOf(profile, bytes, result.licensee) : undefined;
}
