/**
 * Decides at build time what a cold start would have to work out: checking the catalogue takes 5 ms, and loading each
 * provider that it does not enable 0.7 ms.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Plugin } from 'esbuild';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';

/** The products whose serials a third-party program makes. */
export const programsOf = ({ products }: Pick<Catalogue, 'products'>) =>
  Object.entries(products).flatMap(([id, { serial }]) =>
    serial.kind === 'program' ? [[id, serial] as const] : [],
  );

const withoutFiles = ({ products }: Catalogue) =>
  Object.fromEntries(
    Object.entries(products).map(([id, product]) => {
      const { serial } = product;
      if (serial.kind !== 'program') return [id, product];
      const { kind, charset, name } = serial;
      return [id, { ...product, serial: { kind, charset, name } }];
    }),
  );

/** Replaces `#catalogue` by the catalogue's values and leaves out the providers that it does not enable. */
export const inlineCatalogue = (catalogue: Catalogue): Plugin => ({
  name: 'inline-catalogue',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^#catalogue$/ }, ({ path }) => ({ path, namespace: 'inline-catalogue' }));
    onLoad({ filter: /.*/, namespace: 'inline-catalogue' }, () => ({
      // A program's file and vectors are for the check before the deployment.
      contents: JSON.stringify({ ...catalogue, products: withoutFiles(catalogue) }),
      loader: 'json',
    }));
    onLoad({ filter: /functions[\\/]aws[\\/]generator\.ts$/ }, () =>
      programsOf(catalogue).length > 0
        ? undefined
        : { contents: 'export const lambdaGenerator = () => undefined;' },
    );
    onLoad({ filter: /functions[\\/]generator[\\/]programs\.ts$/ }, () => {
      const entries = programsOf(catalogue).map(([id, { file }]) => {
        const bytes = JSON.stringify(readFileSync(file).toString('base64'));
        return `${JSON.stringify(id)}: Buffer.from(${bytes}, 'base64')`;
      });
      return { contents: `export const programs = { ${entries.join(', ')} };` };
    });
    onLoad({ filter: /functions[\\/]providers[\\/]index\.ts$/ }, ({ path }) => {
      const enabled = Object.entries(catalogue.providers).map(([name, { as }]) => as ?? name);
      const table = readFileSync(path, 'utf8');
      const others = [...table.matchAll(/^import \{ (\w+) \} from '\.\/([\w-]+)\//gm)].flatMap(
        ([, variable = '', folder = '']) => (enabled.includes(folder) ? [] : variable),
      );
      const contents = table.replace(
        new RegExp(`^(?:import \\{ | {2})(?:${others.join('|')})(?: \\}.*|,)\\n`, 'gm'),
        '',
      );
      return { contents, loader: 'ts', resolveDir: dirname(path) };
    });
  },
});
