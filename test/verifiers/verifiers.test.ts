/**
 * Runs the checks that sellers copy into their apps against the published vectors, and those vectors against the `openssl`
 * command. The vectors are trustworthy because AES, charsets and alphabets of other authors agree with them.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { presets } from '../../functions/core/serial/presets.ts';
import type { SerialProfile } from '../../functions/core/serial/profile.ts';
import { sampled } from '../fixtures/prove.ts';
import { bare, type Case, plain, type Question, questions, vectors } from './questions.ts';
import { LENGTHS, vectorsFile, WITHOUT } from './vectors.ts';

const FOLDER = 'docs/verifiers';

describe('vectors.json', () => {
  it('equals the output of our code', async () => {
    await expect(vectorsFile()).toMatchFileSnapshot(`../../${FOLDER}/vectors.json`);
  });

  const known = Object.entries(presets).filter(([name]) => !WITHOUT.some((one) => one === name));
  test.each(known)('has %s with names of every length', (_, preset) => {
    const names = vectors.filter(({ profile }) =>
      Object.entries(preset).every(
        ([option, value]) => JSON.stringify(profile[option]) === JSON.stringify(value),
      ),
    );
    const lengths = new Set(names.map(({ name }) => Buffer.byteLength(name)));
    expect(LENGTHS.filter((length) => !lengths.has(length))).toEqual([]);
    expect(names.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['José Núñez', 'Jose\u0301 Nu\u0301n\u0303ez']),
    );
  });
});

const commands = new Map(
  [
    'openssl version',
    'python3 --version',
    'javac -version',
    'java -version',
    'mcs --version',
    'mono --version',
  ].map((line) => [line.split(' ')[0], spawnSync(line, { shell: true }).status === 0]),
);
const has = (...names: string[]) => names.every((name) => commands.get(name));
const hasOpensslHeaders =
  spawnSync('cc', ['-E', '-x', 'c', '-'], { input: '#include <openssl/evp.h>' }).status === 0;

describe.skipIf(!has('openssl'))('the openssl command', () => {
  const ciphertexts = new Map<string, Buffer>();
  const usual = vectors.filter(
    ({ full, name }) =>
      full.mode !== 'cbc-dcpcrypt' &&
      full.iv?.from !== 'encrypted-zero' &&
      (full.charset === 'utf8' || full.charset === 'utf16le') &&
      full.name.form !== 'as-is' &&
      full.name.fold === 'none' &&
      !/\p{Cf}|[^\S ]| {2}|^ | $/u.test(name) &&
      !['base32', 'crockford'].includes(full.text.alphabet),
  );

  it('makes the same serials', () => {
    expect(usual.length).toBeGreaterThan(300);
    const differs = sampled(usual, 6).filter(({ serial, ...vector }) => {
      const { cut } = vector.full.text;
      return (
        bare(vector.full, serial) !== spelled(vector.full.text.alphabet, ciphertext(vector)).slice(0, cut)
      );
    });
    expect(differs).toEqual([]);
  });

  /** `openssl` adds the paddings that it supports. The others are implemented here a second time, from their documents. */
  function ciphertext({ full, key, name }: Omit<Case, 'serial'>): Buffer {
    const bytes = Buffer.from(
      name.normalize(full.name.form.toUpperCase()),
      full.charset === 'utf8' ? 'utf8' : 'utf16le',
    );
    const short = (16 - (bytes.length % 16)) % 16;
    const fill = {
      // No vector has these paddings.
      ...{ iso7816: '', 'null-pkcs7': '' },
      none: '',
      pkcs7: full.mode === 'cfb8' ? String.fromCharCode(short || 16).repeat(short || 16) : '',
      null: '\0'.repeat(short),
      space: ' '.repeat(short),
      x923: '\0'.repeat((short || 16) - 1) + String.fromCharCode(short || 16),
    }[full.padding];
    const keyHex = sixteen(full.key.form, key);
    const iv = {
      zero: '00'.repeat(16),
      key: keyHex,
      literal: full.iv && 'hex' in full.iv ? (full.iv.hex ?? '') : '',
    };
    const from = full.iv?.from;
    return enc(
      [
        `-aes-128-${full.mode}`,
        ...(full.padding === 'pkcs7' ? [] : ['-nopad']),
        ...['-K', keyHex],
        ...(from && from !== 'encrypted-zero' ? ['-iv', iv[from]] : []),
      ],
      Buffer.concat([bytes, Buffer.from(fill)]),
    );
  }

  /** Cached, because vectors that differ only in their alphabet have the same ciphertext. */
  function enc(args: readonly string[], input: Buffer): Buffer {
    const id = [...args, input.toString('hex')].join(' ');
    const known = ciphertexts.get(id);
    if (known) return known;
    const { status, stdout } = spawnSync('openssl', ['enc', ...args], { input });
    expect(status).toBe(0);
    ciphertexts.set(id, stdout);
    return stdout;
  }

  function sixteen(form: SerialProfile['key']['form'], key: string): string {
    const bytes =
      form === 'md5'
        ? createHash('md5').update(key).digest()
        : Buffer.from(key, form === 'hex' || form === 'base64' ? form : 'ascii');
    return bytes.toString('hex').padEnd(32, '0').slice(0, 32);
  }

  function spelled(alphabet: SerialProfile['text']['alphabet'], bytes: Buffer): string {
    if (alphabet === 'HEX') return bytes.toString('hex').toUpperCase();
    return bytes.toString(alphabet === 'base64' || alphabet === 'base64url' ? alphabet : 'hex');
  }
});

const out = mkdtempSync(join(tmpdir(), 'keypost-verifiers-'));
afterAll(() => rmSync(out, { recursive: true }));

/** Makes Java compile a program that runs for a second with less effort. */
const FAST = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** The languages that our tests can run. `isHere`: this machine has the tools. */
const languages = [
  {
    language: 'JavaScript',
    file: 'serial-check.mjs',
    isHere: true,
    run: [process.execPath, 'test/verifiers/run.mjs'],
  },
  {
    language: 'Python',
    file: 'serial_check.py',
    isHere: has('python3'),
    run: ['python3', 'test/verifiers/run.py'],
  },
  {
    language: 'C',
    file: 'serial_check.c',
    isHere: hasOpensslHeaders,
    build: [
      'cc',
      '-std=c99',
      '-pedantic',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-o',
      join(out, 'run'),
      'test/verifiers/run.c',
      '-lcrypto',
    ],
    run: [join(out, 'run')],
  },
  {
    language: 'Java',
    file: 'SerialCheck.java',
    isHere: has('javac', 'java'),
    build: [
      'javac',
      ...FAST.map((option) => `-J${option}`),
      '-encoding',
      'UTF-8',
      '-d',
      out,
      'test/verifiers/Run.java',
      `${FOLDER}/SerialCheck.java`,
    ],
    run: ['java', ...FAST, '-cp', out, 'Run'],
  },
  {
    language: 'C#',
    file: 'SerialCheck.cs',
    isHere: has('mcs', 'mono'),
    build: [
      'mcs',
      '-langversion:7',
      `-out:${join(out, 'run.exe')}`,
      'test/verifiers/Run.cs',
      `${FOLDER}/SerialCheck.cs`,
    ],
    run: ['mono', join(out, 'run.exe')],
  },
];
const listed = (isHere: boolean) =>
  languages.flatMap((one) => (one.isHere === isHere ? [one.language] : [])).join(', ') || 'none';
console.info(
  `serial checks for apps: run ${listed(true)}; not run, because tools are missing: ${listed(false)}`,
);

describe('docs/verifiers', () => {
  const files = readdirSync(FOLDER).filter((file) => !['README.md', 'vectors.json'].includes(file));
  const readme = readFileSync(`${FOLDER}/README.md`, 'utf8');

  test.each(files)('%s and its row in the README state correctly whether our tests run it', (file) => {
    const isRun = languages.some((one) => one.file === file);
    const row = readme.split('\n').find((line) => line.startsWith(`| [${file}](${file}) |`)) ?? '';
    expect(row).not.toBe('');
    expect(row.includes('not run by us')).toBe(!isRun);
    expect(readFileSync(join(FOLDER, file), 'utf8').includes('Not run by us')).toBe(!isRun);
  });
});

describe.each(languages)('$language', ({ isHere, build, run, file }) => {
  it.skipIf(!isHere)(
    'accepts right serials, refuses wrong ones, and makes the same serials',
    () => {
      if (build) expect(outputOf(build, '')).toBe('');
      const asked = sampled(questions, 4);
      const lines = asked.map((question) =>
        file.endsWith('.mjs') ? JSON.stringify(question) : fields(question, file.endsWith('.c')),
      );
      const answers = outputOf(run, `${lines.join('\n')}\n`)
        .trimEnd()
        .split(/\r?\n/);
      expect(answers).toHaveLength(asked.length);
      const wrong = asked.filter(
        ({ isRight }, at) => answers[at]?.startsWith(isRight ? '1\t' : '0\t') !== true,
      );
      expect(wrong).toEqual([]);
      const made = sampled(vectors, 4).map(({ full, serial }) => plain(full, serial));
      expect(answers.slice(0, made.length).map((answer) => answer.slice(2))).toEqual(made);
    },
    120_000,
  );
});

function outputOf([command = '', ...args]: readonly string[], input: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8', maxBuffer: 1e8 });
  expect(status, stderr).toBe(0);
  return stdout;
}

/** Formats a question for languages without JSON: hex, separated by tabs. The C check expects a normalised, folded name. */
function fields({ full, key, name, serial }: Question, isNormal: boolean): string {
  const { form, trim, collapse, fold } = full.name;
  const { alphabet, cut = 0, separator = '-', prefix = '' } = full.text;
  const iv = full.iv === undefined ? 'zero' : full.iv.from === 'literal' ? full.iv.hex : full.iv.from;
  const normal = (text: string) => (form === 'as-is' ? text : text.normalize(form.toUpperCase()));
  const text = normal(name);
  const cased = { none: text, upper: text.toUpperCase(), lower: text.toLowerCase() }[fold];
  const options = [
    key,
    full.key.form,
    full.mode,
    iv,
    full.padding,
    full.charset,
    form,
    Number(trim),
    Number(collapse),
    fold,
    alphabet,
    cut,
    separator,
    prefix,
  ];
  return [...options, isNormal ? normal(cased) : name, serial]
    .map((field) => Buffer.from(String(field)).toString('hex'))
    .join('\t');
}
