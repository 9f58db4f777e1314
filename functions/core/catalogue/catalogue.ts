/** `keypost.config.ts`: what a seller sells, through whom, and in whose name. */
import type * as z from 'zod/mini';
import { contradictionsIn, mistakesOf } from './mistakes.ts';
import { Settings } from './schema.ts';

export { presets } from '../serial/presets.ts';

/** What a seller writes; what has a default may be left out. */
export type CatalogueSettings = z.input<typeof Settings>;
export type Catalogue = z.output<typeof Settings>;
export type Product = Catalogue['products'][string];

/** A catalogue that cannot be used; the message has a line for each mistake: path, what was found, what would do. */
export class CatalogueError extends Error {
  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'CatalogueError';
  }
}

/** Checks the catalogue. Throws a CatalogueError that lists every mistake at once. */
export function defineConfig(settings: CatalogueSettings): Catalogue {
  const { data, error } = Settings.safeParse(settings, { reportInput: true });
  const mistakes = [
    ...(error?.issues ?? []).flatMap((one) => mistakesOf(one)),
    ...contradictionsIn(settings),
  ];
  if (data && mistakes.length === 0) return data;
  throw new CatalogueError(mistakes);
}

/** A mistake for each provider that is enabled and not among `names`, those that Keypost has. */
export const unknownProviders = ({ providers }: Catalogue, names: readonly string[]): string[] =>
  Object.entries(providers)
    .filter(([name, { as }]) => !names.includes(as ?? name))
    .map(
      ([name]) =>
        `providers.${name}: found a provider that Keypost has not; write one of ${names.join(', ')}`,
    );

/** Under whose name the orders are kept that a provider tells of. */
export const ownerOf = ({ providers }: Catalogue, name: string): string => providers[name]?.orders ?? name;

/** The product that a provider sells under `sku`. */
export function productOf(catalogue: Catalogue, provider: string, sku: string) {
  for (const [id, product] of Object.entries(catalogue.products)) {
    if (Object.hasOwn(product.skus, provider) && product.skus[provider]?.includes(sku))
      return { id, product };
  }
  return undefined;
}
