/** The Lambda that runs each hour: asks the providers what was paid, and takes the orders that no notification brought. */
import catalogue from '#catalogue';
import { ask } from './aws/ask.ts';
import { dynamoClient, orderStore } from './aws/orders.ts';
import { logReports } from './aws/reports.ts';
import { cachedSecret, secretsClient } from './aws/secrets.ts';
import { sesClient, sesMailer } from './aws/ses.ts';
import { findProvider } from './core/catalogue/catalogue.ts';
import { productKeys, providerKeys } from './core/catalogue/keys.ts';
import { reconcile } from './core/reconcile.ts';
import type { LambdaPorts } from './core/world.ts';
import { webhookEnv } from './env.ts';
import { providers } from './providers/index.ts';

/** As long as Stripe itself tries again, so that whatever it gave up is seen. */
const BACK_MS = 3 * 24 * 3_600_000;

const env = webhookEnv(process.env);
const now = Date.now;
const [dynamo, secrets] = [dynamoClient(), secretsClient()];
const cachedMs = Number(env.KEYS_CACHED_SECONDS) * 1_000;
const shared: LambdaPorts = {
  catalogue,
  now,
  ask,
  report: logReports(env.NAMESPACE, now),
  productKeys: cachedSecret(secrets, env.PRODUCT_KEYS, { parse: productKeys, cachedMs, now }),
  providerKeys: cachedSecret(secrets, env.PROVIDER_KEYS, { parse: providerKeys, cachedMs, now }),
  mailer: sesMailer(sesClient(), env.CONFIGURATION_SET),
  store: (ms) => orderStore(dynamo, env.TABLE, () => AbortSignal.timeout(ms())),
};

/** Throws the last error once every provider has been asked. */
export async function handler(): Promise<void> {
  const keys = await shared.providerKeys.read();
  let failed: { readonly error: unknown } | undefined;
  for (const name of Object.keys(catalogue.providers)) {
    const provider = findProvider(catalogue, name, providers);
    // Without the key of its API there is nobody to ask.
    if (!provider?.paid || !keys[name]?.api) continue;
    try {
      for await (const _ of reconcile(shared, name, provider, now() - BACK_MS));
    } catch (error) {
      failed = { error };
    }
  }
  if (failed) throw failed.error;
}
