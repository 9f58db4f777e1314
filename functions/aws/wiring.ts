import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Catalogue } from '../core/catalogue/catalogue.ts';
import type { Ports } from '../core/world.ts';
import { ask } from './ask.ts';
import { dynamoClient, orderStore } from './dynamodb/orders.ts';
import { lambdaGenerator } from './generator.ts';
import { pageLinks } from './page-links.ts';
import { logReports } from './reports.ts';
import { cachedSecret, secretsClient } from './secrets.ts';
import { sesClient, sesMailer } from './ses/mailer.ts';

type Environment = Readonly<
  Record<
    'TABLE' | 'NAMESPACE' | 'CONFIGURATION_SET' | 'PRODUCT_KEYS' | 'PROVIDER_KEYS' | 'KEYS_CACHED_SECONDS',
    string
  >
> & { readonly GENERATE?: string; readonly PAGES?: string; readonly KEYPOST_KEYS?: string };

export { setTimeout as sleep } from 'node:timers/promises';

/** The limit for a call of the orders table where no provider waits for the answer. */
const CALL_MS = 3_000;

/** Imports zod and the schemas of the secrets: lazily, so that the connections are opened first. */
export const importKeys = () => import('../core/catalogue/keys.ts');

/** Connects the ports of a Lambda that takes orders or sends mails to AWS. Called once per process. */
export function wirePorts(catalogue: Catalogue, env: Environment) {
  const [dynamo, secrets, ses] = [dynamoClient(), secretsClient(), sesClient()];
  const ports = connectPorts(dynamo, env.TABLE, {
    catalogue,
    report: logReports(env.NAMESPACE, Date.now),
    ...keySecrets(secrets, env, Number(env.KEYS_CACHED_SECONDS) * 1_000),
    mailer: sesMailer(ses, env.CONFIGURATION_SET),
    links: pageLinks(secrets, env),
    generate: env.GENERATE ? lambdaGenerator(env.GENERATE) : undefined,
  });
  return { ports, dynamo, secrets, ses };
}

/** The two secrets with all keys. */
export function keySecrets(
  client: SecretsManagerClient,
  { PRODUCT_KEYS, PROVIDER_KEYS }: Pick<Environment, 'PRODUCT_KEYS' | 'PROVIDER_KEYS'>,
  cachedMs: number,
): Pick<Ports, 'productKeys' | 'providerKeys'> {
  type Parse<Keys> = (schemas: Awaited<ReturnType<typeof importKeys>>, json: unknown) => Keys;
  const secret = <Keys>(id: string, parse: Parse<Keys>) =>
    cachedSecret(client, id, {
      parse: async (json) => parse(await importKeys(), json),
      cachedMs,
      now: Date.now,
    });
  return {
    productKeys: secret(PRODUCT_KEYS, (schemas, json) => schemas.productKeys(json)),
    providerKeys: secret(PROVIDER_KEYS, (schemas, json) => schemas.providerKeys(json)),
  };
}

/** Adds the orders table, the clock and the providers' APIs to the other ports. */
export const connectPorts = (
  dynamo: DynamoDBClient,
  table: string,
  others: Omit<Ports, 'ask' | 'now' | 'store'>,
): Ports => ({
  ...others,
  ask,
  now: Date.now,
  store: orderStore(dynamo, table, () => CALL_MS),
});
