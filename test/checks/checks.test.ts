/** Runs the checks that sellers copy into their apps against one file of licences, valid and not. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { licenceId, publicKeyOf, signLicence } from '../../functions/core/serial/ed25519.ts';

const seed = Buffer.alloc(32, 1);
const KEY = { product: 7, number: 1, publicKey: publicKeyOf(seed).toString('hex') };
const LICENCE = {
  product: 7,
  issuedAt: Date.UTC(2026, 10, 23),
  months: 12,
  seats: 3,
  id: licenceId('shop#1', 0, 1),
};
const licenceOf = (licensee: string, more: object = {}, number = 1) =>
  signLicence({ ...LICENCE, licensee, ...more }, { number, seed }) ?? '';

const JANE = licenceOf('Jane Q. Sample');
const bytesOf = (text: string) => Buffer.from(text.slice(4), 'base64url');
const textOf = (bytes: Uint8Array) => `KP1-${Buffer.from(bytes).toString('base64url')}`;
const changed = (at: number, bit: number) => {
  const bytes = bytesOf(JANE);
  bytes[at] = (bytes[at] ?? 0) ^ bit;
  return textOf(bytes);
};
/** Adds the order of the group to S: the same signature in another form (RFC 8032, 8.4). */
function malleable(): string {
  const bytes = bytesOf(JANE);
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(bytes.subarray(-32)).reverse().toString('hex')}`) + order;
  Buffer.from(s.toString(16).padStart(64, '0'), 'hex')
    .reverse()
    .copy(bytes, bytes.length - 32);
  return textOf(bytes);
}
/** A name of 15 bytes leaves four bits over in the last character. */
const FOUR_BITS = licenceOf('Jane Q. Samples');
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const withStrayBits = (text: string) => text.slice(0, -1) + DIGITS[DIGITS.indexOf(text.at(-1) ?? '') + 1];

/** `name`: null if the licence must be refused. */
const CASES: readonly {
  why: string;
  text: string;
  name: string | null;
  product?: number;
  number?: number;
}[] = [
  { why: 'a licence', text: JANE, name: 'Jane Q. Sample' },
  ...['José Núñez', 'Łukasz 李', 'X', 'x'.repeat(200), 'Jane Q. Samples', '👩‍💻 Zoë'].map((name) => ({
    ...{ why: `${Buffer.byteLength(name)} bytes`, text: licenceOf(name), name },
  })),
  { why: 'updates for ever', text: licenceOf('Zoë', { months: undefined }), name: 'Zoë' },
  { why: 'key 15', text: licenceOf('Zoë', {}, 15), number: 15, name: 'Zoë' },
  { why: 'another format', text: changed(0, 0x30), name: null },
  { why: 'another key number', text: licenceOf('Zoë', {}, 2), name: null },
  { why: 'another product', text: licenceOf('Zoë', { product: 8 }), name: null },
  { why: 'the product of another app', text: JANE, product: 8, name: null },
  { why: 'a changed name', text: changed(20, 1), name: null },
  { why: 'changed seats', text: changed(7, 1), name: null },
  { why: 'a changed R', text: changed(bytesOf(JANE).length - 64, 1), name: null },
  { why: 'a changed S', text: changed(bytesOf(JANE).length - 20, 1), name: null },
  { why: 'S plus the order of the group', text: malleable(), name: null },
  { why: 'cut by a character', text: JANE.slice(0, -1), name: null },
  { why: 'cut by a byte', text: textOf(bytesOf(JANE).subarray(0, -1)), name: null },
  { why: 'cut to the head', text: textOf(bytesOf(JANE).subarray(0, 16)), name: null },
  { why: 'nothing', text: 'KP1-', name: null },
  { why: 'another prefix', text: JANE.replace('KP1', 'KP2'), name: null },
  { why: 'padding', text: `${FOUR_BITS}=`, name: null },
  { why: 'stray bits', text: withStrayBits(FOUR_BITS), name: null },
  {
    why: 'base64 with + and /',
    text: JANE.replaceAll('-', '+').replace('KP1+', 'KP1-').replaceAll('_', '/'),
    name: null,
  },
  { why: 'a space at the end', text: `${JANE} `, name: null },
];

const VECTORS = CASES.map(({ why, text, name, product = KEY.product, number = KEY.number }) => ({
  ...{ why, text, product, keyNumber: number, publicKey: KEY.publicKey, name },
}));

it('are tested against the published vectors', async () => {
  await expect(`${JSON.stringify(VECTORS, null, 2)}\n`).toMatchFileSnapshot('../../docs/checks/vectors.json');
});

const out = mkdtempSync(join(tmpdir(), 'keypost-checks-'));
afterAll(() => rmSync(out, { recursive: true }));

const has = (command: string, ...args: readonly string[]) => spawnSync(command, args).status === 0;
const hasOpenssl = () =>
  spawnSync('cc', ['-E', '-x', 'c', '-'], { input: '#include <openssl/evp.h>' }).status === 0;

const LANGUAGES: readonly {
  language: string;
  isHere: boolean;
  build?: readonly string[];
  run: readonly string[];
}[] = [
  { language: 'JavaScript', isHere: true, run: [process.execPath, 'test/checks/run.mjs'] },
  {
    language: 'Python',
    isHere: has('python3', '-c', 'from cryptography.hazmat.primitives.asymmetric import ed25519'),
    run: ['python3', 'test/checks/run.py'],
  },
  {
    language: 'C',
    isHere: hasOpenssl(),
    build: [
      'cc',
      '-std=c99',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-o',
      join(out, 'run'),
      'test/checks/run.c',
      '-lcrypto',
    ],
    run: [join(out, 'run')],
  },
  {
    language: 'C#',
    isHere: has('mcs', '--version') && has('mono', '--version'),
    build: [
      ...['mcs', '-langversion:5', '-r:System.Numerics.dll', `-out:${join(out, 'run.exe')}`],
      ...['test/checks/Run.cs', 'docs/checks/LicenceCheck.cs'],
    ],
    run: ['mono', join(out, 'run.exe')],
  },
  {
    language: 'Object Pascal',
    isHere: has('fpc', '-iV'),
    build: [
      'fpc',
      '-O2',
      '-v0',
      '-Fudocs/checks',
      `-FU${out}`,
      `-o${join(out, 'run-pas')}`,
      'test/checks/run.pas',
    ],
    run: [join(out, 'run-pas')],
  },
  {
    language: 'Rust',
    isHere: has('rustc', '--version'),
    build: ['rustc', '--edition=2021', '-O', '-o', join(out, 'run-rs'), 'test/checks/run.rs'],
    run: [join(out, 'run-rs')],
  },
];

describe('the check for apps', () => {
  const input = VECTORS.map(({ product, keyNumber, publicKey, text }) =>
    [product, keyNumber, publicKey, text].join('\t'),
  ).join('\n');
  const expected = VECTORS.map(
    ({ name, why }) =>
      `${why}: ${name === null ? '-' : `${Buffer.from(name).toString('hex')}|3|${LICENCE.id.toString('hex')}`}`,
  );

  for (const { language, isHere, build, run } of LANGUAGES) {
    // A machine without the tools of a language has no test of it.
    if (!isHere) continue;
    it(`in ${language} judges every licence right`, { timeout: 120_000 }, () => {
      for (const [command = '', ...args] of build ? [build] : []) {
        const { status, stderr } = spawnSync(command, args);
        expect(status, stderr.toString()).toBe(0);
      }
      const [command = '', ...args] = run;
      const { stdout, stderr } = spawnSync(command, args, { input: `${input}\n` });
      expect(stderr.toString()).toBe('');
      const answers = stdout.toString().trimEnd().split('\n');
      expect(VECTORS.map(({ why }, at) => `${why}: ${answers[at]}`)).toEqual(expected);
    });
  }
});
