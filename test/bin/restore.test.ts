/** `restore` against the embedded AWS: a table of 200 items (10,000 in `npm run prove`), live writes meanwhile, and one damaged item. */
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { orderStore } from '../../functions/aws/dynamodb/orders.ts';
import { emptyOrder } from '../../functions/core/order/settle.ts';
import { toItem } from '../../functions/core/order/stored.ts';
import { serial } from '../fixtures/catalogue.ts';
import { isProve } from '../fixtures/prove.ts';
import { startKeypost } from '../local/running.ts';

const ITEMS = isProve ? 10_000 : 200;
const TABLE = 'keypost-orders';
const products = { widget: { name: 'Widget', serial, skus: { shop: ['w'] } } };

let system: Awaited<ReturnType<typeof startKeypost>>;
let client: DynamoDBClient;
const order = (n: number, name: string, version = 2) => ({
  ...emptyOrder(`shop#${n}`, 'shop', false, 0),
  ...{ version, paidAt: '2026-11-20T00:00:00.000Z', buyer: { name } },
});
const put = (TableName: string, item: object) =>
  client.send(new PutItemCommand({ TableName, Item: marshall(item, { removeUndefinedValues: true }) }));
const stored = async (key: string) =>
  unmarshall(
    (await client.send(new GetItemCommand({ TableName: TABLE, Key: { key: { S: key } } }))).Item ?? {},
  );
const restored = async (...args: string[]) => {
  const { out } = await system.keypost(['restore', '--from', 'restored', '--json', ...args]);
  return JSON.parse(out);
};

beforeAll(async () => {
  system = await startKeypost({ products, productKeys: {} });
  client = new DynamoDBClient({ endpoint: system.aws(), region: 'us-east-1' });
  await client.send(
    new CreateTableCommand({
      TableName: 'restored',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
    }),
  );
  for (let at = 0; at < ITEMS; at += 50)
    await Promise.all(Array.from({ length: 50 }, (_, n) => put('restored', toItem(order(at + n, 'Zoë')))));
  await put('restored', toItem({ kind: 'lease', key: 'lease#redeliver', owner: 'old', until: 1 }));
  await put(TABLE, toItem(order(1, 'Newer', 9)));
}, 300_000);
afterAll(() => system.stop());

test('a dry run writes nothing', { timeout: 300_000 }, async () => {
  expect(await restored('--dry-run')).toEqual({ read: ITEMS, restored: ITEMS - 1, present: 1 });
  expect(await stored('shop#2')).toEqual({});
});

test('puts back what is missing while orders arrive, and changes nothing the second time', {
  timeout: 300_000,
}, async () => {
  const store = orderStore(client, TABLE, () => 60_000);
  const live = (async () => {
    let written = 0;
    for (let n = 0; n < ITEMS; n += ITEMS / 50)
      written += (await store.put(order(n, 'Live', 3), undefined)) === undefined ? 1 : 0;
    return written;
  })();
  const counts = await restored();
  const written = await live;
  expect(counts.read).toBe(ITEMS);
  // Each order is written by one of the two: the one that came first. A write whose answer was lost counts as present.
  expect(counts.restored + written + 1).toBeLessThanOrEqual(ITEMS);
  for (let n = 0; n < ITEMS; n += ITEMS / 50) {
    const { buyer, version } = await stored(`shop#${n}`);
    expect([buyer.name, version]).toEqual(version === 3 ? ['Live', 3] : ['Zoë', 2]);
  }
  expect(await restored()).toEqual({ read: ITEMS, restored: 0, present: ITEMS });
  expect(await stored('shop#1')).toMatchObject({ buyer: { name: 'Newer' }, version: 9 });
  expect(await stored('shop#2')).toMatchObject(JSON.parse(JSON.stringify(toItem(order(2, 'Zoë')))));
});

test('--key shows the difference and replaces a damaged item, although its version is higher', async () => {
  const asked: string[] = [];
  const answer = (text: string) => async (question: string) => {
    asked.push(question);
    return text;
  };
  const args = ['restore', '--from', 'restored', '--key', 'shop#1'];
  const refused = await system.keypost(args, answer('no'));
  expect(refused.out).toMatch(/buyer +\{"name":"Newer"\} +\{"name":"Zoë"\}/);
  expect(await stored('shop#1')).toMatchObject({ version: 9 });
  const { code, out } = await system.keypost(args, answer('yes'));
  expect([code, out]).toEqual([0, expect.stringContaining('shop#1 is replaced, as version 10')]);
  expect(await stored('shop#1')).toMatchObject({ buyer: { name: 'Zoë' }, version: 10 });
  expect(asked).toEqual(Array(2).fill('Replace shop#1 by the item of restored? (yes/no) '));
  expect((await system.keypost([...args.slice(0, 4), 'shop#none'])).err).toContain('has no item shop#none');
});

test.each([
  ['nowhere', 'there is no table nowhere'],
  [TABLE, "is the stack's own table"],
])('--from %s is refused', async (from, says) => {
  const { code, err } = await system.keypost(['restore', '--from', from]);
  expect([code, err]).toEqual([1, expect.stringContaining(says)]);
});
