/** The routes of the page's port: the webhooks, the desk, and /local for its test tools and for scripts. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { BadRequest, type Handler, parseBody, readJson, sendJson } from '../bin/commands/cli/http.ts';
import { sendFile } from '../bin/commands/desk/files.ts';
import { findProfile, trySerial } from '../bin/commands/desk/serials.ts';
import type { DeskHandler } from '../bin/commands/desk/server.ts';
import { toMime } from '../functions/aws/ses/mime.ts';
import { type Catalogue, hasMailStore } from '../functions/core/catalogue/catalogue.ts';
import { previewMail } from '../functions/core/mail/preview.ts';
import { needsSigningKey } from '../functions/providers/all.ts';
import {
  addressAt,
  findSimulator,
  loadSimulator,
  postRequest,
  requireSimulator,
  SimulationError,
  signOrder,
} from '../functions/providers/simulate.ts';
import type { embeddedAws } from './aws/aws.ts';
import { lastDueAt, listOrders } from './aws/orders-table.ts';
import { signingKey } from './keys.ts';
import { viaGateway } from './lambdas/gateway.ts';
import type { loadLambdas } from './lambdas/lambdas.ts';
import { postedEvents } from './lambdas/posted-events.ts';
import type { RedeliverRuns } from './lambdas/redeliver-runs.ts';

interface LocalSystem
  extends Pick<ReturnType<typeof embeddedAws>, 'faults' | 'secrets' | 'mails' | 'sellerMails' | 'events'>,
    Pick<Awaited<ReturnType<typeof loadLambdas>>, 'webhook' | 'pages' | 'setClock'> {
  readonly catalogue: Catalogue;
  readonly page: string;
  readonly aws: string;
  readonly runs: RedeliverRuns;
  /** This client is not affected by faults. */
  readonly dynamo: DynamoDBClient;
  readonly desk: DeskHandler;
  receiveMail: Route;
  /** Erases the data of a person that is stored outside the table. */
  erase(email: string): Promise<object>;
}

type Route = (request: IncomingMessage, query: URLSearchParams) => Promise<unknown> | unknown;

/** The mail of an order that does not exist, by `product` (several times), `locale`, `name` and `kind`. */
async function preview(catalogue: Catalogue, query: URLSearchParams) {
  const one = (name: string) => query.get(name) || undefined;
  const choice = { products: query.getAll('product'), locale: one('locale') };
  const message = await previewMail(catalogue, { ...choice, name: one('name'), kind: one('kind') });
  if (typeof message === 'string') throw new BadRequest(message);
  const { subject, text, html } = message;
  return { subject, text, html, raw: toMime(message).toString() };
}

export function routes(system: LocalSystem): Handler {
  const { catalogue, faults, mails, events, dynamo, runs } = system;
  let ahead = 0;
  const local: Readonly<Record<string, Route>> = {
    'GET /local/mails': (_request, query) => mails.list(parseNewest(query)),
    'GET /local/seller-mails': (_request, query) => system.sellerMails.list(parseNewest(query)),
    'GET /local/orders': (_request, query) => listOrders(dynamo, parseNewest(query)),
    'GET /local/mail-preview': (_request, query) => preview(catalogue, query),
    'GET /local/faults': () => faults.now(),
    'PUT /local/faults': async (request) => {
      const changed = faults.change(await readJson(request));
      if ('message' in changed) throw new BadRequest(changed.message);
      return changed;
    },
    'GET /local/clock': () => ({ ahead }),
    'PUT /local/clock': async (request) => {
      ahead = parseBody(Clock, await readJson(request)).ahead;
      system.setClock(ahead);
      return { ahead };
    },
    'POST /local/redeliver': async (_request, query) => {
      await events.flush();
      return runs.run(await parseAhead(query, dynamo, ahead));
    },
    'POST /local/order-mails': system.receiveMail,
    'POST /local/mail-events': async (request) => postedEvents(mails, events, await readJson(request)),
    'POST /local/erase': async (request) => system.erase(parseBody(Person, await readJson(request)).email),
    'POST /local/serial': async (request) => trySerial(catalogue.products, await readJson(request)),
    'POST /local/find-profile': async (request) => findProfile(await readJson(request)),
    'POST /local/simulate': async (request) =>
      simulateOrder(
        catalogue,
        system.page,
        (name) => signingKey(system.secrets, name),
        await readJson(request),
        Date.now() + ahead * 1_000,
      ),
    'GET /local/catalogue': async () => ({
      aws: system.aws,
      hasMailStore: hasMailStore(catalogue),
      providers: await simulatedProviders(catalogue),
      products: Object.entries(catalogue.products).map(([id, { name, serial, skus }]) => ({
        id,
        name,
        serial,
        skus,
      })),
    }),
  };
  return async (request, response) => {
    const { method = 'GET', url = '/' } = request;
    const [path = '/', ...query] = url.split('?');
    const provider = /^\/orders\/([^/]+)$/.exec(path)?.[1];
    if (provider)
      return await viaGateway(system.webhook, `ANY /orders/${decodePath(provider)}`, request, response);
    const page = /^\/(?:licences|claim)(?=\/|$)/.exec(path)?.[0];
    if (page && system.pages)
      return await viaGateway(system.pages, `ANY ${page}`, request, response, PAGES_MS);
    if (await viaFakeApi(request, response)) return;
    if (method === 'GET' && sendFile(path, response)) return;
    if (path.startsWith('/desk/') && (await system.desk(request, response))) return;
    const route = Object.hasOwn(local, `${method} ${path}`) && local[`${method} ${path}`];
    if (!route) return sendJson(response, 404, { message: 'Not Found' });
    try {
      sendJson(response, 200, await route(request, new URLSearchParams(query.join('?'))));
    } catch (error) {
      if (!(error instanceof BadRequest || error instanceof SimulationError)) throw error;
      sendJson(response, 400, { message: error.message });
    }
  };
}

/** The timeout of the Lambda `pages`. */
const PAGES_MS = 20_000;
const Clock = z.object({ ahead: z.number() });
const Person = z.object({ email: z.string() });

/** Responds to /local/PROVIDER/… with the simulator's fake API. Returns false if there is none. */
async function viaFakeApi({ method = 'GET', url = '', headers }: IncomingMessage, response: ServerResponse) {
  const [, name = '', path = ''] = /^\/local\/([a-z\d-]+)((?:[/?].*)?)$/.exec(url) ?? [];
  const api = (await loadSimulator(name))?.api;
  if (!api) return false;
  const { status, type, body } = api({ method, path, headers });
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
  return true;
}

async function simulatedProviders(catalogue: Catalogue): Promise<string[]> {
  const names = Object.keys(catalogue.providers);
  const simulators = await Promise.all(names.map((name) => findSimulator(catalogue, name)));
  return names.filter((_, index) => simulators[index]);
}

/** Limits the list: the page cannot show a hundred thousand items every two seconds. */
const parseNewest = (query: URLSearchParams) => Number(query.get('newest') ?? Number.POSITIVE_INFINITY);

/** Returns the seconds in `?ahead=`, or else the seconds until the last mail is due. */
async function parseAhead(query: URLSearchParams, dynamo: DynamoDBClient, moved: number): Promise<number> {
  const seconds = query.get('ahead');
  const now = Date.now() + moved * 1_000;
  if (seconds === null) return Math.max(0, Math.ceil((((await lastDueAt(dynamo, now)) ?? 0) - now) / 1000));
  if (/^\d{1,9}$/.test(seconds)) return Number(seconds);
  throw new BadRequest(`ahead is ${seconds}: expected a number of seconds`);
}

/** Decodes a path as API Gateway does. Text that cannot be decoded becomes the name of no provider. */
function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

const Order = z.object({
  provider: z.string(),
  event: z._default(z.string(), 'paid'),
  product: z.string(),
  id: z.optional(z.string()),
  name: z.string(),
  email: z.string(),
  company: z._default(z.string(), ''),
  test: z._default(z.boolean(), false),
});

/**
 * The page's form for a simulated order: signs it with the provider's newest key and posts it to the webhook.
 * @param secretOf returns the newest signing key of a provider.
 */
export async function simulateOrder(
  catalogue: Catalogue,
  page: string,
  secretOf: (provider: string) => string | undefined,
  body: unknown,
  now: number,
) {
  const order = parseBody(Order, body);
  const simulator = await requireSimulator(catalogue, order.provider);
  const secret = secretOf(order.provider);
  if (!secret && needsSigningKey(catalogue, order.provider))
    throw new SimulationError(
      `${order.provider} has no signing key: npm run keypost -- keys set ${order.provider} --local`,
    );
  const address = addressAt(page, catalogue, order.provider);
  return await postRequest(
    address,
    signOrder(simulator, order, { catalogue, secret: secret ?? '', address, now }),
  );
}
