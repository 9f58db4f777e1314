/** `npm start` on the orders that the previous version wrote: items of schema 1. */
import { readFileSync } from 'node:fs';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { serial } from '../fixtures/catalogue.ts';
import { startKeypost } from './running.ts';

const Orders = z.array(
  z.looseObject({ key: z.string(), status: z.string(), mail: z.object({ state: z.string() }) }),
);
const Mails = z.array(z.object({ to: z.array(z.string()), text: z.string() }));
const SERIAL = '7ED75279FDCD8CD7A42C6491AB8F2DD8';
const STATES: Readonly<Record<string, string>> = {
  due: 'due: not started',
  unknown: 'unknown',
  sent: 'sent',
  alias: 'with an alias',
  cap: 'alias',
  held: 'held: unknown product',
};
const file = readFileSync(new URL('../core/order/schema-1.json', import.meta.url), 'utf8');
/** The items have times of one day. A mail that is older than 72 hours would be held. */
const SHIFT = Date.now() - Date.parse('2026-11-23T03:00:00.000Z');

/** The item of this state, as an order of the shop that has the state as its ID and in its address. */
function old(id: string, state: string) {
  const orderId = id === 'cap' ? 'alias' : id;
  const text = JSON.stringify(JSON.parse(file)[state])
    .replace(/plain#cap/g, 'shop#cap')
    .replace(/plain#\d/g, `shop#${orderId}`)
    .replaceAll('"plain"', '"shop"')
    .replaceAll('zoe.lindqvist@', `${id}@`)
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, (time) => new Date(Date.parse(time) + SHIFT).toISOString());
  return JSON.parse(text, (name, value) => (name === 'body' ? Buffer.from(value.base64, 'base64') : value));
}

let keypost: Awaited<ReturnType<typeof startKeypost>>;
let aws: DynamoDBClient;

beforeAll(async () => {
  keypost = await startKeypost({
    onDisk: true,
    products: { widget: { name: 'Widget', serial, skus: { shop: ['w'] } } },
    productKeys: { widget: [{ version: 1, key: 'Sixteen-byte-key' }] },
  });
  const TableName = 'keypost-orders';
  aws = new DynamoDBClient({ endpoint: keypost.aws() });
  for (const [id, state] of Object.entries(STATES))
    await aws.send(new PutItemCommand({ TableName, Item: marshall(old(id, state)) }));
  await keypost.restart();
  aws = new DynamoDBClient({ endpoint: keypost.aws() });
});
afterAll(() => keypost.stop());

const orders = async () => Orders.parse(await keypost.local('orders'));
const order = async (key: string) => (await orders()).find((one) => one.key === key);

test('a due mail and one without a known outcome go out, once, with the serial that was made', async () => {
  await keypost.local('redeliver?ahead=3600', 'POST');
  await keypost.local('redeliver?ahead=7200', 'POST');
  const mails = Mails.parse(await keypost.local('mails'));
  expect(mails.map(({ to }) => to.join()).sort()).toEqual(['due@example.com', 'unknown@example.com']);
  for (const { text } of mails) expect(text).toContain(SERIAL);
  expect(await order('shop#due')).toMatchObject({
    mail: { state: 'delivered' },
    lines: [{ serial: SERIAL }],
  });
});

test('a held order is listed and keeps its data', async () => {
  const { out } = await keypost.keypost(['orders', 'held']);
  expect(out).toMatch(/^shop#held .*old-widget \(unknown\) .*unknown_product/m);
  expect(out).not.toContain('shop#sent');
});

test.each([
  ['sent', 'sent'],
  ['alias', 'cap'],
])('a refund finds the order %s under the ID %s, and the item has the new schema', async (id, named) => {
  const refund = { type: 'order.refunded', data: { id: named, refundId: `refund-${named}` } };
  expect(await keypost.deliver(refund)).toBe(200);
  expect(await order(`shop#${id}`)).toMatchObject({ status: 'refunded', lines: [{ serial: SERIAL }] });
  const Key = { key: { S: `shop#${id}` } };
  const { Item } = await aws.send(new GetItemCommand({ TableName: 'keypost-orders', Key }));
  expect(Item).toMatchObject({ schema: { N: '2' }, kind: { S: 'order' } });
});
