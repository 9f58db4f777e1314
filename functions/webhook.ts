/** The Lambda behind the providers' addresses: one request in, one answer out. */
import catalogue from '#catalogue';
import { ask } from './aws/ask.ts';
import { type HttpApiAnswer, type HttpApiEvent, toAnswer, toRequest } from './aws/http-api.ts';
import { dynamoClient, orderStore } from './aws/orders.ts';
import { logReports } from './aws/reports.ts';
import { cachedSecret, secretsClient } from './aws/secrets.ts';
import { sesClient, sesMailer } from './aws/ses.ts';
import { rehearse, warm } from './aws/warm.ts';
import { findProvider } from './core/catalogue/catalogue.ts';
import { fulfil } from './core/fulfil.ts';
import type { Provider } from './core/inbound/provider.ts';
import { errorName, Rejection, type RejectionCode } from './core/inbound/rejection.ts';
import type { Answer, WebhookRequest } from './core/inbound/request.ts';
import type { Claim } from './core/order/order.ts';
import { requestWorld } from './core/request-world.ts';
import type { LambdaPorts, World } from './core/world.ts';
import { webhookEnv } from './env.ts';

const env = webhookEnv(process.env);
const now = Date.now;
/** zod and all shapes are made ready in the warming, while the network is waited for, and not before it is asked. */
const later = {
  keys: () => import('./core/catalogue/keys.ts'),
  providers: () => import('./providers/index.ts'),
};
const [dynamo, secrets, ses] = [dynamoClient(), secretsClient(), sesClient()];
const cached = { cachedMs: Number(env.KEYS_CACHED_SECONDS) * 1_000, now };
const shared: LambdaPorts = {
  catalogue,
  now,
  ask,
  report: logReports(env.NAMESPACE, now),
  productKeys: cachedSecret(secrets, env.PRODUCT_KEYS, {
    parse: async (json) => (await later.keys()).productKeys(json),
    ...cached,
  }),
  providerKeys: cachedSecret(secrets, env.PROVIDER_KEYS, {
    parse: async (json) => (await later.keys()).providerKeys(json),
    ...cached,
  }),
  mailer: sesMailer(ses, env.CONFIGURATION_SET),
  store: (ms) => orderStore(dynamo, env.TABLE, () => AbortSignal.timeout(ms())),
};

await warm(
  [
    shared.productKeys.read(),
    shared.providerKeys.read(),
    shared.store(() => 2_000).get('warm'),
    later.keys(),
    later.providers(),
    rehearse(shared),
  ],
  ses,
);

const STATUS = {
  unknown_provider: 404,
  method_not_allowed: 405,
  too_large: 413,
  no_signature: 401,
  bad_signature: 401,
  stale: 401,
  bad_body: 400,
  no_signing_key: 503,
  keys_unavailable: 503,
  provider_unavailable: 503,
  provider_refused: 503,
} satisfies Record<RejectionCode, number>;

export async function handler(event: HttpApiEvent): Promise<HttpApiAnswer> {
  const name = event.pathParameters?.provider ?? '';
  try {
    const provider = await providerCalled(name);
    const request = toRequest(event);
    const methods = provider.methods ?? ['POST'];
    if (!methods.includes(request.method)) {
      throw new Rejection(
        'method_not_allowed',
        `found ${request.method}; ${name} calls with ${methods.join(', ')}`,
      );
    }
    return toAnswer(await answer(requestWorld(shared, name, request), provider, request));
  } catch (error) {
    return toAnswer(refusal(name, error));
  }
}

/** What the catalogue enables and the table has; nothing else is an address of ours. */
async function providerCalled(name: string): Promise<Provider> {
  const { providers } = await later.providers();
  const provider = findProvider(catalogue, name, providers);
  if (provider) return provider;
  throw new Rejection('unknown_provider', 'no provider of this name is enabled in the catalogue');
}

async function answer(world: World, provider: Provider, request: WebhookRequest): Promise<Answer> {
  const done: Claim[] = [];
  try {
    for await (const claim of fulfil(world, provider, request)) done.push(claim);
  } catch (error) {
    if (done.length === 0 || !provider.answerPartly) throw error;
    refusal(world.provider, error);
    return provider.answerPartly(done, request, await world.context());
  }
  return provider.answer?.(done, request, await world.context()) ?? { status: 200, body: '' };
}

/** Our own codes and an error's name: messages of JSON and SES quote bodies and addresses. */
function refusal(provider: string, error: unknown): Answer {
  if (!(error instanceof Rejection)) {
    shared.report('unanswered', { provider, error: errorName(error) });
    return { status: 500, body: 'failed' };
  }
  const { code, message } = error;
  const forged = code === 'bad_signature' || code === 'stale';
  const name = forged
    ? 'signature_refused'
    : code === 'too_large'
      ? code
      : STATUS[code] >= 500
        ? 'unanswered'
        : 'refused';
  // An unknown name is a stranger's text.
  shared.report(name, { provider: code === 'unknown_provider' ? '' : provider, code, message });
  return { status: STATUS[code], body: code };
}
