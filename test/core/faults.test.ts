import { describe, expect, test } from 'vitest';
import { defineConfig } from '../../functions/core/catalogue/catalogue.ts';
import { seller } from '../fixtures/catalogue.ts';
import { FAULTS, type Fault, memoryWorld, type Plan } from '../fixtures/memory.ts';

const catalogue = defineConfig({
  seller,
  providers: { plain: {} },
  products: {
    widget: {
      name: 'Widget',
      serial: { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } },
      skus: { plain: ['w'] },
    },
  },
});

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

/** Which notices come, in which order; each is repeated until it hears success, or given up. */
const scenarios: {
  readonly name: string;
  readonly notices: readonly unknown[];
  readonly reversed: boolean;
}[] = [
  { name: 'a sale', notices: [sale], reversed: false },
  { name: 'a sale that is withEvents twice', notices: [sale, sale], reversed: false },
  {
    name: 'a refund under another name, before its sale',
    notices: [refund('capture-1'), sale],
    reversed: true,
  },
  { name: 'a refund after its sale', notices: [sale, refund('capture-1')], reversed: true },
];
const patience = [
  { name: 'whose provider tries again', tries: 6 },
  { name: 'whose provider never tries again', tries: 1 },
];

async function run(plan: Plan, notices: readonly unknown[], tries: number, withEvents = false) {
  const world = memoryWorld(catalogue, plan);
  const heard: boolean[] = [];
  for (const notice of notices) {
    let success = false;
    for (let n = 0; n < tries && !success; n += 1) {
      success = await world.deliver([notice]);
      world.state.now += 60_000;
    }
    heard.push(success);
  }
  for (let n = 0; n < 40; n += 1) {
    if (withEvents) await world.publishSendEvents();
    await world.redeliver();
    world.state.now += 60_000;
    if (!world.orders().some(({ dueAt }) => dueAt)) break;
  }
  return { world, heard };
}

/** Every plan with faults at one and at two of the first `calls` calls. */
function* plans(calls: number): Generator<Plan> {
  for (let one = 1; one <= calls; one += 1) {
    for (const first of FAULTS) {
      yield new Map([[one, first]]);
      for (let other = one + 1; other <= calls; other += 1) {
        for (const second of FAULTS)
          yield new Map<number, Fault>([
            [one, first],
            [other, second],
          ]);
      }
    }
  }
}

describe.each(scenarios)('$name', ({ notices, reversed }) => {
  test.each(patience)(
    '$name: every single and double fault',
    async ({ tries }) => {
      const calm = await run(new Map(), notices, tries);
      expect(calm.heard).toEqual(notices.map(() => true));
      const serial = calm.world.orders()[0]?.lines[0]?.serial;
      expect(serial).toMatch(/^[0-9A-F]{32}$/);
      // Past its last call a calm run only asks, minute by minute, what is due.
      const busy = calm.world.state.log.findLastIndex((name) => name === 'put' || name === 'send') + 1;
      let seen = 0;
      for (const plan of plans(busy + 6)) {
        seen += 1;
        const { world, heard } = await run(plan, notices, tries);
        const withEvents = `${JSON.stringify([...plan])} ${world.state.log.slice(0, busy + 8)}`;
        const order = world.orders().find(({ key }) => key === 'plain#order-1');
        const saleHeard = heard[notices.indexOf(sale)];
        const refundHeard = heard.some((success, n) => success && notices[n] !== sale);
        if (saleHeard) expect(order?.placedAt, withEvents).toBeDefined();
        if (refundHeard && saleHeard) expect(order?.status, withEvents).toBe('refunded');
        if (order?.placedAt) {
          expect(
            order.lines.map((line) => line.serial),
            withEvents,
          ).toEqual([serial]);
          expect(order.dueAt, `stuck: ${withEvents}`).toBeNull();
          if (!reversed) expect(world.mails.length, `lost: ${withEvents}`).toBeGreaterThan(0);
          if (reversed && notices[0] !== sale && heard[0])
            expect(world.mails.length, `mailed: ${withEvents}`).toBe(0);
        }
        // A second mail only where nobody could know of the first: its answer, or the mark behind it, was lost.
        if (world.mails.length > 1)
          expect(unknowable(plan, world.state.log), `twice: ${withEvents}`).toBe(true);
        expect(world.mails.length, withEvents).toBeLessThanOrEqual(3);
      }
      expect(seen).toBeGreaterThan(300);
    },
    60_000,
  );
});

test('SES tells of each mail before the next try: none is lost, and none goes out twice', {
  timeout: 60_000,
}, async () => {
  let twiceUntold = 0;
  for (const plan of plans(12)) {
    const { world, heard } = await run(plan, [sale], 6, true);
    const withEvents = JSON.stringify([...plan]);
    if (heard[0]) expect(world.mails.length, withEvents).toBe(1);
    for (const order of world.orders()) expect(order.dueAt, `stuck: ${withEvents}`).toBeNull();
    if (plan.size === 1) twiceUntold += (await run(plan, [sale], 6)).world.mails.length > 1 ? 1 : 0;
  }
  expect(twiceUntold).toBeGreaterThan(0);
});

/** Whether a fault stood at a send that had its effect, or between a send and the mark behind it. */
function unknowable(plan: Plan, log: readonly string[]): boolean {
  return [...plan].some(([call, fault]) => {
    if (log[call - 1] === 'send') return fault === 'lost' || fault === 'die after';
    const before = log.slice(0, call - 1);
    return before.lastIndexOf('send') > before.lastIndexOf('put');
  });
}
