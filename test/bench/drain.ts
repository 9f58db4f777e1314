/**
 * `redeliver` draining a backlog at the account's rate, on a virtual clock: the real core, and an AWS that takes its
 * time (`slow-aws.ts`).
 */

import { type Queue, RUN_MS, redeliver } from '../../functions/core/mail/redeliver.ts';
import { emptyOrder, keyOf, type Order, withSale } from '../../functions/core/order/order.ts';
import catalogue from './catalogue.ts';
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
}

/** Runs as EventBridge starts them, one each minute if the one before is over, until no mail is due. */
export async function drain(orders: number, rate: number): Promise<Drained> {
  const clock = virtualClock(START);
  const takes = takesFrom(orders + rate);
  const { store, due, left } = slowTable(clock, takes, backlog(orders));
  const { mailer, totals } = slowSes(clock, takes, rate);
  // Only one run is active at a time, so the lease is always free.
  const lease = { hold: async () => true, release: async () => undefined };
  const queue: Queue = { ...lease, due, rate: async () => rate, sleep: clock.sleep };
  const ports = { catalogue, store, mailer, now: clock.now, report: () => undefined };
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
  };
}

/** Orders as the core stores them: paid, their mail due. */
function backlog(count: number): Order[] {
  const line = {
    sku: 'widgetpro-mac',
    product: 'widgetpro-mac',
    quantity: 1,
    delivery: 'mail',
    received: 'Jane Q. Sample',
    licensee: 'Jane Q. Sample',
    serial: '00'.repeat(16),
    keyVersion: 1,
    held: null,
  } as const;
  return Array.from({ length: count }, (_, at) => {
    const key = keyOf('shop', false, `order-${at}`);
    const dueAt = START - count + at;
    const order = withSale(
      emptyOrder(key, 'shop', false, dueAt),
      {
        kind: 'paid',
        key,
        provider: 'shop',
        test: false,
        buyer: { name: line.received, email: `buyer-${at}@example.com` },
        lines: [line],
        amount: undefined,
        placedAt: undefined,
        raw: undefined,
        aliases: [],
      },
      dueAt,
      dueAt,
    );
    if (!order) throw new Error('an order that is not due is not what is drained here');
    return { ...order, version: 1 };
  });
}
