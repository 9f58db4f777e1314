/**
 * Schema of a product's `serial`: how the app checks a serial. docs/serials.md explains each option; `kind` leaves room
 * for other schemes. Each message states the expected value and, if it starts with `found`, the value found too.
 */
import * as z from 'zod/mini';
import { ALPHABET_NAMES, ALPHABETS } from './alphabet.ts';
import { CHARSETS } from './charset.ts';

export const PADDINGS = ['pkcs7', 'null', 'space', 'x923', 'iso7816', 'null-pkcs7'] as const;
export const KEY_FORMS = ['ascii', 'hex', 'base64', 'md5', 'sha1', 'sha256'] as const;
export const KEY_FITS = ['exact', 'null-pad-or-cut', 'mysql'] as const;
const DIGITS = '32 hex digits, two for each of the 16 bytes';
const MAX_BYTES = 'a whole number, 1 to 256';

const Key = z.strictObject(
  {
    form: z._default(z.enum(KEY_FORMS), 'ascii'),
    fit: z._default(z.enum(KEY_FITS), 'exact'),
  },
  {
    error: ({ input }) =>
      typeof input === 'string'
        ? "found a text; write its form, like { form: 'hex' }: the key itself goes into the secret, with `npm run keypost -- keys set`"
        : '{ form, fit }',
  },
);

const Iv = z.discriminatedUnion(
  'from',
  [
    fields({ from: z.literal('literal'), hex: z.string(DIGITS).check(z.regex(/^[0-9a-f]{32}$/i, DIGITS)) }),
    z.strictObject(
      {
        from: z.enum(['zero', 'key', 'encrypted-zero']),
        hex: absent("from: 'literal' beside it, or leave it out"),
      },
      '{ from }',
    ),
  ],
  choice(
    'from',
    "{ from: 'zero' } where the app's code passes none (CCCrypt with NULL), { from: 'key' }, " +
      "{ from: 'literal', hex: '32 hex digits' }, or { from: 'encrypted-zero' } (DCPcrypt)",
  ),
);

export const Name = fields({
  form: z._default(z.enum(['nfc', 'nfd', 'as-is']), 'nfc'),
  trim: z._default(z.boolean(), true),
  collapse: z._default(z.boolean(), true),
  fold: z._default(z.enum(['none', 'upper', 'lower']), 'none'),
  repair: z._default(z.boolean(), false),
  maxBytes: z._default(z.int(MAX_BYTES).check(z.minimum(1, MAX_BYTES), z.maximum(256, MAX_BYTES)), 256),
});

/** How names are spelled unless a product says otherwise. */
export const NAMES = { charset: 'utf8', name: Name.parse({}) } as const;

const LEAST_CUT = 8;
const CUT = `${LEAST_CUT} or more, or leave it out: fewer characters are soon guessed`;
const SEPARATOR = "one to five characters of ASCII, or a line end, '\\n' or '\\r\\n'";
/** The length of a line of MIME. */
const LONGEST_GROUP = 76;
const GROUP = `1 to ${LONGEST_GROUP}`;
const PREFIX = 'one to forty characters of ASCII, without spaces';

/** The format of the text that a buyer types. */
export const SerialText = fields({
  alphabet: z.enum(ALPHABET_NAMES),
  pad: z.optional(z.literal(false)),
  cut: z.optional(z.int(CUT).check(z.minimum(LEAST_CUT, CUT))),
  group: z.optional(z.int().check(z.minimum(1, GROUP), z.maximum(LONGEST_GROUP, GROUP))),
  separator: z.optional(z.string(SEPARATOR).check(z.regex(/^(?:[ -~]{1,5}|\r?\n)$/, SEPARATOR))),
  prefix: z.optional(z.string(PREFIX).check(z.regex(/^[!-~]{1,40}$/, PREFIX))),
}).check(
  z.refine(({ group, separator }) => group !== undefined || separator === undefined, {
    path: ['separator'],
    error: 'found a separator without a group; write group: 5 beside it, or leave it out',
  }),
  z.refine(isReadable, {
    path: ['separator'],
    error:
      "found a separator that is also a digit of the alphabet (the default is '-'); write another, like '.'",
  }),
);
export type SerialText = z.infer<typeof SerialText>;

function isReadable({ alphabet, group, separator = '-' }: SerialText): boolean {
  const digits = alphabet === 'base64' ? `${ALPHABETS.base64}=` : ALPHABETS[alphabet];
  return group === undefined || ![...separator].some((character) => digits.includes(character));
}

export const named = { charset: z._default(z.enum(CHARSETS), 'utf8'), name: z.prefault(Name, {}) };

const kind = z.literal('aes-128');
const common = { key: z.prefault(Key, {}), ...named, text: SerialText };

const NO_IV = "mode: 'cbc', or leave it out: ECB uses none";
const anyPadding = z.enum(['none', ...PADDINGS]);
const wholeBlocks = z.enum(PADDINGS, {
  error: ({ input }) =>
    `one of ${PADDINGS.join(', ')}` +
    (input === 'none' ? ": whole blocks are needed, and 'null' adds nothing to a name that fills them" : ''),
});

export const SerialProfile = z
  .discriminatedUnion(
    'mode',
    [
      fields({ kind, mode: z.literal('ecb'), iv: absent(NO_IV), padding: wholeBlocks, ...common }),
      fields({ kind, mode: z.literal('cbc'), iv: Iv, padding: wholeBlocks, ...common }),
      fields({ kind, mode: z.enum(['cfb8', 'cbc-dcpcrypt']), iv: Iv, padding: anyPadding, ...common }),
    ],
    choice('mode', "mode: 'ecb', 'cbc', 'cfb8' or 'cbc-dcpcrypt'"),
  )
  .check(
    z.refine(({ name, charset }) => name.form !== 'nfd' || charset.startsWith('utf'), {
      path: ['name', 'form'],
      error: "found 'nfd' with a charset without combining accents; write 'nfc', or charset: 'utf8'",
    }),
    z.refine(({ mode, text }) => text.cut === undefined || mode === 'ecb' || mode === 'cbc', {
      path: ['text', 'cut'],
      error:
        'found a cut with a mode that encrypts byte by byte; leave it out: names with the same beginning would share a serial',
    }),
  );
export type SerialProfile = z.infer<typeof SerialProfile>;

/** Other fields are mistakes, whose message lists these. */
export function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, `{ ${Object.keys(shape).join(', ')} }`);
}

function absent(error: string) {
  return z.optional(z.never(error));
}

/** Reports the value of the discriminating field; zod's own message shows the whole object. */
export function choice(field: string, write: string) {
  return {
    error: ({ input }: { readonly input?: unknown }) => {
      if (typeof input !== 'object' || input === null) return write;
      return `found ${JSON.stringify(Reflect.get(input, field)) ?? 'nothing'}; write ${write}`;
    },
  };
}
