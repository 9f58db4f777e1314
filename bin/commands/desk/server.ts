/** The desk's pages and its API below /desk/api. docs/desk.md has the table of the routes. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { isPersonal } from '../../../functions/core/operator/person.ts';
import { basisOf } from '../../../functions/core/operator/refusal.ts';
import { itemAt } from '../../../functions/core/order/change.ts';
import { view } from '../../../functions/core/order/view.ts';
import { NAMES } from '../../../functions/core/serial/profile.ts';
import { programFaults } from '../../../functions/generator/vectors.ts';
import { fetchCaller } from '../cli/audit.ts';
import { explain } from '../cli/failure.ts';
import { BadRequest, parseBody, readBody, readJson, sendJson, timeOf } from '../cli/http.ts';
import { operatorOf } from '../cli/operator.ts';
import { readCatalogue, type Target } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { ordersWith } from '../data/person.ts';
import { findings } from '../doctor/doctor.ts';
import { allEntries, entries, fetchItems, openTable } from '../orders/table.ts';
import { sendFile } from './files.ts';
import { healthOf } from './health.ts';
import { RESOLUTIONS } from './held-reasons.ts';
import { detailOf } from './history.ts';
import { ordersIndex } from './orders-index.ts';
import { findProfile, trySerial } from './serials.ts';

/** Answers a request for the desk. Returns false if it is for something else. */
export type DeskHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/**
 * @param token every request must carry it; `npm start` has none, as its other routes have none.
 * @param reads the same target without the faults that a person switches on.
 */
export function desk(target: Target, terminal: Terminal, token?: string, reads = target): DeskHandler {
  let session: ReturnType<typeof open> | undefined;
  const ready = () => {
    // A session that could not be opened, as when AWS cannot be reached, is opened again by the next request.
    session ??= open(target, terminal, reads).catch((error: unknown) => {
      session = undefined;
      throw error;
    });
    return session;
  };
  // The browser opens the page next. The request for the session says why this fails.
  if (token !== undefined) ready().catch(() => undefined);
  return async (request, response) => {
    const { method = 'GET', url = '/' } = request;
    const { pathname, searchParams: query } = new URL(url, 'http://localhost');
    const isApi = pathname.startsWith(API);
    const sent = request.headers['x-desk-token'] ?? query.get('token') ?? '';
    const refuse = (status: number, message: string) => {
      request.resume();
      sendJson(response, status, { message });
      return true;
    };
    if (token !== undefined && !isEqual(String(sent), token) && (isApi || pathname === '/'))
      return refuse(403, 'the token is wrong; open the address that `keypost desk` prints');
    if (!isApi) return method === 'GET' && sendFile(pathname, response);
    try {
      const call = { incoming: request, query, to: response };
      const value = await route(await ready(), `${method} ${pathname.slice(API.length)}`, call);
      if (value !== ANSWERED) sendJson(response, isRefused(value) ? 409 : 200, value);
      return true;
    } catch (error) {
      if (error instanceof BadRequest) return refuse(400, error.message);
      return refuse(502, explain(error, target.local));
    }
  };
}

const API = '/desk/api/';
const ANSWERED = Symbol('answered');
const isEqual = (one: string, other: string) =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
const isRefused = (value: unknown) => z.object({ done: z.literal(false) }).safeParse(value).success;

const Serial = z.looseObject({ kind: z.string() });
const Described = z.looseObject({
  providers: z.array(z.object({ name: z.string(), isMail: z.boolean() })),
  products: z.array(z.looseObject({ id: z.string(), name: z.string(), serial: Serial })),
});

type Session = Awaited<ReturnType<typeof open>>;

/** Connects to the stack, and begins to read its orders. */
async function open(target: Target, terminal: Terminal, reads: Target) {
  const names = await target.names();
  const operate = operatorOf(target, names);
  const [{ table, store }, who, catalogue] = await Promise.all([
    openTable(reads),
    fetchCaller(target, terminal),
    operate({ action: 'describe' }).then((described) => Described.parse(described)),
  ]);
  const products = Object.fromEntries(catalogue.products.map((product) => [product.id, product]));
  const index = ordersIndex(table, products, () => timeOf(target));
  void index.load();
  // Shows the newest orders first. The next request shows why this fails.
  index.follow().catch(() => undefined);
  return { target, terminal, operate, names, table, store, who, catalogue, products, index };
}

interface Call {
  readonly incoming: IncomingMessage;
  readonly query: URLSearchParams;
  readonly to: ServerResponse;
}

async function route(session: Session, name: string, call: Call): Promise<unknown> {
  const { index, table, products, target } = session;
  const { incoming, query } = call;
  const key = /^GET orders\/(.+)$/.exec(name)?.[1];
  if (key !== undefined) return await orderOf(session, decodeURIComponent(key));
  if (/^\w+ local\//.test(name)) return await forward(target, call);
  switch (name) {
    case 'GET session':
      return sessionOf(session);
    case 'GET orders':
      return await searched(session, query);
    case 'GET held':
      return await heldOf(session, Number(query.get('page') ?? 0));
    case 'POST actions':
      return await act(session, await readJson(incoming));
    case 'GET person':
      return { keys: await keysOf(session, query.get('email') ?? '') };
    case 'GET health':
      await index.follow();
      return healthOf(
        index,
        (await heldEntries(table)).map(({ at }) => at),
        Date.now(),
      );
    case 'GET doctor':
      return await doctorOf(session);
    case 'POST mail-preview':
      return await session.operate({
        ...parseBody(z.looseObject({}), await readJson(incoming)),
        action: 'preview',
      });
    case 'POST serial':
      return trySerial(products, await readJson(incoming));
    case 'POST find-profile':
      return await findProfile(await readJson(incoming));
    case 'POST generator':
      return { faults: await programFaults(await readBytes(incoming), NAMES, []) };
    default:
      throw new BadRequest(`found no route ${name}; docs/desk.md lists them (table ${table.name})`);
  }
}

const sessionOf = ({ target, catalogue, names, who, table }: Session) => ({
  ...catalogue,
  ...{ who, local: target.local, table: table.name, resolutions: RESOLUTIONS },
  providers: catalogue.providers.map((provider) => ({
    ...provider,
    webhook: provider.isMail ? null : (names.webhook(provider.name) ?? null),
  })),
});

async function searched({ index }: Session, query: URLSearchParams) {
  const find = () => index.search(query.get('search') ?? '', Number(query.get('page') ?? 0));
  const following = index.follow();
  // A person who is typing does not wait for a read. Otherwise the shown rows are read again: they must be current.
  if (query.has('fresh')) await following.then(() => index.refresh(find().items.map(({ key }) => key)));
  else following.catch(() => undefined);
  const { part, failed } = index.progress();
  return { ...find(), read: part, ...(failed ? { message: explain(failed, false) } : {}) };
}

async function orderOf({ store, index }: Session, key: string) {
  const { item } = await itemAt(store, key);
  if (!item || !isPersonal(item)) throw new BadRequest(`there is no order ${key}; search for it`);
  await index.refresh([item.key]);
  return detailOf(item);
}

/** What waits for a person; what has waited longest comes first. */
const heldEntries = (table: Session['table']) => allEntries(entries(table, 'held', 'held', undefined, true));

/** A page has all orders of an ordinary day, so that those held for one reason can be resolved together. */
const HELD = 500;

async function heldOf({ table }: Session, page: number) {
  const keys = (await heldEntries(table)).map(({ key }) => key);
  const items = await fetchItems(table, keys.slice(page * HELD, (page + 1) * HELD));
  return {
    total: keys.length,
    pages: Math.ceil(keys.length / HELD),
    items: items.flatMap((item) => {
      // The index may lag behind: an order that has been released meanwhile is left out.
      if (!isPersonal(item) || !('heldAt' in item) || !item.heldAt) return [];
      return { ...view(item), kind: item.kind, basis: basisOf(item) };
    }),
  };
}

const Action = z.looseObject({
  action: z.string(),
  orders: z.optional(z.array(z.object({ key: z.string(), basis: z.optional(z.string()) }))),
});
const ActedOn = z.looseObject({
  order: z.optional(z.looseObject({ key: z.string() })),
  erased: z.optional(z.array(z.object({ order: z.string() }))),
});
const AT_ONCE = 4;

/** Performs an action on one order, or on several with one reason. */
async function act(session: Session, body: unknown): Promise<unknown> {
  const { orders, ...request } = parseBody(Action, body);
  if (!orders) return await actOnce(session, request);
  const results: unknown[] = [];
  for (let at = 0; at < orders.length; at += AT_ONCE) {
    const some = orders.slice(at, at + AT_ONCE).map((order) => actOnce(session, { ...request, ...order }));
    results.push(...(await Promise.all(some)));
  }
  return { results };
}

async function actOnce({ operate, who, index, target }: Session, request: z.output<typeof Action>) {
  // A repeated request issues nothing more.
  const id = request.action === 'issue' ? { id: randomBytes(6).toString('hex') } : {};
  const result = await operate({ ...id, ...request, who });
  const { order, erased = [] } = ActedOn.parse(result);
  if (target.page !== undefined) await afterLocal(target.page, request);
  await index.refresh([...(order ? [order.key] : []), ...erased.map((one) => one.order)]);
  return result;
}

/** On this machine the mail is sent at once, and the mails to an erased person are erased too. */
async function afterLocal(page: string, { action, email }: z.output<typeof Action>): Promise<void> {
  const path = action === 'erase' ? '/local/erase' : '/local/redeliver?ahead=0';
  // The action is done; a switched fault may make this fail.
  await fetch(page + path, { method: 'POST', body: JSON.stringify({ email }) }).catch(() => undefined);
}

async function keysOf({ table }: Session, email: string): Promise<string[]> {
  if (!/\S@\S/.test(email)) throw new BadRequest('expected an address such as name@example.com');
  return (await ordersWith(table, email)).orders.map(({ key }) => key);
}

/** Some checks need the seller's catalogue, which an empty folder does not have. */
async function doctorOf({ target, terminal }: Session) {
  let message: string | undefined;
  const catalogue = await readCatalogue(terminal).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : 'unknown';
    message = `run the desk in the folder of the catalogue for more checks: ${why}`;
    return undefined;
  });
  return { findings: await findings(catalogue, target), message };
}

/** The test tools of `npm start`. */
async function forward({ page }: Target, { incoming, to }: Call): Promise<typeof ANSWERED> {
  if (page === undefined) throw new BadRequest('the deployed system has no test tools; use --local');
  const { method = 'GET', url = '' } = incoming;
  const body = await readBytes(incoming);
  const response = await fetch(page + url.slice(API.length - 1), {
    method,
    ...(body.length > 0 ? { body } : {}),
  });
  const type = response.headers.get('content-type') ?? 'application/json';
  to.writeHead(response.status, { 'content-type': type, 'cache-control': 'no-store' });
  to.end(Buffer.from(await response.arrayBuffer()));
  return ANSWERED;
}

const MOST_BYTES = 40 * 1024 * 1024;

async function readBytes(incoming: IncomingMessage): Promise<Buffer> {
  const bytes = await readBody(incoming, MOST_BYTES);
  if (bytes) return bytes;
  throw new BadRequest('the body is larger than 40 MB');
}

export const newToken = (): string => randomBytes(24).toString('base64url');
