/** `keypost.config.ts`: the seller, the products, and the enabled providers. */
import type * as z from 'zod/mini';
import type { Provider } from '../inbound/provider.ts';
import type { Floor } from '../order/money.ts';
import { describeIssue, findContradictions } from './mistakes.ts';
import { Settings } from './schema.ts';

export { presets } from '../serial/presets.ts';

/** The catalogue as the seller writes it; fields with a default are optional. */
export type CatalogueSettings = z.input<typeof Settings>;
export interface Catalogue extends z.output<typeof Settings> {
  /** Set if the catalogue has code of the seller's own: the file that exports it, and the hash of its code. */
  readonly code?: { readonly file: string; readonly hash: string } | undefined;
}
export type Product = Catalogue['products'][string];

/** The message has a line for each mistake: path, what was found, what was expected. */
export class CatalogueError extends Error {
  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'CatalogueError';
  }
}

/** Checks the catalogue. Throws a CatalogueError that lists every mistake at once. */
export function defineConfig(settings: unknown): Catalogue {
  const { data, error } = Settings.safeParse(settings, { reportInput: true });
  const mistakes = [
    ...(error?.issues ?? []).flatMap((one) => describeIssue(one)),
    ...findContradictions(settings),
  ];
  if (data && mistakes.length === 0) return data;
  throw new CatalogueError(mistakes);
}

/** Returns the provider that the catalogue enables as `name`: the seller's own, or that of `table`. */
export const findProvider = (
  catalogue: Pick<Catalogue, 'providers'>,
  name: string,
  table: Readonly<Record<string, Provider>>,
): Provider | undefined =>
  (Object.hasOwn(catalogue.providers, name) && catalogue.providers[name]?.use) ||
  findBuiltIn(catalogue, name, table);

/**
 * Returns the entry of `table` for the provider that the catalogue enables as `name`, or undefined. `as` lets one
 * provider have several names: two shops of one kind, for instance.
 */
export function findBuiltIn<Entry>(
  { providers }: Pick<Catalogue, 'providers'>,
  name: string,
  table: Readonly<Record<string, Entry>>,
): Entry | undefined {
  const settings = Object.hasOwn(providers, name) ? providers[name] : undefined;
  const kind = settings?.as ?? name;
  return settings && !settings.use && Object.hasOwn(table, kind) ? table[kind] : undefined;
}

/** Returns a mistake for each enabled provider that is not in `table`. */
export const unknownProviders = (catalogue: Catalogue, table: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(catalogue.providers)
    .filter(([name, { use }]) => !use && !findBuiltIn(catalogue, name, table))
    .map(
      ([name]) =>
        `providers.${name}: found an unknown provider; write one of ${Object.keys(table).join(', ')}, or \`use\` with a provider of your own`,
    );

/** Returns the provider name under which the orders of `name` are stored. */
export const ownerOf = ({ providers }: Catalogue, name: string): string => providers[name]?.orders ?? name;

/** The least that one copy may cost: amounts for the SKU take precedence over those for the provider and for all sales. */
export function floorOf({ floor = {} }: Product, provider: string, sku: string): Floor | undefined {
  const parts = [
    floor,
    ...[provider, sku].map((key) => (Object.hasOwn(floor, key) ? floor[key] : undefined)),
  ];
  const amounts = parts.flatMap((part) => (typeof part === 'object' ? Object.entries(part) : []));
  const known = amounts.flatMap(([currency, value]) =>
    typeof value === 'string' ? [[currency, value]] : [],
  );
  return known.length > 0 ? Object.fromEntries(known) : undefined;
}

export const hasMailStore = ({ providers }: Catalogue): boolean =>
  Object.values(providers).some(({ mail }) => mail !== undefined);

export const findProduct = (
  { products }: Pick<Catalogue, 'products'>,
  id: string | null | undefined,
): Product | undefined => (id && Object.hasOwn(products, id) ? products[id] : undefined);

/** The products that the provider sells under `sku`: several if it is a bundle. */
export const productsOf = (
  { products }: Pick<Catalogue, 'products'>,
  provider: string,
  sku: string,
): string[] =>
  Object.entries(products).flatMap(([id, { skus }]) =>
    Object.hasOwn(skus, provider) && skus[provider]?.includes(sku) ? id : [],
  );
