/** What the provider says was paid, against what is kept: an order whose notifications were all lost is taken as if one came. */
import { ownerOf } from './catalogue/catalogue.ts';
import { fulfil } from './fulfil.ts';
import type { OrderEvent } from './inbound/event.ts';
import type { PaidOrder, Provider } from './inbound/provider.ts';
import { Rejection } from './inbound/rejection.ts';
import { isAlias, keyOf } from './order/order.ts';
import { requestWorld, type Shared } from './request-world.ts';
import type { Store } from './world.ts';

export interface Reconciled {
  /** Paid orders that the provider told of. */
  readonly seen: number;
  /** Those that were not kept here. */
  readonly missing: number;
  readonly fulfilled: number;
  readonly held: number;
}

/** There is no request: what the provider's own API says needs no signature. */
const NO_REQUEST = { method: 'GET', headers: {}, query: '', body: Buffer.alloc(0) };
const CALL_MS = 3_000;

/**
 * Takes every order of `provider` paid since then that is not kept, on the way of any order, and yields the counts after
 * each order seen. Throws where the provider does not answer; what was taken until then is kept.
 */
export async function* reconcile(
  shared: Shared,
  name: string,
  provider: Provider,
  since: number,
): AsyncGenerator<Reconciled, Reconciled> {
  const context = await requestWorld(shared, name, NO_REQUEST).context();
  if (!provider.paid) throw new Rejection('provider_refused', `Keypost cannot ask ${name} what was paid`);
  const store = shared.store(() => CALL_MS);
  const count = { seen: 0, missing: 0, fulfilled: 0, held: 0 };
  let unread = 0;
  for await (const paid of provider.paid(since, context)) {
    count.seen += 1;
    if (!(await isKept(store, keyOf(ownerOf(shared.catalogue, name), paid.test, paid.id)))) {
      const events = await eventsOf(shared, name, paid);
      const taken = events ? await take(shared, name, events) : 'unread';
      if (taken === 'unread') unread += 1;
      if (taken !== 'ignored') count.missing += 1;
      if (taken === 'fulfilled' || taken === 'held') count[taken] += 1;
    }
    yield { ...count };
  }
  shared.report('reconciled', { provider: name, ...count });
  if (unread > 0) throw new Rejection('bad_body', `${unread} paid orders of ${name} are not as documented`);
  return count;
}

/** Undefined for what cannot be read: one such order keeps none of the others waiting. */
async function eventsOf({ report }: Shared, name: string, paid: PaidOrder) {
  try {
    return await paid.events();
  } catch (error) {
    if (!(error instanceof Rejection) || error.code !== 'bad_body') throw error;
    report('failed', { provider: name, step: 'reconcile', order: paid.id, why: error.message });
    return undefined;
  }
}

/** A stub left by a refund is no order yet. */
async function isKept(store: Store, key: string): Promise<boolean> {
  const item = await store.get(key);
  return item !== undefined && (isAlias(item) || item.placedAt !== undefined || item.status === 'erased');
}

async function take(shared: Shared, name: string, events: readonly OrderEvent[]) {
  const told: Provider = { verify() {}, read: () => events };
  let taken: 'fulfilled' | 'held' | 'reversed' | 'ignored' = 'ignored';
  for await (const { order } of fulfil(requestWorld(shared, name, NO_REQUEST), told, NO_REQUEST)) {
    const reversed = order.status === 'refunded' || order.status === 'disputed';
    if (order.placedAt) taken = order.heldAt ? 'held' : reversed ? 'reversed' : 'fulfilled';
  }
  return taken;
}
