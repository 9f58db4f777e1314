/** Tests each rule of docs/names.md, and properties for arbitrary text. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { licenseeOf } from '../../../functions/core/serial/name.ts';
import { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { anyChar } from '../../fixtures/any-char.ts';
import { testEach } from '../../fixtures/in-words.ts';

const DEMO = { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } };
const profile = (more: object = {}) => SerialProfile.parse({ ...DEMO, ...more });
const withName = (name: object) => profile({ name });
const demo = profile();
const resultOf = (profile: SerialProfile, received: string) =>
  Object.values(licenseeOf(received, profile))[0];

describe('the licensee is the name', () => {
  testEach([
    ['unchanged', 'Jane Q. Sample', 'Jane Q. Sample'],
    ['composed', 'Jose\u0301 Nu\u0301n\u0303ez', 'José Núñez'],
    ['composed, Hangul', '\u1112\u1161\u11ab', '한'],
    ['composed, for the Ångström sign', '\u212bngstr\u00f6m', 'Ångström'],
    ['without line ends and tabs around it', '\r\n\tJane\t\r\n', 'Jane'],
    ['with plain spaces', 'Jane\u00a0Q.\u2009Sample\u3000', 'Jane Q. Sample'],
    ['with one space each', 'Jane   Q.  \u00a0 Sample', 'Jane Q. Sample'],
    ['trimmed behind a byte order mark', '\ufeff \nJane', 'Jane'],
    ['without invisible characters', '\u200bJa\u00adne \u200e\u202aSample\u202c\u2060', 'Jane Sample'],
    ['composed after an invisible character is removed', 'e\u200d\u0301', 'é'],
    ['with its quotes as typed', 'Renée D’Angelo "Bo" O\'Neil', 'Renée D’Angelo "Bo" O\'Neil'],
    ['in its own case', 'STEVE van der SAMPLE', 'STEVE van der SAMPLE'],
    [
      'with the joiners of its emoji',
      '👩\u200d🔬 👩🏽\u200d🚀 ❤\ufe0f\u200d🔥',
      '👩\u200d🔬 👩🏽\u200d🚀 ❤\ufe0f\u200d🔥',
    ],
    ['with flags and keycaps', '🇨🇭 1\ufe0f\u20e3', '🇨🇭 1\ufe0f\u20e3'],
    ['without a joiner that joins no emoji', 'a\u200db 👩\u200d \u200d👩', 'ab 👩 👩'],
    ['without the tags of a flag', '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}', '🏴'],
    ['without a non-joiner between letters', 'علی\u200cرضا', 'علیرضا'],
    ['with variation selectors', '葛\u{e0100}城', '葛\u{e0100}城'],
    ['as long as 256 bytes', 'é'.repeat(128), 'é'.repeat(128)],
    ['shorter after invisible characters are removed', `${'\u200b'.repeat(300)}Jane`, 'Jane'],
    ['Arabic, as typed', 'مُحَمَّد', 'مُحَمَّد'.normalize('NFC')],
    ['unchanged if it looks like markup', '<b>Jane</b> & "Co"; {{name}}', '<b>Jane</b> & "Co"; {{name}}'],
  ])('$0: $1', (_, received, licensee) => expect(licenseeOf(received, demo)).toEqual({ licensee }));
});

describe('a name is held', () => {
  testEach([
    ['no_name', ''],
    ['no_name', ' \t\r\n\u00a0\u200b\ufeff'],
    ['no_name', '\u3164\u115f'], // Hangul fillers, which people enter to skip a name field
    ['no_name', '\ufe0f'],
    ['unmappable_name', 'Jane\nBcc: someone@example.com'],
    ['unmappable_name', 'Jane\tSample'],
    ['unmappable_name', 'Jane\u0000'],
    ['unmappable_name', '\u000bJane'],
    ['unmappable_name', 'Jane\u0085'],
    ['unmappable_name', 'Jane\u2028Sample'],
    ['unmappable_name', 'Jane \ud83d'],
    ['unmappable_name', 'Jos\ufffd'],
    ['unmappable_name', 'JosÃ© NÃºÃ±ez'],
    ['unmappable_name', 'NicolÃ\u00a0'],
    ['unmappable_name', 'NicolA\u0303\u00a0'],
    ['unmappable_name', 'Dâ€™Angelo'],
    ['unmappable_name', 'ç”°ä¸\u00ad'],
    ['unmappable_name', 'Ð\u0098Ð²Ð°Ð½'],
    ['unmappable_name', 'Tom &amp; Jerry'],
    ['unmappable_name', 'O&#39;Brien'],
    ['unmappable_name', 'Jos&#xE9;'],
    ['unmappable_name', 'Jos&eacute;'],
    ['unmappable_name', '&am\u00adp;'],
    ['name_too_long', 'é'.repeat(129)],
    ['name_too_long', '👩'.repeat(65)],
    ['name_too_long', ' '.repeat(100_000)],
  ] as const)('$0: $1', (held, received) => expect(licenseeOf(received, demo)).toEqual({ held }));

  test.each(['ANDRÉ’S CAFÉ', 'Strauß’ Laden', 'Ãngela', 'AT&T; Co', 'R & D', 'Ångström', 'Ñandú “Bar”', 'Â'])(
    'not if it only resembles a damaged one: %s',
    (licensee) => expect(licenseeOf(licensee, demo)).toEqual({ licensee }),
  );
});

describe('the options of a product apply', () => {
  testEach([
    [{ form: 'nfd' }, 'José', 'Jose\u0301'],
    [{ form: 'as-is' }, 'Jose\u0301 José', 'Jose\u0301 José'],
    [{ trim: false }, '\n Jane ', ' Jane '],
    [{ collapse: false }, 'Jane\u00a0 Sample', 'Jane  Sample'],
    [{ fold: 'upper' }, 'José Strauß', 'JOSÉ STRAUSS'],
    [{ fold: 'lower' }, 'JOSÉ Sample', 'josé sample'],
    [{ fold: 'upper' }, 'ΐ', 'Ϊ\u0301'],
    [{ fold: 'upper' }, 'α\u0345\u0301', 'ΆΙ'], // composed before folding
    [{ repair: true }, 'Tom &amp; Jerry', 'Tom & Jerry'],
    [{ repair: true }, 'O&#39;Brien &lt;&#xe9;&gt;&nbsp;&quot;', 'O\'Brien <é> "'],
    [{ repair: true }, 'JosÃ© NÃºÃ±ez', 'José Núñez'],
    [{ repair: true }, 'NicolÃ\u00a0', 'Nicolà'],
    [{ repair: true }, 'D&#226;&#8364;&#8482;Angelo', 'D’Angelo'],
    [{ repair: true }, 'AT&amp;amp;T', 'unmappable_name'], // decoded once only
    [{ repair: true }, 'JosÃƒÂ©', 'unmappable_name'],
    [{ repair: true }, 'Jos&eacute;', 'unmappable_name'],
    [{ repair: true }, 'Jane&#0;&#xd800;', 'unmappable_name'],
    [{ repair: true }, 'Jane&#9999999;', 'unmappable_name'],
    [{ repair: true }, 'Jane&constructor;', 'unmappable_name'],
    [{ maxBytes: 31 }, 'x'.repeat(31), 'x'.repeat(31)],
    [{ maxBytes: 31 }, 'x'.repeat(32), 'name_too_long'],
    [{ maxBytes: 31 }, 'é'.repeat(16), 'name_too_long'],
  ])('where $0, $1 is $2', (name, received, result) =>
    expect(resultOf(withName(name), received)).toBe(result),
  );

  testEach([
    ['windows-1252', 31, 'é'.repeat(31), 'é'.repeat(31)],
    ['utf16le', 30, 'x'.repeat(16), 'name_too_long'],
    ['windows-1252', 256, 'é'.repeat(129), 'name_too_long'], // limited in UTF-8 for every charset
    ['macroman', 256, '田中', 'unmappable_name'],
    ['macroman', 256, 'Jane \ud83d', 'unmappable_name'],
    ['windows-1252', 256, 'Łukasz', 'unmappable_name'],
    ['windows-1252', 256, 'Ju\u0308rgen', 'Jürgen'],
  ])('$0, at most $1 bytes: $2 is $3', (charset, maxBytes, received, result) =>
    expect(resultOf(profile({ charset, name: { maxBytes } }), received)).toBe(result),
  );
});

describe('for any text', () => {
  const profiles = ['nfc', 'nfd', 'as-is'].flatMap((form) =>
    ['none', 'upper', 'lower'].flatMap((fold) =>
      [true, false].flatMap((tidy) =>
        [true, false].map((repair) => withName({ form, fold, trim: tidy, collapse: tidy, repair })),
      ),
    ),
  );
  const anyProfile = fc.constantFrom(...profiles);
  // Characters that need special treatment occur more often than by chance.
  const special = [
    ...' \t\r\n\u00a0\u2028\u200d\u00ad\ufeff\ufe0f\u0301\u0345\u0000\ufffd&;#1amp&ÃÂ©€™éÉßΣςİŉ👩❤🏽Ⓜ한ᄒ\ud83d',
  ];
  const text = fc.oneof(
    fc.string({ unit: anyChar }),
    fc.string({ unit: 'grapheme' }),
    fc.string({
      unit: fc.oneof(
        fc.constantFrom(...special, '\ud83d'),
        fc.string({ unit: anyChar, minLength: 1, maxLength: 1 }),
      ),
    }),
    fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 300 }),
  );
  const runs = { numRuns: 5_000 };

  it('the result is a licensee or a reason', () => {
    fc.assert(
      fc.property(anyProfile, text, (profile, received) => {
        const result = licenseeOf(received, profile);
        if ('held' in result) expect(['no_name', 'name_too_long', 'unmappable_name']).toContain(result.held);
        else {
          const { licensee } = result;
          expect(licensee).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufffd]|(?! )\p{Zs}/u);
          expect(licensee.replaceAll('\u200d', '')).not.toMatch(/\p{Cf}/u);
          expect(Buffer.byteLength(licensee)).toBeLessThanOrEqual(256);
          if (profile.name.trim) expect(licensee).toBe(licensee.trim());
          if (profile.name.collapse) expect(licensee).not.toContain('  ');
          if (profile.name.form !== 'as-is')
            expect(licensee).toBe(licensee.normalize(profile.name.form.toUpperCase()));
        }
      }),
      runs,
    );
  });

  it('the licensee of a licensee is itself', () => {
    fc.assert(
      fc.property(anyProfile, text, (profile, received) => {
        const result = licenseeOf(received, profile);
        if ('licensee' in result) expect(licenseeOf(result.licensee, profile)).toEqual(result);
      }),
      runs,
    );
  });

  it('composed and decomposed forms have the same licensee', () => {
    fc.assert(
      fc.property(text, (received) => {
        expect(licenseeOf(received.normalize('NFD'), demo)).toEqual(
          licenseeOf(received.normalize('NFC'), demo),
        );
      }),
      runs,
    );
  });

  it('each character alone gives a stable licensee or a hold', () => {
    const changed: number[] = [];
    for (let code = 0; code <= 0x1ffff; code++) {
      const result = licenseeOf(`a${String.fromCodePoint(code)}b`, demo);
      if ('licensee' in result && resultOf(demo, result.licensee) !== result.licensee) changed.push(code);
    }
    expect(changed).toEqual([]);
  });

  // A quadratic step takes longer than the timeout of a test.
  it('names of 130,000 characters are decided', () => {
    for (const unit of [
      ' ',
      '\t',
      'a\u0301',
      '&#',
      '&amp;',
      '\u200d',
      '👩\u200d',
      '\ufe0f',
      'Ã©',
      '\u1112\u1161',
      'x\n',
    ]) {
      for (const profile of profiles) licenseeOf(`a${unit.repeat(130_000 / unit.length)}a`, profile);
      for (const profile of profiles) licenseeOf(`a${unit.repeat(4_000 / unit.length)}a`, profile);
    }
  });
});
