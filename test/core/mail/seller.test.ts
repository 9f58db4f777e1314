/** The mails to the seller: one for each held order, and a digest a day. */
import { describe, expect, test } from 'vitest';
import { defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import {
  type ListWaiting,
  oldestWaiting,
  tellHeld,
  tellWaiting,
} from '../../../functions/core/mail/seller.ts';
import { lacksSerial } from '../../../functions/core/order/due.ts';
import type { SendOutcome } from '../../../functions/core/order/sends.ts';
import { toItem } from '../../../functions/core/order/stored.ts';
import { seller, serial } from '../../fixtures/catalogue.ts';
import { testEach } from '../../fixtures/in-words.ts';
import { memoryWorld } from '../../fixtures/memory.ts';

const catalogue = defineConfig({
  seller,
  providers: { plain: {} },
  products: {
    widget: { name: 'Widget', serial, floor: { EUR: '10.00' }, skus: { plain: ['w'] } },
  },
});
const MINUTE = 60_000;

const sale = (id: string, value = '1.00') => ({
  kind: 'paid',
  id,
  test: false,
  printed: `No. ${id}`,
  amount: { value, currency: 'EUR' },
  buyer: { name: 'Zoë Lindqvist', email: 'zoe.lindqvist@example.com' },
  lines: [{ sku: 'w', quantity: 1, paid: { value, currency: 'EUR' } }],
});

function shop() {
  const world = memoryWorld(catalogue);
  const list: ListWaiting = async (name, from, limit) =>
    [...world.items.values()]
      .map((item) => ({
        key: item.key,
        held: toItem(item).held,
        heldAt: 'heldAt' in item ? item.heldAt : '',
      }))
      .flatMap(({ key, held, heldAt }) => (held === name && heldAt && heldAt >= from ? { key, heldAt } : []))
      .sort((one, other) => (one.heldAt < other.heldAt ? -1 : 1))
      .slice(0, limit);
  let mailed = new Map<string, number>();
  const tell = async (outcome?: SendOutcome) => {
    world.state.outcome = outcome;
    const before = world.mails.length;
    await tellHeld(world.ports, list, mailed);
    await tellWaiting(world.ports, list, await list('held', '', 500), mailed);
    world.state.outcome = undefined;
    world.state.now += MINUTE;
    return world.mails.slice(before);
  };
  return {
    world,
    list,
    tell,
    restart() {
      mailed = new Map();
    },
  };
}

describe('a held order', () => {
  test('is mailed to the seller with number, product, reason, fix and command, and without the buyer', async () => {
    const { world, tell } = shop();
    await world.deliver([sale("it's-1")]);
    const [mail] = await tell();
    expect(mail).toMatchObject({
      to: seller.alarms,
      subject: "Order No. it's-1 is held: below_floor",
      tags: { about: 'seller' },
    });
    expect(mail?.text).toContain('Widget: below_floor. To do: check the amount that was paid');
    expect(mail?.text).toContain(`npm run keypost -- orders release 'plain#it'\\''s-1'`);
    expect(JSON.stringify(mail)).not.toMatch(/Lindqvist|zoe/i);
  });

  test('is mailed once, also by another process, and again once it is held anew', async () => {
    const { world, tell, restart } = shop();
    await world.deliver([sale('1')]);
    expect(await tell()).toHaveLength(1);
    expect(await tell()).toEqual([]);
    restart();
    expect(await tell()).toEqual([]);
    const [order] = world.stored();
    if (!order) throw new Error('no order');
    world.items.set(order.key, { ...order, heldAt: new Date(world.state.now).toISOString() });
    expect(await tell()).toHaveLength(1);
  });

  testEach<[SendOutcome, number]>([
    [{ kind: 'account', code: 'x' }, 1],
    [{ kind: 'unknown', code: 'x' }, 10],
  ])('is mailed later after an outcome where $0', async (outcome, minutes) => {
    const { world, tell } = shop();
    await world.deliver([sale('1'), sale('2')]);
    const before = world.state.log.length;
    await tell(outcome);
    expect(world.state.log.slice(before).filter((call) => call === 'send')).toHaveLength(1);
    for (let minute = 1; minute < minutes; minute += 1) expect(await tell()).toEqual([]);
    expect(await tell()).toHaveLength(2);
  });

  test('waits for the next run behind twenty others', async () => {
    const { world, tell } = shop();
    for (let n = 0; n < 45; n += 1) await world.deliver([sale(String(n))]);
    expect([await tell(), await tell(), await tell(), await tell()].map(({ length }) => length)).toEqual([
      20, 20, 5, 0,
    ]);
  });
});

test('a notice is in one digest, and a day has one digest', async () => {
  const { world, tell, restart } = shop();
  const ignored = (type: string) => ({ kind: 'ignored', type, amount: { value: '5.00', currency: 'EUR' } });
  await world.deliver([ignored('gift.sold')]);
  const [digest] = await tell();
  expect(digest?.text).toContain('plain gift.sold');
  await world.deliver([ignored('card.sold')]);
  restart();
  expect(await tell()).toEqual([]);
  world.state.now += 24 * 60 * MINUTE;
  const [next] = await tell();
  expect(next?.text).toContain('plain card.sold');
  expect(next?.text).not.toContain('gift.sold');
  world.state.now += 24 * 60 * MINUTE;
  expect(await tell()).toEqual([]);
});

test('an order without a serial and an order whose mail does not arrive wait in two groups', async () => {
  const { world, list } = shop();
  await world.deliver([sale('mailed', '20.00')]);
  await world.publishSendEvents('bounce');
  world.state.now += MINUTE;
  await world.deliver([sale('held')]);
  const entries = await list('held', '', 500);
  expect(entries.map(({ key }) => key)).toEqual(['plain#mailed', 'plain#held']);
  const [mailed, held] = entries.map(({ heldAt }) => heldAt);
  const classes = new Map();
  expect(await oldestWaiting(world.ports, entries, classes)).toEqual({ order: held, other: mailed });
  const reads = world.state.calls;
  await oldestWaiting(world.ports, entries, classes);
  expect(world.state.calls).toBe(reads);
  expect([...world.items.values()].filter(lacksSerial).map(({ key }) => key)).toEqual(['plain#held']);
});
