/** Schema of a product's `serial`: one of the ways to make it. `catalogue/settings.ts` explains each field. */
import * as z from 'zod/mini';
import { choice, fields, Name, named, SerialProfile } from './profile.ts';
import type { MakeSerial } from './program.ts';

const SERIAL = 'the serial that it makes';
const MONTHS = 'a whole number of months, 1 to 600';
const NUMBER = 'a number of your own for this product, 1 to 65535, which never changes';

const Vector = fields({
  name: z.string(),
  serial: z.string(SERIAL).check(z.regex(/^[ -~]{1,512}$/, SERIAL)),
});
const VECTORS = "at least two vectors, like [{ name: 'Jane Q. Sample', serial: 'DWB6-BG45' }, …]";

/** A third-party generator, compiled to a WASI command: it runs in a sandbox. */
const Program = fields({
  kind: z.literal('program'),
  file: z.string("a file, like './generators/acme.wasm'"),
  vectors: z.array(Vector, VECTORS).check(z.minLength(2, VECTORS)),
  ...named,
});

const FUNCTION = 'a function that takes the order and returns its serial';

/** The seller's own TypeScript. */
const Own = fields({
  kind: z.literal('function'),
  make: z.custom<MakeSerial>((value) => typeof value === 'function', FUNCTION),
  vectors: z.array(Vector, VECTORS).check(z.minLength(1, 'at least one vector')),
  ...named,
});

/** A signed licence, for apps that hold only a public key. */
const Ed25519 = z.strictObject(
  {
    kind: z.literal('ed25519'),
    product: z.int(NUMBER).check(z.minimum(1, NUMBER), z.maximum(65_535, NUMBER)),
    updates: z.optional(
      fields({ months: z.int(MONTHS).check(z.minimum(1, MONTHS), z.maximum(600, MONTHS)) }),
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
