/** AWS under a backlog: calls take time, the index lags, and SES limits the mails per second. */
import type { Message } from '../../../functions/core/mail/message.ts';
import type { Queue } from '../../../functions/core/mail/redeliver.ts';
import { wakeAt } from '../../../functions/core/order/due.ts';
import type { Item, Order } from '../../../functions/core/order/types.ts';
import type { Mailer, Store } from '../../../functions/core/world.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Milliseconds of a call, at least and at most. */
const TAKES = { read: [3, 12], write: [5, 20], query: [20, 60], send: [100, 400] } as const;
/** Between a write and its entry in the index. */
const INDEX_LATE_MS = 300;

/** The duration of this call. */
export type Takes = (call: keyof typeof TAKES) => number;

/** A table with an index of due orders that lags behind the writes. */
export function slowTable(clock: VirtualClock, takes: Takes, stored: readonly Order[]) {
  const items = new Map<string, Item>(stored.map((order) => [order.key, order]));
  const index = new Map<string, string>(stored.map((order) => [order.key, wakeAt(order) ?? '']));
  const indexed = (item: Item) => {
    const dueAt = item.kind === 'order' ? wakeAt(item) : undefined;
    if (dueAt) index.set(item.key, dueAt);
    else index.delete(item.key);
  };
  const store: Store = {
    async get(key) {
      await clock.sleep(takes('read'));
      return items.get(key);
    },
    async put(item, expected) {
      await clock.sleep(takes('write'));
      const known = items.get(item.key);
      if (known && (known.kind !== 'order' || known.version !== expected)) return known;
      items.set(item.key, item);
      clock.after(INDEX_LATE_MS, () => indexed(item));
      return undefined;
    },
  };
  const due: Queue['due'] = async (now, limit) => {
    await clock.sleep(takes('query'));
    const until = new Date(now).toISOString();
    return [...index]
      .filter(([, dueAt]) => dueAt <= until)
      .sort(([, one], [, other]) => (one < other ? -1 : 1))
      .slice(0, limit)
      .map(([key]) => key);
  };
  const left = () =>
    [...items.values()].filter((item) => item.kind === 'order' && wakeAt(item) !== undefined).length;
  return { store, due, left };
}

/** Accepts `rate` mails per second plus 10 %, because SES allows short bursts, and throttles the rest. */
export function slowSes(clock: VirtualClock, takes: Takes, rate: number) {
  const acceptedAt: number[] = [];
  const buyers = new Set<string>();
  let throttled = 0;
  let last = clock.now();
  const mailer: Mailer = async ({ to }: Message) => {
    const most = Math.ceil(rate * 1.1);
    const full = (acceptedAt.at(-most) ?? 0) > clock.now() - 1_000;
    if (!full) acceptedAt.push(clock.now());
    await clock.sleep(takes('send'));
    if (full) {
      throttled += 1;
      return { kind: 'throttled', code: 'Throttling' };
    }
    buyers.add(to);
    last = clock.now();
    return { kind: 'sent', messageId: `message-${acceptedAt.length}` };
  };
  const totals = () => ({ last, accepted: acceptedAt.length, buyers: buyers.size, throttled });
  return { mailer, totals };
}

/** The same times for the same seed. */
export function takesFrom(seed: number): Takes {
  const random = chance(seed);
  return (call) => {
    const [least, most] = TAKES[call];
    return least + random() * (most - least);
  };
}

/** Numbers between 0 and 1: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
