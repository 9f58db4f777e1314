/** Who may import what (design 3). */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Folder → what its files may import: of ours as paths from the root, of others as package names. */
const MAY: readonly [folder: string, pattern: RegExp][] = [
  ['functions/core', /^(functions\/core\/|zod\/mini$|node:(buffer|crypto|tls|url|zlib)$)/],
  [
    'functions/providers',
    /^(functions\/core\/|functions\/providers\/|zod\/mini$|node:(buffer|crypto|url|zlib)$)/,
  ],
  ['functions/aws', /^(functions\/core\/|functions\/aws\/|@aws-sdk\/|nodemailer\/|zod\/mini$|node:)/],
  ['functions', /^(functions\/(core|aws|providers)\/|functions\/env\.ts$|#catalogue$|zod\/mini$)/],
  // The catalogue is read at synthesis too, and checked against the providers there are.
  [
    'lib/load-catalogue.ts',
    /^(lib\/|functions\/core\/catalogue\.ts$|functions\/providers\/index\.ts$|esbuild$|zod\/mini$|node:)/,
  ],
  ['lib', /^(lib\/|type functions\/|functions\/core\/catalogue\.ts$|aws-cdk-lib|constructs$|esbuild$|node:)/],
];

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (path.endsWith('.ts')) yield path;
  }
}

const isTypeOnly = (clause: string) =>
  /^import type /.test(clause) || /^import \{(?:\s*type [^,}]+,?)+\s*\}/.test(clause);

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [
    ...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm),
  ].map((found) => {
    const from = found[1] ?? found[2] ?? found[3] ?? '';
    const path = from.startsWith('.') ? relative(root, resolve(root, dirname(file), from)) : from;
    return file.startsWith('lib/') && path.startsWith('functions/') && isTypeOnly(found[0])
      ? `type ${path}`
      : path;
  });
}

const ruleOf = (file: string) => MAY.find(([folder]) => file === folder || file.startsWith(`${folder}/`));
const files = [...sources('functions'), ...sources('lib')];

test.each(files)('%s imports only what its folder may', (file) => {
  const [, allowed] = ruleOf(file) ?? [];
  expect(importsOf(file).filter((path) => !allowed?.test(path))).toEqual([]);
});

test.each(files.filter((file) => file.startsWith('functions/core/')))(
  '%s has no clock, chance, settings or output',
  (file) => {
    const text = readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '');
    expect(text).not.toMatch(
      /\bprocess\b|\bconsole\b|Date\.now|new Date\(\)|Math\.random|randomUUID|randomBytes|setTimeout|fetch\(/,
    );
  },
);

const names = readdirSync(join(root, 'functions/providers'), { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name }) => name.replace(/\.ts$/, ''))
  .filter((name) => name !== 'index' && name !== 'shop' && name !== 'form');

/** `shop` and `form` are also words; the others are names. */
test.each(files.filter((file) => !file.startsWith('functions/providers/')))(
  '%s names no provider',
  (file) => {
    const code = readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '');
    expect(names.filter((name) => new RegExp(`\\b${name}\\b`, 'i').test(code))).toEqual([]);
  },
);
