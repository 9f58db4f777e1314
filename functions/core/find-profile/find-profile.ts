/** Finds the profile of a shipped app by trying every profile on genuine pairs of name and serial. */

import { BLOCK, encrypt, pad } from '../serial/aes-128.ts';
import { ALPHABET_NAMES, ALPHABETS, type Alphabet } from '../serial/alphabet.ts';
import { PADDINGS, SerialProfile } from '../serial/profile.ts';
import { formatText } from '../serial/text.ts';
import { distinguishingName, withoutEquivalents } from './disambiguate.ts';
import {
  interpretKey,
  interpretNames,
  type KeyInterpretation,
  type NameInterpretation,
} from './interpretations.ts';
import { findCut, findLayouts, type Layout } from './layout.ts';
import { parseProfile, solveIvs } from './solve-iv.ts';

/** A name and the serial that the app accepts for it. */
export interface Pair {
  readonly name: string;
  readonly serial: string;
}

export interface Found {
  /** The profiles that make each serial from its name. No two make the same serials of all sample names. */
  readonly matches: readonly SerialProfile[];
  /** Describes a further name whose serial would distinguish the matches; undefined if there is at most one. */
  readonly undecided?: string | undefined;
}

interface Candidate {
  readonly key: KeyInterpretation;
  readonly names: NameInterpretation;
  readonly cipher: SerialProfile;
}

type Layouts = ReadonlyMap<Alphabet, readonly Layout[]>;

/** Tries all profiles on all pairs. It yields between steps, so that the caller can show progress or do other work. */
export function* findProfiles(
  key: string,
  pairs: readonly Pair[],
): Generator<{ readonly tried: number; readonly of: number }, Found> {
  const serials = pairs.map(({ serial }) => serial.trim());
  const layouts = new Map(ALPHABET_NAMES.map((alphabet) => [alphabet, [...findLayouts(serials, alphabet)]]));
  const interpretations = interpretNames(pairs.map(({ name }) => name));
  const sources = interpretKey(key).flatMap((key) => interpretations.map((names) => ({ key, names })));

  const usual = sources.flatMap((source) => COMMON.map((cipher) => ({ ...source, cipher })));
  let matches = yield* tryAll(usual, layouts);
  if (matches.length === 0) {
    // An IV of the app's own is tried last: for names of equal length, some IV compensates for any wrong padding.
    const all = [...layouts.values()].flat();
    const solved = sources.flatMap((source) =>
      solveIvs(source.key.bytes, source.names.bytes, all).map((cipher) => ({ ...source, cipher })),
    );
    matches = yield* tryAll(solved, layouts);
  }
  const distinct = withoutEquivalents(matches, key);
  return { matches: distinct, undecided: distinguishingName(distinct, key) };
}

function* tryAll(candidates: readonly Candidate[], layouts: Layouts) {
  const matches: SerialProfile[] = [];
  const heads = new Map<string, boolean>();
  for (const [index, candidate] of candidates.entries()) {
    if (index % 50 === 0) yield { tried: index, of: candidates.length };
    if (hasLikelyHead(candidate, layouts, heads)) matches.push(...findMatches(candidate, layouts));
  }
  return matches;
}

/** Compares the first block of the longest name. Most candidates fail here, and most paddings leave it equal. */
function hasLikelyHead(
  { key, names, cipher }: Candidate,
  layouts: Layouts,
  heads: Map<string, boolean>,
): boolean {
  const lengths = names.bytes.map(({ length }) => length);
  const longest = lengths.indexOf(Math.max(...lengths));
  const name = names.bytes[longest];
  if (!name) return false;
  const block = pad(cipher.padding, name).subarray(0, BLOCK);
  const { form, fit } = key.key;
  const id = [form, fit, cipher.mode, ...Object.values(cipher.iv ?? {}), block.toString('latin1')].join();
  const known = heads.get(id);
  if (known !== undefined) return known;
  const head = encrypt(cipher, key.bytes, block);
  const isLikely = [...layouts].some(([alphabet, candidates]) => {
    if (candidates.length === 0) return false;
    const whole = Math.floor((8 * head.length) / Math.log2(ALPHABETS[alphabet].length));
    const start = formatText(head, { alphabet }).slice(0, whole);
    return candidates.some(
      ({ digits: { [longest]: text = '' } }) => text.slice(0, whole) === start.slice(0, text.length),
    );
  });
  heads.set(id, isLikely);
  return isLikely;
}

function findMatches({ key, names, cipher }: Candidate, layouts: Layouts): SerialProfile[] {
  const ciphertexts = names.bytes.map((name) => encrypt(cipher, key.bytes, pad(cipher.padding, name)));
  return [...layouts].flatMap(([alphabet, candidates]) =>
    variantsOf(alphabet).flatMap((variant) => {
      const encoded = ciphertexts.map((bytes) => formatText(bytes, variant));
      return candidates.flatMap(({ text, digits }) => {
        const cut = findCut(encoded, digits);
        if (cut === false) return [];
        return names.options.flatMap((options) =>
          parseProfile({ ...cipher, ...options, key: key.key, text: { ...text, ...variant, cut } }),
        );
      });
    }),
  );
}

const variantsOf = (alphabet: Alphabet) =>
  alphabet === 'base64' ? [{ alphabet }, { alphabet, pad: false as const }] : [{ alphabet }];

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
