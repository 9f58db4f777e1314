/**
 * `redeliver` draining a backlog at the account's rate, on a virtual clock: the real core, and an AWS that takes its
 * time (`slow-aws.ts`).
 */

import { loadWords } from '../../../functions/core/mail/language.ts';
import type { Message } from '../../../functions/core/mail/message.ts';
import { type Queue, RUN_MS, redeliver } from '../../../functions/core/mail/redeliver.ts';
import type { Judge } from '../../../functions/core/order/lines.ts';
import type { SendOutcome } from '../../../functions/core/order/sends.ts';
import { emptyOrder } from '../../../functions/core/order/settle.ts';
import { applySale } from '../../../functions/core/order/transitions.ts';
import { keyOf, type Order } from '../../../functions/core/order/types.ts';
import catalogue from '../catalogue.ts';
import { slowSes, slowTable, takesFrom } from './slow-aws.ts';
import { virtualClock } from './virtual-clock.ts';

const START = Date.parse('2026-11-23T03:00:00Z');
const MINUTE = 60_000;

export interface Drained {
  readonly orders: number;
  readonly rate: number;
  readonly runs: number;
  /** From the first run to the last mail that SES took. */
  readonly seconds: number;
  /** The time that the rate alone requires. */
  readonly ideal: number;
  readonly duplicates: number;
  readonly throttled: number;
  /** The sends and writes while SES accepted nothing. */
  readonly faulty: { readonly sends: number; readonly writes: number };
}

/** SES gives this answer during the first minutes. */
export interface Fault {
  readonly kind: 'account' | 'unknown' | 'unreachable';
  readonly minutes: number;
}

/** Runs as EventBridge starts them, one each minute if the one before is over, until no mail is due. */
export async function drain(orders: number, rate: number, fault?: Fault): Promise<Drained> {
  // The clock does not wait for a module that loads.
  await loadWords(catalogue.seller, 'en');
  const clock = virtualClock(START);
  const takes = takesFrom(orders + rate);
  const { store, due, left } = slowTable(clock, takes, backlog(orders));
  const { mailer, totals } = slowSes(clock, takes, rate);
  const faulty = { sends: 0, writes: 0 };
  const isFaulty = () => fault !== undefined && clock.now() < START + fault.minutes * MINUTE;
  // Only one run is active at a time, so the lease is always free.
  const lease = { hold: async () => true, release: async () => undefined };
  const queue: Queue = { ...lease, due, rate: async () => rate, sleep: clock.sleep };
  const keys = { read: async () => ({}), newer: async () => undefined };
  const ports = {
    ...{ catalogue, productKeys: keys, providerKeys: keys, ask: async () => '' },
    ...{ now: clock.now, report: () => undefined },
    store: {
      ...store,
      put: (...write: Parameters<typeof store.put>) => {
        if (isFaulty()) faulty.writes += 1;
        return store.put(...write);
      },
    },
    async mailer(message: Message): Promise<SendOutcome> {
      if (!fault || !isFaulty()) return await mailer(message);
      faulty.sends += 1;
      await clock.sleep(takes('send'));
      return { kind: fault.kind, code: 'fault' };
    },
  };
  let runs = 0;
  const untilNothingIsDue = async () => {
    for (; left() > 0; runs += 1) {
      await redeliver(ports, queue, clock.now() + RUN_MS);
      await clock.sleep(MINUTE - ((clock.now() - START) % MINUTE));
    }
  };
  await clock.run(untilNothingIsDue());
  const { last, accepted, buyers, throttled } = totals();
  return {
    orders,
    rate,
    runs,
    seconds: (last - START) / 1_000,
    ideal: orders / rate,
    duplicates: accepted - buyers,
    throttled,
    faulty,
  };
}

/** Orders as the core stores them: paid, their mail due. */
function backlog(count: number): Order[] {
  const [sku, licensee] = ['widgetpro-mac', 'Jane Q. Sample'];
  const issued = { licensee, serial: '00'.repeat(16), keyVersion: 1 };
  const judge: Judge = () => ({ state: 'issued', product: sku, issued });
  return Array.from({ length: count }, (_, at) => {
    const dueAt = START - count + at;
    const order = applySale(
      emptyOrder(keyOf('shop', false, `order-${at}`), 'shop', false, dueAt),
      {
        kind: 'paid',
        buyer: { name: licensee, email: `buyer-${at}@example.com` },
        lines: [{ sku, product: sku, quantity: 1 }],
        aliases: [],
      },
      judge,
      dueAt,
    );
    if (!order) throw new Error('a new sale changes nothing; expected an order whose mail is due');
    return { ...order, version: 1 };
  });
}
