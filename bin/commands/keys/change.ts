/** Changes one entry of the secrets `product-keys` and `provider-keys` and records who did it. */
import type { Catalogue, Product } from '../../../functions/core/catalogue/catalogue.ts';
import { productKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import { changeItem } from '../../../functions/core/order/change.ts';
import type { Facts, Item, KeyChange } from '../../../functions/core/order/types.ts';
import { actorOf, type WhyOptions } from '../cli/audit.ts';
import { CommandError, explain } from '../cli/failure.ts';
import { changeSecret, type Entries } from '../cli/secret.ts';
import type { Target } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { openTable } from '../orders/table.ts';
import { malformed, PRODUCT_ENTRY, PROVIDER_ENTRY } from './state.ts';

/** Returns the product, or undefined for a provider. Throws a CommandError if the name is neither or both. */
export function findProduct({ products, providers }: Catalogue, name: string): Product | undefined {
  const product = Object.hasOwn(products, name) ? products[name] : undefined;
  const isProvider = Object.hasOwn(providers, name);
  if (product && isProvider)
    throw new CommandError(`${name} is both a product and a provider; rename the product in the catalogue`);
  if (product || isProvider) return product;
  throw new CommandError(
    // The message does not repeat the name, because it may be a key that was typed in the wrong place.
    `the catalogue has neither a product nor a provider of this name; it has ${[products, providers].flatMap(Object.keys).join(', ')}`,
  );
}

export async function setProductKey(
  terminal: Terminal,
  target: Target,
  name: string,
  key: string,
  why: WhyOptions,
): Promise<number> {
  let version = 0;
  await changeKey(terminal, target, name, why, {
    secret: (await target.names()).productKeys,
    edit(entries) {
      const added = withProductKey(entries, name, key);
      version = added?.version ?? version;
      return added?.entries;
    },
    message: () =>
      `the key of ${name} is set as version ${version}; all new serials use it within five minutes`,
    facts: (entries) => ({
      versions:
        productKeys(entries)
          [name]?.map((one) => one.version)
          .join(', ') ?? null,
    }),
  });
  return version;
}

export async function setProviderKey(
  terminal: Terminal,
  target: Target,
  name: string,
  why: WhyOptions,
  { kind, edit }: { readonly kind: string; readonly edit: (entries: Entries) => Entries | undefined },
): Promise<void> {
  await changeKey(terminal, target, name, why, {
    secret: (await target.names()).providerKeys,
    edit,
    message: () => `the ${kind} of ${name} is set; it is in use within five minutes`,
    facts(entries) {
      const { signing = [], api } = providerKeys(entries)[name] ?? {};
      return { signing: String(signing.length), api: api?.url ?? null };
    },
  });
}

interface KeyEdit {
  readonly secret: string;
  /** Returns undefined if there is nothing to change. */
  edit(entries: Entries): Entries | undefined;
  message(): string;
  /** Describes the entry for the audit, without a key. */
  facts(entries: Entries): Facts;
}

async function changeKey(
  terminal: Terminal,
  target: Target,
  name: string,
  why: WhyOptions,
  { secret, edit, message, facts }: KeyEdit,
): Promise<void> {
  const actor = await actorOf(target, terminal, why);
  const changed = await changeSecret(target, secret, edit);
  if (!changed) return terminal.print(`${name} already has this key; nothing is changed`);
  terminal.print(message());
  const [before, after] = [facts(changed.before), facts(changed.after)];
  const at = new Date().toISOString();
  const entry = { at, ...actor, what: 'key change', before, after } as const;
  const key = `keys#${name}`;
  try {
    const { store } = await openTable(target);
    await changeItem<KeyChange>(store, key, undefined, isKeyChange, (found) => ({
      ...(found ?? { kind: 'keyChange', key, version: 0, receivedAt: at }),
      audit: [...(found?.audit ?? []), entry],
    }));
  } catch (error) {
    throw new CommandError(
      `the key of ${name} is set, but the audit entry could not be written: ${explain(error, target.local)}`,
    );
  }
}

const isKeyChange = <Some extends Item>(item: Some): item is Some & KeyChange => item.kind === 'keyChange';

/** Adds a version of a product's key. Returns undefined if the newest version is this key. */
export function withProductKey(entries: Entries, name: string, key: string) {
  const versions = entryOf(productKeys(entries), entries, name, PRODUCT_ENTRY) ?? [];
  const newest = versions.reduce((most, { version }) => Math.max(most, version), 0);
  if (versions.some((one) => one.version === newest && one.key === key)) return undefined;
  const added = { version: newest + 1, key };
  return { version: added.version, entries: { ...entries, [name]: [...versions, added] } };
}

/** Puts the signing key first and keeps at most `kept` of the previous ones behind it. */
export function withSigningKey(entries: Entries, name: string, key: string, kept: number) {
  const { signing = [] } = providerEntry(entries, name) ?? {};
  const others = signing.filter((one) => one !== key).slice(0, kept);
  const isSame = signing[0] === key && signing.length === others.length + 1;
  return isSame ? undefined : withProviderEntry(entries, name, { signing: [key, ...others] });
}

/** Sets the key of the provider's own API. If `newUrl` is undefined, the API's URL stays as it is, or is the usual one. */
export function withApiKey(entries: Entries, name: string, key: string, newUrl?: string, usual?: string) {
  const api = providerEntry(entries, name)?.api;
  const url = newUrl ?? api?.url ?? usual;
  if (!url) throw new CommandError(`the URL of ${name}'s API is unknown; add --api-url https://…`);
  return api?.key === key && api.url === url
    ? undefined
    : withProviderEntry(entries, name, { api: { key, url } });
}

const providerEntry = (entries: Entries, name: string) =>
  entryOf(providerKeys(entries), entries, name, PROVIDER_ENTRY);

const withProviderEntry = (entries: Entries, name: string, fields: object): Entries => {
  const current = entries[name];
  return { ...entries, [name]: { ...(typeof current === 'object' ? current : {}), ...fields } };
};

/** Refuses to replace an entry that cannot be parsed, since it may hold a key that shipped apps need. */
function entryOf<Entry>(
  parsed: Readonly<Record<string, Entry>>,
  entries: Entries,
  name: string,
  shape: string,
): Entry | undefined {
  if (Object.hasOwn(entries, name) && !parsed[name])
    throw new CommandError(`${malformed(name, shape)}; nothing is changed`);
  return parsed[name];
}
