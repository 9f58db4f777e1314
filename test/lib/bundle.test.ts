/** Tests the bundle of a Lambda: it contains the catalogue's values and only the enabled providers. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import type { CatalogueSettings } from '../../functions/core/catalogue/catalogue.ts';
import { bundleLambda, bundling } from '../../lib/build/bundle.ts';
import { withoutOthers } from '../../lib/build/inline-catalogue.ts';
import { catalogueWith, serial } from '../fixtures/catalogue.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function webhookWith(providers: CatalogueSettings['providers']) {
  const skus = Object.fromEntries(Object.keys(providers).map((name) => [name, ['widget-1']]));
  const catalogue = catalogueWith({ providers, products: { widget: { name: 'Widget', serial, skus } } });
  const { metafile, outputFiles } = await build({
    ...bundling(catalogue),
    entryPoints: ['functions/webhook.ts'],
    outdir: folder,
    write: false,
    metafile: true,
  });
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  return { inputs, metafile, text: outputFiles.map((output) => output.text).join() };
}

const ofShop = webhookWith({ shop: {} });

const ofProviders = (inputs: readonly string[]) =>
  inputs.flatMap((path) => /functions\/providers\/([^/]+)\/provider\.ts$/.exec(path)?.[1] ?? []).sort();

test('the bundle has the enabled providers and no other', async () => {
  const { inputs } = await ofShop;
  expect(ofProviders(inputs)).toEqual(['shop']);
});

test('the bundle has the built-in provider behind another name', async () => {
  const { inputs } = await webhookWith({ 'my-shop': { as: 'shop' }, stripe: {} });
  expect(ofProviders(inputs)).toEqual(['shop', 'stripe']);
});

test('the bundle has the catalogue with its defaults filled in, and not the file', async () => {
  const { inputs, text } = await ofShop;
  expect(inputs).toContain('inline-catalogue:#catalogue');
  expect(inputs.filter((path) => path.endsWith('config.ts'))).toEqual([]);
  expect(text.replaceAll('\\', '').includes('"testOrders":"ignore"')).toBe(true);
});

test('every provider has its own line in the table, where the bundle looks for it', () => {
  const table = readFileSync('functions/providers/index.ts', 'utf8');
  const imported = [...table.matchAll(/^import \{ (\w+) \} from '\.\//gm)].map(([, name]) => name);
  const listed = [...table.matchAll(/^ {2}(\w+),$/gm)].map(([, name]) => name);
  expect(listed).toEqual(imported);
});

test.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
])('a table with the line ends %s loses the providers that are not enabled', (_, end) => {
  const table = readFileSync('functions/providers/index.ts', 'utf8').replaceAll('\n', end);
  const left = withoutOthers(table, ['shop', 'stripe']);
  expect(left.match(/^import \{ \w+ \} from '\.\/|^ {2}\w+,\r?$/gm)).toHaveLength(4);
});

/** Returns the sources of the file that a cold start loads, and of its static imports. */
function readAtOnce({ outputs }: Metafile): string[] {
  const files = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === 'functions/webhook.ts');
  for (const file of files) {
    const imports = outputs[file]?.imports.filter(({ kind }) => kind === 'import-statement') ?? [];
    files.push(...imports.map(({ path }) => path).filter((path) => !files.includes(path)));
  }
  return files.flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
}

test('the bundle loads neither zod nor a provider before the connections are opened', async () => {
  const { inputs, metafile } = await ofShop;
  const later = /node_modules\/zod\/|functions\/providers\//;
  expect(readAtOnce(metafile)).toContain('functions/core/fulfil.ts');
  expect(readAtOnce(metafile).filter((path) => later.test(path))).toEqual([]);
  expect(inputs.filter((path) => later.test(path)).length).toBeGreaterThan(10);
});

test('the bundle replaces earlier files in its folder', async () => {
  mkdirSync(join(folder, 'redeliver'));
  writeFileSync(join(folder, 'redeliver', 'stale.mjs'), '');
  const built = await bundleLambda('redeliver', catalogueWith(), folder);
  expect(existsSync(join(built, 'index.mjs'))).toBe(true);
  expect(existsSync(join(built, 'stale.mjs'))).toBe(false);
});
