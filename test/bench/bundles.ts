/** What the benchmarks run, all built with the options of what is deployed. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { bundling } from '../../lib/bundle.ts';

export type Bundle = Awaited<ReturnType<typeof bundle>>;
export type Bundles = Awaited<ReturnType<typeof buildAll>>;

/** Builds everything into `folder`, and answers the files' addresses and sizes. */
export async function buildAll(folder: string) {
  const webhook = file('../../functions/webhook.ts');
  const [warmed, unwarmed, bare, cold] = await Promise.all([
    bundle(folder, 'warmed', webhook),
    bundle(folder, 'unwarmed', webhook, [withoutWarming]),
    bundle(folder, 'bare', file('./bare.ts')),
    bundle(folder, 'cold', file('./cold.ts')),
  ]);
  return { warmed, unwarmed, bare, cold };
}

async function bundle(folder: string, name: string, entry: string, plugins: readonly Plugin[] = []) {
  const options = bundling(file('./catalogue.ts'));
  const outfile = join(folder, `${name}.mjs`);
  await build({
    ...options,
    plugins: [...plugins, ...(options.plugins ?? [])],
    entryPoints: [entry],
    outfile,
  });
  return { path: outfile, url: pathToFileURL(outfile).href, bytes: readFileSync(outfile).length };
}

/** The same Lambda as if nobody had thought of warming: what it would warm with is not even asked for. */
const withoutWarming: Plugin = {
  name: 'without-warming',
  setup({ onLoad }) {
    onLoad({ filter: /functions\/webhook\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const contents = source.replace('await warm(', 'export const notNow = () => warm(');
      if (contents === source) throw new Error('functions/webhook.ts does not warm; what is compared here?');
      return { contents, loader: 'ts', resolveDir: dirname(path) };
    });
  },
};

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
