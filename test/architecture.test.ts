/** Enforces the layout, the import directions and the vocabulary. Each rule is also tried with a file that breaks it. */
import { describe, expect, test } from 'vitest';
import * as rules from './architecture/rules.ts';
import { codeIn, commentsIn, importsIn, sourcesIn } from './architecture/sources.ts';

const sources = sourcesIn('functions', 'bin', 'lib', 'local');
const tests = sourcesIn('test');

const text = (line: string, times = 1) => `${line}\n`.repeat(times);
const manyFiles = (folder: string): [string, string][] =>
  Array.from({ length: 15 }, (_, n) => [`${folder}/file-${n}.ts`, '']);

/** For each rule, files that violate it. */
const VIOLATIONS: Readonly<Record<keyof typeof rules, Readonly<Record<string, string>>>> = {
  importDirections: { 'functions/core/new.ts': text("import { DynamoDB } from '@aws-sdk/client-dynamodb';") },
  commandsWithoutLocal: { 'bin/commands/new.ts': text("import { start } from '../../local/start.ts';") },
  importCycles: {
    'functions/core/a.ts': text("import type { B } from './b.ts';"),
    'functions/core/b.ts': text("export type { A } from './a.ts';"),
  },
  lambdasWithoutTools: {
    'functions/redeliver.ts': text("import { release } from './core/operator/release.ts';"),
    'functions/webhook.ts': text("import { paddle } from './providers/paddle/simulator.ts';"),
  },
  layout: { 'functions/core/helpers/new.ts': '' },
  providerFolders: { 'functions/providers/acme/provider.ts': '' },
  folderSizes: Object.fromEntries(manyFiles('functions/core/order')),
  forbiddenIdentifiers: { 'lib/new.ts': text('export const verdict = 1;') },
  commentOpeners: { 'lib/new.ts': text('/** What of it. */', 1_000) },
  lineBudget: { 'lib/new.ts': text('', 35_001) },
  pureCore: { 'functions/core/new.ts': text('export const now = Date.now();') },
  noProviderNames: {
    'functions/core/new.ts': text("export const isPaddle = (name: string) => name === 'paddle';"),
  },
};

describe.each(Object.entries(VIOLATIONS))('the rule %s', (name, files) => {
  const [, rule] = Object.entries(rules).find(([one]) => one === name) ?? [];

  test('holds for every file', () => {
    expect(rule?.(sources)).toEqual([]);
  });

  test('reports a file that breaks it', () => {
    const before = new Set(rule?.(sources));
    const after = rule?.(new Map([...sources, ...Object.entries(files)])) ?? [];
    expect(after.filter((line) => !before.has(line))).not.toEqual([]);
  });
});

test('no test reads the template that a seller edits', () => {
  const reads = [...tests].filter(([file, content]) =>
    importsIn(file, content).some(({ path }) => path === 'keypost.config.ts' || path === '#catalogue'),
  );
  expect(reads.map(([file]) => file)).toEqual([]);
});

/** These put JSON, a dumped object or a bare index into the name of a row. `testEach` of in-words.ts says the values in words. */
const DUMPS = /\)\(\s*(['"`])(?:(?!\1)[^\\\n]|\\.)*%[joO#]/;

test('the rows of tests have names in words', () => {
  const dumping = [...tests].filter(([, content]) => DUMPS.test(content));
  expect(dumping.map(([file]) => file)).toEqual([]);
  for (const format of ['j', 'o', 'O', '#'])
    expect(`test.each(rows)(\n  'a row with %${format} is read', () => {})`).toMatch(DUMPS);
});

describe('the reader of sources', () => {
  const file = text(
    [
      '/** One\n * sentence. */',
      "const quoted = '// no comment';",
      'const regex = /[/*]round/;',
      '// Two lines\n// of one comment.',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a source file
      'const template = `wish ${place(`${goods}`)}`; // Another.',
    ].join('\n'),
  );

  test('counts consecutive lines as one comment, and no string', () => {
    expect(commentsIn(file)).toEqual(['One\n sentence.', 'Two lines\n of one comment.', 'Another.']);
  });

  test('keeps the code in a template, and no other text', () => {
    expect(codeIn(file).match(/\b(round|wish|place|goods|sentence|comment)\b/g)).toEqual(['place', 'goods']);
  });

  test('tells type imports and lazy imports from the others', () => {
    const imports = text(
      [
        "import type { A } from './a.ts';",
        "import { type B } from './b.ts';",
        "await import('./c.ts');",
      ].join('\n'),
    );
    expect(importsIn('lib/x.ts', `${imports}import { d, type E } from 'd';\n`)).toEqual([
      { path: 'lib/a.ts', isType: true, isLazy: false },
      { path: 'lib/b.ts', isType: true, isLazy: false },
      { path: 'lib/c.ts', isType: false, isLazy: true },
      { path: 'd', isType: false, isLazy: false },
    ]);
  });
});
