import { errorName } from '../inbound/rejection.ts';
import { change, claimAliases, orderAt } from '../order/change.ts';
import { isDue, isStub } from '../order/due.ts';
import { holdByAge, type SendOutcome, start } from '../order/sends.ts';
import { type Answer, applyAnswer, markReported } from '../order/transitions.ts';
import type { Line, Order, Request } from '../order/types.ts';
import { judgeWith, makeFor, type SerialInputs, serialInputs } from '../serial/lines.ts';
import type { Ports } from '../world.ts';
import { deliver } from './deliver.ts';

/**
 * The length of a run, of the 15 minutes that Lambda allows. It ends some seconds before the minute, so that the run that
 * starts at that minute finds the lease free.
 */
export const RUN_MS = 14 * 60_000 - 10_000;

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
  /** Undefined without buyers' pages. */
  readonly requests?: RequestQueue | undefined;
}

/** The requests of buyers that are due. */
export interface RequestQueue {
  /** Keys of requests due at `now`, the earliest first. */
  due(now: number, limit: number): Promise<readonly string[]>;
  work(ports: Ports, request: Request): Promise<Attempt>;
}

export interface Redelivered {
  readonly due: number;
  readonly sent: number;
  readonly failed: number;
  /** The account or SES was at fault, so the run ended early. */
  readonly isFaulty?: true;
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

/**
 * Starts one mail every 1/rate seconds, with as many in flight as that requires. Until SES has accepted one, a mail waits for
 * the result of the one before: while the account or SES is at fault, each run tries one mail.
 */
async function drain(ports: Ports, queue: Queue, until: number): Promise<Redelivered> {
  const { now, report } = ports;
  const gap = 1000 / (await queue.rate());
  const most = () => (count.sent === 0 ? 1 : Math.max(1, Math.ceil((LONGEST_SECONDS * 1000) / gap)));
  const count: { -readonly [Name in keyof Redelivered]: Redelivered[Name] } = { due: 0, sent: 0, failed: 0 };
  // Each order is tried once per run, so that no fault mails a buyer repeatedly.
  const tried = new Set<string>();
  let orphans = 0;
  let outages = 0;
  const inFlight = new Set<Promise<void>>();
  let renewAt = now() + RENEW_MS;
  let nextAt = now();

  const start = (key: string) => {
    tried.add(key);
    const one = attempt(ports, queue, key)
      .then((result) => {
        if (result === 'orphan') orphans += 1;
        if (result === 'nothing' || result === 'orphan') return;
        count.due += 1;
        count[result === 'sent' ? 'sent' : 'failed'] += 1;
        outages = result === 'unknown' || result === 'unreachable' ? outages + 1 : 0;
        if (result === 'account' || outages >= (count.sent === 0 ? 1 : MOST_OUTAGES)) count.isFaulty = true;
      })
      .finally(() => inFlight.delete(one));
    inFlight.add(one);
  };
  const mayGoOn = async () => {
    if (now() < renewAt) return now() < until;
    renewAt = now() + RENEW_MS;
    return (await queue.hold(now(), now() + RUN_LEASE_MS)) && now() < until;
  };

  const isUntried = (key: string) => !tried.has(key);
  const untried = async () => {
    const orders = (await queue.due(now(), PAGE + tried.size)).filter(isUntried);
    const requests = ((await queue.requests?.due(now(), PAGE + tried.size)) ?? []).filter(isUntried);
    return mixed(orders, requests);
  };

  try {
    // A page does not wait for the mails in flight, or the rate would fall at each page.
    for (let keys = await untried(); keys.length > 0; keys = await untried()) {
      for (const key of keys) {
        if (inFlight.size >= most()) await Promise.race(inFlight);
        if (nextAt > now()) await queue.sleep(nextAt - now());
        if (count.isFaulty || !(await mayGoOn())) return count;
        nextAt = Math.max(nextAt + gap, now() - gap);
        start(key);
      }
    }
    return count;
  } finally {
    // A Lambda is frozen once it has answered, and a mail in flight would be marked too late.
    await Promise.all(inFlight);
    if (orphans > 0) report('reversals_without_sale', { orders: orphans });
  }
}

/** Every tenth key is a request, so that requests neither wait for a backlog of orders nor delay it. */
export function mixed(orders: readonly string[], requests: readonly string[]): readonly string[] {
  const isBacklog = orders.length >= PAGE;
  const parts = orders.flatMap((key, at) => [
    key,
    ...(at % 9 === 8 ? requests.slice((at - 8) / 9, (at - 8) / 9 + 1) : []),
  ]);
  return isBacklog ? parts : [...parts, ...requests.slice(Math.floor(orders.length / 9))];
}

/** A run in which mails have succeeded ends after this many in a row without an answer of SES. */
const MOST_OUTAGES = 3;

type Attempt = 'nothing' | 'orphan' | 'failed' | SendOutcome['kind'];

/** Makes the serials that are due and sends the mail. Does nothing if the index entry is stale or another sender has the order. */
async function attempt(ports: Ports, { requests }: Queue, key: string): Promise<Attempt> {
  const { catalogue, store, report, productKeys, now } = ports;
  try {
    const order = await store.get(key);
    if (order?.kind === 'request') return (await requests?.work(ports, order)) ?? 'nothing';
    if (order?.kind !== 'order' || !isDue(order, now())) return 'nothing';
    const judge = async () => judgeWith({ catalogue, keys: await productKeys.read() }, order.provider);
    if (isStub(order)) return await wakeStub(ports, order, judge);
    // The process that recorded the order may have died before it wrote the aliases.
    if ((await claimAliases(ports, key, order.aliases, judge)) === 'moved') return 'nothing';
    const complete = await withSerialsMade(ports, order);
    const aged = holdByAge(complete, now());
    const started = start(aged ?? complete, now());
    const next = started?.order ?? aged ?? complete;
    if (next === order || (await store.put({ ...next, version: order.version + 1 }, order.version)))
      return 'nothing';
    for (const line of next.lines)
      if (line.state === 'held' && line.reason === 'generator' && !order.lines.includes(line))
        report('line_held', { order: key, reason: line.reason });
    const held = next.outbox?.held;
    if (held && held !== order.outbox?.held) report('line_held', { order: key, reason: held });
    if (!started?.send) return held ? 'failed' : 'nothing';
    const mail = { order: { ...next, version: order.version + 1 }, send: started.send };
    return (await deliver(ports, mail)) ?? 'failed';
  } catch (error) {
    report('failed', { order: key, error: errorName(error) });
    return 'failed';
  }
}

type ToMake = Line & { readonly state: 'to_make' };

async function withSerialsMade(ports: Ports, order: Order): Promise<Order> {
  const { now } = ports;
  const lines = order.lines.filter(
    (line): line is ToMake => line.state === 'to_make' && Date.parse(line.until) <= now(),
  );
  if (lines.length === 0) return order;
  const make = (inputs: SerialInputs, line: ToMake) =>
    makeFor(inputs, { order, line, id: line.product, licensee: line.licensee, issue: 1 });
  const inputs = await serialInputs(ports, (some) => lines.map((line) => make(some, line)));
  return lines.reduce((sum, line) => {
    const answer = answerOf(line, make(inputs, line), now());
    return applyAnswer(sum, line.id, line.licensee, answer, now()) ?? sum;
  }, order);
}

/** A program that has not answered is run again later, and the line is held in the end. */
function answerOf({ tries }: ToMake, serial: ReturnType<typeof makeFor>, now: number): Answer {
  if (typeof serial === 'object') return { serial };
  if (serial) return { reason: serial };
  return tries < MOST_TRIES ? { until: now + Math.min(60, 2 ** tries) * 60_000 } : { reason: 'generator' };
}
/** About seven hours: it is not the program but its Lambda that is out of reach. */
const MOST_TRIES = 12;

/** A reversal has waited for its sale for a day: joins a sale that is stored under another ID, or reports it once. */
async function wakeStub(
  ports: Ports,
  stub: Order,
  judge: Parameters<typeof claimAliases>[3],
): Promise<Attempt> {
  const { store, now } = ports;
  for (const name of stub.aliases) {
    const order = await orderAt(store, name);
    if (!order || isStub(order)) continue;
    await claimAliases(ports, order.key, [stub.key, ...stub.aliases], judge);
    return 'nothing';
  }
  await change(store, stub.key, stub, (found) => found && markReported(found, now()));
  // A reversal with several IDs has a stub under each. The first is counted.
  return [stub.key, ...stub.aliases].sort()[0] === stub.key ? 'orphan' : 'nothing';
}
