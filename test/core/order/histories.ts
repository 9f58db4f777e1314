/**
 * Random histories of one order: events, manual actions, mails and crashes of two actors at once, on a store in memory.
 * Each actor is a generator that yields before every call to the store or to SES, where another may run or it may die.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Reversal } from '../../../functions/core/inbound/event.ts';
import { recordMailEvent } from '../../../functions/core/mail/feedback.ts';
import { change, claimAliases, orderAt } from '../../../functions/core/order/change.ts';
import { isDue, isInForce, isStub, needOf, toAt, wakeAt } from '../../../functions/core/order/due.ts';
import { type Judge, type Judged, priceOf, toLines, toSold } from '../../../functions/core/order/lines.ts';
import {
  basis,
  erase,
  importLine,
  type Result,
  reissue,
  rejudge,
  release,
  resend,
  transfer,
} from '../../../functions/core/order/manual.ts';
import { atLeast } from '../../../functions/core/order/money.ts';
import { recordReversal, recordSale } from '../../../functions/core/order/record.ts';
import {
  applyOutcome,
  holdByAge,
  type MailEventKind,
  mayCallSes,
  type SendOutcome,
  start,
} from '../../../functions/core/order/sends.ts';
import { emptyOrder } from '../../../functions/core/order/settle.ts';
import { fromItem, toItem } from '../../../functions/core/order/stored.ts';
import { applyAnswer, markReported, type Sale } from '../../../functions/core/order/transitions.ts';
import {
  type Alias,
  type Item,
  idIn,
  type Line,
  type Mail,
  type Order,
} from '../../../functions/core/order/types.ts';
import type { Recording } from '../../../functions/core/world.ts';
import { type Call, check, checkPut, Violation } from './invariants.ts';

export type Steps<Value = void> = AsyncGenerator<undefined, Value, undefined>;
type Stored = Order | Alias;

/** Small, fast and seeded. */
export function random(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (count: number) => Math.floor(next() * count);
  return {
    chance: (part: number) => next() < part,
    below,
    pick<One>(list: readonly One[]): One {
      const one = list[below(list.length)];
      if (one === undefined) throw new Error('an empty list');
      return one;
    },
  };
}
export type Random = ReturnType<typeof random>;

export const KEY = 'plain#1';
const CAP = 'plain#cap';
const OTHER = 'plain#other';
export const SECRETS = ['Zoe', 'Ann', 'Bo ', '@example', 'serial-'];

export interface World {
  readonly random: Random;
  readonly items: Map<string, Stored>;
  readonly calls: Call[];
  /** Events that the provider delivers again, because they got no answer. */
  readonly unanswered: (() => Steps)[];
  readonly reversed: { readonly keys: readonly string[]; readonly id: string }[];
  readonly reported: { readonly event: Sale }[];
  now: number;
  serials: number;
  /** From now on everything works. */
  calm: boolean;
  /** True once the catalogue has the SKU `u`. */
  learned: boolean;
}

export const newWorld = (seed: number): World => ({
  random: random(seed),
  items: new Map(),
  calls: [],
  unanswered: [],
  reversed: [],
  reported: [],
  now: Date.parse('2026-11-23T03:00:00Z'),
  serials: 0,
  calm: false,
  learned: false,
});

// The store: a put is conditional on the version that was read.

function put(world: World, item: Item, expected: number | undefined, by: string): Stored | undefined {
  if (item.kind !== 'order' && item.kind !== 'alias') throw new Violation(`a ${item.kind} is written`);
  const before = world.items.get(item.key);
  const version = before?.kind === 'order' ? before.version : undefined;
  if (before ? version === undefined || version !== expected : expected !== undefined) return before ?? item;
  checkPut(world, before, item, by);
  world.items.set(item.key, item);
  return undefined;
}

/** Runs the code under test. Each call to its store is a step: it waits until the history continues this actor. */
async function* onStore<Value>(
  world: World,
  by: string,
  run: (ports: Recording) => Promise<Value>,
): Steps<Value> {
  const calls: (() => void)[] = [];
  let wake = () => {};
  let isOver = false;
  const step = <Result>(call: () => Result) =>
    new Promise<Result>((resolve, reject) => {
      calls.push(() => {
        try {
          resolve(call());
        } catch (error) {
          reject(error);
        }
      });
      wake();
    });
  const store: Recording['store'] = {
    get: (key) => step(() => world.items.get(key)),
    put: (item, expected) => step(() => put(world, item, expected, by)),
  };
  const result = run({ store, report: () => undefined, now: () => world.now }).finally(() => {
    isOver = true;
    wake();
  });
  result.catch(() => undefined);
  for (;;) {
    if (calls.length === 0 && !isOver)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    const call = calls.shift();
    if (!call) return await result;
    yield;
    call();
  }
}

const emptyAt = (world: World, key: string) => emptyOrder(key, 'plain', false, world.now);
const hasSale = (item: Stored | undefined): item is Order => item?.kind === 'order' && !isStub(item);

/** Changes an order that is stored. */
const changeAt = (world: World, key: string, by: string, step: (found: Order) => Order | undefined) =>
  onStore(world, by, async ({ store }) => {
    const found = await store.get(key);
    return found && (await change(store, key, found, (order) => order && step(order)));
  });

// The catalogue of these histories: what a SKU sells, and what is made of a line.

const productsOf = (world: World) => (sku: string) =>
  ({ w: ['widget'], w2: ['widget'], b: ['widget', 'gadget'], g: ['late'], x: ['extra'] })[sku] ??
  (sku === 'u' && world.learned ? ['learned'] : []);

const judgeOf =
  (world: World): Judge =>
  (line, order): Judged => {
    const product = line.product ?? productsOf(world)(line.sku)[0] ?? null;
    const price = priceOf(order, line).paid;
    const { name } = order.buyer;
    if (product === null) return { state: 'held', product, reason: 'unknown_product' };
    if (!name) return { state: 'held', product, reason: 'no_name' };
    if (!order.buyer.email) return { state: 'held', product, reason: 'bad_address' };
    if (price && !line.approved && !atLeast([price], { value: '10', currency: 'EUR' }))
      return { state: 'held', product, reason: 'below_floor' };
    if (product === 'late') return { state: 'to_make', product, licensee: name };
    return { state: 'issued', product, issued: newSerial(world, name) };
  };

const newSerial = (world: World, licensee: string) => {
  world.serials += 1;
  return { licensee, serial: `serial-${world.serials}`, keyVersion: 1 };
};

// Actors.

export async function* deliverSale(world: World, key: string, event: Sale): Steps {
  const sale = {
    kind: 'sale',
    key,
    provider: 'plain',
    test: false,
    sale: event,
    judge: judgeOf(world),
  } as const;
  const { mail } = yield* onStore(world, 'sale', (ports) => recordSale(ports, sale, true));
  if (mail) yield* callSes(world, mail);
}

export async function* deliverReversal(
  world: World,
  keys: readonly string[],
  reversalId: string,
  reversal: Reversal,
): Steps {
  const [id = '', ...aliases] = keys.map(idIn);
  const event = { kind: 'reversed', id, aliases, test: false, reversalId, reversal } as const;
  yield* onStore(world, 'reversal', (ports) =>
    recordReversal(ports, 'plain', event, async () => judgeOf(world)),
  );
}

/** As `deliver` of deliver.ts. */
async function* callSes(world: World, { order, send }: Mail): Steps {
  yield;
  if (!mayCallSes(send, world.now)) return;
  const serials = order.lines.flatMap((line) =>
    line.state === 'issued' && send.carries.some((one) => one.line === line.id) ? line.issued.serial : [],
  );
  const call = world.calls.find(
    (one) => one.n === send.n && one.tries === send.tries && one.key === order.key,
  );
  if (!call) throw new Violation('SES is called without a lease');
  const result = outcomeOf(world, call.messageId);
  call.startedAt = world.now;
  call.serials = serials;
  call.isAccepted = result.isAccepted;
  yield* onStore(world, 'outcome', ({ store }) =>
    change(store, order.key, order, (found) => found && applyOutcome(found, send, result.outcome, world.now)),
  );
  call.isOver = true;
}

function outcomeOf(
  { random, calm }: World,
  messageId: string,
): { readonly outcome: SendOutcome; readonly isAccepted: boolean } {
  const code = 'Fault';
  if (calm || random.chance(0.5)) return { outcome: { kind: 'sent', messageId }, isAccepted: true };
  const kind = random.pick(['throttled', 'unreachable', 'unknown', 'unknown', 'refused', 'account'] as const);
  return { outcome: { kind, code }, isAccepted: kind === 'unknown' && random.chance(0.5) };
}

/** As `attempt` of redeliver.ts. */
export async function* redeliver(world: World, key: string): Steps {
  const mail = yield* onStore(world, 'redeliver', async (ports): Promise<Mail | undefined> => {
    const order = await ports.store.get(key);
    if (order?.kind !== 'order' || !isDue(order, world.now)) return undefined;
    const judge = async () => judgeOf(world);
    if (isStub(order)) return await wakeStub(ports, order, judge);
    if ((await claimAliases(ports, key, order.aliases, judge)) === 'moved') return undefined;
    const lines = order.lines.filter(
      (line) => line.state === 'to_make' && Date.parse(line.until) <= world.now,
    );
    const all = lines.reduce((sum, line) => madeBy(world, sum, line), order);
    const aged = holdByAge(all, world.now) ?? all;
    const { order: next, send } = start(aged, world.now) ?? { order: aged };
    const mine = { ...next, version: order.version + 1 };
    if (next === order || (await ports.store.put(mine, order.version))) return undefined;
    return send && { order: mine, send };
  });
  if (mail) yield* callSes(world, mail);
}

function madeBy(world: World, order: Order, line: Line): Order {
  const { random, now, calm } = world;
  if (line.state !== 'to_make') return order;
  const { licensee: _, ...serial } = newSerial(world, line.licensee);
  const failed = random.chance(0.5) ? { until: now + 60_000 } : { reason: 'generator' as const };
  return (
    applyAnswer(order, line.id, line.licensee, calm || random.chance(0.7) ? { serial } : failed, now) ?? order
  );
}

async function wakeStub(ports: Recording, stub: Order, judge: () => Promise<Judge>): Promise<undefined> {
  const { store, now } = ports;
  for (const name of stub.aliases) {
    const order = await orderAt(store, name);
    if (!order || isStub(order)) continue;
    await claimAliases(ports, order.key, [stub.key, ...stub.aliases], judge);
    return;
  }
  await change(store, stub.key, stub, (found) => found && markReported(found, now()));
}

export const EVENTS: readonly MailEventKind[] = [
  'send',
  'delay',
  'soft_bounce',
  'undelivered',
  'delivery',
  'complaint',
  'bounce',
  'suppressed',
  'reject',
];

async function* mailEventFor(world: World, call: Call, kind: MailEventKind): Steps {
  const event = { kind, messageId: call.messageId, orderKey: call.key, send: call.n };
  yield* onStore(world, 'event', (ports) => recordMailEvent(ports, event));
}

const BY = { who: 'seller', why: 'asked by Zoe' };

/** A person reads an order, decides, and acts only if it has not changed since. */
async function* act(
  world: World,
  what: string,
  action: (order: Order) => Result | 'held' | 'unpaid' | 'other serial',
): Steps {
  const seen = yield* onStore(world, what, ({ store }) => orderAt(store, KEY));
  if (!seen) return;
  yield;
  yield* changeAt(world, KEY, what, (found) => {
    if (basis(found) !== basis(seen)) return undefined;
    const result = action(found);
    return typeof result === 'string' ? undefined : result;
  });
}

async function* ignoring(actor: Steps<unknown>): Steps {
  yield* actor;
}

function manualAction(world: World): Steps {
  const { random } = world;
  const judge = judgeOf(world);
  const { now } = world;
  const name = random.pick(['Ann', 'Bo Ek', 'Zoe']);
  const email = random.pick(['a@example.com', 'b@example.com']);
  const serials = (order: Order) => new Map(order.lines.map((line) => [line.id, newSerial(world, name)]));
  const ignored = random.chance(0.1) ? ['u'] : [];
  const parsed = (order: Order) => ({
    lines: toLines(toSold(order), productsOf(world)),
    ignored,
  });
  const corrections = { ...(random.chance(0.4) && { email }), ...(random.chance(0.3) && { name }) };
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      return act(world, 'release', (order) =>
        release(order, { ...parsed(order), corrections }, judge, BY, now),
      );
    case 3:
      return act(world, 'resend', (order) => resend(order, random.chance(0.3) ? email : undefined, BY, now));
    case 4:
      return act(world, 'resend', (order) => resend(order, email, BY, now));
    case 5:
      return act(world, 'reissue', (order) => reissue(order, serials(order), { name }, BY, now));
    case 6:
      return act(world, 'transfer', (order) => transfer(order, serials(order), { name, email }, BY, now));
    case 7:
      world.learned = true;
      return ignoring(
        changeAt(world, KEY, 'rejudge', (found) =>
          rejudge(found, { ...parsed(found), ignored: [] }, judge, now),
        ),
      );
    case 8: {
      const line = { sku: 'x', product: 'extra', quantity: 1, ...newSerial(world, 'Zoe') };
      const past = { paidAt: toAt(now), buyer: { name: 'Zoe', email: 'z@example.com' } };
      return ignoring(
        onStore(world, 'import', async ({ store }) => {
          const before = (await orderAt(store, KEY)) ?? emptyAt(world, KEY);
          const result = importLine(before, line, past, BY, now);
          if (typeof result !== 'string')
            await store.put({ ...result, version: before.version + 1 }, before.version || undefined);
        }),
      );
    }
    default:
      return act(world, 'erase', (order) => erase(order, { ...BY, why: null }, now));
  }
}

const eur = (value: string) => ({ value, currency: 'EUR' });
const BUYER = { name: 'Zoe Quist', email: 'z@example.com', country: 'SE' };

function saleEvent({ random, reported, learned }: World, isFirst: boolean): Sale {
  const skus = isFirst
    ? ['w']
    : random.pick([['w'], ['w', 'x'], ['b'], ['w2'], ['g'], ['u'], ['w', 'u'], ['x', 'g'], []]);
  const kind = isFirst ? 'paid' : random.pick(['paid', 'paid', 'announced', 'trial', 'renewed'] as const);
  const paid = random.chance(0.1) ? eur('5.00') : eur('30.00');
  const again = reported.length > 0 && random.chance(0.4) ? random.pick(reported).event : undefined;
  if (again) return again;
  const buyer =
    isFirst || random.chance(0.8)
      ? BUYER
      : random.pick([{}, { name: 'Zoe Quist' }, { email: 'z@example.com' }]);
  const world = { random, reported, learned };
  const sold = skus.map((sku) => ({ sku, quantity: 1, paid }));
  return {
    kind,
    amount: eur('30.00'),
    buyer,
    lines: toLines(sold, productsOf({ ...newWorld(1), ...world })),
    aliases: random.chance(0.3) ? [CAP] : [],
  };
}

function reversalEvent({ random }: World) {
  const kind = random.pick(['refund', 'chargeback'] as const);
  const state =
    kind === 'refund'
      ? random.pick(['done', 'done', 'won'] as const)
      : random.pick(['open', 'won', 'lost'] as const);
  const part = random.pick(['full', 'partial'] as const);
  const event: Reversal = { kind, state, part, amount: part === 'partial' ? eur('15.00') : undefined };
  const keys = random.pick([[KEY], [CAP], [CAP, KEY], [KEY, OTHER], [OTHER, KEY]]);
  return { keys, id: `${kind}-${random.below(2)}`, event };
}

function nextActor(world: World, step: number): Steps {
  const { random, calls } = world;
  const accepted = calls.filter((call) => call.isAccepted);
  const one = step === 0 && random.chance(0.6) ? 0 : random.below(10);
  if (one < 2) {
    const event = saleEvent(world, step === 0 && one === 0);
    return provider(world, () => {
      world.reported.push({ event });
      return deliverSale(world, KEY, event);
    });
  }
  if (one === 2) {
    const { keys, id, event } = reversalEvent(world);
    return provider(world, () => {
      world.reversed.push({ keys, id });
      return deliverReversal(world, keys, id, event);
    });
  }
  if (one < 5) return redeliverAll(world);
  if (one < 7 && accepted.length > 0) {
    const [call, kind] = [random.pick(accepted), random.pick(EVENTS)];
    return provider(world, () => mailEventFor(world, call, kind));
  }
  return manualAction(world);
}

/** Delivered again later if it dies. */
async function* provider(world: World, deliver: () => Steps): Steps {
  world.unanswered.push(deliver);
  yield* deliver();
  world.unanswered.splice(world.unanswered.indexOf(deliver), 1);
}

async function* redeliverAll(world: World): Steps {
  for (const key of [...world.items.keys()]) yield* redeliver(world, key);
}

const JUMPS = [0, 5, 9_000, 50_000, 70_000, 130_000, 700_000, 25 * 3_600_000, 80 * 3_600_000];

export async function history(seed: number): Promise<void> {
  const world = newWorld(seed);
  const { random } = world;
  const steps = 2 + random.below(8);
  for (let step = 0; step < steps; step += 1) {
    const actors = [nextActor(world, step), ...(random.chance(0.5) ? [nextActor(world, step + 1)] : [])];
    const dies = random.chance(0.33) ? random.below(8) : Number.POSITIVE_INFINITY;
    for (let turn = 0; actors.length > 0; turn += 1) {
      const actor = random.pick(actors);
      if (turn === dies || (await actor.next()).done) actors.splice(actors.indexOf(actor), 1);
      // A process is frozen, or SES is slow.
      if (random.chance(0.03)) world.now += random.pick(JUMPS);
    }
    world.now += random.pick(JUMPS);
  }
  await calmDown(world);
}

export async function run(actor: Steps): Promise<void> {
  while (!(await actor.next()).done);
}

/** All faults end: unanswered events are delivered again, and all due work is done. */
export async function calmDown(world: World): Promise<void> {
  world.calm = true;
  for (const deliver of world.unanswered.splice(0)) await run(deliver());
  for (let turn = 0; turn < 100; turn += 1) {
    const orders = [...world.items.values()].filter((item) => item.kind === 'order');
    const next = orders.flatMap((order) => wakeAt(order) ?? []).sort()[0];
    if (next === undefined) break;
    world.now = Math.max(world.now, Date.parse(next));
    await run(redeliverAll(world));
  }
  checkEnd(world);
}

function checkEnd(world: World): void {
  const isRead = world.random.chance(0.1);
  const order = world.items.get(KEY);
  for (const item of world.items.values()) {
    if (isRead) checkRoundTrip(item);
    if (item.kind === 'order') check(!isDue(item, world.now), `${item.key} is still due at the end`);
  }
  const names = (keys: readonly string[]) =>
    keys
      .map((key) => world.items.get(key))
      .map((item) => (item?.kind === 'alias' ? item.aliasOf : item?.key));
  for (const { keys, id } of world.reversed) {
    if (!order || !hasSale(order) || order.kind !== 'order') continue;
    const isNamed = keys.includes(KEY) || names(keys).includes(KEY);
    check(!isNamed || order.reversals.has(id), `reversal ${id} of ${keys} is not at the order`);
  }
  if (order?.kind !== 'order' || !isInForce(order)) return;
  for (const line of order.lines) {
    const need = needOf(order, line);
    check(need.is !== 'wanted' || order.outbox?.held !== undefined, 'a mail is still wanted at the end');
    check(line.state !== 'pending', 'a line of a paid order is not judged');
    if (need.is !== 'covered' || line.state !== 'issued') continue;
    const { serial } = line.issued;
    const calls = world.calls.filter(
      (call) => call.serials.includes(serial) && call.to === order.buyer.email,
    );
    check(
      calls.some((call) => call.isAccepted),
      'a line counts as mailed, and SES has no mail of it',
    );
  }
  const isReported = world.reported.some(({ event }) => event.kind === 'paid');
  // A person may ignore the only SKU.
  const isIgnored = order.audit.some(({ what }) => what === 'release');
  check(!isReported || isIgnored || order.lines.length > 0, 'a paid order without a line');
}

/** An item is read as it was written, and found in the indexes at the times that are derived. */
export function checkRoundTrip(item: Item): void {
  const stored = toItem(item);
  check(isDeepStrictEqual(defined(fromItem(stored)), defined(item)), 'an item is not read as it was written');
  if (item.kind === 'order')
    check(stored.dueAt === wakeAt(item) && stored.heldAt === item.heldAt, 'an index is wrong');
}

/** Without fields that are undefined. */
const defined = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(defined);
  if (value instanceof Map) return [...value].sort().map(defined);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => (one === undefined ? [] : [[name, defined(one)]])),
  );
};
