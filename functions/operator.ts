/** The Lambda that performs manual actions, so that no key reaches a person's machine. Only IAM lets a caller invoke it. */
import catalogue from '#catalogue';
import { ask } from './aws/ask.ts';
import { lambdaGenerator } from './aws/generator.ts';
import { dynamoClient, orderStore } from './aws/orders.ts';
import { cachedSecret, secretsClient } from './aws/secrets.ts';
import { importKeys } from './aws/wiring.ts';
import { operate } from './core/operator/operate.ts';
import { webhookEnv } from './env.ts';
import { allProviders as providers } from './providers/all.ts';

const CALL_MS = 5_000;
/** lib/operator.ts creates an alias of this name. The caller cannot choose it freely: IAM allows its ARN. */
const SUPPORT = ':support';

const env = webhookEnv(process.env);
const now = Date.now;
const store = orderStore(dynamoClient(), env.TABLE, () => CALL_MS);
const generate = env.GENERATE ? lambdaGenerator(env.GENERATE) : undefined;
const secrets = secretsClient();

/** Reads the secrets each time: a person who has just set a key expects that it is used. */
async function reader() {
  const { productKeys, providerKeys } = await importKeys();
  const read = <Keys>(id: string, parse: (secret: unknown) => Keys) =>
    cachedSecret(secrets, id, { parse: async (json) => parse(json), cachedMs: 0, now }).read();
  const [products, access] = await Promise.all([
    read(env.PRODUCT_KEYS, productKeys),
    read(env.PROVIDER_KEYS, providerKeys),
  ]);
  return { catalogue, providers, ask, generate, now, productKeys: products, providerKeys: access };
}

/** @param context has the ARN that the caller used. */
export const handler = async (request: unknown, context?: { readonly invokedFunctionArn?: string }) =>
  await operate({ catalogue, store, now, reader }, request, context?.invokedFunctionArn?.endsWith(SUPPORT));
