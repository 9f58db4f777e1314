/** Finds profiles from pairs that the `openssl` command and Python made: test/fixtures/serials/make.py. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import * as z from 'zod/mini';
import { catalogueLine } from '../../../functions/core/find-profile/catalogue-line.ts';
import { type Found, findProfiles, type Pair } from '../../../functions/core/find-profile/find-profile.ts';
import { decodeDigits } from '../../../functions/core/find-profile/layout.ts';
import { ALPHABET_NAMES } from '../../../functions/core/serial/alphabet.ts';
import { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { formatText } from '../../../functions/core/serial/text.ts';
import { testEach } from '../../fixtures/in-words.ts';

const App = z.object({
  profile: z.record(z.string(), z.unknown()),
  key: z.string(),
  serials: z.record(z.string(), z.nullable(z.string())),
});
const apps = z
  .array(App)
  .parse(JSON.parse(readFileSync(new URL('../../fixtures/serials/pairs.json', import.meta.url), 'utf8')));
const [ecb] = apps;

const KEY = '1234567890123456';
const CURLY = 'José D’Angelo';

function found(key: string, pairs: readonly Pair[]): Found {
  const steps = findProfiles(key, pairs);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Returns the pairs of an app, limited to `names` if there are any. */
function pairsOf({ serials }: z.infer<typeof App>, ...names: string[]): Pair[] {
  return Object.entries(serials).flatMap(([name, serial]) =>
    serial !== null && (names.length === 0 || names.includes(name)) ? [{ name, serial }] : [],
  );
}

const results = apps.map((app) => {
  const profile = SerialProfile.parse(app.profile);
  return { app: profile, line: catalogueLine(profile), key: app.key, ...found(app.key, pairsOf(app)) };
});

const brief = ({ mode, padding, charset, name }: SerialProfile) =>
  [mode, padding, charset, name.form, name.fold].join(' ');

describe('the profile of an app', () => {
  testEach(results.map((one, at) => [apps[at]?.profile, one] as const))(
    'is found as the only match where $0',
    (_, { app, key, matches, undecided }) => {
      // If key and IV are equal, both profiles are right.
      const same = key === '0'.repeat(16) ? { ...app, iv: { from: 'key' } } : app;
      const separator = app.text.group === undefined ? {} : { separator: app.text.separator ?? '-' };
      expect(matches).toEqual([{ ...same, text: { ...app.text, ...separator } }]);
      expect(undecided).toBeUndefined();
    },
  );

  it('is formatted as a line that the catalogue accepts', () => {
    for (const { matches } of results) {
      for (const match of matches) {
        const line = catalogueLine(match);
        const pasted: unknown = new Function(`return { ${line} }.serial`)();
        expect(SerialProfile.parse(pasted)).toEqual(match);
      }
    }
    expect(catalogueLine(SerialProfile.parse(apps[0]?.profile))).toBe(
      "serial: { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } },",
    );
  });

  it('is found if names contain extra spaces', () => {
    const pairs = [
      { name: 'Jane \u00a0Q. Sample ', serial: 'B05F5DA78463537B5F9A76CF01B76E01\n' },
      {
        name: 'Alexandra Featherstone',
        serial: '82C28DC537D6053A4BDDCF9F06DF87357C6CC9A20DC1014536AC451CF3374100',
      },
      { name: 'Renée D’Angelo', serial: '58AB2652E261CC42D6E1EC64B634A46A637D643E7FCA9F177DAD75FDE907B54A' },
    ];
    const { matches, undecided } = found(KEY, pairs);
    expect(matches.map(brief)).toEqual(['ecb pkcs7 utf8 nfc none']);
    expect(undecided).toBeUndefined();
  });
});

describe('a distinguishing name is suggested', () => {
  testEach<[string[], string[], string | undefined]>([
    [['Fifteen Letters', 'Alexandra Featherstone', CURLY], ['ecb pkcs7 utf8 nfc none'], undefined],
    [
      ['Jane Q. Sample', 'Alexandra Featherstone'],
      ['utf8 nfc', 'utf8 nfd', 'windows-1252 nfc', 'macroman nfc', 'latin1 nfc'].map(
        (how) => `ecb pkcs7 ${how} none`,
      ),
      'a name with an accent and a curly apostrophe, like José D’Angelo',
    ],
  ])('if needed, for the names $0', (names, left, undecided) => {
    if (!ecb) throw new Error('no pairs');
    const result = found(ecb.key, pairsOf(ecb, ...names));
    expect(result.matches.map(brief).sort()).toEqual([...left].sort());
    expect(result.undecided).toBe(undecided);
  });

  it('for ECB and CBC, which make the same serials of short names', () => {
    const pairs = [
      { name: 'Jane Q. Sample', serial: 'B05F5DA78463537B5F9A76CF01B76E01' },
      { name: 'José Núñez', serial: '1F63C813731FE0A7D889654699B97BF6' },
    ];
    const { matches, undecided } = found(KEY, pairs);
    expect(matches.map(brief)).toEqual(['ecb pkcs7 utf8 nfc none', 'cbc pkcs7 utf8 nfc none']);
    expect(undecided).toBe('a name of 17 bytes or more');
  });

  it('for PKCS7 and X9.23, which make the same serials of 15 bytes', () => {
    const pairs = [{ name: 'Fifteen Letters', serial: 'E6A1377136425BA269913F3F967FF8FB' }];
    const { matches, undecided } = found(KEY, pairs);
    expect(new Set(matches.map(({ padding }) => padding))).toEqual(new Set(['pkcs7', 'x923']));
    expect(undecided).toMatch(/^a name /);
  });

  it('for windows-1252 and Latin-1, which differ in curly quotes', () => {
    const pairs = [
      { name: 'José Núñez', serial: 'A8629006C8380A5CD3AD9C0B915D6C5D' },
      {
        name: 'Alexandra Featherstone',
        serial: '82C28DC537D6053A4BDDCF9F06DF87357C6CC9A20DC1014536AC451CF3374100',
      },
    ];
    const { matches, undecided } = found(KEY, pairs);
    expect(matches.map(({ charset }) => charset)).toEqual(['windows-1252', 'latin1']);
    expect(undecided).toBe('a name with a curly apostrophe, like D’Angelo');
  });
});

describe('no profile is found', () => {
  test.each<[string, string, Pair[]]>([
    ['under another key', '1234567890123457', ecb ? pairsOf(ecb) : []],
    [
      'if one serial belongs to another app',
      KEY,
      [...(ecb ? pairsOf(ecb) : []), { name: 'Jane', serial: 'B05F5DA78463537B5F9A76CF01B76E01' }],
    ],
    [
      'if the serials are cut unevenly',
      KEY,
      ecb ? pairsOf(ecb).map(({ name, serial }, at) => ({ name, serial: serial.slice(0, 16 + at) })) : [],
    ],
    [
      'if the serials are cut too short',
      KEY,
      ecb ? pairsOf(ecb).map(({ name, serial }) => ({ name, serial: serial.slice(0, 7) })) : [],
    ],
    ['without pairs', KEY, []],
    [
      'in empty serials',
      KEY,
      [
        { name: 'Jane', serial: '' },
        { name: 'Joe', serial: '' },
      ],
    ],
    ['for empty names', KEY, [{ name: '', serial: 'B05F5DA78463537B5F9A76CF01B76E01' }]],
    ['under an empty key', '', ecb ? pairsOf(ecb) : []],
  ])('%s', (_, key, pairs) => expect(found(key, pairs)).toEqual({ matches: [], undecided: undefined }));
});

it('decodeDigits reverses formatText', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.constantFrom(...ALPHABET_NAMES), (array, alphabet) => {
      const bytes = Buffer.from(array);
      expect(decodeDigits(formatText(bytes, { alphabet }), alphabet)).toEqual(bytes);
    }),
  );
});

it('reports its progress', () => {
  const steps = [...findProfiles(KEY, ecb ? pairsOf(ecb) : [])];
  expect(steps.length).toBeGreaterThan(20);
  for (const { tried, of } of steps) expect(tried).toBeLessThan(of);
});
