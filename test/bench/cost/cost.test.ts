/** The documented cost: the writes of an order are counted from the order, and the sums are correct. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { ORDERS_TABLE } from '../../../functions/aws/dynamodb/table.ts';
import { callsOf } from '../own-work/one-order.ts';
import { costOf, STORED_BYTES, WRITE_UNITS } from './cost.ts';

type Item = Readonly<Record<string, AttributeValue>>;

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
function bytesOf(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.length / 2) + 1;
  if (value.L) return 3 + value.L.reduce((sum, one) => sum + 1 + bytesOf(one), 0);
  if (value.M) return 3 + Object.keys(value.M).length + itemBytes(value.M);
  if (value.B) return value.B.length;
  return 1;
}
const itemBytes = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + bytesOf(value), 0);

/** The part of an item that an index keeps: its own keys and those of the table. */
const entriesOf = (item: Item) =>
  Object.values(ORDERS_TABLE.indexes).map(({ partition, sort }) => {
    const names = [ORDERS_TABLE.partitionKey, partition.name, sort.name];
    const keys = names.flatMap((name) => (item[name] ? [[name, item[name]] as const] : []));
    return keys.length === names.length ? Object.fromEntries(keys) : undefined;
  });

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes */
function writeUnits(before: Item, after: Item): number {
  const [old, next] = [entriesOf(before), entriesOf(after)];
  const ofIndexes = next.map((entry, at) => {
    const gone = old[at];
    if (JSON.stringify(gone) === JSON.stringify(entry)) return 0;
    return gone && entry ? 2 : 1;
  });
  return Math.ceil(itemBytes(after) / 1024) + ofIndexes.reduce<number>((sum, units) => sum + units, 0);
}

test('an order takes the write units and the storage of the calculation', async () => {
  const { record, mark } = await callsOf('stripe');
  const [recorded, marked] = [record.Item ?? {}, mark.Item ?? {}];
  expect(writeUnits({}, recorded)).toBe(WRITE_UNITS.record);
  expect(writeUnits(recorded, marked)).toBe(WRITE_UNITS.mark);
  const entries = entriesOf(marked).filter((entry) => entry !== undefined);
  const stored: readonly Item[] = [marked, ...entries];
  // DynamoDB adds 100 bytes to each item and each entry.
  const bytes = stored.reduce((sum, one) => sum + itemBytes(one) + 100, 0);
  expect(bytes).toBeLessThanOrEqual(STORED_BYTES);
  expect(bytes).toBeGreaterThan(STORED_BYTES * 0.9);
});

test.each([100, 1_000, 10_000, 1_000_000])('%d orders: the total is the sum of the items', (orders) => {
  const { lines, mail, total } = costOf(orders);
  const sum = lines.reduce((all, { usd }) => all + usd, 0);
  expect(total['à la carte']).toBeCloseTo(sum + (orders * 0.1) / 1_000, 9);
  expect(total.Essentials).toBeCloseTo(sum + (orders * 0.16) / 1_000, 9);
  expect(mail).toEqual({ 'à la carte': orders * 0.0001, Essentials: expect.closeTo(orders * 0.00016, 9) });
  expect(new Set(lines.map(({ item }) => item)).size).toBe(lines.length);
});

test('1,000 orders a month cost at most 3.50 USD with all that is not optional', () => {
  const { total } = costOf(1_000);
  expect(total.Essentials).toBeLessThanOrEqual(3.5);
});

test('an order costs the sum that was calculated by hand', () => {
  const [some, none] = [costOf(1_000_000), costOf(0)];
  const each = (item: string) => some.lines.find((line) => line.item === item)?.usd;
  expect(each('HTTP API')).toBeCloseTo(1, 9);
  expect(each('DynamoDB, order')).toBeCloseTo(3.75, 9);
  // 0.20 for the requests, 61,750 GB-s for 120 ms of each and 350 ms of each hundredth.
  expect(each('Lambda, webhook')).toBeCloseTo(0.2 + 61_750 * 0.0000133334, 6);
  expect(none.lines.filter(({ usd }) => usd > 0).map(({ item }) => item)).toEqual([
    'secrets',
    'metrics',
    'alarms',
    '`redeliver` and `reconcile`',
  ]);
});
