/** The two secrets on this machine: demo keys at first, and what is wrong with them. */
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';
import { productKeys, providerKeys } from '../functions/core/catalogue/keys.ts';
import { hasKey } from '../functions/core/serial/lines.ts';
import { loadSimulator } from '../functions/providers/simulate.ts';
import type { SecretsManager } from './aws/secrets-manager.ts';

export const PRODUCT_KEYS = 'product-keys';
export const PROVIDER_KEYS = 'provider-keys';

const DEMO_PRODUCTS = { 'widgetpro-mac': [{ version: 1, key: '1234567890123456' }] };
/** A look-alike of ours, whose address moves with the port. */
const OURS = /http:\/\/localhost:\d+(?=\/local\/)/g;

/** Demo keys, where there is no secret yet. */
export async function seedKeys(
  secrets: SecretsManager,
  { products, providers }: Catalogue,
  port: number,
): Promise<void> {
  const here = `http://localhost:${port}`;
  if (secrets.read(PRODUCT_KEYS) === undefined) secrets.write(PRODUCT_KEYS, only(DEMO_PRODUCTS, products));
  const stored = secrets.read(PROVIDER_KEYS);
  const current = stored?.replace(OURS, here) ?? JSON.stringify(await demoKeys(Object.keys(providers), here));
  if (current !== stored) secrets.write(PROVIDER_KEYS, current);
}

/** The demo keys of the simulators, for each provider that is enabled under its own name. */
async function demoKeys(names: readonly string[], here: string) {
  const entries = names.map(async (name) => {
    const { demoKeys, api } = (await loadSimulator(name)) ?? {};
    if (!demoKeys) return [];
    const { signing, apiKey } = demoKeys;
    const own = api && apiKey ? { api: { key: apiKey, url: `${here}/local/${name}` } } : {};
    return [[name, { signing, ...own }]];
  });
  return Object.fromEntries((await Promise.all(entries)).flat());
}

/** A line for each product and enabled provider whose key is missing or cannot be used, with what would do. */
export function keyFaults(secrets: SecretsManager, { products, providers }: Catalogue): string[] {
  const ofProducts = parsed(productKeys, secrets.read(PRODUCT_KEYS));
  const ofProviders = parsed(providerKeys, secrets.read(PROVIDER_KEYS));
  if (!ofProducts)
    return [`${PRODUCT_KEYS} is not a JSON object: npx --no keypost keys set <product> --local`];
  if (!ofProviders)
    return [`${PROVIDER_KEYS} is not a JSON object: npx --no keypost keys set <provider> --local`];
  const missing = Object.entries(products).flatMap(([id, product]) => {
    if (hasKey(product, ofProducts[id])) return [];
    const what = ofProducts[id] ? 'has a key that is not of the form its profile asks for' : 'has no key';
    return `${id} ${what}: npx --no keypost keys set ${id} --local`;
  });
  const unsigned = Object.keys(providers).filter((name) => !ofProviders[name]?.signing.length);
  return [
    ...missing,
    ...unsigned.map((name) => `${name} has no signing key: npx --no keypost keys set ${name} --local`),
  ];
}

/** The active signing key of a provider, the newest first. */
export function signingKey(secrets: SecretsManager, provider: string): string | undefined {
  return parsed(providerKeys, secrets.read(PROVIDER_KEYS))?.[provider]?.signing[0];
}

const only = (demo: Readonly<Record<string, unknown>>, enabled: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(demo).filter(([name]) => Object.hasOwn(enabled, name))));

/** Undefined where nothing can be made of the secret: a seller may put anything there. */
function parsed<Keys>(parse: (secret: unknown) => Keys, text: string | undefined): Keys | undefined {
  try {
    return parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}
