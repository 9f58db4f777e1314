/** The same facts in two orders end alike; and so do SES's events. And scenarios that random histories hardly meet. */
import type { Reversal } from '../../../functions/core/inbound/event.ts';
import { paymentOf } from '../../../functions/core/order/due.ts';
import { type Judge, toLines } from '../../../functions/core/order/lines.ts';
import { release } from '../../../functions/core/order/manual.ts';
import { applyMailEvent, applyOutcome, start } from '../../../functions/core/order/sends.ts';
import { emptyOrder, LIMITS } from '../../../functions/core/order/settle.ts';
import { applySale, type Sale } from '../../../functions/core/order/transitions.ts';
import type { Order } from '../../../functions/core/order/types.ts';
import {
  calmDown,
  deliverReversal,
  deliverSale,
  EVENTS,
  KEY,
  newWorld,
  type Random,
  random,
  run,
  type World,
} from './histories.ts';
import { check } from './invariants.ts';

const eur = (value: string) => ({ value, currency: 'EUR' });
const T = Date.parse('2026-11-23T03:00:00Z');

type Fact = (world: World) => ReturnType<typeof deliverSale>;

const productsOf = (sku: string) =>
  ({ w: ['widget'], w2: ['widget'], b: ['widget', 'gadget'], x: ['extra'] })[sku] ?? [];
const lines = (...skus: string[]) =>
  toLines(
    skus.map((sku) => ({ sku, quantity: 1 })),
    productsOf,
  );

/** Facts that agree with each other: one name, one price. */
function someFacts({ pick, chance, below }: Random): readonly Fact[] {
  const buyers = [
    { name: 'Zoe Quist', email: 'z@example.com' },
    { name: 'Zoe Quist' },
    { email: 'z@example.com' },
  ];
  const isTrial = chance(0.2);
  const someAliases = () => pick([[], ['plain#cap'], ['plain#other']]);
  // The order takes the IDs of its first renewal only.
  const ofRenewal = someAliases();
  const sales = Array.from({ length: 1 + below(3) }, (_, at): Sale => {
    const kind =
      at > 0
        ? pick(isTrial ? (['trial', 'renewed'] as const) : (['announced', 'paid'] as const))
        : isTrial
          ? 'trial'
          : 'paid';
    const skus = pick([['w'], ['w', 'x'], ['w2'], ['b'], []]);
    const aliases = kind === 'renewed' ? ofRenewal : someAliases();
    return {
      kind,
      amount: eur('30.00'),
      buyer: at === 0 ? { name: 'Zoe Quist', email: 'z@example.com' } : pick(buyers),
      lines: lines(...skus),
      aliases,
    };
  });
  const reversals = Array.from({ length: below(4) }, (): Parameters<typeof deliverReversal> => {
    const kind = pick(['refund', 'chargeback'] as const);
    const state = pick(kind === 'refund' ? (['done', 'won'] as const) : (['open', 'lost', 'won'] as const));
    const part = pick(['full', 'partial'] as const);
    const at = chance(0.5) ? `2026-11-2${4 + below(3)}T00:00:00.000Z` : undefined;
    const event: Reversal = {
      kind,
      state,
      part,
      amount: part === 'partial' ? eur(pick(['10.00', '15.00'])) : undefined,
      at,
    };
    return [
      newWorld(0),
      pick([[KEY], ['plain#cap', KEY], [KEY, 'plain#other']]),
      `${kind}-${below(2)}`,
      event,
    ];
  });
  return [
    ...sales.map(
      (event): Fact =>
        (world) =>
          deliverSale(world, KEY, event),
    ),
    ...reversals.map(
      ([, keys, id, event]): Fact =>
        (world) =>
          deliverReversal(world, keys, id, event),
    ),
  ];
}

function shuffled<One>(list: readonly One[], { below }: Random): One[] {
  const rest = [...list];
  return list.flatMap(() => rest.splice(below(rest.length), 1));
}

/** The part of the end state that must be equal: no times, no ordinals, and not which mail carried which line. */
function endOf({ items }: World): string {
  const order = items.get(KEY);
  if (order?.kind !== 'order') return 'none';
  const { buyer, amount, aliases, reversals, paidAt, trial, renewedAt } = order;
  const endLines = order.lines.map((line) => [
    line.product,
    line.state,
    line.quantity,
    line.paid,
    line.state === 'issued' && line.issued.licensee,
  ]);
  return JSON.stringify([
    paymentOf(order),
    [paidAt, trial, renewedAt].map(Boolean),
    Object.entries(buyer).sort(),
    amount,
    [...aliases].sort(),
    [...reversals].sort(),
    endLines.map((line) => JSON.stringify(line)).sort(),
    order.heldAt !== undefined,
  ]);
}

export async function agreement(seed: number): Promise<void> {
  const chosen = random(seed);
  const facts = someFacts(chosen);
  const ends: string[] = [];
  for (const sequence of [facts, shuffled(facts, chosen), [...shuffled(facts, chosen), chosen.pick(facts)]]) {
    const world: World = { ...newWorld(seed), calm: true };
    for (const fact of sequence) await run(fact(world));
    await calmDown(world);
    ends.push(endOf(world));
  }
  check(
    ends.every((end) => end === ends[0]),
    `the same facts end differently:\n${[...new Set(ends)].join('\n')}`,
  );
}

const judge: Judge = ({ product }) => ({
  state: 'issued',
  product: product ?? '',
  issued: { licensee: 'Zoe', serial: 'serial-1', keyVersion: 1 },
});
const paid: Sale = {
  kind: 'paid',
  buyer: { name: 'Zoe', email: 'z@example.com' },
  lines: lines('w'),
  aliases: [],
};
const by = { who: 'seller', why: null };

function need<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the scenario does not get that far');
  return value;
}

const sold = (event = paid): Order => need(applySale(emptyOrder(KEY, 'plain', false, T), event, judge, T));

/** An order with two mails that have started. */
function twoMails(): Order {
  const first = need(start(sold(), T)).order;
  const more = need(applySale(first, { ...paid, lines: lines('x') }, judge, T));
  return need(start(more, T)).order;
}
let started: Order | undefined;

/** Two mails, and events of both in any order and more than once. */
export function mailAgreement(seed: number): void {
  const chosen = random(seed);
  started ??= twoMails();
  const events = Array.from({ length: 1 + chosen.below(5) }, () => ({
    send: 1 + chosen.below(2),
    kind: chosen.pick(EVENTS),
  }));
  const [sends, ...others] = [events, shuffled(events, chosen), shuffled([...events, ...events], chosen)].map(
    (sequence) =>
      sequence.reduce(
        (order, event) => applyMailEvent(order, { ...event, messageId: `m${event.send}` }, T) ?? order,
        need(started),
      ).sends,
  );
  check(
    others.every((other) => JSON.stringify(other) === JSON.stringify(sends)),
    'the same events of SES end differently',
  );
  const named = new Set(events.map(({ send }) => send));
  for (const { n, state } of need(sends))
    check((state === 'accepted') === named.has(n), 'an event changes another send');
}

/** A late outcome of an earlier try changes nothing. */
export function fencing(): void {
  const first = need(start(sold(), T));
  const second = need(start(first.order, T + 130_000));
  const late = applyOutcome(
    second.order,
    need(first.send),
    { kind: 'throttled', code: 'Throttling' },
    T + 131_000,
  );
  check(late === undefined, 'a late outcome of an earlier try changes a newer one');
}

/** SES may have accepted the first try, so a throttled second one does not make it certain that there is no mail. */
export function doubt(): void {
  const first = need(start(sold(), T));
  const unknown = need(applyOutcome(first.order, need(first.send), { kind: 'unknown', code: 'Timeout' }, T));
  const second = need(start(unknown, T + 700_000));
  const throttled = need(
    applyOutcome(second.order, need(second.send), { kind: 'throttled', code: 'Throttling' }, T + 700_000),
  );
  check(throttled.sends[0]?.state === 'unknown', 'a retry of an unknown send forgets the doubt');
}

/** A corrected buyer stays, also where an event tells a field that the order did not have. */
export function corrections(): void {
  const held: Judge = ({ product }) => ({ state: 'held', product, reason: 'no_name' });
  const order = need(applySale(emptyOrder(KEY, 'plain', false, T), { ...paid, buyer: {} }, held, T));
  const told = { lines: [], corrections: { name: 'Ann', email: 'a@example.com' } };
  const mended = release(order, told, judge, by, T);
  if (typeof mended === 'string') throw new Error(mended);
  const again = applySale(mended, paid, judge, T);
  check(again === undefined, 'a later event overwrites a corrected buyer');
}

/** 110 events of one new line each: those that do not fit are held, and none is dropped. */
export function limits(): void {
  let order = sold();
  for (let at = 0; at < 110; at += 1) {
    const line = { sku: `s${at}`, product: `p${at}`, quantity: 1 };
    order = applySale(order, { ...paid, lines: [line], aliases: [] }, judge, T) ?? order;
  }
  check(order.lines.length === LIMITS.lines && order.outbox?.held === 'too_large', 'lines have no limit');
  check(order.heldAt !== undefined, 'an order that is too large is not held');
  const huge = applySale(
    emptyOrder(KEY, 'plain', false, T),
    { ...paid, buyer: { name: 'Z'.repeat(400_000) } },
    judge,
    T,
  );
  check(
    huge?.heldAt !== undefined && huge.outbox?.held === 'too_large' && huge.lines.length === 1,
    'a sale that is too large is lost',
  );
}

/** Each event and each bounce would take a send: at the limit the order is held, and it is not due any more. */
export function sendLimit(): void {
  let order = sold();
  for (let at = 0; at < 30; at += 1) {
    order = start(order, T)?.order ?? order;
    order =
      applySale(order, { ...paid, lines: [{ sku: `s${at}`, product: `p${at}`, quantity: 1 }] }, judge, T) ??
      order;
  }
  check(order.sends.length === LIMITS.sends && order.outbox?.held === 'too_large', 'sends have no limit');
}

/** One line per product, the price on the first; and a SKU that the order knows adds no line, whatever it sells by now. */
export function bundles(): void {
  const two = sold({ ...paid, lines: toLines([{ sku: 'b', quantity: 1, paid: eur('30.00') }], productsOf) });
  check(
    two.lines.map(({ product }) => product).join() === 'widget,gadget',
    'a bundle is not a line per product',
  );
  check(two.lines.filter((line) => line.paid).length === 1, 'the price of a bundle counts twice');
  const bundle = toLines([{ sku: 'w', quantity: 1 }], () => ['widget', 'gadget']);
  check(
    applySale(sold(), { ...paid, lines: bundle }, judge, T) === undefined,
    'a known SKU that became a bundle adds a line',
  );
}

export const SCENARIOS = { fencing, doubt, corrections, limits, sendLimit, bundles };
