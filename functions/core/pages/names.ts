/** Compares and respells names that buyers type. */
import { distance } from '../mail/likely-address.ts';
import { licenseeOf, type NameOptions } from '../serial/name.ts';

/** True if the names differ in case, accents, order of words, or one letter in four and at most three. */
export function resembles(one: string, other: string): boolean {
  const [before, after] = [words(one), words(other)];
  if ([...before].sort().join(' ') === [...after].sort().join(' ')) return true;
  const most = Math.min(3, Math.floor(before.join('').length / 4));
  const isNear = (left: readonly string[], right: readonly string[]) =>
    distance([...left.join('')], [...right.join('')]) <= most;
  return isNear(before, after) || isNear([...before].sort(), [...after].sort());
}

/** True if the two are the same name, apart from case and accents. */
export const isSameName = (one: string, other: string): boolean =>
  words(one).join(' ') === words(other).join(' ');

const words = (name: string): readonly string[] =>
  plain(name)
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** Letters without a decomposition in Unicode, as their languages write them without the sign. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{
    ł: 'l',
    Ł: 'L',
    đ: 'd',
    Đ: 'D',
    ð: 'd',
    Ð: 'D',
    ø: 'o',
    Ø: 'O',
    ħ: 'h',
    Ħ: 'H',
    ı: 'i',
    ŧ: 't',
    Ŧ: 'T',
  },
  ...{ ß: 'ss', ẞ: 'SS', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', þ: 'th', Þ: 'Th', ŋ: 'n', Ŋ: 'N' },
  ...{ '‘': "'", '’': "'", '“': '"', '”': '"', '–': '-', '—': '-', '‐': '-', '…': '...' },
};

const plain = (text: string): string =>
  [...text.normalize('NFC')]
    .map((char) => PLAIN[char] ?? char.normalize('NFD').replace(/\p{M}/gu, ''))
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
