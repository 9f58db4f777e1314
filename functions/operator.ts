/** The Lambda that performs manual actions, so that no key reaches a person's machine. Only IAM lets a caller invoke it. */
import catalogue from '#catalogue';
import { ask } from './aws/ask.ts';
import { dynamoClient, orderStore } from './aws/dynamodb/orders.ts';
import { lambdaGenerator } from './aws/generator.ts';
import { secretsClient } from './aws/secrets.ts';
import { keySecrets } from './aws/wiring.ts';
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

const fixed = { catalogue, store, now, providers, ask, generate, report: () => undefined };

/**
 * Each request reads the secrets: a person who has just set a key expects that it is used.
 * @param context has the ARN that the caller used.
 */
export async function handler(request: unknown, context?: { readonly invokedFunctionArn?: string }) {
  const ports = { ...fixed, ...keySecrets(secrets, env, Number.POSITIVE_INFINITY) };
  return await operate(ports, request, context?.invokedFunctionArn?.endsWith(SUPPORT));
}
