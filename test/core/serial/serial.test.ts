/**
 * Tests the serials that shipped apps accept. The values come from NIST, from code of others, from the `openssl` command and
 * from Python (test/fixtures/serials/make.py). Customers have such serials, so no expectation here may ever change.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import * as z from 'zod/mini';
import { CatalogueError, defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import { keyBytes, serialOf } from '../../../functions/core/serial/aes-128.ts';
import { CHARSETS, encode } from '../../../functions/core/serial/charset.ts';
import { licenseeOf } from '../../../functions/core/serial/name.ts';
import { presets } from '../../../functions/core/serial/presets.ts';
import { KEY_FITS, KEY_FORMS, PADDINGS, SerialProfile } from '../../../functions/core/serial/profile.ts';
import { formatText } from '../../../functions/core/serial/text.ts';
import { anyChar } from '../../fixtures/any-char.ts';
import { seller } from '../../fixtures/catalogue.ts';
import { testEach } from '../../fixtures/in-words.ts';

const KEY = '1234567890123456';
const HEX = { alphabet: 'HEX' } as const;
const ECB = { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: HEX } as const;

const Published = z.array(
  z.object({
    source: z.string(),
    profile: SerialProfile,
    key: z.string(),
    name: z.string(),
    serial: z.string(),
  }),
);
const Foreign = z.array(
  z.object({
    preset: z.optional(z.string()),
    profile: z.record(z.string(), z.unknown()),
    key: z.string(),
    serials: z.record(z.string(), z.nullable(z.string())),
  }),
);
const UpperHalves = z.record(z.string(), z.array(z.nullable(z.number())));

const published = fixture(Published, 'published.json');
const foreign = fixture(Foreign, 'foreign.json');
const upperHalves = fixture(UpperHalves, 'charsets.json');

function fixture<Schema extends z.ZodMiniType>(schema: Schema, file: string): z.output<Schema> {
  return schema.parse(
    JSON.parse(readFileSync(new URL(`../../fixtures/serials/${file}`, import.meta.url), 'utf8')),
  );
}

function sixteen(profile: SerialProfile, key: string): Buffer {
  const bytes = keyBytes(profile, key);
  if (bytes === undefined) throw new Error('the key is not of the form of its profile');
  return bytes;
}

/** Returns the serial that a buyer of this name gets, or null if the order is held. */
function serialFor(profile: SerialProfile, key: string, received: string): string | null {
  const name = licenseeOf(received, profile);
  return 'held' in name ? null : (serialOf(profile, sixteen(profile, key), name.licensee) ?? null);
}

describe('a published serial is reproduced', () => {
  test.each(published)('$source: $serial', ({ profile, key, name, serial }) => {
    expect(serialOf(profile, sixteen(profile, key), name)).toBe(serial);
  });
});

describe('serials equal those of openssl and Python', () => {
  testEach(foreign.map((one) => [one.preset ? { preset: one.preset } : one.profile, one] as const))(
    'for an app where $0',
    (_, { profile, key, serials }) => {
      const ours = SerialProfile.parse(profile);
      for (const [name, serial] of Object.entries(serials))
        expect([name, serialFor(ours, key, name)]).toEqual([name, serial]);
    },
  );
});

describe('presets', () => {
  /** In these presets the seller chooses the IV. */
  const iv = [
    'realbasic-mbs-cbc',
    'xojo-mbs-cipher-cbc',
    'php-mcrypt-cbc',
    'dotnet-rijndael-cbc',
    'openssl-cbc',
  ];
  const known = new Map(
    foreign.flatMap(({ preset, profile }) => (preset === undefined ? [] : [[preset, profile] as const])),
  );

  it('each have serials from openssl or Python', () => {
    expect(Object.keys(presets).sort()).toEqual([...known.keys()].sort());
  });

  test.each(Object.entries(presets))('%s has not changed', (name, preset) => {
    const profile = known.get(name) ?? {};
    const chosen = {
      ...('text' in preset ? {} : { text: profile.text }),
      ...(iv.includes(name) ? { iv: profile.iv } : {}),
    };
    expect(SerialProfile.parse({ ...chosen, ...preset })).toEqual(SerialProfile.parse(profile));
    if (iv.includes(name)) expect(SerialProfile.safeParse({ text: HEX, ...preset }).success).toBe(false);
  });
});

const openssl = spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout;
if (!openssl) console.warn('no openssl command here: its agreement with our serials was not tested');

describe.skipIf(!openssl)('the openssl command', () => {
  const names = fc.sample(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 48 }), {
    numRuns: 10_000,
    seed: 1,
  });
  const iv = { from: 'literal', hex: '000102030405060708090a0b0c0d0e0f' } as const;
  const profiles: z.input<typeof SerialProfile>[] = [
    ...PADDINGS.flatMap((padding) => [
      { ...ECB, padding },
      { ...ECB, padding, mode: 'cbc' as const, iv },
      { ...ECB, padding, mode: 'cfb8' as const, iv },
    ]),
    { ...ECB, mode: 'cfb8', iv, padding: 'none' },
  ];

  function run(how: string[], input: Buffer): Buffer {
    const args = ['enc', ...how, '-K', Buffer.from(KEY).toString('hex')];
    const { status, stdout } = spawnSync('openssl', args, { input, maxBuffer: 1e8 });
    if (status !== 0) throw new Error(`openssl ended with ${status}`);
    return stdout;
  }

  // One call decrypts all serials: in CBC and CFB8 a block depends only on the previous block of ciphertext, so each serial
  // follows its IV as if the IV were ciphertext too. The decrypted IV itself is skipped.
  test.each(profiles)('decrypts 10,000 serials: $mode $padding', (input) => {
    const profile = SerialProfile.parse(input);
    const head = Buffer.from(profile.mode === 'ecb' ? '' : iv.hex, 'hex');
    const key = sixteen(profile, KEY);
    const serials = names.map((name) => Buffer.from(serialOf(profile, key, name) ?? '', 'hex'));
    const ciphertext = Buffer.concat(serials.flatMap((serial) => [head, serial]));
    const plain = run(
      [`-aes-128-${profile.mode}`, '-d', '-nopad', ...(profile.mode === 'ecb' ? [] : ['-iv', iv.hex])],
      ciphertext,
    );
    let end = 0;
    const wrong = names.filter((name, index) => {
      const start = end + head.length;
      end = start + (serials[index]?.length ?? 0);
      const bytes = Buffer.from(name);
      const rest = start + bytes.length;
      const same = plain.subarray(start, rest).equals(bytes);
      return !same || !isPadding(profile.padding, bytes.length, plain.subarray(rest, end));
    });
    expect(wrong).toEqual([]);
  });

  it('pads and encrypts in the same way', () => {
    for (const name of names.slice(0, 12)) {
      for (const mode of ['ecb', 'cbc'] as const) {
        const profile = SerialProfile.parse(mode === 'ecb' ? ECB : { ...ECB, mode, iv });
        const theirs = run(
          [`-aes-128-${mode}`, ...(mode === 'ecb' ? [] : ['-iv', iv.hex])],
          Buffer.from(name),
        );
        expect(serialOf(profile, sixteen(profile, KEY), name)).toBe(theirs.toString('hex').toUpperCase());
      }
    }
  });

  function isPadding(padding: SerialProfile['padding'], length: number, pad: Buffer): boolean {
    const whole = (length + pad.length) % 16 === 0;
    switch (padding) {
      case 'none':
        return pad.length === 0;
      case 'null':
        return whole && pad.length < 16 && pad.every((byte) => byte === 0);
      case 'space':
        return whole && pad.length < 16 && pad.every((byte) => byte === 0x20);
      case 'pkcs7':
        return whole && pad.length > 0 && pad.length <= 16 && pad.every((byte) => byte === pad.length);
      case 'x923':
        return (
          whole &&
          pad.length > 0 &&
          pad.length <= 16 &&
          pad.every((byte, at) => byte === (at + 1 < pad.length ? 0 : pad.length))
        );
      case 'iso7816':
        return whole && pad[0] === 0x80 && pad.length <= 16 && pad.subarray(1).every((byte) => byte === 0);
      case 'null-pkcs7': {
        const nulls = pad.subarray(0, -16);
        return whole && nulls.every((byte) => byte === 0) && pad.subarray(-16).every((byte) => byte === 16);
      }
    }
  }
});

describe('charsets', () => {
  test.each(['windows-1252', 'macroman', 'latin1'] as const)('%s equals that of Python', (charset) => {
    const upper = upperHalves[charset] ?? [];
    expect(upper).toHaveLength(128);
    const byCode = new Map(upper.map((code, at) => [code, 0x80 + at]));
    for (let code = 0; code <= 0xffff; code++) {
      const byte = code < 0x80 ? code : byCode.get(code);
      const ours = encode(charset, String.fromCharCode(code));
      if (ours?.[0] !== byte || (ours && ours.length !== 1)) expect([code, ours]).toEqual([code, byte]);
    }
  });

  testEach([
    ['windows-1252', '田中'],
    ['windows-1252', 'Łukasz'],
    ['windows-1252', '\u0081'],
    ['macroman', 'Ýr'],
    ['latin1', 'D’Angelo'],
    ['latin1', '👩'],
    ['utf8', 'half \ud83d'],
    ['utf16le', '\ude00 half'],
  ] as const)('$0 cannot encode $1', (charset, text) => expect(encode(charset, text)).toBeUndefined());

  it('are decoded by Node to the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(encode('utf8', text)?.toString('utf8')).toBe(text);
        expect(encode('utf16le', text)?.toString('utf16le')).toBe(text);
      }),
    );
  });
});

describe('keys', () => {
  const keys = (form: string, fit = 'exact') => SerialProfile.parse({ ...ECB, key: { form, fit } });
  testEach([
    ['ascii', 'exact', KEY, '31323334353637383930313233343536'],
    ['ascii', 'exact', '123456789012345', undefined],
    ['ascii', 'exact', '12345678901234567', undefined],
    ['ascii', 'exact', `${KEY}\n`, undefined],
    ['ascii', 'exact', '', undefined],
    ['ascii', 'null-pad-or-cut', 'password', '70617373776f72640000000000000000'],
    ['ascii', 'null-pad-or-cut', `${KEY}789`, '31323334353637383930313233343536'],
    ['ascii', 'null-pad-or-cut', 'password\n', undefined],
    ['ascii', 'null-pad-or-cut', 'pässword', undefined],
    ['ascii', 'null-pad-or-cut', '', undefined],
    ['hex', 'exact', '000102030405060708090A0b0c0d0e0f', '000102030405060708090a0b0c0d0e0f'],
    ['hex', 'exact', '000102030405060708090a0b0c0d0e0', undefined],
    ['hex', 'exact', KEY, undefined],
    ['hex', 'exact', '000102030405060708090a0b0c0d0e0g', undefined],
    ['hex', 'null-pad-or-cut', 'ff00', 'ff000000000000000000000000000000'],
    ['hex', 'null-pad-or-cut', 'ff0', undefined],
    ['base64', 'exact', 'MTIzNDU2Nzg5MDEyMzQ1Ng==', '31323334353637383930313233343536'],
    ['base64', 'exact', 'MTIzNDU2Nzg5MDEyMzQ1Ng', undefined],
    ['base64', 'exact', ' MTIzNDU2Nzg5MDEyMzQ1Ng==', undefined],
    ['base64', 'null-pad-or-cut', 'AQI=', '01020000000000000000000000000000'],
    ['base64', 'null-pad-or-cut', '', undefined],
    ['md5', 'exact', 'message digest', 'f96b697d7cb7938d525a2f31aaf161d0'], // RFC 1321, A.5
    ['md5', 'exact', 'Größe', undefined],
    ['sha1', 'exact', 'abc', 'a9993e364706816aba3e25717850c26c'], // FIPS 180-4, 20 bytes
    ['sha256', 'exact', 'abc', 'ba7816bf8f01cfea414140de5dae2223'], // FIPS 180-4, 32 bytes
    ['ascii', 'mysql', 'short', '73686f72740000000000000000000000'],
    ['hex', 'mysql', `${'0f'.repeat(16)}f0${'0f'.repeat(15)}01`, 'fe000000000000000000000000000000'],
  ])('the form $0 with the fit $1 of $2 is $3', (form, fit, key, hex) =>
    expect(keyBytes(keys(form, fit), key)?.toString('hex')).toBe(hex),
  );

  it('made of any text have 16 bytes or are refused', () => {
    const forms = KEY_FORMS.flatMap((form) => KEY_FITS.map((fit) => keys(form, fit)));
    const text = fc.oneof(fc.string({ unit: anyChar }), fc.base64String(), fc.string());
    fc.assert(
      fc.property(fc.constantFrom(...forms), text, (profile, key) => {
        expect([16, undefined]).toContain(keyBytes(profile, key)?.length);
      }),
    );
  });
});

describe('the text of a serial', () => {
  // RFC 4648, 10, without the `=` of base32.
  test.each([
    ['f', 'Zg==', 'MY'],
    ['fo', 'Zm8=', 'MZXQ'],
    ['foo', 'Zm9v', 'MZXW6'],
    ['foob', 'Zm9vYg==', 'MZXW6YQ'],
    ['fooba', 'Zm9vYmE=', 'MZXW6YTB'],
    ['foobar', 'Zm9vYmFy', 'MZXW6YTBOI'],
  ])('encodes %s like RFC 4648', (text, base64, base32) => {
    expect(formatText(Buffer.from(text), { alphabet: 'base64' })).toBe(base64);
    expect(formatText(Buffer.from(text), { alphabet: 'base32' })).toBe(base32);
  });

  it('encodes in the alphabet of Crockford', () => {
    expect(formatText(Buffer.from('foobar'), { alphabet: 'crockford' })).toBe('CSQPYRK1E8');
    const block = Buffer.from('aa0b7277cab4b0a805b0b1f846149883', 'hex');
    expect(formatText(block, { alphabet: 'crockford', group: 5 })).toBe('N85Q4-XYAPJ-RAG1D-GP7W4-C54RG-C');
  });

  it('encodes like Node', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (array) => {
        const bytes = Buffer.from(array);
        expect(formatText(bytes, { alphabet: 'hex' })).toBe(bytes.toString('hex'));
        expect(formatText(bytes, { alphabet: 'HEX' })).toBe(bytes.toString('hex').toUpperCase());
        expect(formatText(bytes, { alphabet: 'base64' })).toBe(bytes.toString('base64'));
        expect(formatText(bytes, { alphabet: 'base64url' })).toBe(bytes.toString('base64url'));
      }),
    );
  });

  it('is cut, then grouped, then prefixed', () => {
    const text = { alphabet: 'HEX', cut: 12, group: 4, separator: ' ', prefix: 'WP-' } as const;
    expect(formatText(Buffer.from('00112233445566778899aabbccddeeff', 'hex'), text)).toBe(
      'WP-0011 2233 4455',
    );
  });
});

describe('a profile', () => {
  it('has defaults for most options', () => {
    const profile = SerialProfile.parse(ECB);
    expect(profile).toEqual({
      ...ECB,
      key: { form: 'ascii', fit: 'exact' },
      charset: 'utf8',
      name: { form: 'nfc', trim: true, collapse: true, fold: 'none', repair: false, maxBytes: 256 },
    });
    expect(serialFor(profile, KEY, ' Jane\u00a0Q. Sample')).toBe('B05F5DA78463537B5F9A76CF01B76E01');
  });

  it('that is impossible does not compile', () => {
    const typed = (profile: z.input<typeof SerialProfile>) => SerialProfile.safeParse(profile).success;
    expect(typed({ ...ECB, charset: 'utf16le', name: { form: 'nfd' } })).toBe(true);
    expect(typed({ ...presets['php-mcrypt-cbc'], iv: { from: 'key' }, text: { alphabet: 'base64' } })).toBe(
      true,
    );
    // @ts-expect-error CBC without an IV
    expect(typed({ ...ECB, mode: 'cbc' })).toBe(false);
    // @ts-expect-error ECB with an IV
    expect(typed({ ...ECB, iv: { from: 'zero' } })).toBe(false);
    // @ts-expect-error whole blocks without padding
    expect(typed({ ...ECB, padding: 'none' })).toBe(false);
  });

  const CFB8 = { ...ECB, mode: 'cfb8', iv: { from: 'zero' }, padding: 'none' };
  const impossible: readonly [serial: object, message: RegExp][] = [
    [{ ...ECB, mode: 'cbc' }, /^iv: found nothing; write \{ from: 'zero' \} where/],
    [{ ...ECB, mode: 'cfb8' }, /^iv: found nothing; write/],
    [{ ...ECB, mode: 'cbc', iv: { from: 'random' } }, /^iv\.from: found "random"; write \{ from: 'zero' \}/],
    [{ ...ECB, mode: 'cbc', iv: {} }, /^iv\.from: found nothing; write \{ from: 'zero' \}/],
    [{ ...ECB, mode: 'cbc', iv: { from: 'literal' } }, /^iv\.hex: found nothing; write 32 hex digits/],
    [
      { ...ECB, mode: 'cbc', iv: { from: 'literal', hex: '00' } },
      /^iv\.hex: found "00"; write 32 hex digits/,
    ],
    [
      { ...ECB, mode: 'cbc', iv: { from: 'zero', hex: '00' } },
      /^iv\.hex: found "00"; write from: 'literal' beside it/,
    ],
    [{ ...ECB, iv: { from: 'zero' } }, /^iv: found an object; write mode: 'cbc', or leave it out/],
    [{ ...ECB, mode: 'ctr' }, /^mode: found "ctr"; write mode: 'ecb', 'cbc'/],
    [{ ...ECB, mode: undefined }, /^mode: found nothing; write mode: 'ecb', 'cbc'/],
    [
      { ...ECB, padding: 'none' },
      /^padding: found "none"; write one of pkcs7, null, space, x923, iso7816, null-pkcs7: whole blocks/,
    ],
    [{ ...ECB, padding: 'iso10126' }, /^padding: found "iso10126"; write one of pkcs7, .* null-pkcs7$/],
    [{ ...ECB, padding: undefined }, /^padding: found nothing; write one of pkcs7/],
    [{ ...ECB, key: KEY }, /^key: found a text; write its form.*keys set/],
    [{ ...ECB, key: { form: 'sha512' } }, /^key\.form: found .*; write one of "ascii", "hex"/],
    [{ ...ECB, kind: 'aes-256' }, /^kind: found "aes-256"; write one of "aes-128"/],
    [{ ...ECB, charset: 'utf-8' }, /^charset: found "utf-8"; write one of "utf8"/],
    [{ ...ECB, colour: 'red' }, /^colour: found an unknown field; write \{ kind, mode, iv/],
    [{ ...ECB, text: {} }, /^text\.alphabet: found nothing; write one of "hex", "HEX"/],
    [{ ...ECB, text: { ...HEX, cut: 7 } }, /^text\.cut: found 7; write 8 or more/],
    [{ ...CFB8, text: { ...HEX, cut: 8 } }, /^text\.cut: found a cut with a mode .*; leave it out/],
    [{ ...CFB8, mode: 'cbc-dcpcrypt', text: { ...HEX, cut: 8 } }, /^text\.cut: found a cut with a mode/],
    [
      { ...ECB, text: { ...HEX, separator: '-' } },
      /^text\.separator: found a separator without a group; write group: 5/,
    ],
    [
      { ...ECB, text: { alphabet: 'base64url', group: 5 } },
      /^text\.separator: found .* a digit .*; write another/,
    ],
    [
      { ...ECB, text: { ...HEX, group: 5, separator: 'A' } },
      /^text\.separator: found .* a digit .*; write another/,
    ],
    [
      { ...ECB, text: { alphabet: 'base64', group: 5, separator: '=' } },
      /^text\.separator: found .* a digit/,
    ],
    [
      { ...ECB, text: { ...HEX, group: 5, separator: '\r' } },
      /^text\.separator: found "\\r"; write one to five/,
    ],
    [{ ...ECB, text: { ...HEX, prefix: 'W P' } }, /^text\.prefix: found "W P"; write one to forty/],
    [{ ...ECB, text: { ...HEX, group: 0 } }, /^text\.group: found 0; write 1 to 76/],
    [{ ...ECB, text: { ...HEX, group: 77 } }, /^text\.group: found 77; write 1 to 76/],
    [{ ...ECB, text: { ...HEX, pad: true } }, /^text\.pad: found true; write one of false/],
    [
      { ...ECB, charset: 'macroman', name: { form: 'nfd' } },
      /^name\.form: found 'nfd' with a charset.*write 'nfc'/,
    ],
    [{ ...ECB, charset: 'windows-1252', name: { form: 'nfd' } }, /^name\.form: found 'nfd' with a charset/],
    [{ ...ECB, charset: 'latin1', name: { form: 'nfd' } }, /^name\.form: found 'nfd' with a charset/],
    [{ ...ECB, name: { maxBytes: 257 } }, /^name\.maxBytes: found 257; write a whole number, 1 to 256/],
    [{ ...ECB, name: { maxBytes: 0 } }, /^name\.maxBytes: found 0; write a whole number/],
    [{ ...ECB, name: { maxbytes: 31 } }, /^name\.maxbytes: found an unknown field; write \{ form, trim/],
  ];
  const differences = (serial: object) =>
    Object.fromEntries(Object.entries(serial).filter(([field, value]) => Reflect.get(ECB, field) !== value));
  const fieldIn = (message: RegExp) => /^\^([\w\\.]+)/.exec(message.source)?.[1]?.replaceAll('\\', '');
  testEach(
    impossible.map(([serial, message]) => [differences(serial), fieldIn(message), serial, message] as const),
  )('where $0 is impossible: the mistake is $1', (_differences, _field, serial, message) => {
    const line = mistake(serial);
    const product = 'products.widget.serial.';
    expect(line.slice(0, product.length)).toBe(product);
    expect(line.slice(product.length)).toMatch(message);
  });

  /** Returns the error message that the seller reads. */
  function mistake(serial: object): string {
    const products = { widget: { name: 'Widget', serial, skus: { shop: ['widget'] } } };
    try {
      Reflect.apply(defineConfig, undefined, [{ seller, providers: { shop: {} }, products }]);
    } catch (error) {
      if (error instanceof CatalogueError) return error.message;
      throw error;
    }
    return 'no mistake';
  }

  const block = { padding: fc.constantFrom(...PADDINGS) };
  const iv = {
    iv: fc.constantFrom<object[]>(
      { from: 'zero' },
      { from: 'key' },
      { from: 'encrypted-zero' },
      { from: 'literal', hex: '0f'.repeat(16) },
    ),
  };
  const common = {
    kind: fc.constant('aes-128'),
    charset: fc.constantFrom(...CHARSETS),
    name: fc.record({
      form: fc.constantFrom('nfc', 'as-is'),
      fold: fc.constantFrom('none', 'upper', 'lower'),
      trim: fc.boolean(),
      collapse: fc.boolean(),
      repair: fc.boolean(),
    }),
    text: fc.record({
      alphabet: fc.constantFrom('hex', 'HEX', 'base64', 'base64url', 'base32', 'crockford'),
      group: fc.integer({ min: 1, max: 9 }),
      separator: fc.constant('.'),
      prefix: fc.constant('WP.'),
    }),
  };
  const anyProfile = fc.oneof(
    fc.record({ ...common, ...block, mode: fc.constant('ecb') }),
    fc.record({ ...common, ...block, ...iv, mode: fc.constant('cbc') }),
    fc.record({
      ...common,
      ...iv,
      mode: fc.constantFrom('cfb8', 'cbc-dcpcrypt'),
      padding: fc.constantFrom('none', 'pkcs7'),
    }),
  );

  it('makes a reproducible serial in its alphabet, or holds the name', () => {
    const names = fc.oneof(fc.string({ unit: anyChar }), fc.string({ unit: 'grapheme' }), fc.string());
    fc.assert(
      fc.property(anyProfile, names, (input, received) => {
        const profile = SerialProfile.parse(input);
        const name = licenseeOf(received, profile);
        if ('held' in name) return;
        const serial = serialOf(profile, sixteen(profile, KEY), name.licensee);
        expect(serial).toMatch(/^WP\.[A-Za-z0-9+/=_.-]+$/);
        expect(serialOf(profile, sixteen(profile, KEY), name.licensee)).toBe(serial);
      }),
      { numRuns: 500 },
    );
  });
});
