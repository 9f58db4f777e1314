import { errorName } from '../inbound/rejection.ts';
import { isAlias, withLease, withMailHeld } from '../order/order.ts';
import { change, claimAliases, LEASE_MS } from '../order/record.ts';
import type { Ports } from '../world.ts';
import { deliver } from './deliver.ts';

/**
 * The length of a run, of the 15 minutes that Lambda allows. It ends some seconds before the minute, so that the run that
 * starts at that minute finds the lease free.
 */
export const RUN_MS = 14 * 60_000 - 10_000;

const OLDEST_MS = 72 * 3_600_000;
const RUN_LEASE_MS = 120_000;
const RENEW_MS = 30_000;
const PAGE = 200;
/** A send ends within 1.5 s; with its reads and writes, within three. */
const LONGEST_SECONDS = 3;

/** The further ports of `redeliver`: the queue, the account's rate, and a way to wait. */
export interface Queue {
  /** Acquires or renews the run's lease until `until`. Returns false if another run holds it. */
  hold(now: number, until: number): Promise<boolean>;
  release(now: number): Promise<void>;
  /** Keys of orders due at `now`, the earliest first, at most `limit`; an entry may be stale. */
  due(now: number, limit: number): Promise<readonly string[]>;
  /** Mails a second that the account may send. */
  rate(): Promise<number>;
  /** Milliseconds, of the clock that the world's `now` reads. */
  sleep(ms: number): Promise<void>;
}

export interface Redelivered {
  readonly due: number;
  readonly sent: number;
  readonly failed: number;
}

/** Sends due mails until none is due or `until` is reached. Returns undefined if another run holds the lease. */
export async function redeliver(ports: Ports, queue: Queue, until: number): Promise<Redelivered | undefined> {
  const { now } = ports;
  if (!(await queue.hold(now(), now() + RUN_LEASE_MS))) return undefined;
  try {
    return await drain(ports, queue, until);
  } finally {
    await queue.release(now());
  }
}

/** Starts one mail every 1/rate seconds, with as many in flight as that requires. */
async function drain(ports: Ports, queue: Queue, until: number): Promise<Redelivered> {
  const { now } = ports;
  const gap = 1000 / (await queue.rate());
  const most = Math.max(1, Math.ceil((LONGEST_SECONDS * 1000) / gap));
  const count = { due: 0, sent: 0, failed: 0 };
  // Each order is tried once per run, so that no fault mails a buyer repeatedly.
  const tried = new Set<string>();
  const inFlight = new Set<Promise<void>>();
  let renewAt = now() + RENEW_MS;
  let nextAt = now();

  const start = (key: string) => {
    tried.add(key);
    const one = attempt(ports, key)
      .then((result) => {
        if (result === 'nothing') return;
        count.due += 1;
        count[result] += 1;
      })
      .finally(() => inFlight.delete(one));
    inFlight.add(one);
  };
  const mayContinue = async () => {
    if (now() < renewAt) return now() < until;
    renewAt = now() + RENEW_MS;
    return (await queue.hold(now(), now() + RUN_LEASE_MS)) && now() < until;
  };

  const untried = async () => (await queue.due(now(), PAGE + tried.size)).filter((key) => !tried.has(key));

  try {
    // A page does not wait for the mails in flight, or the rate would fall at each page.
    for (let keys = await untried(); keys.length > 0; keys = await untried()) {
      for (const key of keys) {
        if (!(await mayContinue())) return count;
        if (inFlight.size >= most) await Promise.race(inFlight);
        if (nextAt > now()) await queue.sleep(nextAt - now());
        nextAt = Math.max(nextAt + gap, now() - gap);
        start(key);
      }
    }
    return count;
  } finally {
    // A Lambda is frozen once it has answered, and a mail in flight would be marked too late.
    await Promise.all(inFlight);
  }
}

/** Leases one order and sends its mail. Does nothing if the index entry is stale or another sender has the order. */
async function attempt(ports: Ports, key: string): Promise<'nothing' | 'sent' | 'failed'> {
  const { store, report, now } = ports;
  try {
    const order = await store.get(key);
    if (!order || isAlias(order) || !order.dueAt || Date.parse(order.dueAt) > now()) return 'nothing';
    if (order.mail.since && now() - Date.parse(order.mail.since) >= OLDEST_MS) {
      const age = { reason: 'mail_age', code: 'mail_age' } as const;
      await change(store, key, order, (found) => found && withMailHeld(found, order.version, age, now()));
      report('line_held', { order: key, reason: 'mail_age' });
      return 'failed';
    }
    // The process that recorded the order may have died before it wrote the aliases.
    if ((await claimAliases(ports, key, order.aliases ?? [])) === 'moved') return 'nothing';
    const leased = { ...withLease(order, now() + LEASE_MS), version: order.version + 1 };
    if (await store.put(leased, order.version)) return 'nothing';
    return (await deliver(ports, leased)).kind === 'sent' ? 'sent' : 'failed';
  } catch (error) {
    report('failed', { order: key, error: errorName(error) });
    return 'failed';
  }
}
