/** The parts that all commands share: tables, JSON for scripts, and the loading of verbs. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { columns, json } from '../../bin/commands/cli/columns.ts';

const execute = promisify(execFile);

describe('a table', () => {
  // The widths are those of Unicode Standard Annex 11: W and F take two columns, combining marks none.
  test.each([
    ['CJK ideographs', '田中', 4],
    ['Hangul', '김', 2],
    ['full-width letters', 'ＡＢ', 4],
    ['half-width katakana', 'ｶﾅ', 2],
    ['a combining accent', 'e\u0301', 1],
    ['emoji of several code points', '👩‍💻❤️🇩🇪', 6],
  ])('aligns the column after %s by their display width', (_, name, width) => {
    const [heading, wide, plain] = columns([
      ['NAME', 'ORDER'],
      [name, 'A-1'],
      ['x'.repeat(6), 'A-2'],
    ]).split('\n');
    expect([heading, plain]).toEqual(['NAME    ORDER', 'xxxxxx  A-2']);
    expect(wide).toBe(`${name}${' '.repeat(8 - width)}A-1`);
  });
});

describe('JSON for scripts', () => {
  // The first twelve are all characters with the Unicode property Bidi_Control (PropList.txt).
  test.each([
    0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0x061c, 0x0d,
    0x1b, 0x7f, 0x85, 0x9b, 0x2028, 0x2029,
  ])('escapes the code point %i, and a parser returns it', (code) => {
    const text = `a${String.fromCharCode(code)}b`;
    const printed = json({ text }, 0);
    expect(printed).toMatch(/^[ -~]+$/);
    expect(JSON.parse(printed)).toEqual({ text });
  });

  test('keeps letters of every script readable', () => {
    expect(json('Zoë 田中 שלום', 0)).toBe('"Zoë 田中 שלום"');
  });
});

describe('a command line loads only the modules of its command', () => {
  const module = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;
  const hook = module(`import { writeSync } from 'node:fs';
    export async function resolve(name, context, next) {
      const found = await next(name, context);
      writeSync(2, found.url + '\\n');
      return found;
    }`);
  const register = module(`import { register } from 'node:module'; register(${JSON.stringify(hook)});`);
  /** Runs the real command. Returns the addresses of the modules that it loads. */
  async function loadedBy(...args: readonly string[]): Promise<string[]> {
    const node = ['--import', 'tsx', '--import', register, 'bin/keypost.ts', ...args];
    return (await execute(process.execPath, node)).stderr.split('\n');
  }

  test('help loads no AWS client and no verb', async () => {
    const loaded = await loadedBy('help');
    expect(loaded.filter((url) => /\/bin\/commands\/cli\/program\.ts/.test(url))).not.toEqual([]);
    expect(loaded.filter((url) => /@aws-sdk|@smithy|\/bin\/commands\/(?!cli\/)/.test(url))).toEqual([]);
  });

  test('help on a verb loads that verb, and neither the catalogue nor CloudFormation', async () => {
    const loaded = await loadedBy('orders', 'list', '--help');
    for (const module of [/\/commands\/orders\/list\.ts/, /@aws-sdk/])
      expect(loaded.filter((url) => module.test(url))).not.toEqual([]);
    const others =
      /\/commands\/(?!cli\/|orders\/(list|print|session|table)\.ts)|\/load-catalogue\.ts|\/providers\/|cloudformation/;
    expect(loaded.filter((url) => others.test(url))).toEqual([]);
  });
});

describe('the launcher', () => {
  test('bundles a changed source again, and an unchanged one once', async () => {
    const tree = mkdtempSync(join(tmpdir(), 'keypost-launcher-'));
    const help = async () => (await execute(join(tree, 'bin/keypost.mjs'), ['help'])).stdout;
    const bundles = () =>
      readdirSync(join(tree, '.bundles/keypost')).filter((name) => name.startsWith('bundle-')).length;
    for (const name of ['bin', 'functions', 'lib', 'package.json'])
      cpSync(name, join(tree, name), { recursive: true });
    symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));

    const first = await help();
    expect([first, await help(), bundles()]).toEqual([expect.stringContaining('serials'), first, 1]);
    const source = join(tree, 'bin/commands/cli/program.ts');
    writeFileSync(source, readFileSync(source, 'utf8').replace('the orders', 'all orders'));
    expect([await help(), bundles()]).toEqual([first.replace('the orders', 'all orders'), 2]);
    rmSync(tree, { recursive: true });
  });
});
