/** The links to the buyers' pages in mails. The bundle of a catalogue without pages has a stub in this file's place. */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { lacksName } from '../core/order/due.ts';
import { LINK_MS, toToken } from '../core/pages/links.ts';
import type { Ports } from '../core/world.ts';
import { cachedSecret } from './secrets.ts';

/** Only `redeliver`, which sends the mails about held orders, gets the secret of the links. */
export function pageLinks(
  secrets: SecretsManagerClient,
  { PAGES: site, KEYPOST_KEYS: id }: { readonly PAGES?: string; readonly KEYPOST_KEYS?: string },
): Ports['links'] {
  if (site === undefined) return undefined;
  const licences = `${site}/licences`;
  const keys = id === undefined ? undefined : keypostSecret(secrets, id);
  return async (order) => {
    if (!keys || !lacksName(order)) return { licences };
    const link = { use: 'name', until: Date.now() + LINK_MS.name, of: order.key } as const;
    return { licences, name: `${licences}/name/${toToken(await keys.read(), link)}` };
  };
}

export const keypostSecret = (secrets: SecretsManagerClient, id: string) =>
  cachedSecret(secrets, id, {
    parse: async (json) => (await import('../core/catalogue/keys.ts')).keypostKeys(json),
    cachedMs: 300_000,
    now: Date.now,
  });
