/** Recording facts: the end state depends on the facts and not on their order. */
import { gunzipSync } from 'node:zlib';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from 'vitest';
import { defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import { fulfil } from '../../../functions/core/fulfil.ts';
import { ignoredEvent } from '../../../functions/core/inbound/event.ts';
import { closedUnreadable } from '../../../functions/core/inbound/reread.ts';
import { toItem } from '../../../functions/core/order/stored.ts';
import { keyOf } from '../../../functions/core/order/types.ts';
import { requestWorld } from '../../../functions/core/request-world.ts';
import type { Store } from '../../../functions/core/world.ts';
import { seller, serial } from '../../fixtures/catalogue.ts';
import { testEach } from '../../fixtures/in-words.ts';
import { memoryWorld, plain } from '../../fixtures/memory.ts';

const catalogue = defineConfig({
  seller,
  providers: { plain: { testOrders: 'seller', ignore: ['consulting'] }, plain2: { orders: 'plain' } },
  products: {
    widget: {
      name: 'Widget',
      serial,
      skus: { plain: ['w', 'w2', 'w3'] },
      floor: { EUR: '10.00', USD: '11.00' },
    },
    gadget: { name: 'Gadget', serial, skus: { plain: ['g'] }, licensee: ['company', 'person'] },
    'suite-a': { name: 'Suite A', serial, skus: { plain: ['suite'] }, floor: { EUR: '20.00' } },
    'suite-b': { name: 'Suite B', serial, skus: { plain: ['suite'] }, floor: { EUR: '20.00' } },
  },
});

const eur = (value: string) => ({ value, currency: 'EUR' });
const usd = (value: string) => ({ value, currency: 'USD' });
const yen = (value: string) => ({ value, currency: 'JPY' });
const buyer = { name: 'Zoë Lindqvist', email: 'zoe.lindqvist@example.com' };
const line = { sku: 'w', quantity: 1, paid: eur('30.00') };
const sale = { kind: 'paid', id: '1', test: false, amount: eur('30.00'), buyer, lines: [line] };
/** As a payment that names neither the buyer nor what was sold. */
const capture = { kind: 'paid', id: '1', test: false, amount: eur('30.00'), buyer: {}, lines: [] };
const back = (fact: Record<string, unknown>, reversalId = 'r1') => ({
  kind: 'reversed',
  id: '1',
  test: false,
  reversalId,
  reversal: { kind: 'refund', state: 'done', part: 'full', ...fact },
});
const partial = (value: string, id: string) => back({ part: 'partial', amount: eur(value) }, id);
const dispute = (state: string) => back({ kind: 'chargeback', state }, 'd1');
const wait = 'ten minutes and a run of redeliver';

describe('facts in any order', () => {
  test.each<{ name: string; facts: readonly unknown[]; status: string; mail: string; mails: number }>([
    { name: 'a sale', facts: [sale], status: 'paid', mail: 'sent', mails: 1 },
    { name: 'a free order', facts: [{ ...sale, amount: eur('0') }], status: 'paid', mail: 'sent', mails: 1 },
    { name: 'a sale three times', facts: [sale, sale, wait, sale], status: 'paid', mail: 'sent', mails: 1 },
    { name: 'a refund', facts: [sale, back({})], status: 'refunded', mail: 'sent', mails: 1 },
    { name: 'a refund twice', facts: [sale, back({}), back({})], status: 'refunded', mail: 'sent', mails: 1 },
    {
      name: 'a refund before its sale',
      facts: [back({}), sale, wait],
      status: 'refunded',
      mail: 'none',
      mails: 0,
    },
    {
      name: 'a partial refund',
      facts: [sale, partial('5.00', 'a')],
      status: 'partly_refunded',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'a partial refund first',
      facts: [partial('5.00', 'a'), sale],
      status: 'partly_refunded',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'partial refunds that add up',
      facts: [sale, partial('5', 'a'), partial('25.00', 'b')],
      status: 'refunded',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'the same partial refund twice',
      facts: [sale, partial('15', 'a'), partial('15', 'a')],
      status: 'partly_refunded',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'a refund that grew to a full one',
      facts: [sale, back({ part: 'partial' }), back({})],
      status: 'refunded',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'a full refund, and the partial one before it later',
      facts: [sale, back({}), back({ part: 'partial' })],
      status: 'refunded',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'a refund that failed',
      facts: [sale, back({}), back({ state: 'won' })],
      status: 'paid',
      mail: 'sent',
      mails: 1,
    },
    { name: 'a dispute', facts: [sale, dispute('open')], status: 'disputed', mail: 'sent', mails: 1 },
    {
      name: 'a dispute won',
      facts: [sale, dispute('open'), dispute('won')],
      status: 'paid',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'a won dispute whose opening is reported later',
      facts: [sale, dispute('won'), dispute('open')],
      status: 'paid',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'a dispute lost',
      facts: [sale, dispute('open'), dispute('lost')],
      status: 'disputed',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'a dispute lost, then won on appeal',
      facts: [sale, dispute('lost'), dispute('won')],
      status: 'paid',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'a dispute before its sale',
      facts: [dispute('open'), sale, wait],
      status: 'disputed',
      mail: 'none',
      mails: 0,
    },
    {
      name: 'a dispute before its sale that is won: the mail is sent',
      facts: [dispute('open'), sale, wait, dispute('won'), wait],
      status: 'paid',
      mail: 'sent',
      mails: 1,
    },
    {
      name: 'a dispute that was won before its sale',
      facts: [dispute('open'), dispute('won'), sale],
      status: 'paid',
      mail: 'sent',
      mails: 1,
    },
    // Reversal IDs are the provider's, and every plain object inherits these.
    ...['__proto__', 'constructor', 'toString'].flatMap((id) => {
      const chargeback = (state: string) => back({ kind: 'chargeback', state }, id);
      const row = { mail: 'sent', mails: 1 };
      return [
        { ...row, name: `a dispute ${id}`, facts: [sale, chargeback('open')], status: 'disputed' },
        {
          ...row,
          name: `a dispute ${id} won`,
          facts: [sale, chargeback('open'), chargeback('won')],
          status: 'paid',
        },
      ];
    }),
  ])('$name', async ({ facts, status, mail, mails }) => {
    const world = memoryWorld(catalogue);
    for (const fact of facts) {
      if (fact !== wait) expect(await world.deliver([fact])).toBe(true);
      else {
        world.state.now += 600_000;
        await world.redeliver();
      }
    }
    const [order, ...others] = world.orders();
    expect(others).toEqual([]);
    expect({ status: order?.status, mail: order?.mail.state, mails: world.mails.length }).toEqual({
      status,
      mail,
      mails,
    });
    expect(order?.dueAt).toBeNull();
  });

  test('an announced sale is mailed when it is paid, and not before', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver([{ ...sale, kind: 'announced' }]);
    expect(world.mails).toEqual([]);
    await world.deliver([capture]);
    expect(world.mails.length).toBe(1);
    expect(world.orders()[0]).toMatchObject({ status: 'paid', buyer, lines: [{ sku: 'w', held: null }] });
  });

  test('a payment before its announcement is mailed after the announcement', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver([capture]);
    expect(world.orders()[0]?.lines).toMatchObject([{ sku: '', held: 'unknown_product' }]);
    await world.deliver([{ ...sale, kind: 'announced' }]);
    expect(world.mails.length).toBe(1);
    expect(world.orders()[0]?.lines).toMatchObject([{ sku: 'w', held: null }]);
  });

  test.each<[string, sale: object, paid: object | undefined, expected: object]>([
    ['less than the floor', {}, eur('9.99'), { held: 'below_floor', paid: eur('9.99') }],
    ['the floor exactly', {}, eur('10.00'), { held: null, paid: eur('10') }],
    ['another currency', {}, yen('1'), { held: 'price_unknown', paid: yen('1') }],
    ['an amount that is not stated', {}, undefined, { held: 'price_unknown', paid: undefined }],
    [
      'more than was announced',
      { amount: eur('1.00'), lines: [{ ...line, paid: eur('1.00') }] },
      eur('30.00'),
      { held: null, paid: eur('30') },
    ],
    [
      'enough in total, most of it for an ignored line',
      {
        amount: eur('30.00'),
        lines: [
          { ...line, paid: eur('3.00') },
          { sku: 'consulting', quantity: 1, paid: eur('27.00') },
        ],
      },
      eur('30.00'),
      { held: 'below_floor', paid: eur('3') },
    ],
    ['a total that was not announced', { amount: undefined }, eur('30.00'), { held: 'price_unknown' }],
  ])('the floor applies to the payment of an announced order: %s', async (_, change, paid, expected) => {
    const facts = [
      { ...sale, ...change, kind: 'announced' },
      { ...capture, amount: paid },
    ];
    for (const order of [facts, facts.toReversed()]) {
      const world = memoryWorld(catalogue);
      for (const fact of order) await world.deliver([fact]);
      const [{ lines, amount, heldAt } = { lines: [] }] = world.orders();
      expect(lines).toMatchObject([{ sku: 'w', ...expected }]);
      expect(lines[0]).not.toHaveProperty('announced');
      expect(amount).toEqual(paid);
      expect([world.mails.length, typeof heldAt === 'string']).toEqual(
        lines[0]?.held ? [0, true] : [1, false],
      );
    }
  });

  test('a second report of a sale adds the amount that the first lacked, so that partial refunds can add up to it', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver([{ ...sale, amount: undefined }]);
    for (const fact of [sale, partial('10', 'a'), partial('20', 'b')]) await world.deliver([fact]);
    expect(world.orders()).toMatchObject([{ status: 'refunded', amount: eur('30.00') }]);
    expect(world.mails.length).toBe(1);
  });

  test('two providers that share orders change the same order', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver([{ ...sale, lines: [{ ...line, delivery: 'answer' }] }]);
    await world.deliver([back({})], plain, 'plain2');
    expect(world.orders()).toMatchObject([{ key: 'plain#1', status: 'refunded' }]);
  });

  test('twenty deliveries at once make one order and one mail', async () => {
    const world = memoryWorld(catalogue);
    const heard = await Promise.all(Array.from({ length: 20 }, () => world.deliver([sale])));
    expect(heard).toEqual(heard.map(() => true));
    expect([world.orders().length, world.mails.length]).toEqual([1, 1]);
  });

  test('a duplicate of a held order writes nothing', async () => {
    const world = memoryWorld(catalogue);
    const held = { ...sale, buyer: { email: buyer.email } };
    for (let n = 0; n < 3; n += 1) await world.deliver([held]);
    expect(world.stored()).toMatchObject([{ version: 1, lines: [{ state: 'held' }] }]);
  });

  test.each([
    ['before its sale', [1, 0]],
    ['after its sale', [0, 1]],
  ])('a reversal is recorded if any of its IDs names the order: %s', async (_, sequence) => {
    const world = memoryWorld(catalogue);
    const facts = [sale, { ...back({}), id: 'cap', aliases: ['1'] }];
    for (const at of sequence) await world.deliver([facts[at]]);
    for (let day = 0; day < 3; day += 1) {
      world.state.now += 24 * 3_600_000;
      await world.redeliver();
    }
    expect(world.orders()).toMatchObject([{ key: 'plain#1', status: 'refunded' }]);
    expect(world.mails).toHaveLength(sequence[0] === 0 ? 1 : 0);
  });

  test('reversals whose sales never come are reported together, once', async () => {
    const world = memoryWorld(catalogue);
    for (const id of ['1', '2']) {
      await world.deliver([{ ...back({}), id, aliases: [`capture-${id}`] }]);
      world.state.now += 3_600_000;
    }
    for (let hour = 0; hour < 72; hour += 1) {
      world.state.now += 3_600_000;
      await world.redeliver();
    }
    const reports = world.reports.filter(({ name }) => name === 'reversals_without_sale');
    expect(reports).toMatchObject([{ details: { orders: 2 } }]);
  });

  test('a refund that waits under an alias stops the mail of both concurrent deliveries', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver([{ ...back({}), id: 'capture-1' }]);
    const named = { ...sale, aliases: ['capture-1'] } as const;
    const { store } = world.ports;
    let other: Promise<boolean> | undefined;
    const overtaken: Store = {
      ...store,
      async put(item, expected) {
        if (item.kind === 'alias') {
          other ??= world.deliver([named]);
          await other;
        }
        return await store.put(item, expected);
      },
    };
    const first = { ...world.ports, store: overtaken };
    const request = { method: 'POST', headers: {}, query: '', body: Buffer.from(JSON.stringify([named])) };
    for await (const _ of fulfil(requestWorld(first, 'plain', request), plain, request));
    expect(await other).toBe(true);
    expect(world.mails).toEqual([]);
    expect(world.orders()[0]?.status).toBe('refunded');
  });

  test('three mails of a batch are sent at once, and the others by the next run', async () => {
    const world = memoryWorld(catalogue);
    expect(await world.deliver(['1', '2', '3', '4', '5'].map((id) => ({ ...sale, id })))).toBe(true);
    expect(world.mails.length).toBe(3);
    await world.redeliver();
    expect(world.mails.length).toBe(5);
  });

  test('the other events of a batch are recorded if one always fails', async () => {
    const world = memoryWorld(catalogue);
    const { store } = world.ports;
    const failing: Store = {
      ...store,
      put: (item, expected) =>
        item.key === 'plain#2' ? Promise.reject(new Error('too large')) : store.put(item, expected),
    };
    const body = Buffer.from(JSON.stringify(['1', '2', '3'].map((id) => ({ ...sale, id }))));
    const request = { method: 'POST', headers: {}, query: '', body };
    const done: string[] = [];
    const deliver = async () => {
      const one = requestWorld({ ...world.ports, store: failing }, 'plain', request);
      for await (const { order } of fulfil(one, plain, request)) if (order) done.push(order.key);
    };
    await expect(deliver()).rejects.toThrow('too large');
    // The provider sends the failed event again, and may send the one after it again.
    expect(done).toEqual(['plain#1']);
    expect(world.orders().map(({ key }) => key)).toEqual(['plain#1', 'plain#3']);
    expect(world.mails).toHaveLength(2);
  });

  test.each([
    ['4 aliases lead to the order', ['a', 'b', 'c', 'd', '1'], true],
    ['5 aliases are an error', ['a', 'b', 'c', 'd', 'e', '1'], false],
    ['an alias of itself is an error', ['a', 'a'], false],
    ['two aliases of each other are an error', ['a', 'b', 'a'], false],
  ])('%s', async (_, [id, ...names], expected) => {
    const world = memoryWorld(catalogue);
    let key = `plain#${id}`;
    for (const name of names) {
      world.items.set(key, { kind: 'alias', key, aliasOf: `plain#${name}` });
      key = `plain#${name}`;
    }
    expect(await world.deliver([{ ...sale, id }])).toBe(expected);
    expect(await world.deliver([{ ...back({}), id }])).toBe(expected);
    expect(world.orders().map((order) => order.key)).toEqual(expected ? ['plain#1'] : []);
  });

  test('a test order has its own key and does not block a sale with the same ID', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver([{ ...sale, test: true }]);
    await world.deliver([sale]);
    const [tried, sold] = ['plain#test#1', 'plain#1'].map((key) =>
      world.orders().find((order) => order.key === key),
    );
    expect(tried?.lines[0]?.serial).not.toBe(sold?.lines[0]?.serial);
    expect(world.mails.map(({ to }) => to)).toEqual([seller.alarms, buyer.email]);
    expect(keyOf('plain', false, 'test#1')).not.toBe('plain#test#1');
  });
});

test('a dispute that is won while the mail is in flight starts no second send', async () => {
  const world = memoryWorld(catalogue);
  world.state.meanwhile = async () => {
    await world.deliver([dispute('open')]);
    await world.deliver([dispute('won')]);
    await world.redeliver();
  };
  await world.deliver([sale]);
  world.state.now += 11 * 60_000;
  await world.redeliver();
  expect(world.mails.length).toBe(1);
  expect(world.orders()[0]).toMatchObject({ status: 'paid', mail: { state: 'sent' } });
});

describe('lines', () => {
  const first = async (change: Record<string, unknown>) => {
    const world = memoryWorld(catalogue);
    expect(await world.deliver([{ ...sale, ...change }])).toBe(true);
    return { world, lines: world.orders()[0]?.lines ?? [], mails: world.mails.length };
  };

  test.each([
    ['unknown_product', { lines: [{ sku: 'x', quantity: 1 }] }],
    ['no_name', { buyer: { email: buyer.email } }],
    ['no_name', { buyer: { ...buyer, name: ' \u00a0 ' } }],
    ['unmappable_name', { buyer: { ...buyer, name: 'Zoë\u0007Lindqvist' } }],
    ['name_too_long', { buyer: { ...buyer, name: 'Zoë '.repeat(80) } }],
    ['bad_address', { buyer: { name: buyer.name } }],
    ['bad_address', { buyer: { ...buyer, email: 'zoe@lindqvist' } }],
    ['bad_address', { buyer: { ...buyer, email: 'zoë@example.com' } }],
    ['bad_address', { buyer: { ...buyer, email: 'zoe@example.com\r\nBcc: all@example.com' } }],
    ['below_floor', { lines: [{ ...line, quantity: 2, paid: eur('19.99') }] }],
    ['below_floor', { lines: [{ ...line, paid: yen('5000'), settlement: eur('9.99') }] }],
    ['below_floor', { lines: [{ ...line, settlement: usd('10.99') }] }],
    ['below_floor', { test: true, lines: [{ ...line, paid: eur('9.99') }] }],
    ['price_unknown', { lines: [{ ...line, paid: yen('5000') }] }],
    [
      'price_unknown',
      { lines: [{ ...line, paid: yen('5000'), settlement: { value: '33', currency: 'GBP' } }] },
    ],
    ['price_unknown', { lines: [{ ...line, paid: undefined }] }],
    ['no_buyer', { lines: [{ ...line, held: 'no_buyer' }] }],
  ])('%s: held, without a serial', async (reason, change) => {
    const { lines, mails, world } = await first(change);
    expect(lines).toMatchObject([{ held: reason, serial: null }]);
    expect(mails).toBe(0);
    expect(world.orders()[0]).toMatchObject({ heldAt: expect.any(String), raw: { method: 'POST' } });
    const details = { order: world.orders()[0]?.key, reason };
    expect(world.reports).toContainEqual({ name: 'line_held', details });
  });

  test.each([
    ['exactly at the floor', { lines: [{ ...line, quantity: 2, paid: eur('20') }] }],
    [
      'a settlement currency that has a floor',
      { lines: [{ ...line, paid: yen('1'), settlement: eur('10.00') }] },
    ],
    ['both, and the settlement reaches it', { lines: [{ ...line, paid: eur('9'), settlement: usd('11') }] }],
    ['a currency paid that has a floor', { lines: [{ ...line, paid: eur('10.00'), settlement: yen('1') }] }],
    ['a test order in any currency', { test: true, lines: [{ ...line, paid: yen('1') }] }],
    ['a product without a floor', { lines: [{ ...line, sku: 'g', paid: undefined }] }],
    ['an address of another script', { buyer: { ...buyer, email: ' zoe@bücher.example ' } }],
  ])('%s: mailed', async (_, change) => {
    const { lines, mails } = await first(change);
    expect(lines).toMatchObject([{ held: null, serial: expect.stringMatching(/^[0-9A-F]{32}$/) }]);
    expect(mails).toBe(1);
  });

  test('a held order keeps its notification after a won dispute and an announcement', async () => {
    const nobody = { ...sale, lines: [{ sku: 'nobody-knows', quantity: 1 }] };
    for (const facts of [
      [nobody, dispute('open'), dispute('won')],
      [
        { ...nobody, kind: 'announced' },
        { ...sale, lines: [], buyer: {} },
      ],
    ]) {
      const world = memoryWorld(catalogue);
      for (const fact of facts) await world.deliver([fact]);
      const [order] = world.orders();
      expect(order?.heldAt).toEqual(expect.any(String));
      expect(gunzipSync(order?.raw?.body ?? '').toString()).toContain('nobody-knows');
    }
  });

  test('a held line does not delay the other lines', async () => {
    const { lines, mails } = await first({ lines: [line, { sku: 'x', quantity: 1 }] });
    expect(lines).toMatchObject([{ held: null }, { held: 'unknown_product' }]);
    expect(mails).toBe(1);
  });

  test.each([
    ['30.00', null],
    ['19.99', 'below_floor'],
  ])('a bundle for %s: a line for each product, and the price counts once', async (price, held) => {
    const { lines, mails } = await first({ lines: [{ ...line, sku: 'suite', paid: eur(price) }] });
    expect(lines).toMatchObject([
      { sku: 'suite', product: 'suite-a', held, paid: eur(price) },
      { sku: 'suite', product: 'suite-b', held, paid: undefined },
    ]);
    expect(mails).toBe(held ? 0 : 1);
  });

  test('several SKUs of one product are one line, which keeps each SKU', async () => {
    const { world, lines } = await first({ lines: [line, { ...line, sku: 'w2' }, { ...line, sku: 'w3' }] });
    expect(lines).toMatchObject([{ sku: 'w', quantity: 3, paid: eur('90') }]);
    expect(world.stored()[0]?.lines).toMatchObject([{ otherSkus: ['w2', 'w3'] }]);
  });

  test('an event beyond a limit is held with its bytes, and the order keeps all that it had', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver([sale]);
    for (const batch of ['a', 'b'])
      await world.deliver([
        {
          ...sale,
          lines: Array.from({ length: 60 }, (_, n) => ({ ...line, sku: `${batch}${n}` })),
        },
      ]);
    const [order, kept] = world.orders();
    expect(order).toMatchObject({ lines: { length: 61 }, heldAt: expect.any(String) });
    expect(kept).toMatchObject({ held: ['too_large'], raw: { method: 'POST' } });
    expect(gunzipSync(kept?.raw?.body ?? '').toString()).toContain('b59');
  });

  test('50 events of 100 lines each: no item nears the 400 KB of DynamoDB, and each event is held', async () => {
    const world = memoryWorld(catalogue);
    for (let at = 0; at < 50; at += 1)
      await world.deliver([
        { ...sale, lines: Array.from({ length: 100 }, (_, n) => ({ ...line, sku: `${at}-${n}` })) },
      ]);
    const [order] = world.stored();
    expect(order).toMatchObject({ lines: { length: 100 }, outbox: { held: 'too_large' } });
    expect(world.items.size).toBe(50);
    for (const item of world.items.values()) {
      const { raw: _, ...rest } = toItem(item);
      expect(Buffer.byteLength(JSON.stringify(marshall(rest)))).toBeLessThan(100_000);
      expect('raw' in item ? item.raw?.body.length : 0).toBeLessThan(10_000);
    }
  });

  test('a refund beyond a limit is held with its bytes, and mails no serial', async () => {
    const world = memoryWorld(catalogue);
    for (let at = 0; at <= 100; at += 1) await world.deliver([partial('0.01', `r${at}`)]);
    await world.deliver([sale]);
    const [order, kept] = world.orders();
    expect(world.stored()[0]?.reversals.size).toBe(100);
    expect(order).toMatchObject({ held: ['too_large'], heldAt: expect.any(String) });
    expect(gunzipSync(kept?.raw?.body ?? '').toString()).toContain('"r100"');
    expect(world.mails).toEqual([]);
  });

  test('copies are one line with a quantity', async () => {
    const { lines } = await first({ lines: [line, { ...line, quantity: 2 }] });
    expect(lines).toMatchObject([{ sku: 'w', quantity: 3 }]);
  });

  test('an ignored SKU adds no line, and an order of ignored SKUs only is not stored', async () => {
    expect((await first({ lines: [line, { sku: 'consulting', quantity: 1 }] })).lines.length).toBe(1);
    const { world } = await first({ lines: [{ sku: 'consulting', quantity: 1 }] });
    expect(world.orders()).toEqual([]);
    expect(world.reports.map(({ name }) => name)).toEqual(['ignored']);
  });

  test('the licensee is the first name in the product’s list', async () => {
    const names = { ...buyer, registration: 'Z. Lindqvist', company: 'Lindqvist AB' };
    const { lines } = await first({ buyer: names, lines: [line, { sku: 'g', quantity: 1 }] });
    expect(lines.map(({ licensee }) => licensee)).toEqual(['Z. Lindqvist', 'Lindqvist AB']);
  });

  test('the amount of the payment that ends a trial is known, also if the trial comes last', async () => {
    const trial = { ...sale, kind: 'trial', amount: undefined, aliases: ['sub'] } as const;
    const renewed = { ...sale, kind: 'renewed', id: 'sub', aliases: ['pay'], lines: [] } as const;
    const refund = { ...partial('30.00', 'r1'), id: 'pay' };
    for (const facts of [
      [trial, renewed, refund],
      [renewed, refund, trial],
      [refund, renewed, trial],
    ]) {
      const world = memoryWorld(catalogue);
      for (const fact of facts) await world.deliver([fact]);
      expect(world.orders()).toMatchObject([{ status: 'refunded', amount: eur('30.00') }]);
    }
  });

  test('no line of a payment to another account is sold', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver([
      {
        ...sale,
        lines: [
          { ...line, held: 'wrong_payee' },
          { sku: 'g', quantity: 1 },
        ],
      },
    ]);
    expect(world.orders()).toMatchObject([{ lines: [{ held: 'wrong_payee' }, { held: 'wrong_payee' }] }]);
  });

  test('ten notifications of an unparseable order are one item, and each further one is another', async () => {
    const world = memoryWorld(catalogue);
    const unparseable = { ...plain, read: () => JSON.parse('{'), idIn: () => '77' };
    for (let n = 0; n < 12; n += 1) await world.deliver([n], unparseable);
    expect(world.orders().map(({ key }) => key.length)).toEqual([13, 75, 75]);
    expect(world.items.get('held#plain#77')).toMatchObject({ later: { length: 9 } });
  });

  test('an ignored event of a long type is reported', () => {
    expect(ignoredEvent('x'.repeat(3_000), { id: '1', test: false, amount: eur('1') })).toMatchObject([
      { type: 'x'.repeat(100) },
    ]);
  });

  test('a held request is stored without headers that the DynamoDB client cannot store', async () => {
    const world = memoryWorld(catalogue);
    const headers = JSON.parse('{"__proto__":"a","constructor":"b","x-shop":"c"}');
    const request = { method: 'POST', headers, query: '', body: Buffer.from('{') };
    const unreadable = { name: 'plain', verify() {}, read: () => JSON.parse('{') };
    for await (const _ of fulfil(requestWorld(world.ports, 'plain', request), unreadable, request));
    expect(Object.entries(world.orders()[0]?.raw?.headers ?? {})).toEqual([['x-shop', 'c']]);
  });

  testEach([
    [['trial'], ['Your trial']],
    [['trial', 'trial'], ['Your trial']],
    [
      ['trial', 'renewed'],
      ['Your trial', 'Your serial'],
    ],
    [
      ['trial', 'renewed', 'renewed', 'trial'],
      ['Your trial', 'Your serial'],
    ],
    [['renewed', 'trial'], ['Your serial']],
    [['reversed', 'trial'], []],
    [['throttled', 'trial', 'reversed'], []],
    [['throttled', 'trial', 'renewed'], ['Your serial']],
    [['throttled', 'trial', 'trial'], ['Your trial']],
    [['over'], []],
  ] as const)('the events $0 are mailed as $1', async (kinds, subjects) => {
    const world = memoryWorld(catalogue);
    const lines = [{ sku: 'g', quantity: 1 }];
    const trial = { ...sale, kind: 'trial', amount: undefined, aliases: ['sub'], lines } as const;
    const over = { ...trial, until: '2020-01-01T00:00:00.000Z' };
    const renewed = { ...sale, kind: 'renewed', id: 'sub', lines: [] } as const;
    const events = {
      trial: { ...trial, until: '2036-12-05T00:00:00.000Z' },
      over,
      renewed,
      reversed: back({}),
    };
    const throttled = { kind: 'throttled', code: 'Throttling' } as const;
    for (const kind of kinds)
      if (kind === 'throttled') world.state.outcome = throttled;
      else await world.deliver([events[kind]]);
    world.state.outcome = undefined;
    world.state.now += 60_000;
    await world.redeliver();
    expect(world.mails.map(({ subject }) => subject.slice(0, 11).trim())).toEqual(subjects);
  });

  test.each([
    ['trial', 'renewed'],
    ['renewed', 'trial'],
  ] as const)('after %s and %s, a line that is held has the notification of the trial', async (...kinds) => {
    const world = memoryWorld(catalogue);
    const nameless = { ...sale, amount: undefined, buyer: { email: 'zoe@example.com' } };
    const lines = [{ sku: 'g', quantity: 1 }];
    const events = {
      trial: { ...nameless, kind: 'trial', aliases: ['sub'], lines },
      renewed: { ...nameless, kind: 'renewed', id: 'sub', lines: [] },
    } as const;
    for (const kind of kinds) await world.deliver([events[kind]]);
    const order = world.orders().find(({ heldAt }) => heldAt);
    expect(order?.lines).toMatchObject([{ held: 'no_name' }]);
    expect(gunzipSync(order?.raw?.body ?? '').toString()).toContain('trial');
  });

  test.each([
    ['of an unknown product', {}, ['We have your order 42']],
    [
      'without a name',
      { buyer: { email: 'zoe@example.com' }, lines: [{ sku: 'g', quantity: 1 }] },
      ['We have your order 42'],
    ],
    ['without an address', { buyer: { name: 'Zoë' } }, []],
    ['that is a test', { test: true }, []],
    [
      'with a line that is not held',
      {
        lines: [
          { sku: 'g', quantity: 1 },
          { sku: 'x', quantity: 1 },
        ],
      },
      ['Your serial for Gadget (order 42)'],
    ],
  ])('a held order %s is mailed within ten minutes, and once', async (_, changes, subjects) => {
    const world = memoryWorld(catalogue);
    const event = { ...sale, id: '42', lines: [{ sku: 'x', quantity: 1 }], ...changes };
    await world.deliver([event]);
    for (let minute = 0; minute < 10; minute += 1) {
      world.state.now += 60_000;
      await world.redeliver();
    }
    await world.deliver([event]);
    await world.deliver([{ ...event, buyer: { ...event.buyer, country: 'DE' } }]);
    world.state.now += 3_600_000;
    await world.redeliver();
    expect(world.mails.map(({ subject }) => subject)).toEqual(subjects);
  });

  test.each([
    ['it is refunded', [back({})], []],
    [
      'a line of it gets its serial',
      [{ ...sale, lines: [{ sku: 'g', quantity: 1 }] }],
      ['Your serial for Gadget (order 1)'],
    ],
  ])('a held order is not mailed if %s before', async (_, events, subjects) => {
    const world = memoryWorld(catalogue);
    await world.deliver([{ ...sale, lines: [{ sku: 'x', quantity: 1 }] }]);
    world.state.now += 60_000;
    await world.deliver(events);
    world.state.now += 3_600_000;
    await world.redeliver();
    expect(world.mails.map(({ subject }) => subject)).toEqual(subjects);
  });

  test('an order that an older version has held for a day is not mailed', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver([{ ...sale, lines: [{ sku: 'x', quantity: 1 }] }]);
    for (const order of world.items.values())
      if (order.kind === 'order') world.items.set(order.key, { ...order, sends: [] });
    world.state.now += 25 * 3_600_000;
    await world.deliver([
      { ...sale, buyer: { ...buyer, country: 'DE' }, lines: [{ sku: 'x', quantity: 1 }] },
    ]);
    world.state.now += 3_600_000;
    await world.redeliver();
    expect(world.mails).toEqual([]);
  });

  test('further notifications of an unparseable order are kept in its held item, once each', async () => {
    const world = memoryWorld(catalogue);
    const unreadable = { name: 'plain', verify() {}, read: () => JSON.parse('{'), idIn: () => '77' };
    for (const name of ['A', 'B', 'B', 'A']) await world.deliver([{ ...sale, buyer: { name } }], unreadable);
    const [held, ...others] = world.items.values();
    expect(others).toEqual([]);
    expect(held).toMatchObject({ key: 'held#plain#77', state: 'held', raw: {}, later: [{}] });
  });

  test('an unparseable notification after the first was closed is held', async () => {
    const world = memoryWorld(catalogue);
    const unreadable = { name: 'plain', verify() {}, read: () => JSON.parse('{'), idIn: () => '77' };
    await world.deliver([sale], unreadable);
    const held = world.items.get('held#plain#77');
    if (held?.kind !== 'unreadable') throw new Error('expected a held item');
    const entry = { at: '', who: '', why: null, before: {}, after: {} };
    world.items.set(held.key, closedUnreadable(held, { ...entry, what: 'release' }));
    await world.deliver([{ ...sale, buyer: {} }], unreadable);
    expect([...world.items.keys()]).toEqual([held.key, expect.stringMatching(/^held#plain#[0-9a-f]{64}$/)]);
    world.items.set(held.key, closedUnreadable(held, { ...entry, what: 'erase' }));
    await world.deliver([{ ...sale, buyer: { name: 'C' } }], unreadable);
    expect(world.items.size).toBe(2);
  });

  test('the sale of a request without an ID is the order that a person made of it', async () => {
    const world = memoryWorld(catalogue);
    const nameless = { ...plain, idIn: () => JSON.parse('{') };
    await world.deliver([sale], { ...nameless, read: () => JSON.parse('{') });
    const [held] = world.items.values();
    if (held?.kind !== 'unreadable') throw new Error('expected a held item');
    await world.deliver([{ ...sale, id: '42' }]);
    world.items.set(held.key, { kind: 'alias', key: held.key, aliasOf: 'plain#42' });
    await world.deliver([sale], nameless);
    expect(world.orders()).toMatchObject([{ key: 'plain#42', lines: [{ serial: expect.any(String) }] }]);
  });

  test('a request that cannot be read is held with its bytes, once', async () => {
    const world = memoryWorld(catalogue);
    const unreadable = { name: 'plain', verify() {}, read: () => JSON.parse('{') };
    expect(await world.deliver([sale], unreadable)).toBe(true);
    expect(await world.deliver([sale], unreadable)).toBe(true);
    expect(world.orders()).toMatchObject([
      {
        key: expect.stringMatching(/^held#plain#[0-9a-f]{64}$/),
        lines: [{ held: 'bad_body' }],
        raw: { method: 'POST' },
      },
    ]);
  });
});
