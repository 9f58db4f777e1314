/** Every provider, by the last part of its address. The one file that a new one touches. */
import type { Provider } from '../core/provider.ts';
import { shop } from './shop.ts';
import { stripe } from './stripe.ts';

export const providers: Readonly<Record<string, Provider>> = { shop, stripe };
