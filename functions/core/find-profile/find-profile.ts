/** Which profile a shipped app has: all are tried on genuine pairs of name and serial. */

import { encrypt, pad } from '../serial/aes-128.ts';
import { ALPHABET_NAMES, type Alphabet } from '../serial/alphabet.ts';
import { PADDINGS, SerialProfile } from '../serial/profile.ts';
import { formatText } from '../serial/text.ts';
import { deciding, distinct } from './disambiguate.ts';
import { type KeyReading, keysOf, type NameReading, readingsOf } from './interpretations.ts';
import { cutOf, type Layout, layoutsOf } from './layout.ts';
import { solvedIvs } from './solve-iv.ts';

/** A name and the serial that the app accepts for it. */
export interface Pair {
  readonly name: string;
  readonly serial: string;
}

export interface Found {
  /** The profiles that make each serial of its name, no two of them alike in all they do. */
  readonly matches: readonly SerialProfile[];
  /** Of which further name the serial would tell the matches apart; left out where there are no two. */
  readonly undecided?: string | undefined;
}

interface Candidate {
  readonly key: KeyReading;
  readonly names: NameReading;
  readonly cipher: SerialProfile;
}

type Layouts = ReadonlyMap<Alphabet, readonly Layout[]>;

/** Tries all profiles on all pairs; between two steps the caller may draw a bar, or let others run. */
export function* findProfiles(
  key: string,
  pairs: readonly Pair[],
): Generator<{ readonly tried: number; readonly of: number }, Found> {
  const serials = pairs.map(({ serial }) => serial.trim());
  const layouts = new Map(ALPHABET_NAMES.map((alphabet) => [alphabet, [...layoutsOf(serials, alphabet)]]));
  const readings = readingsOf(pairs.map(({ name }) => name));
  const sources = keysOf(key).flatMap((key) => readings.map((names) => ({ key, names })));

  const usual = sources.flatMap((source) => COMMON.map((cipher) => ({ ...source, cipher })));
  let matches = yield* tried(usual, layouts);
  if (matches.length === 0) {
    // An IV of the app's own comes last: for names of one length, some IV makes up for any wrong padding.
    const all = [...layouts.values()].flat();
    const solved = sources.flatMap((source) =>
      solvedIvs(source.key.bytes, source.names.bytes, all).map((cipher) => ({ ...source, cipher })),
    );
    matches = yield* tried(solved, layouts);
  }
  const left = distinct(matches, key);
  return { matches: left, undecided: deciding(left, key) };
}

function* tried(candidates: readonly Candidate[], layouts: Layouts) {
  const matches: SerialProfile[] = [];
  for (const [index, candidate] of candidates.entries()) {
    if (index % 50 === 0) yield { tried: index, of: candidates.length };
    matches.push(...matchesOf(candidate, layouts));
  }
  return matches;
}

function matchesOf({ key, names, cipher }: Candidate, layouts: Layouts): SerialProfile[] {
  const [first, ...others] = names.bytes;
  if (!first) return [];
  const ciphertext = (name: Buffer) => encrypt(cipher, key.bytes, pad(cipher.padding, name));
  const head = ciphertext(first);
  return [...layouts].flatMap(([alphabet, ofIt]) => {
    if (ofIt.length === 0) return [];
    const begin = formatText(head, { alphabet });
    const likely = ofIt.filter(({ digits }) => begin.startsWith(digits[0] ?? ''));
    if (likely.length === 0) return [];
    const spellings = [begin, ...others.map((name) => formatText(ciphertext(name), { alphabet }))];
    return likely.flatMap(({ text, digits }) => {
      const cut = cutOf(spellings, digits);
      if (cut === false) return [];
      return names.ways.flatMap((way) => legal({ ...cipher, ...way, key: key.key, text: { ...text, cut } }));
    });
  });
}

function legal(profile: object): SerialProfile[] {
  const { data } = SerialProfile.safeParse(profile);
  return data ? [data] : [];
}

const IVS = [
  { from: 'zero' },
  { from: 'key' },
  { from: 'encrypted-zero' },
  { from: 'literal', hex: '30'.repeat(16) },
  { from: 'literal', hex: '31323334353637383930313233343536' },
  { from: 'literal', hex: '000102030405060708090a0b0c0d0e0f' },
];

const COMMON = [
  ...PADDINGS.map((padding) => ({ mode: 'ecb', padding })),
  ...IVS.flatMap((iv) => [
    ...PADDINGS.map((padding) => ({ mode: 'cbc', iv, padding })),
    ...['cfb8', 'cbc-dcpcrypt'].flatMap((mode) =>
      ['none', ...PADDINGS].map((padding) => ({ mode, iv, padding })),
    ),
  ]),
].map((cipher) => SerialProfile.parse({ kind: 'aes-128', text: { alphabet: 'HEX' }, ...cipher }));
