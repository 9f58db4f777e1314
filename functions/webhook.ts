/** The Lambda behind the providers' webhook URLs. */
import catalogue from '#catalogue';
import { type HttpApiAnswer, type HttpApiEvent, toAnswer, toRequest } from './aws/http-api.ts';
import { rehearse, warm } from './aws/warm.ts';
import { importKeys, wirePorts } from './aws/wiring.ts';
import { findProvider } from './core/catalogue/catalogue.ts';
import { fulfil } from './core/fulfil.ts';
import type { Provider } from './core/inbound/provider.ts';
import { errorName, Rejection, type RejectionCode } from './core/inbound/rejection.ts';
import type { Answer, WebhookRequest } from './core/inbound/request.ts';
import type { Claim } from './core/order/types.ts';
import { requestWorld } from './core/request-world.ts';
import type { World } from './core/world.ts';
import { webhookEnv } from './env.ts';

let loading: Promise<typeof import('./providers/index.ts')> | undefined;
/** Imports zod and the providers lazily, so that the connections are opened first. Cached, because each `import()` calls Node's loader. */
function importProviders() {
  loading ??= import('./providers/index.ts');
  return loading;
}
const { ports, ses } = wirePorts(catalogue, webhookEnv(process.env));

await warm(
  [
    ports.productKeys.read(),
    ports.providerKeys.read(),
    ports.store.get('warm'),
    importKeys(),
    importProviders(),
    rehearse(ports, importProviders),
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
  not_authentic: 400,
  junk: 400,
  mail_changed: 400,
  no_signing_key: 503,
  keys_unavailable: 503,
  provider_unavailable: 503,
  provider_refused: 503,
} satisfies Record<RejectionCode, number>;

export async function handler(event: HttpApiEvent): Promise<HttpApiAnswer> {
  // The API has a route for each provider, because a limit belongs to a route.
  const name = event.rawPath?.split('/').at(-1) ?? '';
  try {
    const provider = await requireProvider(name);
    const request = toRequest(event);
    const methods = provider.methods ?? ['POST'];
    if (!methods.includes(request.method)) {
      throw new Rejection(
        'method_not_allowed',
        `found ${request.method}; expected ${methods.join(' or ')} from ${name}`,
      );
    }
    return toAnswer(await answer(requestWorld(ports, name, request), provider, request));
  } catch (error) {
    return toAnswer(refuse(name, error));
  }
}

/** Finds an enabled provider. Throws `unknown_provider`. */
async function requireProvider(name: string): Promise<Provider> {
  const { providers } = await importProviders();
  const provider = findProvider(catalogue, name, providers);
  if (provider) return provider;
  throw new Rejection(
    'unknown_provider',
    'found an unknown provider in the URL; expected one that the catalogue enables',
  );
}

async function answer(world: World, provider: Provider, request: WebhookRequest): Promise<Answer> {
  const done: Claim[] = [];
  try {
    for await (const claim of fulfil(world, provider, request)) done.push(claim);
  } catch (error) {
    if (done.length === 0 || !provider.answerPartly) throw error;
    refuse(world.provider, error);
    return provider.answerPartly(done, request, await world.context());
  }
  return provider.answer?.(done, request, await world.context()) ?? { status: 200, body: '' };
}

/** Reports an error by code or name only, since the messages of JSON and SES quote bodies and addresses. */
function refuse(provider: string, error: unknown): Answer {
  if (!(error instanceof Rejection)) {
    ports.report('unanswered', { provider, error: errorName(error) });
    return { status: 500, body: 'failed' };
  }
  const { code, message } = error;
  const isForged = code === 'bad_signature' || code === 'stale';
  const name = isForged
    ? 'signature_refused'
    : code === 'too_large'
      ? code
      : STATUS[code] >= 500
        ? 'unanswered'
        : 'refused';
  // An unknown name is text from a stranger and is not logged.
  ports.report(name, { provider: code === 'unknown_provider' ? '' : provider, code, message });
  return { status: STATUS[code], body: code };
}
