/** The second intake path: fulfils orders that the provider lists as paid but whose notifications were all lost. */
import { ownerOf } from './catalogue/catalogue.ts';
import { fulfil } from './fulfil.ts';
import type { OrderEvent } from './inbound/event.ts';
import type { PaidOrder, Provider } from './inbound/provider.ts';
import { Rejection } from './inbound/rejection.ts';
import { isInForce, isPaid } from './order/due.ts';
import { keyOf } from './order/keys.ts';
import { requestWorld } from './request-world.ts';
import type { LambdaPorts, Store } from './world.ts';

export interface Reconciled {
  /** Paid orders that the provider listed. */
  readonly seen: number;
  /** Those that were not stored here. */
  readonly missing: number;
  readonly fulfilled: number;
  readonly held: number;
}

/** Stands for the missing request. The answer of the provider's own API needs no signature. */
const NO_REQUEST = { method: 'GET', headers: {}, query: '', body: Buffer.alloc(0) };
const CALL_MS = 3_000;

/**
 * Runs every order of `provider` that was paid since `since` and is not stored through the order pipeline. Yields the
 * counts after each order. Throws if the provider does not answer; the orders recorded so far stay recorded.
 */
export async function* reconcile(
  ports: LambdaPorts,
  name: string,
  provider: Provider,
  since: number,
): AsyncGenerator<Reconciled, Reconciled> {
  const context = await requestWorld(ports, name, NO_REQUEST).context();
  if (!provider.paid)
    throw new Rejection('provider_refused', `Keypost cannot list the paid orders of ${name}`);
  const store = ports.store(() => CALL_MS);
  const count = { seen: 0, missing: 0, fulfilled: 0, held: 0 };
  let unread = 0;
  for await (const paid of provider.paid(since, context)) {
    count.seen += 1;
    if (!(await isStored(store, keyOf(ownerOf(ports.catalogue, name), paid.test, paid.id)))) {
      const events = await fetchEvents(ports, name, paid);
      const outcome = events ? await fulfilEvents(ports, name, events) : 'unread';
      if (outcome === 'unread') unread += 1;
      if (outcome !== 'ignored') count.missing += 1;
      if (outcome === 'fulfilled' || outcome === 'held') count[outcome] += 1;
    }
    yield { ...count };
  }
  ports.report('reconciled', { provider: name, ...count });
  if (unread > 0) throw new Rejection('bad_body', `${unread} paid orders of ${name} are not as documented`);
  return count;
}

/** Returns undefined for an order that cannot be parsed, so that it does not block the others. */
async function fetchEvents({ report }: LambdaPorts, name: string, paid: PaidOrder) {
  try {
    return await paid.events();
  } catch (error) {
    if (!(error instanceof Rejection) || error.code !== 'bad_body') throw error;
    report('failed', { provider: name, step: 'reconcile', order: paid.id, why: error.message });
    return undefined;
  }
}

/** A placeholder left by an early refund does not count as the order. */
async function isStored(store: Store, key: string): Promise<boolean> {
  const item = await store.get(key);
  return item !== undefined && (item.kind !== 'order' || isPaid(item) || item.erasedAt !== undefined);
}

async function fulfilEvents(ports: LambdaPorts, name: string, events: readonly OrderEvent[]) {
  const provider: Provider = { name, verify() {}, read: () => events };
  let outcome: 'fulfilled' | 'held' | 'reversed' | 'ignored' = 'ignored';
  for await (const { order } of fulfil(requestWorld(ports, name, NO_REQUEST), provider, NO_REQUEST)) {
    if (!order) outcome = 'held';
    else if (isPaid(order)) outcome = order.heldAt ? 'held' : isInForce(order) ? 'fulfilled' : 'reversed';
  }
  return outcome;
}
