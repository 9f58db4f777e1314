/** The catalogue for programs that run here: the stack, `npm start`, the command line. A Lambda has it in its bundle. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import * as z from 'zod/mini';
import {
  type Catalogue,
  CatalogueError,
  type CatalogueSettings,
  defineConfig,
  findProvider,
  unknownProviders,
} from '../functions/core/catalogue/catalogue.ts';
import { providers } from '../functions/providers/index.ts';
import { bundling } from './bundle.ts';

/** Builds the file as a Lambda's bundle does, wherever it lies, and answers what it exports. Throws a CatalogueError. */
export async function loadCatalogue(path: string): Promise<Catalogue> {
  if (!existsSync(path)) {
    throw new CatalogueError([`${path}: there is no such file; KEYPOST_CONFIG names the catalogue`]);
  }
  const folder = await mkdtemp(join(tmpdir(), 'keypost-'));
  try {
    await build({ ...bundling(path), logLevel: 'silent', entryPoints: { catalogue: path }, outdir: folder });
    const { href } = pathToFileURL(join(folder, 'catalogue.mjs'));
    const loaded: { readonly default?: CatalogueSettings } = await import(href);
    if (!loaded.default) {
      throw new CatalogueError([`${path}: exports no catalogue; \`export default defineConfig({…})\` does`]);
    }
    const catalogue = defineConfig(loaded.default);
    const found = [...unknownProviders(catalogue, providers), ...wrongOptions(catalogue)];
    const mistakes = found.length > 0 ? found : floorsWithoutPrice(catalogue);
    if (mistakes.length > 0) throw new CatalogueError(mistakes);
    return catalogue;
  } catch (error) {
    throw isMistake(error) ? new CatalogueError([error.message]) : error;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What a provider asks for itself only it can check. */
function wrongOptions(catalogue: Catalogue): string[] {
  return Object.entries(catalogue.providers).flatMap(([name, { options }]) => {
    const schema = findProvider(catalogue, name, providers)?.options ?? z.strictObject({});
    const issues = schema.safeParse(options, { reportInput: true }).error?.issues ?? [];
    return issues.map(({ path, message, code, input }) => {
      const where = ['providers', name, 'options', ...path].join('.');
      return `${where}: found ${input === undefined ? 'nothing' : code.replaceAll('_', ' ')}; ${message}; docs/providers says what would do`;
    });
  });
}

/** A floor holds every order of a product whose price the provider never states. */
function floorsWithoutPrice(catalogue: Catalogue): string[] {
  return Object.entries(catalogue.products).flatMap(([id, { floor, skus }]) =>
    Object.entries(floor ? skus : {}).flatMap(([name, list]) => {
      const provider = findProvider(catalogue, name, providers);
      const options = catalogue.providers[name]?.options;
      const without = list.filter((sku) => provider?.statesPrice?.(sku, options) === false);
      return without.map(
        (sku) =>
          `products.${id}.floor: found a floor, but ${name} never states the price of ${JSON.stringify(sku)}; write no floor, or have the price stated as docs/providers says`,
      );
    }),
  );
}

/** The bundle has a CatalogueError of its own, another class of the same name; esbuild's failures list `errors`. */
const isMistake = (error: unknown): error is Error =>
  error instanceof Error && (error.name === 'CatalogueError' || 'errors' in error);
