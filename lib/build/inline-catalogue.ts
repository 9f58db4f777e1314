/**
 * Decides at build time what a cold start would have to work out: checking the catalogue takes 5 ms, and loading each
 * provider that it does not enable 0.7 ms.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import type { Catalogue } from '../../functions/core/catalogue/catalogue.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The products whose serials a third-party program makes. */
export const programsOf = ({ products }: Pick<Catalogue, 'products'>) =>
  Object.entries(products).flatMap(([id, { serial }]) =>
    serial.kind === 'program' ? [[id, serial] as const] : [],
  );

const digestOf = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('base64url');

/** The values of the catalogue as JSON. */
export function valuesOf({ code: _, ...catalogue }: Catalogue): string {
  const products = Object.entries(catalogue.products).map(([id, product]) => {
    const { serial } = product;
    if (serial.kind !== 'program' && serial.kind !== 'function') return [id, product];
    // A program's file and all vectors are for the check before the deployment. With another program, held orders are judged again.
    const { kind, charset, name } = serial;
    const program = serial.kind === 'program' ? digestOf(serial.file) : undefined;
    return [id, { ...product, serial: { kind, charset, name, program } }];
  });
  const providers = Object.entries(catalogue.providers).map(([name, { use: _, ...settings }]) => [
    name,
    settings,
  ]);
  return JSON.stringify({
    ...catalogue,
    providers: Object.fromEntries(providers),
    products: Object.fromEntries(products),
  });
}

/** The module `#catalogue`: the values, and the seller's own code by reference to the file that exports it. */
function moduleOf({ code, products, providers }: Catalogue, values: string): string {
  const at = (...path: readonly string[]) => path.map((name) => `[${JSON.stringify(name)}]`).join('');
  const own = [
    ...Object.entries(products).flatMap(([id, { serial }]) =>
      serial.kind === 'function' ? at('products', id, 'serial', 'make') : [],
    ),
    ...Object.entries(providers).flatMap(([name, { use }]) => (use ? at('providers', name, 'use') : [])),
  ];
  return [
    ...(own.length > 0 ? [`import own from ${JSON.stringify(code?.file)};`] : []),
    `const catalogue = JSON.parse(${JSON.stringify(values)});`,
    ...own.map((path) => `catalogue${path} = own${path};`),
    'export default catalogue;',
  ].join('\n');
}

/** Replaces `#catalogue` by the catalogue's values and leaves out the providers that it does not enable. */
export const inlineCatalogue = (catalogue: Catalogue, values = valuesOf(catalogue)): Plugin => ({
  name: 'inline-catalogue',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^#catalogue$/ }, ({ path }) => ({ path, namespace: 'inline-catalogue' }));
    onLoad({ filter: /.*/, namespace: 'inline-catalogue' }, () => ({
      contents: moduleOf(catalogue, values),
      resolveDir: root,
    }));
    // The seller's own code imports the copy of Keypost that is bundled anyway, and its catalogue is checked already.
    onResolve({ filter: /^keypost$/ }, ({ path }) => ({ path, namespace: 'inline-catalogue-keypost' }));
    onLoad({ filter: /.*/, namespace: 'inline-catalogue-keypost' }, () => ({
      contents: `export * from './functions/keypost${import.meta.url.slice(-3)}'; export const defineConfig = (settings) => settings;`,
      resolveDir: root,
    }));
    onLoad({ filter: /functions[\\/]aws[\\/]generator\.[jt]s$/ }, () =>
      programsOf(catalogue).length > 0
        ? undefined
        : { contents: 'export const lambdaGenerator = () => undefined;' },
    );
    onLoad({ filter: /functions[\\/]aws[\\/](?:dynamodb[\\/]requests|page-links)\.[jt]s$/ }, ({ path }) => {
      const name = path.includes('requests') ? 'redeliverRequests' : 'pageLinks';
      return catalogue.pages ? undefined : { contents: `export const ${name} = () => undefined;` };
    });
    onLoad({ filter: /functions[\\/]generator[\\/]programs\.[jt]s$/ }, () => {
      const entries = programsOf(catalogue).map(([id, { file }]) => {
        const bytes = JSON.stringify(readFileSync(file).toString('base64'));
        return `${JSON.stringify(id)}: Buffer.from(${bytes}, 'base64')`;
      });
      return { contents: `export const programs = { ${entries.join(', ')} };` };
    });
    onLoad({ filter: /functions[\\/]providers[\\/]index\.[jt]s$/ }, ({ path }) => {
      const enabled = Object.entries(catalogue.providers).map(([name, { as }]) => as ?? name);
      const contents = withoutOthers(readFileSync(path, 'utf8'), enabled);
      return { contents, loader: 'ts', resolveDir: dirname(path) };
    });
  },
});

/** Leaves the providers that are not enabled out of their table. Git may check it out with the line ends of Windows. */
export function withoutOthers(table: string, enabled: readonly string[]): string {
  const others = [...table.matchAll(/^import \{ (\w+) \} from .\.\/([\w-]+)\//gm)].flatMap(
    ([, variable = '', folder = '']) => (enabled.includes(folder) ? [] : variable),
  );
  const lines = new RegExp(`^(?:import \\{ | +)(?:${others.join('|')})(?: \\}.*|,)\\r?\\n`, 'gm');
  return table.replace(lines, '');
}
