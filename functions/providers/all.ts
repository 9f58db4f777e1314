/** The providers of both channels, for programs that a person runs. */
import { type Catalogue, findProvider } from '../core/catalogue/catalogue.ts';
import type { Provider } from '../core/inbound/provider.ts';
import { providers } from './index.ts';
import { mailStores } from './mail-stores.ts';

export const allProviders: Readonly<Record<string, Provider>> = { ...providers, ...mailStores };

/** False for a mail store, whose sender SES proves, and for a provider that is asked about each notification. */
export function needsSigningKey(catalogue: Catalogue, name: string): boolean {
  const provider = findProvider(catalogue, name, allProviders);
  return provider?.channel !== 'mail' && !provider?.keyless;
}
