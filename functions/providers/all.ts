/** The providers of both channels, for programs that a person runs. */
import type { Provider } from '../core/inbound/provider.ts';
import { providers } from './index.ts';
import { mailStores } from './mail-stores.ts';

export const allProviders: Readonly<Record<string, Provider>> = { ...providers, ...mailStores };
