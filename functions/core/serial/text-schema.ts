/** How a seller says what a buyer types: apart from the writing, which is all that a Lambda needs of it. */
import * as z from 'zod/mini';
import { ALPHABET_NAMES, ALPHABETS } from './text.ts';

const LEAST_CUT = 8;
const CUT = `${LEAST_CUT} or more, or leave it out: fewer characters are soon guessed`;
const SEPARATOR = 'one to five characters of ASCII';
const PREFIX = 'one to forty characters of ASCII, without spaces';

export const SerialText = z
  .strictObject(
    {
      alphabet: z.enum(ALPHABET_NAMES),
      /** How many characters are kept, counted before they are grouped. */
      cut: z.optional(z.int(CUT).check(z.minimum(LEAST_CUT, CUT))),
      group: z.optional(z.int().check(z.minimum(1, '1 to 64'), z.maximum(64, '1 to 64'))),
      /** Stands between groups; `-` where not said. */
      separator: z.optional(z.string(SEPARATOR).check(z.regex(/^[ -~]{1,5}$/, SEPARATOR))),
      prefix: z.optional(z.string(PREFIX).check(z.regex(/^[!-~]{1,40}$/, PREFIX))),
    },
    '{ alphabet, cut, group, separator, prefix }',
  )
  .check(
    z.refine(({ group, separator }) => group !== undefined || separator === undefined, {
      path: ['separator'],
      error: 'found a separator and no group; write group: 5 beside it, or leave it out',
    }),
    z.refine(isReadable, {
      path: ['separator'],
      error:
        "found a separator that is a digit of the alphabet too ('-' where none is said); write another, like '.'",
    }),
  );
export type SerialText = z.infer<typeof SerialText>;

function isReadable({ alphabet, group, separator = '-' }: SerialText): boolean {
  const digits = alphabet === 'base64' ? `${ALPHABETS.base64}=` : ALPHABETS[alphabet];
  return group === undefined || ![...separator].some((character) => digits.includes(character));
}
