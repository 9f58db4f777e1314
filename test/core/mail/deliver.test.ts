/** Delivering mails: each outcome of a send, the lease, and the runs of `redeliver`. */
import { describe, expect, test } from 'vitest';
import { defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import { type SendOutcome, start } from '../../../functions/core/order/sends.ts';
import { seller, serial } from '../../fixtures/catalogue.ts';
import { memoryWorld, type Plan } from '../../fixtures/memory.ts';

const catalogue = defineConfig({
  seller,
  providers: { plain: {} },
  products: {
    widget: {
      name: 'Widget',
      serial,
      skus: { plain: ['w'] },
    },
  },
});
const sale = (id = '1') => ({
  kind: 'paid',
  id,
  test: false,
  buyer: { name: 'Zoë Lindqvist', email: 'zoe.lindqvist@example.com' },
  lines: [{ sku: 'w', quantity: 1 }],
});
const MINUTE = 60_000;
const startedAt = Date.parse('2026-11-23T03:00:00Z');

async function sold(outcome?: SendOutcome, plan: Plan = new Map()) {
  const world = memoryWorld(catalogue, plan);
  world.state.outcome = outcome;
  await world.deliver([sale()]);
  const order = () => world.orders()[0];
  const dueIn = () => (Date.parse(order()?.dueAt ?? '') - world.state.now) / 1_000;
  const later = async (ms: number) => {
    world.state.now += ms;
    return await world.redeliver();
  };
  return { world, order, dueIn, later };
}

describe('the outcome', () => {
  test.each<[SendOutcome, { state: string; attempts: number; least: number; most: number; again: number }]>([
    [
      { kind: 'throttled', code: 'Throttling' },
      { state: 'due', attempts: 1, least: 2.5, most: 5, again: 2 },
    ],
    [
      { kind: 'unknown', code: 'TimeoutError' },
      { state: 'unknown', attempts: 1, least: 600, most: 600, again: 2 },
    ],
    [
      { kind: 'account', code: 'MessageRejected' },
      { state: 'due', attempts: 1, least: 60, most: 60, again: 2 },
    ],
    [
      { kind: 'unreachable', code: 'ECONNREFUSED' },
      { state: 'due', attempts: 1, least: 2.5, most: 5, again: 2 },
    ],
  ])('$kind', async (outcome, { state, attempts, least, most, again }) => {
    const { order, dueIn, later, world } = await sold(outcome);
    expect(order()?.mail).toMatchObject({
      state,
      attempts,
      lastError: outcome.kind === 'sent' ? '' : outcome.code,
    });
    expect(dueIn()).toBeGreaterThanOrEqual(least);
    expect(dueIn()).toBeLessThanOrEqual(most);
    expect(await later(most * 1_000 - 3_000)).toMatchObject({ sent: 0 });
    world.state.outcome = undefined;
    expect(await later(3_001)).toMatchObject({ due: 1, sent: 1, failed: 0 });
    expect(order()?.mail).toMatchObject({ state: 'sent', attempts: again });
    expect(order()?.dueAt).toBeNull();
  });

  test('refused: the order is held, and the mail is not tried again', async () => {
    const { order, later, world } = await sold({ kind: 'refused', code: 'InvalidParameterValue' });
    expect(order()?.lines).toMatchObject([{ held: 'mail_refused', serial: expect.any(String) }]);
    expect(order()).toMatchObject({
      heldAt: expect.any(String),
      mail: { state: 'none', lastError: 'InvalidParameterValue' },
    });
    world.state.outcome = undefined;
    expect(await later(80 * 60 * MINUTE)).toEqual({ due: 0, sent: 0, failed: 0 });
  });

  test('throttled repeatedly: the waits double, up to a quarter of an hour', async () => {
    const { dueIn, later } = await sold({ kind: 'throttled', code: 'Throttling' });
    const waits: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      waits.push(dueIn());
      await later(dueIn() * 1_000);
    }
    for (const [n, wait] of waits.entries()) {
      const full = Math.min(900, 5 * 2 ** n);
      expect(wait).toBeGreaterThanOrEqual(full / 2);
      expect(wait).toBeLessThanOrEqual(full);
    }
  });

  test('account for three days: the order is held', async () => {
    const { order, later, world } = await sold({ kind: 'account', code: 'AccountSendingPausedException' });
    await later(71 * 60 * MINUTE);
    expect(order()?.lines).toMatchObject([{ held: null }]);
    await later(61 * MINUTE);
    expect(order()?.lines).toMatchObject([{ held: 'mail_age' }]);
    expect(
      world.reports.some(({ name, details }) => name === 'line_held' && details.reason === 'mail_age'),
    ).toBe(true);
  });

  test('account: the fault is reported with its code', async () => {
    const { world } = await sold({ kind: 'account', code: 'MailFromDomainNotVerifiedException' });
    expect(world.reports).toContainEqual({
      name: 'account_fault',
      details: { order: 'plain#1', code: 'MailFromDomainNotVerifiedException' },
    });
  });
});

describe('the lease', () => {
  test('lasts two minutes if its sender dies', async () => {
    const { later, world } = await sold(undefined, new Map([[2, 'die']]));
    expect(world.mails.length).toBe(0);
    expect(await later(119_000)).toMatchObject({ due: 0 });
    expect(await later(1_001)).toMatchObject({ sent: 1 });
  });

  test('stops `redeliver` from sending while the webhook sends', async () => {
    const world = memoryWorld(catalogue);
    world.state.meanwhile = () => world.redeliver();
    await world.deliver([sale()]);
    expect(world.mails.length).toBe(1);
  });

  test('lets only one of two concurrent runs send a mail', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver(['1', '2', '3', '4', '5', '6'].map(sale));
    await Promise.all([world.redeliver(), world.redeliver()]);
    expect(world.mails.length).toBe(6);
  });

  test('is not shortened by the outcome of a previous sender', async () => {
    const world = memoryWorld(catalogue);
    world.state.outcome = { kind: 'throttled', code: 'Throttling' };
    // The webhook freezes while it sends; meanwhile `redeliver` leases the order and dies.
    world.state.meanwhile = async () => {
      world.state.now += 121_000;
      const [order] = world.stored();
      const taken = order && start(order, world.state.now)?.order;
      if (taken) world.items.set(taken.key, { ...taken, version: taken.version + 1 });
    };
    await world.deliver([sale()]);
    expect(world.orders()[0]?.dueAt).toBe(new Date(startedAt + 241_000).toISOString());
  });
});

describe('a run', () => {
  const due = async (count: number) => {
    const world = memoryWorld(catalogue);
    world.state.outcome = { kind: 'account', code: 'paused' };
    for (let n = 0; n < count; n += 1) await world.deliver([sale(String(n))]);
    world.state.outcome = undefined;
    world.state.now += 15 * MINUTE;
    return world;
  };

  test('sends at the rate of the account', async () => {
    const world = await due(50);
    const before = world.state.now;
    expect(await world.redeliver({ rate: async () => 10 })).toEqual({ due: 50, sent: 50, failed: 0 });
    const seconds = (world.state.now - before) / 1_000;
    expect(seconds).toBeGreaterThanOrEqual(4.7);
    expect(seconds).toBeLessThanOrEqual(5.3);
  });

  const [sent, none] = [undefined, { kind: 'unknown', code: 'TimeoutError' } as const];
  test.each<[string, { first?: SendOutcome | undefined; next: (SendOutcome | undefined)[]; sends: number }]>([
    [
      'at the first fault of the account',
      { next: [none, none, sent, { kind: 'account', code: 'x' }], sends: 5 },
    ],
    ['at the first mail without an answer, if none is sent before', { first: none, next: [], sends: 1 }],
    ['at three mails in a row without an answer', { next: [none, none, sent, none, none, none], sends: 7 }],
    ['not because SES throttles', { first: { kind: 'throttled', code: 'x' }, next: [], sends: 9 }],
  ])('ends %s', async (_, { first, next, sends }) => {
    const world = await due(9);
    world.state.outcome = first;
    const before = world.state.log.length;
    const sleep = async (ms: number) => {
      world.state.now += ms;
      await new Promise(setImmediate); // The mail before has its result.
      world.state.outcome = next.shift();
    };
    await world.redeliver({ sleep, rate: async () => 1 });
    expect(world.state.log.slice(before).filter((call) => call === 'send')).toHaveLength(sends);
  });

  test('ends when its time is up, and leaves the rest due', async () => {
    const world = await due(50);
    const result = await world.redeliver({ rate: async () => 0.05 });
    expect(result?.sent).toBeGreaterThan(35);
    expect(result?.sent).toBeLessThan(50);
    expect((await world.redeliver())?.sent).toBe(50 - (result?.sent ?? 0));
  });

  test('does nothing while another run holds the lease, and stops when it loses its own', async () => {
    const world = await due(50);
    expect(await world.redeliver({ hold: async () => false })).toBeUndefined();
    let held = 0;
    const result = await world.redeliver({ rate: async () => 1, hold: async () => held++ === 0 });
    expect(result?.sent).toBeGreaterThan(25);
    expect(result?.sent).toBeLessThan(35);
  });

  test('releases its lease after any failure', async () => {
    const world = await due(2);
    let released = 0;
    const release = async () => {
      released += 1;
    };
    const down = () => Promise.reject(new Error('down'));
    expect(await world.redeliver({ release, due: down })).toBeUndefined();
    expect(released).toBe(1);
  });

  test('waits for the mails in flight before it ends', async () => {
    const world = await due(3);
    world.state.meanwhile = () => new Promise((resolve) => setTimeout(resolve, 50));
    const pages = [world.orders().map(({ key }) => key)];
    const thenDown = async () => pages.pop() ?? Promise.reject(new Error('down'));
    expect(await world.redeliver({ due: thenDown })).toBeUndefined();
    expect(world.mails.length).toBe(3);
    expect(world.orders().map(({ mail }) => mail.state)).toEqual(['sent', 'sent', 'sent']);
  });

  test('mails an order once, even if it stays due', async () => {
    const world = await due(1);
    const [order] = world.stored();
    const stuck = async () => {
      if (order) world.items.set(order.key, { ...order, version: 1 });
      return [order?.key ?? ''];
    };
    expect(await world.redeliver({ due: stuck })).toMatchObject({ sent: 1 });
    expect(world.mails.length).toBe(1);
  });

  test('ignores an index entry whose item is missing or not due', async () => {
    const world = await due(2);
    const stale = ['plain#gone', 'plain#0', 'plain#1'];
    await world.redeliver();
    expect(await world.redeliver({ due: async () => stale })).toEqual({ due: 0, sent: 0, failed: 0 });
    expect(world.mails.length).toBe(2);
  });
});
