/** The Lambda that runs each hour: lists the paid orders at the providers and fulfils the missing ones. */
import catalogue from '#catalogue';
import { wirePorts } from './aws/wiring.ts';
import { findProvider } from './core/catalogue/catalogue.ts';
import { reconcile } from './core/reconcile.ts';
import { webhookEnv } from './env.ts';
import { providers } from './providers/index.ts';

/** Stripe itself retries for three days, so every order it gave up on is found. */
const BACK_MS = 3 * 24 * 3_600_000;

const { ports } = wirePorts(catalogue, webhookEnv(process.env));

/** Throws the last error after every provider has been called. */
export async function handler(): Promise<void> {
  const keys = await ports.providerKeys.read();
  let failed: { readonly error: unknown } | undefined;
  for (const name of Object.keys(catalogue.providers)) {
    const provider = findProvider(catalogue, name, providers);
    // A provider can only be called with the key of its API.
    if (!provider?.paid || !keys[name]?.api) continue;
    try {
      for await (const _ of reconcile(ports, name, provider, ports.now() - BACK_MS));
    } catch (error) {
      failed = { error };
    }
  }
  if (failed) throw failed.error;
}
