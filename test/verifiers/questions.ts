/**
 * The input of the checks in docs/verifiers: each published vector unchanged, with another name, and with one digit changed;
 * and one serial of each text format, as buyers type it.
 */
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { ALPHABETS } from '../../functions/core/serial/alphabet.ts';
import { SerialProfile } from '../../functions/core/serial/profile.ts';

const Vectors = z.array(
  z.object({
    profile: z.record(z.string(), z.unknown()),
    key: z.string(),
    name: z.string(),
    serial: z.string(),
  }),
);
const published = Vectors.parse(JSON.parse(readFileSync('docs/verifiers/vectors.json', 'utf8')));
export const vectors = published.map((vector) => ({ ...vector, full: SerialProfile.parse(vector.profile) }));
export type Case = (typeof vectors)[number];

export interface Question extends Case {
  readonly isRight: boolean;
}

export const questions: readonly Question[] = [
  ...vectors.map((vector) => ({ ...vector, isRight: vector.name !== '' })), // an empty name is never valid
  ...vectors.map((vector) => ({ ...vector, name: otherName(vector.name), isRight: false })),
  ...vectors.map((vector, at) => ({ ...vector, serial: changeDigit(vector, at), isRight: false })),
  ...[
    ...new Map(
      vectors
        .filter(({ name }) => name.length > 15)
        .map((vector) => [JSON.stringify(vector.full.text), vector]),
    ).values(),
  ].flatMap(typedVariants),
];

/** Removes prefix and separators. */
export function bare({ text }: SerialProfile, serial: string): string {
  const body = serial.slice(text.prefix?.length ?? 0);
  return text.group === undefined ? body : body.split(text.separator ?? '-').join('');
}

/** Normalises a serial as the checks do before they compare. */
export function plain(profile: SerialProfile, serial: string): string {
  const { alphabet, prefix = '', separator = '-' } = profile.text;
  const text = `${prefix}${bare(profile, serial).replace(/=+$/, '')}`;
  if (alphabet === 'base64url') return text;
  const body = [...text].filter((one) => one !== '-' && !separator.includes(one)).join('');
  return alphabet === 'base64' ? body : body.toUpperCase();
}

function otherName(name: string): string {
  return `${name.startsWith('X') ? 'Y' : 'X'}${[...name].slice(1).join('')}`;
}

/** Replaces one digit by the next of the alphabet; `nth` selects its position. */
function changeDigit({ full: { text }, serial }: Case, nth: number): string {
  const digits: string = ALPHABETS[text.alphabet];
  const positions = [...serial].flatMap((one, at) =>
    at >= (text.prefix ?? '').length && digits.includes(one) ? [at] : [],
  );
  const position = positions[nth % positions.length];
  if (position === undefined) return 'A';
  const next = digits.charAt((digits.indexOf(serial.charAt(position)) + 1) % digits.length);
  return serial.slice(0, position) + next + serial.slice(position + 1);
}

/** Writes a serial in ways that must be accepted and in ways that must be refused. */
function typedVariants(vector: Case): Question[] {
  const { serial, full } = vector;
  const { alphabet, prefix = '' } = full.text;
  const digits = bare(full, serial);
  const isCased = alphabet.startsWith('base64');
  const right = [
    ` ${serial}\r\n`,
    `\u00a0${[...serial].join(' ')}\t`,
    prefix + digits,
    prefix + digits.replace(/=+$/, ''),
    ...(alphabet === 'base64url' ? [] : [`${prefix}-${digits.replace(/.{3}/g, '$&-')}`]),
    ...(isCased ? [] : [serial.toLowerCase(), serial.toUpperCase()]),
    ...(alphabet === 'crockford'
      ? [digits.replace(/0/g, 'O').replace(/1/g, 'I'), digits.replace(/0/g, 'o').replace(/1/g, 'l')].map(
          (text) => prefix + text,
        )
      : []),
  ];
  const wrong = [
    '',
    prefix,
    prefix + digits.replace(/=+$/, '').slice(0, -1),
    `${prefix}${digits.replace(/=+$/, '')}2`,
    `${serial}!`,
    ...(prefix ? [digits] : []),
    ...(isCased ? [prefix + digits.toLowerCase(), prefix + digits.toUpperCase()] : []),
  ];
  return [
    ...right.map((text) => ({ ...vector, serial: text, isRight: true })),
    ...wrong.map((text) => ({ ...vector, serial: text, isRight: false })),
  ];
}
