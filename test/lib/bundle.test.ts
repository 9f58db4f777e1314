/** What a Lambda carries with it: the catalogue's values, and of the providers those that the catalogue enables. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import type { CatalogueSettings } from '../../functions/core/catalogue/catalogue.ts';
import { bundleLambda, bundling } from '../../lib/bundle.ts';
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

const ofProviders = (inputs: readonly string[]) =>
  inputs.flatMap((path) => /functions\/providers\/([^/]+)\/provider\.ts$/.exec(path)?.[1] ?? []).sort();

test('has the enabled providers and no other', async () => {
  const { inputs } = await webhookWith({ shop: {} });
  expect(ofProviders(inputs)).toEqual(['shop']);
});

test('knows a provider under a name of the seller’s', async () => {
  const { inputs } = await webhookWith({ 'my-shop': { as: 'shop' }, stripe: {} });
  expect(ofProviders(inputs)).toEqual(['shop', 'stripe']);
});

test('has the catalogue with its defaults filled in, and not the file', async () => {
  const { inputs, text } = await webhookWith({ shop: {} });
  expect(inputs).toContain('inline-catalogue:#catalogue');
  expect(inputs.filter((path) => path.endsWith('config.ts'))).toEqual([]);
  expect(text.includes('testOrders:"ignore"')).toBe(true);
});

test('every provider is on a line of the table, where the bundle looks for it', () => {
  const table = readFileSync('functions/providers/index.ts', 'utf8');
  const imported = [...table.matchAll(/^import \{ (\w+) \} from '\.\//gm)].map(([, name]) => name);
  const listed = [...table.matchAll(/^ {2}(\w+),$/gm)].map(([, name]) => name);
  expect(listed).toEqual(imported);
});

/** The sources of the file that a cold start reads, and of those that it imports there and then. */
function readAtOnce({ outputs }: Metafile): string[] {
  const files = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === 'functions/webhook.ts');
  for (const file of files) {
    const imports = outputs[file]?.imports.filter(({ kind }) => kind === 'import-statement') ?? [];
    files.push(...imports.map(({ path }) => path).filter((path) => !files.includes(path)));
  }
  return files.flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
}

test('reads neither zod, nodemailer nor a provider before the connections are opened', async () => {
  const { inputs, metafile } = await webhookWith({ shop: {} });
  const later = /node_modules\/(?:zod|nodemailer)\/|functions\/providers\//;
  expect(readAtOnce(metafile)).toContain('functions/core/fulfil.ts');
  expect(readAtOnce(metafile).filter((path) => later.test(path))).toEqual([]);
  expect(inputs.filter((path) => later.test(path)).length).toBeGreaterThan(10);
});

test('is alone in its folder, whatever was built there before', async () => {
  mkdirSync(join(folder, 'redeliver'));
  writeFileSync(join(folder, 'redeliver', 'of-another-day.mjs'), '');
  const built = await bundleLambda('redeliver', catalogueWith(), folder);
  expect(existsSync(join(built, 'index.mjs'))).toBe(true);
  expect(existsSync(join(built, 'of-another-day.mjs'))).toBe(false);
});
