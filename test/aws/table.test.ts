/** Tests the orders' table through the real client, over HTTP. */
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { SESClient } from '@aws-sdk/client-ses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { orderStore } from '../../functions/aws/dynamodb/orders.ts';
import { dueQueue, listWaiting, pending } from '../../functions/aws/dynamodb/queue.ts';
import { change } from '../../functions/core/order/change.ts';
import { statusOf } from '../../functions/core/order/due.ts';
import { emptyOrder } from '../../functions/core/order/settle.ts';
import { applyReversal } from '../../functions/core/order/transitions.ts';
import type { Order } from '../../functions/core/order/types.ts';
import type { Store } from '../../functions/core/world.ts';
import { startDynamo, TABLE } from './dynamo.ts';

let dynamo: Awaited<ReturnType<typeof startDynamo>>;
let store: Store;
beforeAll(async () => {
  dynamo = await startDynamo();
  store = orderStore(dynamo.client, TABLE, () => 5_000);
});
afterAll(() => dynamo.stop());

const order = (key: string, change: Partial<Order> = {}): Order => ({
  ...emptyOrder(key, 'shop', false, Date.parse('2026-11-23T03:00:01.000Z')),
  version: 1,
  paidAt: '2026-11-23T03:00:00.000Z',
  amount: { value: '39.00', currency: 'EUR' },
  buyer: { name: '', email: 'Zoe@Example.com' },
  lines: [
    {
      ...{ id: 1, sku: 'w', product: 'widget', quantity: 1, via: 'elsewhere', state: 'issued' },
      ...{ issued: { n: 1, licensee: 'Zoë 👩‍💻', serial: 'AB', keyVersion: 1 }, superseded: [] },
    },
  ],
  reversals: new Map([['re:1', { kind: 'refund', state: 'done', part: 'partial' }]]),
  ...change,
});

test('a store with another limit ends its calls then', async () => {
  const silent = { handle: () => new Promise<never>(() => undefined) };
  const client = new DynamoDBClient({ region: 'none', credentials: CREDENTIALS, requestHandler: silent });
  const limited = orderStore(client, TABLE, () => 60_000).within?.(() => 1);
  await expect(limited?.get('shop#1')).rejects.toMatchObject({ name: 'AbortError' });
});
const CREDENTIALS = { accessKeyId: 'none', secretAccessKey: 'none' };

test('an order is read as it was stored', async () => {
  const put = order('shop#1', {
    raw: {
      provider: 'shop',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      query: '',
      body: new Uint8Array([0, 255]),
    },
  });
  expect(await store.put(put, undefined)).toBeUndefined();
  expect(await store.get('shop#1')).toEqual(put);
  expect(await store.get('shop#none')).toBeUndefined();
});

test('each reversal is a separate attribute', async () => {
  const { Item } = await dynamo.client.send(
    new GetItemCommand({ TableName: TABLE, Key: { key: { S: 'shop#1' } } }),
  );
  expect(Object.keys(Item ?? {})).toContain('reversal:re:1');
  expect(Item?.email).toEqual({ S: 'zoe@example.com' });
});

test.each(['__proto__', 'constructor', 'hasOwnProperty', '', 're:1#%'])(
  'a reversal with the ID "%s" is stored, read and changed',
  async (id) => {
    const key = `shop#reversal ${id}`;
    const fact = { kind: 'chargeback', state: 'open', part: 'full' } as const;
    const facts = async () => {
      const item = await store.get(key);
      return item?.kind === 'order' ? [...item.reversals] : [];
    };
    const disputed = applyReversal(order(key, { reversals: new Map() }), id, { names: [key], fact }, 0);
    if (!disputed) throw new Error('the dispute is nothing new');
    await store.put(disputed, undefined);
    expect(await facts()).toEqual([[id, fact]]);
    const { order: won } = await change(
      store,
      key,
      await store.get(key),
      (found) => found && applyReversal(found, id, { names: [key], fact: { ...fact, state: 'won' } }, 0),
    );
    expect(statusOf(won)).toBe('paid');
    expect(await facts()).toEqual([[id, { ...fact, state: 'won' }]]);
  },
);

test('of concurrent writes one succeeds, and the others get the stored order', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      store.put(order('shop#2', { amount: { value: String(n), currency: 'EUR' } }), undefined),
    ),
  );
  const winners = answers.filter((answer) => answer === undefined);
  expect(winners.length).toBe(1);
  expect(answers.filter((answer) => answer !== undefined)).toEqual(
    Array.from({ length: 19 }, () => answers.find((answer) => answer)),
  );
});

test('a write is conditional on the version that was read', async () => {
  await store.put(order('shop#3'), undefined);
  expect(await store.put(order('shop#3', { version: 2 }), 1)).toBeUndefined();
  expect(await store.put(order('shop#3', { version: 2 }), 1)).toMatchObject({ version: 2 });
});

test('a write whose response was lost is recognized in the retry', async () => {
  const { client } = dynamo;
  let lost = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      lost += 1;
      if (lost === 1)
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', $retryable: {} });
      return result;
    },
    { step: 'deserialize', name: 'lose', priority: 'high' },
  );
  expect(await store.put(order('shop#4'), undefined)).toBeUndefined();
  expect(lost).toBeGreaterThan(1);
  client.middlewareStack.remove('lose');
});

test('each read is consistent, also the one after a conflict', async () => {
  const inputs: unknown[] = [];
  const { middlewareStack } = dynamo.client;
  middlewareStack.add(
    (next) => (args) => {
      if ('Key' in args.input) inputs.push(args.input);
      return next(args);
    },
    { step: 'initialize', name: 'inputs' },
  );
  await store.put(order('shop#read'), undefined);
  await store.get('shop#read');
  await store.put(order('shop#read'), undefined);
  middlewareStack.remove('inputs');
  expect(inputs).toHaveLength(2);
  for (const input of inputs) expect(input).toMatchObject({ ConsistentRead: true });
});

describe('the queue', () => {
  const ses = new SESClient({ region: 'us-east-1' });
  const waiting = {
    n: 1,
    to: 'Zoe@Example.com',
    about: 'serials',
    carries: [{ line: 1, issue: 1 }],
    tries: 1,
    state: 'waiting',
  } as const;
  const due = (key: string, dueAt: string) =>
    store.put(
      order(key, {
        lines: order(key).lines.map((line) => ({ ...line, via: 'mail' })),
        sends: [{ ...waiting, until: dueAt }],
      }),
      undefined,
    );

  test('lists due orders, earliest first, and counts due and held orders', async () => {
    const times = [
      '2026-11-23T03:00:05.000Z',
      '2026-11-23T03:00:01.000Z',
      '2026-11-23T03:00:03.000Z',
      '2026-11-23T04:00:00.000Z',
    ];
    for (const [n, time] of times.entries()) await due(`shop#due${n}`, time);
    await store.put(order('shop#held', { heldAt: '2026-11-23T03:00:00.000Z' }), undefined);
    const queue = dueQueue(dynamo.client, ses, TABLE);
    const now = Date.parse('2026-11-23T03:00:05.000Z');
    expect(await queue.due(now, 10)).toEqual(['shop#due1', 'shop#due2', 'shop#due0']);
    expect(await queue.due(now, 1)).toEqual(['shop#due1']);
    expect(await pending(dynamo.client, TABLE, 2)).toEqual({
      soonest: ['shop#due1', 'shop#due2'],
      held: 1,
      due: 4,
    });
    const list = listWaiting(dynamo.client, TABLE);
    const heldAt = '2026-11-23T03:00:00.000Z';
    expect(await list('held', heldAt, 5)).toEqual([{ key: 'shop#held', heldAt }]);
    expect([await list('held', '2026-11-23T03:00:00.001Z', 5), await list('notice', '', 5)]).toEqual([
      [],
      [],
    ]);
    expect(await store.put(order('shop#due1', { version: 2 }), 1)).toBeUndefined();
    expect(await queue.due(now, 10)).toEqual(['shop#due2', 'shop#due0']);
  });

  test('is leased to one worker until its lease expires or is released', async () => {
    const [one, other] = [dueQueue(dynamo.client, ses, TABLE), dueQueue(dynamo.client, ses, TABLE)];
    expect(await one.hold(1_000, 2_000)).toBe(true);
    expect(await other.hold(1_500, 2_500)).toBe(false);
    expect(await one.hold(1_500, 3_000)).toBe(true);
    expect(await other.hold(2_500, 3_500)).toBe(false);
    expect(await other.hold(3_001, 4_000)).toBe(true);
    expect(await one.hold(3_002, 5_000)).toBe(false);
    await other.release(3_500);
    expect(await one.hold(3_501, 5_000)).toBe(true);
  });
});
