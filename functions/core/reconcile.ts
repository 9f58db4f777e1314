/** The second intake path: fulfils orders that the provider lists as paid but whose notifications were all lost. */
import { ownerOf } from './catalogue/catalogue.ts';
import { fulfil } from './fulfil.ts';
import type { OrderEvent } from './inbound/event.ts';
import type { Context, PaidOrder, Provider } from './inbound/provider.ts';
import { Rejection } from './inbound/rejection.ts';
import type { WebhookRequest } from './inbound/request.ts';
import { cursorAt, moveCursor, orderAt } from './order/change.ts';
import { isInForce, isPaid } from './order/due.ts';
import { type Item, keyOf, type Order } from './order/types.ts';
import { requestWorld } from './request-world.ts';
import type { Ports, Store } from './world.ts';

export interface Reconciled {
  /** Paid orders that the provider listed. */
  readonly seen: number;
  /** Orders that were not stored here. */
  readonly missing: number;
  readonly fulfilled: number;
  readonly held: number;
}

/** Stands for the missing request. The answer of the provider's own API needs no signature. */
const NO_REQUEST = { method: 'GET', headers: {}, query: '', body: Buffer.alloc(0) };

export interface Run {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** A run that was interrupted goes on where the last one under the same name stopped. */
  readonly job: string;
  /** When the run ends, in milliseconds since 1970; the next one goes on. */
  readonly until?: number | undefined;
  sleep(ms: number): Promise<unknown>;
}

/**
 * Runs every order of `provider` that was paid since `since` and is not stored, and every reversal that is missing, through
 * the order pipeline. Yields the counts after each order. Throws if the provider does not answer; what is recorded so far
 * stays recorded.
 */
export async function* reconcile(
  ports: Ports,
  name: string,
  provider: Provider,
  { since, job, until = Number.POSITIVE_INFINITY, sleep }: Run,
): AsyncGenerator<Reconciled, Reconciled> {
  const context = patient(await requestWorld(ports, name, NO_REQUEST).context(), () => ports.now(), sleep);
  if (!provider.paid)
    throw new Rejection('provider_refused', `Keypost cannot list the paid orders of ${name}`);
  const { store } = ports;
  const count = { seen: 0, missing: 0, fulfilled: 0, held: 0 };
  let unread = 0;
  let cursor = await cursorAt(store, `cursor#reconcile#${job}`);
  const from = cursor.position === undefined ? { since } : cursor.position;
  const read = async (...requests: readonly WebhookRequest[]) =>
    (await Promise.all(requests.map((one) => provider.read(one, context)))).flat();
  try {
    for await (const paid of provider.paid(from.since, context, from.resume, read)) {
      count.seen += 1;
      const stored = await findStored(store, keyOf(ownerOf(ports.catalogue, name), paid.test, paid.id));
      if (isMissing(stored, paid)) {
        const events = await fetchEvents(ports, name, paid);
        const outcome = events ? await fulfilEvents(ports, name, events, stored) : 'unread';
        if (outcome === 'unread') unread += 1;
        if (outcome !== 'ignored') count.missing += 1;
        if (outcome === 'fulfilled' || outcome === 'held') count[outcome] += 1;
      }
      const { resume } = paid;
      if (resume !== undefined)
        cursor = await moveCursor(store, cursor, { position: { since: from.since, resume } });
      yield { ...count };
      if (resume !== undefined && ports.now() >= until) return count;
    }
  } catch (error) {
    // A later list may refuse the key for good: the next run begins with the first list again.
    const isFinal = error instanceof Rejection && error.code !== 'provider_unavailable';
    if (isFinal && cursor.position) await moveCursor(store, cursor, { position: undefined });
    throw error;
  }
  if (cursor.position) await moveCursor(store, cursor, { position: undefined });
  ports.report('reconciled', { provider: name, ...count });
  if (unread > 0) throw new Rejection('bad_body', `${unread} paid orders of ${name} are not as documented`);
  return count;
}

const TRIES = 6;
/** A list takes longer than the lookup of one order. */
const LIST_MS = 15_000;
const MOST_WAIT_MS = 60_000;

/** Makes a call again if the API is busy, after the time that it asks for. `now` goes on, since a call may be signed with it. */
const patient = (context: Context, now: Ports['now'], sleep: Run['sleep']): Context => ({
  ...context,
  get now() {
    return now();
  },
  async ask(url, init) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await context.ask(url, { ms: LIST_MS, ...init });
      } catch (error) {
        const isBusy = error instanceof Rejection && error.code === 'provider_unavailable';
        if (!isBusy || tries === TRIES) throw error;
        await sleep(Math.min(error.retryAfterMs ?? 250 * 2 ** tries, MOST_WAIT_MS));
      }
    }
  },
});

/** Returns undefined for an order that cannot be parsed, so that it does not block the others. */
async function fetchEvents({ report }: Ports, name: string, paid: PaidOrder) {
  try {
    return await paid.events();
  } catch (error) {
    if (!(error instanceof Rejection) || error.code !== 'bad_body') throw error;
    report('failed', { provider: name, step: 'reconcile', order: paid.id, why: error.message });
    return undefined;
  }
}

/** The order under this key or alias; another item if the notification was unreadable. */
async function findStored(store: Store, key: string): Promise<Item | undefined> {
  const item = await store.get(key);
  return item?.kind === 'alias' ? await orderAt(store, key) : item;
}

/** A placeholder left by an early refund does not count as the order. */
function isMissing(stored: Item | undefined, { isReversed }: PaidOrder): boolean {
  if (stored?.kind !== 'order') return stored === undefined;
  if (stored.erasedAt) return false;
  return !isPaid(stored) || (isReversed !== undefined && isReversed === isInForce(stored));
}

async function fulfilEvents(
  ports: Ports,
  name: string,
  events: readonly OrderEvent[],
  before: Item | undefined,
) {
  const provider: Provider = { name, verify() {}, read: () => events };
  let outcome: 'fulfilled' | 'held' | 'reversed' | 'ignored' = 'ignored';
  for await (const { order } of fulfil(requestWorld(ports, name, NO_REQUEST), provider, NO_REQUEST)) {
    if (!order) outcome = 'held';
    else if (isPaid(order) && !isSame(order, before))
      outcome = order.heldAt ? 'held' : isInForce(order) ? 'fulfilled' : 'reversed';
  }
  return outcome;
}

const isSame = (order: Order, before: Item | undefined): boolean =>
  before?.kind === 'order' && order.version === before.version;
