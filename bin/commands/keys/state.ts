/** What there is of keys, and what is wrong with them; never a key. */
import type { Catalogue, Product } from '../../../functions/core/catalogue/catalogue.ts';
import { productKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import { keyBytes } from '../../../functions/core/serial/aes-128.ts';
import type { Entries } from '../cli/secret.ts';
import type { Target } from '../cli/target.ts';
import { misshapen, PRODUCT_SHAPE, PROVIDER_SHAPE } from './change.ts';
import { inWords } from './form.ts';

export interface ProductKeyState {
  readonly product: string;
  readonly versions: readonly { readonly version: number; readonly ok: boolean }[];
  /** What is wrong and what would do; null where a serial can be made. */
  readonly fault: string | null;
}

export interface ProviderKeyState {
  readonly provider: string;
  /** How many signing keys are active. */
  readonly signing: number;
  readonly api: boolean;
  readonly fault: string | null;
}

/** The catalogue's products, and whatever else has keys. */
export function productKeyStates(
  target: Target,
  { products }: Catalogue,
  entries: Entries,
): ProductKeyState[] {
  const keys = productKeys(entries);
  return namesOf(products, keys).map((name) => {
    const product = Object.hasOwn(products, name) ? products[name] : undefined;
    const versions = (keys[name] ?? [])
      .map(({ version, key }) => ({ version, ok: isUsable(product, key) }))
      .sort((one, other) => one.version - other.version);
    const newest = versions.at(-1);
    const fault = () => {
      if (!product) return 'not in the catalogue';
      if (newest?.ok) return null;
      if (newest)
        return `version ${newest.version} is not ${inWords(product.serial.key)}; ${setting(target, name)}`;
      return missing(target, name, entries, PRODUCT_SHAPE, keys[name] !== undefined);
    };
    return { product: name, versions, fault: fault() };
  });
}

/** The enabled providers, and whatever else has keys. */
export function providerKeyStates(
  target: Target,
  { providers }: Catalogue,
  entries: Entries,
): ProviderKeyState[] {
  const keys = providerKeys(entries);
  return namesOf(providers, keys).map((name) => {
    const { signing = [], api } = keys[name] ?? {};
    const fault = () => {
      if (!Object.hasOwn(providers, name)) return 'not enabled in the catalogue';
      return signing.length > 0
        ? null
        : missing(target, name, entries, PROVIDER_SHAPE, keys[name] !== undefined);
    };
    return { provider: name, signing: signing.length, api: api !== undefined, fault: fault() };
  });
}

const isUsable = (product: Product | undefined, key: string) =>
  product !== undefined && keyBytes(product.serial, key) !== undefined;

const missing = (target: Target, name: string, entries: Entries, shape: string, wellFormed: boolean) =>
  Object.hasOwn(entries, name) && !wellFormed ? misshapen(name, shape) : `no key; ${setting(target, name)}`;

const setting = (target: Target, name: string) => `\`${target.command(`keys set ${name}`)}\` takes one`;

const namesOf = (catalogue: object, keys: object): string[] => [
  ...new Set([...Object.keys(catalogue), ...Object.keys(keys)]),
];
