/** How the two secrets change, by one entry at a time; every other entry stays as it is, whatever it may be. */
import { productKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import { providers } from '../../../functions/providers/index.ts';
import { CommandError } from '../cli/failure.ts';
import type { Entries } from '../cli/secret.ts';

/** With a version more of a product's key; undefined where it is the newest one already. */
export function withProductKey(entries: Entries, name: string, key: string) {
  const versions = entryOf(productKeys(entries), entries, name, PRODUCT_SHAPE) ?? [];
  const newest = versions.reduce((most, { version }) => Math.max(most, version), 0);
  if (versions.some((one) => one.version === newest && one.key === key)) return undefined;
  const added = { version: newest + 1, key };
  return { version: added.version, entries: { ...entries, [name]: [...versions, added] } };
}

/** With the signing key first; behind it at most `kept` of those before. */
export function withSigningKey(entries: Entries, name: string, key: string, kept: number) {
  const { signing = [] } = accessOf(entries, name) ?? {};
  const others = signing.filter((one) => one !== key).slice(0, kept);
  const same = signing[0] === key && signing.length === others.length + 1;
  return same ? undefined : withAccess(entries, name, { signing: [key, ...others] });
}

/** With the key of the provider's own API; `url` is undefined where it shall stay as it is. */
export function withApiKey(entries: Entries, name: string, key: string, url: string | undefined) {
  const api = accessOf(entries, name)?.api;
  const at = url ?? api?.url ?? providers[name]?.apiUrl;
  if (!at) throw new CommandError(`where is the API of ${name}? Say so with --api-url https://…`);
  return api?.key === key && api.url === at
    ? undefined
    : withAccess(entries, name, { api: { key, url: at } });
}

const accessOf = (entries: Entries, name: string) =>
  entryOf(providerKeys(entries), entries, name, PROVIDER_SHAPE);

const withAccess = (entries: Entries, name: string, change: object): Entries => {
  const known = entries[name];
  return { ...entries, [name]: { ...(typeof known === 'object' ? known : {}), ...change } };
};

/** What stands there but cannot be used is for a person to look at: a key that shipped apps need may be in it. */
function entryOf<Entry>(
  usable: Readonly<Record<string, Entry>>,
  entries: Entries,
  name: string,
  shape: string,
): Entry | undefined {
  if (Object.hasOwn(entries, name) && !usable[name]) {
    throw new CommandError(`${misshapen(name, shape)}; nothing is changed`);
  }
  return usable[name];
}

export const PRODUCT_SHAPE = '[{ "version": 1, "key": "…" }]';
export const PROVIDER_SHAPE = '{ "signing": ["…"] }';

export const misshapen = (name: string, shape: string): string =>
  `what stands under ${name} in the secret is not of the form ${shape}; \`aws secretsmanager put-secret-value\` puts it right`;
