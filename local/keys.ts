/** The two secrets on this machine: their demo keys, and checks of what they hold. */
import { randomBytes } from 'node:crypto';
import { LOCAL_NAMES } from '../functions/aws/local-names.ts';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';
import { productKeys, providerKeys } from '../functions/core/catalogue/keys.ts';
import { hasKey } from '../functions/core/serial/lines.ts';
import { needsSigningKey } from '../functions/providers/all.ts';
import { loadSimulator } from '../functions/providers/simulate.ts';
import type { SecretsManager } from './aws/secrets-manager.ts';

const { productKeys: PRODUCT_KEYS, providerKeys: PROVIDER_KEYS, keypostKeys: KEYPOST_KEYS } = LOCAL_NAMES;

const DEMO_PRODUCTS = { 'widgetpro-mac': [{ version: 1, key: '1234567890123456' }] };
/** The address of a provider's fake API, which changes with the port. */
const FAKE_API = /http:\/\/localhost:\d+(?=\/local\/)/g;

/** Stores demo keys if there is no secret yet, and updates the addresses of the fake APIs. */
export async function seedKeys(
  secrets: SecretsManager,
  { products, providers }: Catalogue,
  port: number,
): Promise<void> {
  const here = `http://localhost:${port}`;
  if (secrets.read(PRODUCT_KEYS) === undefined) secrets.write(PRODUCT_KEYS, pick(DEMO_PRODUCTS, products));
  if (secrets.read(KEYPOST_KEYS) === undefined)
    secrets.write(KEYPOST_KEYS, JSON.stringify({ 1: randomBytes(32).toString('base64url') }));
  const stored = secrets.read(PROVIDER_KEYS);
  const current =
    stored?.replace(FAKE_API, here) ?? JSON.stringify(await demoKeys(Object.keys(providers), here));
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

/** Returns a line for each product and enabled provider whose key is missing or unusable, with the command that sets it. */
export function keyFaults(secrets: SecretsManager, catalogue: Catalogue): string[] {
  const { products, providers } = catalogue;
  const ofProducts = parseKeys(productKeys, secrets.read(PRODUCT_KEYS));
  const ofProviders = parseKeys(providerKeys, secrets.read(PROVIDER_KEYS));
  if (!ofProducts)
    return [`${PRODUCT_KEYS} is not a JSON object: npm run keypost -- keys set <product> --local`];
  if (!ofProviders)
    return [`${PROVIDER_KEYS} is not a JSON object: npm run keypost -- keys set <provider> --local`];
  const missing = Object.entries(products).flatMap(([id, product]) => {
    if (hasKey(product, ofProducts[id])) return [];
    const what = ofProducts[id] ? 'has a key that is not of the form that its profile states' : 'has no key';
    const verb = product.serial.kind === 'ed25519' ? 'generate' : 'set';
    return `${id} ${what}: npm run keypost -- keys ${verb} ${id} --local`;
  });
  const unsigned = Object.keys(providers).filter(
    (name) => needsSigningKey(catalogue, name) && !ofProviders[name]?.signing.length,
  );
  return [
    ...missing,
    ...unsigned.map((name) => `${name} has no signing key: npm run keypost -- keys set ${name} --local`),
  ];
}

/** Returns the newest signing key of a provider. */
export function signingKey(secrets: SecretsManager, provider: string): string | undefined {
  return parseKeys(providerKeys, secrets.read(PROVIDER_KEYS))?.[provider]?.signing[0];
}

const pick = (demo: Readonly<Record<string, unknown>>, enabled: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(demo).filter(([name]) => Object.hasOwn(enabled, name))));

/** Returns undefined if the secret cannot be parsed: a seller may store anything there. */
function parseKeys<Keys>(parse: (secret: unknown) => Keys, text: string | undefined): Keys | undefined {
  try {
    return parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}
