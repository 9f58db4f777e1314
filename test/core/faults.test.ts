/** Runs sales and refunds in memory with a fault at every call, and at every pair of calls. */
import { describe, expect, test } from 'vitest';
import { catalogueWith } from '../fixtures/catalogue.ts';
import { FAULTS, type Fault, memoryWorld, type Plan } from '../fixtures/memory.ts';
import { isProve } from '../fixtures/prove.ts';

const catalogue = catalogueWith();

const sale = {
  kind: 'paid',
  id: 'order-1',
  aliases: ['capture-1'],
  test: false,
  buyer: { name: 'Zoë Lindqvist', email: 'zoe.lindqvist@example.com' },
  lines: [{ sku: 'w', quantity: 1 }],
};
const refund = (id: string) => ({
  kind: 'reversed',
  id,
  test: false,
  reversalId: 're-1',
  reversal: { kind: 'refund', state: 'done', part: 'full' },
});

/** The notices in their sequence. Each is repeated until it succeeds or its tries are used up. */
const scenarios: {
  readonly name: string;
  readonly notices: readonly unknown[];
  readonly reversed: boolean;
}[] = [
  { name: 'a sale', notices: [sale], reversed: false },
  { name: 'a sale that is sent twice', notices: [sale, sale], reversed: false },
  {
    name: 'a refund under another name, before its sale',
    notices: [refund('capture-1'), sale],
    reversed: true,
  },
  { name: 'a refund after its sale', notices: [sale, refund('capture-1')], reversed: true },
];
const patience = [
  { name: 'of a provider that retries', tries: 6 },
  { name: 'of a provider that never retries', tries: 1 },
];

async function run(plan: Plan, notices: readonly unknown[], tries: number, withEvents = false) {
  const world = memoryWorld(catalogue, plan);
  const accepted: boolean[] = [];
  for (const notice of notices) {
    let success = false;
    for (let n = 0; n < tries && !success; n += 1) {
      success = await world.deliver([notice]);
      world.state.now += 60_000;
    }
    accepted.push(success);
  }
  for (let n = 0; n < 40; n += 1) {
    if (withEvents) await world.publishSendEvents();
    await world.redeliver();
    world.state.now += 60_000;
    if (!world.orders().some(({ dueAt }) => dueAt)) break;
  }
  return { world, accepted };
}

/**
 * Checks every plan with faults at one and at two of the first `calls` calls. The check returns the number of calls that
 * its run made: a second fault after the last call is never reached, so that plan is left out.
 */
async function forEachPlan(calls: number, check: (plan: Plan) => Promise<number>): Promise<void> {
  for (let one = 1; one <= calls; one += 1) {
    for (const first of FAULTS) {
      const made = await check(new Map([[one, first]]));
      const [from, step] = isProve ? [1, 1] : [1 + (FAULTS.indexOf(first) % 2), 2];
      for (let other = one + from; other <= Math.min(calls, made); other += step) {
        for (const second of secondsOf(one + other + FAULTS.indexOf(first)))
          await check(
            new Map<number, Fault>([
              [one, first],
              [other, second],
            ]),
          );
      }
    }
  }
}

/** `npm test` tries one second fault for each pair of calls and first fault, another one each time. */
const secondsOf = (turn: number) => FAULTS.filter((_, at) => isProve || at === turn % FAULTS.length);

describe.each(scenarios)('$name', ({ notices, reversed }) => {
  test.each(patience)(
    '$name survives each single and double fault: no order is lost or stuck, and no mail is repeated needlessly',
    async ({ tries }) => {
      const calm = await run(new Map(), notices, tries);
      expect(calm.accepted).toEqual(notices.map(() => true));
      const serial = calm.world.orders()[0]?.lines[0]?.serial;
      expect(serial).toMatch(/^[0-9A-F]{32}$/);
      // After its last write or mail, a run without faults only queries the due orders each minute.
      const busy = calm.world.state.log.findLastIndex((name) => name === 'put' || name === 'send') + 1;
      let seen = 0;
      await forEachPlan(busy + 6, async (plan) => {
        seen += 1;
        const { world, accepted } = await run(plan, notices, tries);
        const trace = `${JSON.stringify([...plan])} ${world.state.log.slice(0, busy + 8)}`;
        const order = world.orders().find(({ key }) => key === 'plain#order-1');
        const saleAccepted = accepted[notices.indexOf(sale)];
        const refundAccepted = accepted.some((success, n) => success && notices[n] !== sale);
        if (saleAccepted) expect(order?.placedAt, trace).toBeDefined();
        if (refundAccepted && saleAccepted) expect(order?.status, trace).toBe('refunded');
        if (order?.placedAt) {
          expect(
            order.lines.map((line) => line.serial),
            trace,
          ).toEqual([serial]);
          expect(order.dueAt, `stuck: ${trace}`).toBeNull();
          if (!reversed) expect(world.mails.length, `lost: ${trace}`).toBeGreaterThan(0);
          if (reversed && notices[0] !== sale && accepted[0])
            expect(world.mails.length, `mailed: ${trace}`).toBe(0);
        }
        // A second mail is right only if the result of the first, or the write after it, was lost.
        if (world.mails.length > 1) expect(isResultLost(plan, world.state.log), `twice: ${trace}`).toBe(true);
        expect(world.mails.length, trace).toBeLessThanOrEqual(3);
        return world.state.calls;
      });
      expect(seen).toBeGreaterThan(isProve ? 300 : 100);
    },
    60_000,
  );
});

test('with an SES event for each mail before the next attempt, no mail is lost or repeated', {
  timeout: 60_000,
}, async () => {
  let repeatedWithoutEvents = 0;
  await forEachPlan(12, async (plan) => {
    const { world, accepted } = await run(plan, [sale], 6, true);
    const trace = JSON.stringify([...plan]);
    if (accepted[0]) expect(world.mails.length, trace).toBe(1);
    for (const order of world.orders()) expect(order.dueAt, `stuck: ${trace}`).toBeNull();
    if (plan.size === 1) repeatedWithoutEvents += (await run(plan, [sale], 6)).world.mails.length > 1 ? 1 : 0;
    return world.state.calls;
  });
  expect(repeatedWithoutEvents).toBeGreaterThan(0);
});

/** Returns true if a fault hit a send that took effect, or came between a send and the write after it. */
function isResultLost(plan: Plan, log: readonly string[]): boolean {
  return [...plan].some(([call, fault]) => {
    if (log[call - 1] === 'send') return fault === 'lost' || fault === 'die after';
    const before = log.slice(0, call - 1);
    return before.lastIndexOf('send') > before.lastIndexOf('put');
  });
}
