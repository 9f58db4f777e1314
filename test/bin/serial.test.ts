/** The verbs of `serial`, against the keys of `npm start` and against the `openssl` command. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import * as z from 'zod/mini';
import { run } from '../../bin/commands/cli/program.ts';
import { withBar } from '../../bin/commands/cli/progress.ts';
import { findProfile } from '../../bin/commands/desk/serials.ts';
import type { SerialText } from '../../functions/core/serial/profile.ts';
import { SerialProfile } from '../../functions/core/serial/profile.ts';
import { formatText } from '../../functions/core/serial/text.ts';
import { isTyped } from '../../functions/core/serial/typed-serial.ts';
import { type Running, start } from '../../local/start.ts';
import { anyChar } from '../fixtures/any-char.ts';
import { catalogueFile, serial as ECB, KEY } from '../fixtures/catalogue.ts';
import { testEach } from '../fixtures/in-words.ts';

const OLD = 'Sixteen-byte-key';
const JANE = 'B05F5DA78463537B5F9A76CF01B76E01';
const folder = mkdtempSync(join(tmpdir(), 'keypost-serial-'));
const config = join(folder, 'my.config.ts');
writeFileSync(
  config,
  catalogueFile({
    providers: { shop: {}, stripe: {} },
    products: {
      mac: { name: 'Mac', serial: ECB, skus: { shop: ['mac'] } },
      typed: {
        name: 'Typed',
        serial: { ...ECB, text: { alphabet: 'crockford', group: 5, prefix: 'WP:' } },
        skus: { shop: ['typed'] },
      },
      old: {
        name: 'Old',
        serial: { ...ECB, charset: 'macroman', name: { maxBytes: 20 }, text: { alphabet: 'hex' } },
        skus: { shop: ['old'] },
      },
      hex: { name: 'Hex', serial: { ...ECB, key: { form: 'hex' } }, skus: { shop: ['hex'] } },
      none: { name: 'None', serial: ECB, skus: { shop: ['none'] } },
      base: { name: 'Base', serial: { ...ECB, text: { alphabet: 'base64' } }, skus: { shop: ['base'] } },
    },
  }),
);
const stored = {
  mac: [
    { version: 2, key: KEY },
    { version: 1, key: OLD },
  ],
  typed: [{ version: 1, key: KEY }],
  old: [{ version: 1, key: KEY }],
  base: [{ version: 1, key: KEY }],
  hex: [
    { version: 1, key: Buffer.from(KEY).toString('hex') },
    { version: 2, key: KEY },
  ],
};

let running: Running;
/** The output of all commands. */
const output: string[] = [];

beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: config });
  const secrets = new SecretsManagerClient({ endpoint: running.aws });
  const SecretString = JSON.stringify(stored);
  await secrets.send(new PutSecretValueCommand({ SecretId: 'product-keys', SecretString }));
}, 60_000);
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
});

/** Runs `keypost serial …` in this process. */
async function serial(args: readonly string[], typed = '') {
  const [out, err]: [string[], string[]] = [[], []];
  const env = { AWS_PORT: new URL(running.aws).port, KEYPOST_CONFIG: config };
  const code = await run(['serial', ...args], {
    env,
    print: (line) => void out.push(line),
    complain: (line) => void err.push(line),
    readSecret: async () => typed,
  });
  output.push(...out, ...err);
  return { code, out: out.join('\n'), err: err.join('\n') };
}
const ofProduct = (verb: string, product: string, name: string, ...more: string[]) =>
  serial([verb, '--product', product, '--name', name, '--local', ...more]);
const ofProfile = (verb: string, profile: object, name: string, ...more: string[]) =>
  serial([verb, '--profile', JSON.stringify(profile), '--key', '-', '--name', name, ...more], `${KEY}\n`);

const Made = z.strictObject({ serial: z.string(), licensee: z.string() });
const Checked = z.strictObject({ valid: z.boolean(), result: z.string(), licensee: z.string() });
const Steps = z.strictObject({
  received: z.string(),
  normalised: z.string(),
  bytes: z.string(),
  padded: z.string(),
  ciphertext: z.string(),
  text: z.string(),
});
const Matches = z.strictObject({
  matches: z.array(z.looseObject({ kind: z.literal('aes-128') })),
  undecided: z.nullable(z.string()),
});
const parsed = <Schema extends z.ZodMiniType>(schema: Schema, { out }: { out: string }): z.output<Schema> =>
  schema.parse(JSON.parse(out));

const openssl = spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout;
if (!openssl) console.warn('no openssl command here: its agreement with the command line was not tried');

/** Encrypts bytes with the `openssl` command, under `KEY` by default. */
function encryptWithOpenssl(how: readonly string[], input: Buffer, key = Buffer.from(KEY)): Buffer {
  const args = ['enc', ...how, '-K', key.toString('hex'), '-nosalt'];
  const { status, stdout, stderr } = spawnSync('openssl', args, { input });
  if (status !== 0) throw new Error(`openssl ended with ${status}: ${stderr}`);
  return stdout;
}

describe('serial make', () => {
  // Facts of other tools, as in test/core/serial/serial.test.ts: openssl, Python.
  testEach([
    ['mac', 'Jane Q. Sample', 'Jane Q. Sample', JANE],
    ['mac', ' Jane\u00a0 Q. Sample\n', 'Jane Q. Sample', JANE],
    ['mac', 'Jose\u0301 Nu\u0301n\u0303ez', 'José Núñez', '1F63C813731FE0A7D889654699B97BF6'],
    ['old', 'José Núñez', 'José Núñez', 'd87b89b4f59b1b7ef879bb9ef84fdae2'],
  ])('for $0 makes the serial of $1', async (product, name, licensee, text) => {
    const made = await ofProduct('make', product, name, '--json');
    expect([made.code, made.err, parsed(Made, made)]).toEqual([0, '', { serial: text, licensee }]);
    const shown = await ofProduct('make', product, name);
    expect([shown.code, shown.out]).toEqual([0, `licensee  ${licensee}\nserial    ${text}`]);
  });

  test('takes a preset, with or without a profile, and a product under another key', async () => {
    const makeWith = (...how: string[]) => serial(['make', '--key', '-', '--json', ...how], 'password\n');
    // https://github.com/ktekinay/M_Crypto, README
    const readme = await makeWith(
      '--preset',
      'm-crypto-ecb',
      '--name',
      'some data',
      '--profile',
      '{"padding":"null"}',
    );
    expect(parsed(Made, readme).serial).toBe('9EAC7C8DC34E13B89B89F9F6D08E830F');
    const plain = await serial([
      'make',
      '--preset',
      'm-crypto-ecb',
      '--key',
      KEY,
      '--name',
      'Jane Q. Sample',
      '--json',
    ]);
    expect(parsed(Made, plain).serial).toBe(JANE);
    const other = await serial(
      ['make', '--product', 'none', '--key', '-', '--name', 'Jane Q. Sample', '--json'],
      KEY,
    );
    expect(parsed(Made, other).serial).toBe(JANE);
  });

  const iv = '000102030405060708090a0b0c0d0e0f';
  const text = { alphabet: 'hex' };
  const literal = { from: 'literal', hex: iv };
  describe.skipIf(!openssl)('makes the same serials as openssl', () => {
    // test/core/serial/serial.test.ts compares 10,000 serials of each profile.
    const names = fc.sample(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 48 }), {
      numRuns: 8,
      seed: 3,
    });
    testEach<[string[], object]>([
      [['-aes-128-ecb'], { mode: 'ecb', padding: 'pkcs7', text }],
      [['-aes-128-cbc', '-iv', iv], { mode: 'cbc', iv: literal, padding: 'pkcs7', text }],
      [['-aes-128-cbc', '-iv', '00'], { mode: 'cbc', iv: { from: 'zero' }, padding: 'pkcs7', text }],
      [['-aes-128-cfb8', '-iv', iv], { mode: 'cfb8', iv: literal, padding: 'none', text }],
    ])('with $0', async (how, profile) => {
      let count = 0;
      for (const name of names) {
        const made = await ofProfile('make', profile, name, '--json');
        if (made.code !== 0) continue;
        const { serial: ours, licensee } = parsed(Made, made);
        expect([licensee, ours]).toEqual([
          licensee,
          encryptWithOpenssl(how, Buffer.from(licensee)).toString('hex'),
        ]);
        count += 1;
      }
      expect(count).toBeGreaterThan(names.length / 2);
    });
  });
});

describe('serial check', () => {
  testEach<[string, string, string, string, string]>([
    ['mac', 'Jane Q. Sample', JANE, '2', 'exact'],
    ['mac', ' Jane Q.  Sample', ` b05f5da7 8463537b–5f9a76cf-01b76e01\n`, '2', 'copied badly'],
    ['mac', 'Jane Q. Sample', `\u200b${JANE.slice(0, 20)}\n${JANE.slice(20)}`, '2', 'copied badly'],
    // openssl enc -aes-128-ecb -K 5369787465656e2d627974652d6b6579
    ['mac', 'Jane Q. Sample', 'AE0859C3442B7C7119879E91167A751F', '1', 'exact'],
    ['typed', 'Jane Q. Sample', 'WP:P1FNV-9W4CD-9QPQW-TEV7G-3DVE0-4', '1', 'exact'],
    ['typed', 'Jane Q. Sample', 'wp: plfnv9w4cd9qpqwtev7g3dveo4', '1', 'copied badly'],
    ['base', 'Jane Q. Sample', 'sF9dp4RjU3tfmnbPAbduAQ==', '1', 'exact'],
    ['base', 'Jane Q. Sample', 'sF9dp4RjU3tfmnbPAbduAQ', '1', 'copied badly'],
  ])('$0, $1: $2 is valid', async (product, name, typed, version, result) => {
    const { code, out, err } = await ofProduct('check', product, name, '--serial', typed);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      new RegExp(
        `^valid +${product}\nlicensee +Jane Q. Sample\nserial .+\nkey version +${version}${result === 'exact' ? '' : '\ncopied badly .+'}$`,
      ),
    );
    const scripted = await ofProduct('check', product, name, '--serial', typed, '--json');
    expect([scripted.code, parsed(Checked, scripted)]).toEqual([
      0,
      { valid: true, result, licensee: 'Jane Q. Sample' },
    ]);
  });

  testEach([
    ['mac', 'Jane Q. Sample', `${JANE.slice(0, -1)}2`, 'copied badly'],
    ['mac', 'Jane Q Sample', JANE, 'not ours'],
    ['mac', 'Jane Q. Sample', 'A8629006C8380A5CD3AD9C0B915D6C5D', 'not ours'],
    ['mac', 'Jane Q. Sample', JANE.slice(2), 'copied badly'],
    ['mac', 'Jane Q. Sample', JANE.slice(0, 10), 'copied badly'],
    ['mac', 'Jane Q. Sample', JANE.slice(0, 7), 'not ours'],
    ['mac', 'Jane Q. Sample', `Serial: ${JANE}.`, 'copied badly'],
    ['mac', 'Jane Q. Sample', JANE.replaceAll('0', 'O'), 'copied badly'],
    ['mac', 'Jane Q. Sample', `${JANE.slice(0, 4)}${JANE[5]}${JANE[4]}${JANE.slice(6)}`, 'copied badly'],
    ['mac', 'Jane Q. Sample', '', 'not ours'],
    ['typed', 'Jane Q. Sample', 'P1FNV-9W4CD-9QPQW-TEV7G-3DVE0-4', 'copied badly'],
    ['base', 'Jane Q. Sample', 'SF9DP4RJU3TFMNBPABDUAQ==', 'copied badly'],
  ])('$0, $1: $2 is not valid: $3', async (product, name, typed, result) => {
    const { code, out, err } = await ofProduct('check', product, name, '--serial', typed);
    expect([code, out, err]).toEqual([
      1,
      '',
      expect.stringContaining(`not valid, ${result}: the serial of ${name} for ${product} is `),
    ]);
    const scripted = await ofProduct('check', product, name, '--serial', typed, '--json');
    expect([scripted.code, parsed(Checked, scripted)]).toEqual([1, { valid: false, result, licensee: name }]);
  });

  const alphabet = fc.constantFrom('hex', 'HEX', 'base64', 'base64url', 'base32', 'crockford');
  const textWith = (separator: RegExp) =>
    fc.record(
      {
        alphabet,
        group: fc.integer({ min: 1, max: 9 }),
        separator: fc.stringMatching(separator),
        prefix: fc.stringMatching(/^[!-~]{1,6}$/),
      },
      { requiredKeys: ['alphabet'] },
    );
  const profiles = (separator: RegExp) =>
    fc
      .record({
        charset: fc.constantFrom('utf8', 'windows-1252', 'utf16le'),
        how: fc.constantFrom<object[]>(
          { mode: 'ecb', padding: 'null' },
          { mode: 'cbc', iv: { from: 'key' }, padding: 'x923' },
          { mode: 'cfb8', iv: { from: 'zero' }, padding: 'none' },
        ),
        text: textWith(separator),
      })
      .map(({ charset, how, text }) => ({ kind: 'aes-128', charset, text, ...how }))
      .filter((profile) => SerialProfile.safeParse(profile).success);
  const names = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: anyChar }), fc.string());

  it('accepts every serial that make prints', async () => {
    let made = 0;
    await fc.assert(
      fc.asyncProperty(profiles(/^[ -~]{1,5}$/), names, async (profile, name) => {
        const issued = await ofProfile('make', profile, name, '--json');
        if (issued.code !== 0) {
          expect(issued.err).toMatch(/the profile: found .+; write /);
          return;
        }
        made += 1;
        const checked = await ofProfile(
          'check',
          profile,
          name,
          '--json',
          '--serial',
          parsed(Made, issued).serial,
        );
        expect(checked).toMatchObject({ code: 0, err: '' });
      }),
      { numRuns: 50 },
    );
    expect(made).toBeGreaterThan(5);
  });

  it('ignores added spaces, and case if the alphabet has a single case', async () => {
    const spaces = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(profiles(/^[ -/:-@]{1,2}$/), spaces, async (profile, places) => {
        const issued = await ofProfile('make', profile, 'Jane Q. Sample', '--json');
        const { serial: text } = parsed(Made, issued);
        const spaced = [...text].map((one, at) => (places.includes(at) ? `\u00a0 ${one}` : one)).join('');
        const other = profile.text.alphabet.startsWith('base64')
          ? spaced
          : spaced.replace(/[a-z]/gi, (one) =>
              one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase(),
            );
        const checked = await ofProfile('check', profile, 'Jane Q. Sample', '--serial', other);
        expect(checked).toMatchObject({ code: 0, err: '' });
      }),
      { numRuns: 40 },
    );
  });

  testEach<[string, string, SerialText, boolean]>([
    ['AB-C', 'A-BC', { alphabet: 'base64url' }, false],
    ['AB-C.D', 'A-BC.D', { alphabet: 'base64url', group: 4, separator: '.' }, false],
    ['ABCD', 'AB.CD', { alphabet: 'base64url', group: 2, separator: '.' }, true],
    ['AB CD', 'AB-CD', { alphabet: 'base64', group: 2 }, true],
    ['ABCDEF', 'ABCDE\r\nF==', { alphabet: 'base64', group: 5, separator: '\r\n' }, true],
    ['abcd', 'ABCD', { alphabet: 'base64' }, false],
  ])('if $2, $0 equals the issued $1: $3', (typed, issued, text, same) =>
    expect(isTyped(typed, issued, text)).toBe(same),
  );

  it('never accepts the serial of other bytes', () => {
    const hexDigits = fc.uint8Array({ minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        profiles(/^[ -~]{1,5}$/),
        hexDigits,
        fc.nat(19),
        fc.integer({ min: 1, max: 255 }),
        (input, bytes, at, by) => {
          const { text } = SerialProfile.parse(input);
          const other = Buffer.from(bytes);
          other[at % bytes.length] = (other[at % bytes.length] ?? 0) ^ by;
          expect(isTyped(formatText(other, text), formatText(Buffer.from(bytes), text), text)).toBe(false);
        },
      ),
    );
  });
});

describe('serial explain', () => {
  test('shows each step, with escapes for invisible characters', async () => {
    const { code, out, err } = await ofProduct('explain', 'mac', ' Jose\u0301\u00a0Nu\u0301n\u0303ez\u200b');
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
      'as received | " Jose\\u{301}\\u{a0}Nu\\u{301}n\\u{303}ez\\u{200b}"',
      'normalised | nfc | "José Núñez"',
      'bytes | utf8 | 4a6f73c3a9204ec3bac3b1657a',
      'padded | pkcs7 | 4a6f73c3a9204ec3bac3b1657a030303',
      'ciphertext | ecb | 1f63c813731fe0a7d889654699b97bf6',
      'text | HEX | 1F63C813731FE0A7D889654699B97BF6',
    ]);
  });

  test('separates blocks of sixteen bytes', async () => {
    const { out } = await ofProduct('explain', 'mac', 'Alexandra Featherstone');
    expect(out).toContain('  82c28dc537d6053a4bddcf9f06df8735 7c6cc9a20dc1014536ac451cf3374100\n');
  });

  test.skipIf(!openssl).each([
    ['ecb', { mode: 'ecb', padding: 'space' }, []],
    ['cbc', { mode: 'cbc', iv: { from: 'key' }, padding: 'x923' }, ['-iv', Buffer.from(KEY).toString('hex')]],
    ['cfb8', { mode: 'cfb8', iv: { from: 'zero' }, padding: 'none' }, ['-iv', '00']],
  ])('prints the steps of %s as JSON, equal to those of openssl', async (mode, how, iv) => {
    const name = 'Renée D’Angelo-Featherstone';
    const explained = await ofProfile(
      'explain',
      { ...how, text: { alphabet: 'base64' } },
      ` ${name}`,
      '--json',
    );
    const { received, normalised, bytes, padded, ciphertext, text } = parsed(Steps, explained);
    expect([received, normalised]).toEqual([` ${name}`, name]);
    expect(bytes).toBe(Buffer.from(name).toString('hex'));
    expect(padded.startsWith(bytes)).toBe(true);
    expect(ciphertext).toBe(
      encryptWithOpenssl([`-aes-128-${mode}`, '-nopad', ...iv], Buffer.from(padded, 'hex')).toString('hex'),
    );
    expect(text).toBe(Buffer.from(ciphertext, 'hex').toString('base64'));
  });
});

describe('a mistake is reported in one line', () => {
  testEach<[string, string, RegExp]>([
    ['mac', '', /^mac: found no visible character in the name; write /],
    ['mac', '\u3164\u200b ', /^mac: found no visible character/],
    [
      'old',
      'Alexandra Featherstone',
      /^old: found a name of 22 characters; write at most 20 bytes of macroman$/,
    ],
    ['mac', 'x'.repeat(300), /^mac: found a name of 300 characters; write at most 256 bytes of utf8$/],
    ['old', '\u2003田中', /^old: found 田 \(U\+7530\), which macroman lacks; write another spelling/],
    ['mac', 'Ja\u0007ne', /^mac: found damage or a control character in the name; write it/],
    ['mac', 'JosÃ©', /^mac: found damage/],
    ['hex', 'Jane', /^hex: version 2 is not 32 hex digits; set one with `.*keys set hex --local`$/],
    ['none', 'Jane', /^none: no key; set one with `npm run keypost -- keys set none --local`$/],
    ['nope', 'Jane', /^unknown product nope; the catalogue has mac, typed, old, hex, none, base$/],
    ['constructor', 'Jane', /^unknown product constructor; the catalogue has /],
  ])('for product $0 and name $1', async (product, name, why) => {
    for (const verb of [['make'], ['explain'], ['check', '--serial', 'x']]) {
      const { code, out, err } = await ofProduct(verb[0] ?? '', product, name, ...verb.slice(1));
      expect([code, out, err]).toEqual([1, '', expect.stringMatching(why)]);
      expect(err).not.toContain('\n');
    }
  });

  const profile = '{"mode":"ecb","padding":"pkcs7","text":{"alphabet":"HEX"}}';
  test.each<[string, string[], string, RegExp]>([
    [
      'a short key for a product',
      ['--product', 'mac', '--key', '-'],
      'short',
      /^mac: expected a key of 16 ASCII characters, got 5 characters$/,
    ],
    [
      'an empty key for a product',
      ['--product', 'mac', '--key', '-'],
      '',
      /^mac: expected a key of .*, got 0 characters$/,
    ],
    [
      'a long key for a profile',
      ['--profile', profile, '--key', '-'],
      `${KEY}5`,
      /^the profile: expected a key of 16 ASCII characters, got 17/,
    ],
    ['a profile without a key', ['--profile', profile], '', /^found no product; write --product/],
    ['a key without a product', ['--key', KEY], '', /^found no product; write/],
    ['no options', [], '', /^found no product; write/],
    [
      'a profile that is not JSON',
      ['--profile', '{', '--key', '-'],
      KEY,
      /^--profile: expected a JSON object such as '\{/,
    ],
    [
      'a profile that is a list',
      ['--profile', '[1]', '--key', '-'],
      KEY,
      /^--profile: expected a JSON object/,
    ],
    [
      'a padding that does not fit the mode',
      ['--profile', '{"mode":"ecb","padding":"none","text":{"alphabet":"HEX"}}', '--key', '-'],
      KEY,
      /^profile\.padding: found "none"; write one of pkcs7/,
    ],
    [
      'a preset without its IV',
      ['--preset', 'php-mcrypt-cbc', '--profile', '{"text":{"alphabet":"HEX"}}', '--key', '-'],
      KEY,
      /^profile\.iv: found nothing; write \{ from: 'zero' \}/,
    ],
  ])('for %s', async (_, args, typed, why) => {
    const { code, out, err } = await serial(['make', '--name', 'Jane', ...args], typed);
    expect([code, out, err]).toEqual([1, '', expect.stringMatching(why)]);
    expect(err).not.toContain('\n');
  });

  test('without npm start, the error names it', async () => {
    const err: string[] = [];
    const complain = (line: string) => void err.push(line);
    const terminal = {
      env: { AWS_PORT: '1', KEYPOST_CONFIG: config },
      print: complain,
      complain,
      readSecret: async () => '',
    };
    expect(await run(['serial', 'make', '--product', 'mac', '--name', 'Jane', '--local'], terminal)).toBe(1);
    expect(err).toEqual([expect.stringMatching(/^nothing answers on this machine .*`npm start`/)]);
  });

  test.each([
    'make --product mac',
    'check --product mac --name Jane',
    'make --product mac --preset openssl-ecb --name Jane',
    'make --preset nope --key - --name Jane',
    'find-profile pairs.csv',
    'find-profile --key -',
  ])('%s exits with code 2', async (args) => {
    expect(await serial(args.split(' '))).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('error: '),
    });
  });

  test.each(['make', 'check', 'explain', 'find-profile'])('%s has help, with an example', async (verb) => {
    const { code, out } = await serial([verb, '--help']);
    expect([code, out]).toEqual([0, expect.stringContaining(`npm run keypost -- serial ${verb} --`)]);
  });
});

describe('serial find-profile', () => {
  const file = join(folder, 'pairs.csv');
  const find = (csv: string | Buffer, key: string, ...more: string[]) => {
    writeFileSync(file, csv);
    return serial(['find-profile', '--key', '-', file, ...more], `${key}\n`);
  };
  const names = ['Hu’ Åse', 'Nine and sixteen', 'Bartholomäus van d’Or', 'Thirty-three bytes of a long name'];
  const csvOf = (serialFor: (name: string) => string, of: readonly string[] = names) =>
    `name,serial\r\n${of.map((name) => `"${name}","${serialFor(name)}"\r\n`).join('')}`;
  const nulls = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((16 - (bytes.length % 16)) % 16)]);
  const iv = 'c001d00dc001d00dc001d00dc001d00d';
  const text = { alphabet: 'HEX' };
  const grouped = { alphabet: 'hex', group: 4, separator: '-', prefix: 'WP/' };

  describe.skipIf(!openssl)('for an app simulated with openssl', () => {
    const [ecb, cbc] = [['-aes-128-ecb'], ['-aes-128-cbc']];
    const own = ['-iv', Buffer.from(KEY).toString('hex')];
    const HEX = (bytes: Buffer) => bytes.toString('hex').toUpperCase();
    const parts = (bytes: Buffer) => `WP/${bytes.toString('hex').match(/.{4}/g)?.join('-')}`;
    testEach<[object, string, (name: string) => string]>([
      [
        { mode: 'ecb', padding: 'pkcs7', text },
        KEY,
        (name) => HEX(encryptWithOpenssl(ecb, Buffer.from(name))),
      ],
      [
        { mode: 'ecb', padding: 'null', text: grouped },
        KEY,
        (name) => parts(encryptWithOpenssl([...ecb, '-nopad'], nulls(Buffer.from(name)))),
      ],
      [
        { mode: 'cbc', iv: { from: 'key' }, padding: 'pkcs7', text: { alphabet: 'base64' } },
        KEY,
        (name) => encryptWithOpenssl([...cbc, ...own], Buffer.from(name)).toString('base64'),
      ],
      [
        { mode: 'cbc', iv: { from: 'literal', hex: iv }, padding: 'pkcs7', text },
        KEY,
        (name) => HEX(encryptWithOpenssl([...cbc, '-iv', iv], Buffer.from(name))),
      ],
      [
        { mode: 'cfb8', iv: { from: 'zero' }, padding: 'none', text: { alphabet: 'base64url' } },
        KEY,
        (name) => encryptWithOpenssl(['-aes-128-cfb8', '-iv', '00'], Buffer.from(name)).toString('base64url'),
      ],
      [
        { mode: 'ecb', padding: 'pkcs7', charset: 'utf16le', name: { fold: 'upper' }, text },
        KEY,
        (name) => HEX(encryptWithOpenssl(ecb, Buffer.from(name.toUpperCase(), 'utf16le'))),
      ],
      [
        {
          ...{ mode: 'ecb', padding: 'pkcs7', key: { fit: 'mysql' } },
          text: { alphabet: 'base64', group: 60, separator: '\n' },
        },
        'Sixteen-byte-keymore',
        (name) =>
          // The first four bytes are XORed with "more".
          encryptWithOpenssl(ecb, Buffer.from(name), Buffer.from('3e060a1165656e2d627974652d6b6579', 'hex'))
            .toString('base64')
            .replaceAll(/.{60}(?=.)/g, '$&\n'),
      ],
      [
        { mode: 'ecb', padding: 'pkcs7', key: { form: 'hex' }, text },
        'c0ffee00c0ffee00c0ffee00c0ffee00',
        (name) =>
          HEX(
            encryptWithOpenssl(
              ecb,
              Buffer.from(name),
              Buffer.from('c0ffee00c0ffee00c0ffee00c0ffee00', 'hex'),
            ),
          ),
      ],
    ])('finds a profile where $0', async (profile, key, serialFor) => {
      const match = SerialProfile.parse({ kind: 'aes-128', ...profile });
      const csv = csvOf(serialFor);
      const scripted = await find(csv, key, '--json');
      expect([scripted.code, scripted.err]).toEqual([0, '']);
      expect(parsed(Matches, scripted)).toEqual({ matches: [match], undecided: null });
      const { code, out } = await find(csv, key);
      expect([code, out.includes('To distinguish them')]).toEqual([0, false]);
      expect(pasted(out)).toEqual([match]);
      const made = await serial([
        'make',
        '--json',
        '--profile',
        JSON.stringify(match),
        '--key',
        key,
        '--name',
        names[2] ?? '',
      ]);
      expect(parsed(Made, made).serial).toBe(serialFor(names[2] ?? ''));
    });

    test('names the pair that distinguishes two remaining profiles', async () => {
      const csv = csvOf(
        (name) => HEX(encryptWithOpenssl(ecb, Buffer.from(name))),
        ['Jane Q. Sample', 'Hu’ Åse'],
      );
      const { code, out, err } = await find(csv, KEY);
      expect([code, err, pasted(out).map(({ mode }) => mode)]).toEqual([0, '', ['ecb', 'cbc']]);
      expect(out).toMatch(/\nTo distinguish them, add the serial of a name of 17 bytes or more\.$/);
      const { matches, undecided } = parsed(Matches, await find(csv, KEY, '--json'));
      expect([matches.length, undecided]).toEqual([2, 'a name of 17 bytes or more']);
    });

    test('finds no profile under another key', async () => {
      const csv = csvOf((name) => HEX(encryptWithOpenssl(ecb, Buffer.from(name))));
      expect(await find(csv, OLD)).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringMatching(/^no profile makes all.*hashes or folds the key/),
      });
      const scripted = await find(csv, OLD, '--json');
      expect([scripted.code, parsed(Matches, scripted)]).toEqual([1, { matches: [], undecided: null }]);
    });
  });

  /** Evaluates the lines for the catalogue. */
  const pasted = (out: string) =>
    [...out.matchAll(/^ {2}(serial: .*),$/gm)].map(([, line]) =>
      SerialProfile.parse(new Function(`return { ${line} }.serial`)()),
    );

  test.each<[string, string | Buffer, string, RegExp]>([
    ['a mistake', 'Jane:ABC', KEY, /pairs\.csv: line 1: found one field; write name,serial/],
    ['no text', '', KEY, /pairs\.csv: found no pair/],
    [
      'Latin-1',
      Buffer.from('José,ABC', 'latin1'),
      KEY,
      /pairs\.csv: found bytes that are not UTF-8; save it/,
    ],
    ['UTF-16', Buffer.from('\ufeffJane,ABC', 'utf16le'), KEY, /not UTF-8/],
    ['no key', `Jane,${JANE}`, '', /^expected a key in ASCII, hex or base64, got 0 characters; write/],
    [
      'a key of other letters',
      `Jane,${JANE}`,
      'schlüssel',
      /^expected a key in ASCII, hex or base64, got 9 characters; write/,
    ],
  ])('reports %s', async (_, csv, key, why) => {
    expect(await find(csv, key)).toMatchObject({ code: 1, out: '', err: expect.stringMatching(why) });
  });

  test('reports a missing file', async () => {
    const { code, err } = await serial(['find-profile', '--key', '-', join(folder, 'none.csv')], KEY);
    expect([code, err]).toEqual([1, expect.stringMatching(/none\.csv cannot be read: ENOENT/)]);
  });
});

describe('the progress bar', () => {
  function* steps() {
    yield { tried: 0, of: 200 };
    yield { tried: 100, of: 200 };
    return 'done';
  }
  const shownOn = async (isTTY: boolean) => {
    const shown: string[] = [];
    expect(await withBar(steps(), { isTTY, write: (text) => shown.push(text) })).toBe('done');
    return shown;
  };

  test('is drawn on a terminal and erased at the end', async () =>
    expect(await shownOn(true)).toEqual([
      `\r[${' '.repeat(40)}] 0 %`,
      `\r[${'='.repeat(20)}${' '.repeat(20)}] 50 %`,
      '\r\u001b[K',
    ]));
  test('is not drawn if the output is not a terminal', async () => expect(await shownOn(false)).toEqual([]));
});

describe('POST /local/find-profile', () => {
  const ask = async (body: object) => {
    const init = { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`${running.page}/local/find-profile`, init);
    const value: unknown = await answer.json();
    return { status: answer.status, value };
  };
  // openssl enc -aes-128-ecb -K 31323334353637383930313233343536
  const pairs = `Jane Q. Sample,${JANE}\nHu’ Åse,4EF118418FA705287FA81C3374D6B498\n`;

  test('returns the profiles, a catalogue line for each, and the distinguishing name', async () => {
    const { status, value } = await ask({ key: KEY, pairs });
    expect([status, value]).toEqual([
      200,
      {
        matches: [expect.objectContaining({ mode: 'ecb' }), expect.objectContaining({ mode: 'cbc' })],
        lines: [
          "serial: { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } },",
          "serial: { kind: 'aes-128', mode: 'cbc', iv: { from: 'zero' }, padding: 'pkcs7', text: { alphabet: 'HEX' } },",
        ],
        undecided: 'a name of 17 bytes or more',
      },
    ]);
    expect(await ask({ key: OLD, pairs })).toEqual({
      status: 200,
      value: { matches: [], lines: [], undecided: null },
    });
  });

  testEach<[object, RegExp]>([
    [{ key: KEY, pairs: 'Jane:ABC' }, /^line 1: found one field/],
    [{ key: KEY }, /^pairs: /],
    [{ pairs }, /^key: /],
  ])('refuses a request where $0', async (body, why) =>
    expect(await ask(body)).toEqual({ status: 400, value: { message: expect.stringMatching(why) } }),
  );

  test('yields to the event loop while it searches', async () => {
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 0);
    await findProfile({ key: OLD, pairs });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(5);
  });
});

test('no output of any command contains a key', () => {
  const forms = [KEY, OLD].flatMap((key) => {
    const bytes = Buffer.from(key);
    return [key, bytes.toString('hex'), bytes.toString('base64').slice(0, 20)];
  });
  const all = output.join('\n').toLowerCase();
  expect(forms.filter((form) => all.includes(form.toLowerCase()))).toEqual([]);
  expect(output.length).toBeGreaterThan(200);
});
