/** Compares and respells names that buyers type. */
import { distance } from '../mail/likely-address.ts';
import { licenseeOf, type NameOptions } from '../serial/name.ts';

/** True if the names differ in case, accents, order of words, or one letter in four and at most three. */
export function resembles(one: string, other: string): boolean {
  const [before, after] = [words(one), words(other)];
  const letters = before.join('');
  const sorted = [...before].sort().join('');
  const most = Math.min(3, Math.floor(letters.length / 4));
  const isNear = (left: string, right: string) => distance([...left], [...right]) <= most;
  return isNear(letters, after.join('')) || isNear(sorted, [...after].sort().join(''));
}

/** True if the two are the same name, apart from case and accents. */
export const isSameName = (one: string, other: string): boolean =>
  words(one).join(' ') === words(other).join(' ');

const words = (name: string): readonly string[] =>
  plain(name)
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** Letters without a decomposition in Unicode, and how their languages write them without the sign. */
const PLAIN = new Map(
  'łl ŁL đd ĐD ðd ÐD øo ØO ħh ĦH ıi ŧt ŦT ßss ẞSS æae ÆAE œoe ŒOE þth ÞTh ŋn ŊN ‘\' ’\' “" ”" –- —- ‐- …...'
    .split(' ')
    .map((pair) => [pair.charAt(0), pair.slice(1)] as const),
);

const plain = (text: string): string =>
  [...text.normalize('NFC')]
    .map((char) => PLAIN.get(char) ?? char.normalize('NFD').replace(/\p{M}/gu, ''))
    .join('')
    .normalize('NFC');

/** The nearest spelling that the app can represent: only the letters that it lacks are replaced. */
export function nearestSpelling(name: string, options: NameOptions): string | undefined {
  const isPossible = (text: string) => 'licensee' in licenseeOf(text, options);
  const near = [...name.normalize('NFC')]
    .map((char) => (isPossible(`a${char}a`) ? char : plain(char)))
    .join('');
  const found = licenseeOf(near, options);
  return 'licensee' in found && found.licensee !== name ? found.licensee : undefined;
}
