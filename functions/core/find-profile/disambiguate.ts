/** Distinguishes profiles by the serials that they make of sample names. */
import { keyBytes, serialOf } from '../serial/aes-128.ts';
import { licenseeOf } from '../serial/name.ts';
import type { SerialProfile } from '../serial/profile.ts';

/** Names with a single property come before names with several. Digits have no case. */
const SAMPLES: readonly (readonly [property: string, name: string])[] = [
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

/** Removes each profile that makes the same serials as an earlier one. */
export function withoutEquivalents(profiles: readonly SerialProfile[], key: string): SerialProfile[] {
  const serials = profiles.map((profile) => SAMPLES.map(([, name]) => serialFor(profile, key, name)).join());
  return profiles.filter((_, at) => serials.indexOf(serials[at] ?? '') === at);
}

/** Describes the name whose serial rules out the most profiles; undefined if no name distinguishes them. */
export function distinguishingName(profiles: readonly SerialProfile[], key: string): string | undefined {
  const counts = SAMPLES.map(([property, name]) => ({
    property,
    count: new Set(profiles.map((profile) => serialFor(profile, key, name))).size,
  }));
  const best = counts.reduce((best, one) => (one.count > best.count ? one : best), {
    property: '',
    count: 1,
  });
  return best.count > 1 ? `a name ${best.property}` : undefined;
}

function serialFor(profile: SerialProfile, key: string, name: string): string | undefined {
  const bytes = keyBytes(profile, key);
  const result = licenseeOf(name, profile);
  return bytes && 'licensee' in result ? serialOf(profile, bytes, result.licensee) : undefined;
}
