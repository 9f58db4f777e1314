/** Schema of a product's `serial`: one of the ways to make it. */
import * as z from 'zod/mini';
import { CHARSETS } from './charset.ts';
import { choice, Name, SerialProfile } from './profile.ts';
import type { MakeSerial } from './program.ts';

const SERIAL = 'the serial that it makes';
const MONTHS = 'a whole number of months, 1 to 600';
const NUMBER = 'a number of your own for this product, 1 to 65535, which never changes';

const Vector = z.strictObject(
  { name: z.string(), serial: z.string(SERIAL).check(z.regex(/^[ -~]{1,512}$/, SERIAL)) },
  '{ name, serial }',
);
const VECTORS = "at least two vectors, like [{ name: 'Jane Q. Sample', serial: 'DWB6-BG45' }, …]";

/** A third-party generator, compiled to a WASI command: it runs in a sandbox. */
const Program = z.strictObject(
  {
    kind: z.literal('program'),
    /** The module: absolute, or relative to the catalogue's file. */
    file: z.string("a file, like './generators/acme.wasm'"),
    /** Names and their serials, which the program must reproduce before each deployment. */
    vectors: z.array(Vector, VECTORS).check(z.minLength(2, VECTORS)),
    /** The charset of the program's input. */
    charset: z._default(z.enum(CHARSETS), 'utf8'),
    name: z.prefault(Name, {}),
  },
  '{ kind, file, vectors, charset, name }',
);

/** The seller's own TypeScript. */
const Own = z.strictObject(
  {
    kind: z.literal('function'),
    make: z.custom<MakeSerial>(
      (value) => typeof value === 'function',
      'a function that takes the order and returns its serial',
    ),
    vectors: z.array(Vector, VECTORS).check(z.minLength(1, 'at least one vector')),
    charset: z._default(z.enum(CHARSETS), 'utf8'),
    name: z.prefault(Name, {}),
  },
  '{ kind, make, vectors, charset, name }',
);

/** A signed licence, for apps that hold only a public key. */
const Ed25519 = z.strictObject(
  {
    kind: z.literal('ed25519'),
    product: z.int(NUMBER).check(z.minimum(1, NUMBER), z.maximum(65_535, NUMBER)),
    /** Updates are included for so many months from the order's day; without it, without a limit. */
    updates: z.optional(
      z.strictObject(
        { months: z.int(MONTHS).check(z.minimum(1, MONTHS), z.maximum(600, MONTHS)) },
        '{ months }',
      ),
    ),
    charset: z._default(z.literal('utf8'), 'utf8'),
    name: z.prefault(Name, {}).check(
      z.refine(({ form }) => form === 'nfc', {
        path: ['form'],
        error: "found a form other than 'nfc'; leave it out: the licence has one form only",
      }),
    ),
  },
  '{ kind, product, updates, name }',
);

export const Serial = z.discriminatedUnion(
  'kind',
  [SerialProfile, Program, Own, Ed25519],
  choice('kind', 'one of "aes-128", "function", "program", "ed25519"'),
);
export type Serial = z.infer<typeof Serial>;
