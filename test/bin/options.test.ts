/** Renames the flags in a copy of the tree, where the code that reads them must no longer compile. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const tree = mkdtempSync(join(tmpdir(), 'keypost-options-'));
afterAll(() => rmSync(tree, { recursive: true }));

/** No code reads it: it names the default, and conflicts with --live. */
const DEFAULT = 'test';
const FLAG = /(\.option\(\s*'|new Option\(\s*')((?:-\w, )?)--([a-z-]+)/g;

test('renaming a flag does not compile, because a command infers its options', () => {
  for (const name of ['bin/commands', 'functions', 'lib', 'package.json'])
    cpSync(name, join(tree, name), { recursive: true });
  const { compilerOptions } = JSON.parse(readFileSync('tsconfig.json', 'utf8'));
  // The file that an incremental run writes is that of `npm run types`.
  const options = { ...compilerOptions, incremental: false, tsBuildInfoFile: undefined };
  writeFileSync(
    join(tree, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, include: ['bin/commands'] }),
  );
  symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
  const flags = new Set<string>();
  for (const name of readdirSync(join(tree, 'bin/commands'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const file = join(tree, 'bin/commands', name);
    const renamed = readFileSync(file, 'utf8').replace(FLAG, (_, before, short, flag) => {
      flags.add(flag);
      return `${before}${short}--renamed-${flag}`;
    });
    writeFileSync(file, renamed);
  }
  const tsc = resolve('node_modules/typescript/bin/tsc');
  // Several threads check many types twice.
  const args = [tsc, '--singleThreaded', '--pretty', 'false'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: tree, encoding: 'utf8' });
  const property = (flag: string) =>
    flag.replace(/^no-/, '').replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const compiled = [...flags].filter(
    (flag) => !new RegExp(`Property '${property(flag)}' (does not exist|is missing)`).test(stdout),
  );
  expect(flags.size).toBeGreaterThan(20);
  expect(compiled).toEqual([DEFAULT]);
}, 120_000);
