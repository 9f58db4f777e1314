/**
 * What is settled when a Lambda is built, and need not be found out at each cold start: what the catalogue says after
 * its check, which would cost 5 ms, and which providers it enables, each of the others 0.7 ms.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Plugin } from 'esbuild';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';

/** Puts in the values of the catalogue at this path, and leaves out the other providers. */
export const settled = (catalogue: string): Plugin => ({
  name: 'settled',
  setup({ onResolve, onLoad }) {
    let loading: Promise<Catalogue> | undefined;
    const loaded = () => {
      loading ??= import('./load-catalogue.ts').then(({ loadCatalogue }) => loadCatalogue(catalogue));
      return loading;
    };
    onResolve({ filter: /^#catalogue$/ }, () => ({ path: catalogue, namespace: 'settled' }));
    onLoad({ filter: /.*/, namespace: 'settled' }, async () => ({
      contents: JSON.stringify(await loaded()),
      loader: 'json',
    }));
    onLoad({ filter: /functions[\\/]providers[\\/]index\.ts$/ }, async ({ path }) => {
      const { providers } = await loaded();
      const enabled = Object.entries(providers).map(([name, { as }]) => as ?? name);
      const others: string[] = [];
      const table = readFileSync(path, 'utf8').replace(/^ {2}(\w+),\n/gm, (entry, name) => {
        if (enabled.includes(name)) return entry;
        others.push(name);
        return '';
      });
      const contents = table.replace(/^import \{ (\w+) \}.*\n/gm, (line, name) =>
        others.includes(name) ? '' : line,
      );
      return { contents, loader: 'ts', resolveDir: dirname(path) };
    });
  },
});
