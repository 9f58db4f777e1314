/** Builds the bundles of the benchmarks with the options of the deployed bundle. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { bundling } from '../../../lib/build/bundle.ts';
import catalogue from '../catalogue.ts';

export type Bundle = Awaited<ReturnType<typeof bundle>>;
export type Bundles = Awaited<ReturnType<typeof buildAll>>;

/** Builds everything into `folder` and returns the addresses and sizes of the files. */
export async function buildAll(folder: string) {
  const webhook = file('../../../functions/webhook.ts');
  const [warmed, unwarmed, whole, bare, cold, threeCalls, textbook] = await Promise.all([
    bundle(folder, 'warmed', webhook),
    bundle(folder, 'unwarmed', webhook, [inPlaceOfWarming('export const notNow = () => warm(')]),
    bundle(folder, 'whole', webhook, [inPlaceOfWarming(`${PUT_OFF} export const notNow = () => warm(`)]),
    bundle(folder, 'bare', file('./bare.ts')),
    bundle(folder, 'cold', file('./cold.ts')),
    bundle(folder, 'three-calls', file('./bare-order.ts')),
    bundleTextbook(folder),
  ]);
  return { warmed, unwarmed, whole, bare, cold, threeCalls, textbook };
}

async function bundle(folder: string, name: string, entry: string, plugins: readonly Plugin[] = []) {
  const options = bundling(catalogue);
  const outdir = join(folder, name);
  const { metafile } = await build({
    ...options,
    plugins: [...plugins, ...(options.plugins ?? [])],
    entryPoints: { index: entry },
    outdir,
    metafile: true,
  });
  const bytes = Object.values(metafile.outputs).reduce((sum, file) => sum + file.bytes, 0);
  const path = join(outdir, 'index.mjs');
  // A module is imported by its address, anything else required by its path.
  return { path, url: pathToFileURL(path).href, bytes };
}

/**
 * The options of CDK's NodejsFunction with `minify`, `bundleAwsSDK` and `mainFields: ['module', 'main']`: its defaults take the
 * SDK of the runtime, or with it bundled the larger half of each package, and are slower.
 */
async function bundleTextbook(folder: string): Promise<Bundle> {
  const outfile = join(folder, 'textbook.cjs');
  await build({
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    logLevel: 'error',
    entryPoints: [file('./textbook/handler.ts')],
    outfile,
  });
  return { path: outfile, url: outfile, bytes: readFileSync(outfile).length };
}

/** The modules that the Lambda imports only when it warms up. */
const PUT_OFF = 'await Promise.all([importKeys(), importProviders()]);';

/** The same Lambda without warming. The modules for warming are not imported. */
const inPlaceOfWarming = (code: string): Plugin => ({
  name: 'in-place-of-warming',
  setup({ onLoad }) {
    onLoad({ filter: /functions\/webhook\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const contents = source.replace('await warm(', code);
      if (contents === source) throw new Error('functions/webhook.ts does not warm; what is compared here?');
      return { contents, loader: 'ts', resolveDir: dirname(path) };
    });
  },
});

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
