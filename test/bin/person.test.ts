/** `person export` finds all data of a person, and `person erase` leaves none: over HTTP, on disk, and in the output. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { addressFinder } from '../../functions/core/operator/person.ts';
import { serial } from '../fixtures/catalogue.ts';
import { startKeypost } from '../local/running.ts';

const NAME = 'Zoraida Quillfeather';
const RENAMED = 'Zoraida Featherquill';
const EMAIL = 'Zoraida.Q@Example.com';
const NEIGHBOUR = 'zoraida.q2@example.com';
const MISTYPED = 'zoraida.q@exampel.example.com';

const Orders = z.array(
  z.looseObject({
    key: z.string(),
    status: z.string(),
    buyer: z.record(z.string(), z.unknown()),
    lines: z.array(z.looseObject({ serial: z.string().nullable() })),
    reversals: z.record(z.string(), z.unknown()),
    acts: z.array(z.looseObject({ what: z.string(), who: z.string(), at: z.string() })).optional(),
    mail: z.looseObject({ state: z.string() }),
  }),
);
const Exported = z.object({ email: z.string(), orders: z.array(z.looseObject({ key: z.string() })) });
const Erased = z.object({
  erased: z.array(z.object({ order: z.string(), fields: z.array(z.string()) })),
  mails: z.number(),
});

let keypost: Awaited<ReturnType<typeof startKeypost>>;
const logged: string[] = [];

beforeAll(async () => {
  for (const name of ['log', 'error', 'warn', 'info'] as const)
    vi.spyOn(console, name).mockImplementation((...words) => void logged.push(words.join(' ')));
  keypost = await startKeypost({
    onDisk: true,
    products: { widget: { name: 'Widget', serial, skus: { shop: ['widget'] } } },
    productKeys: { widget: [{ version: 1, key: 'Sixteen-byte-key' }] },
  });
}, 60_000);
afterAll(async () => {
  await keypost.stop();
  vi.restoreAllMocks();
});

const sale = (id: string, buyer: object, sku = 'widget') => ({
  type: 'order.paid',
  data: { id, buyer, items: [{ sku, quantity: 1 }] },
});
const orders = async () => Orders.parse(await keypost.local('orders'));
const order = async (key: string) => (await orders()).find((one) => one.key === key);
const mails = async () =>
  z.array(z.looseObject({ to: z.array(z.string()) })).parse(await keypost.local('mails'));

/** Returns the bytes of all files on disk. */
function onDisk(): string {
  const names = readdirSync(keypost.dataDir, { recursive: true, encoding: 'utf8', withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}
/** Returns the person's texts that occur in `text`, plain or as part of a Base64 string. */
function found(text: string, person: readonly string[]): string[] {
  const encodings = (one: string) => [
    one,
    ...[0, 1, 2].map((at) => {
      const base64 = Buffer.from(`${'.'.repeat(at)}${one}`).toString('base64');
      return base64.slice(at === 0 ? 0 : 4, -4);
    }),
  ];
  const all = text.toLowerCase();
  return person.filter((one) =>
    encodings(one).some((encoding, at) =>
      at === 0 ? all.includes(encoding.toLowerCase()) : text.includes(encoding),
    ),
  );
}

describe('person export and erase', () => {
  let person: string[];
  const keys: string[] = [];

  beforeAll(async () => {
    expect(await keypost.deliver(sale('sent', { name: NAME, email: EMAIL }))).toBe(200);
    expect(
      await keypost.deliver(sale('held', { name: NAME, email: EMAIL.toLowerCase() }, 'unheard-of')),
    ).toBe(200);
    // This notification is authentic but unreadable.
    expect(
      await keypost.deliver({ type: 'order.paid', data: { id: 7, buyer: { name: NAME, email: EMAIL } } }),
    ).toBe(200);
    expect(await keypost.deliver(sale('moved', { name: NAME, email: MISTYPED }, 'unheard-of'))).toBe(200);
    expect(await keypost.deliver(sale('strayed', { name: NAME, email: MISTYPED }))).toBe(200);
    const strayed = ['orders', 'resend', 'shop#strayed', '--email', EMAIL];
    expect(await keypost.keypost(strayed)).toMatchObject({ code: 0 });
    const moved = ['--product', 'unheard-of=widget', '--email', EMAIL];
    expect(await keypost.keypost(['orders', 'release', 'shop#moved', ...moved])).toMatchObject({ code: 0 });
    const renamed = ['orders', 'reissue', 'shop#sent', '--name', RENAMED, '--why', `${NAME} has married`];
    expect(await keypost.keypost(renamed)).toMatchObject({ code: 0 });
    // The notification of another buyer's order has the address.
    const gift = sale('gift', { name: 'Ann Other', email: NEIGHBOUR }, 'unheard-of');
    expect(await keypost.deliver({ ...gift, note: `a gift of ${EMAIL}` })).toBe(200);
    expect(await keypost.deliver(sale('another', { name: 'Ann Other', email: NEIGHBOUR }))).toBe(200);
    // The second run processes the mail events that the first run has caused.
    for (const _ of [1, 2]) await keypost.local('redeliver', 'POST');
    const all = (await orders()).filter(({ key }) => key !== 'shop#another');
    keys.push(...all.map(({ key }) => key).sort());
    const serials = all.flatMap(({ lines }) => lines.flatMap(({ serial }) => serial ?? []));
    person = [NAME, RENAMED, EMAIL, MISTYPED, ...new Set(serials)];
    expect(keys).toHaveLength(6);
    expect(person).toHaveLength(6);
    // This proves that the search below can fail.
    expect(found(onDisk(), person)).toEqual(person);
  });

  test('person export has all data of the person and none of others', async () => {
    const { code, out } = await keypost.keypost(['person', 'export', '--email', EMAIL.toUpperCase()]);
    expect(code).toBe(0);
    const exported = Exported.parse(JSON.parse(out));
    expect(exported.orders.map(({ key }) => key).sort()).toEqual(keys);
    expect(found(out, person)).toEqual(person);
    expect(out).not.toContain('Ann Other');
  });

  test('person erase asks before it erases', async () => {
    const questions: string[] = [];
    const answer = (words: string) => async (question: string) => {
      questions.push(question);
      return words;
    };
    const before = await orders();
    const refused = await keypost.keypost(['person', 'erase', '--email', EMAIL], answer('no'));
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('nothing is changed') });
    expect(questions[0]).toContain('shop#sent');
    expect(await orders()).toEqual(before);
  });

  test('without a terminal, person erase requires --yes', async () => {
    const before = await orders();
    const refused = await keypost.keypost(['person', 'erase', '--email', EMAIL]);
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('--yes') });
    expect(await orders()).toEqual(before);
  });

  test('a reason that contains personal data is refused', async () => {
    for (const text of person.filter((one) => one !== MISTYPED)) {
      const args = ['person', 'erase', '--email', EMAIL, '--yes', '--why', `asked by ${text}`];
      expect(await keypost.keypost(args)).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining('--why'),
      });
    }
    expect((await order('shop#sent'))?.status).toBe('paid');
  });

  test('person erase leaves no personal data in the table, on disk or in a log', async () => {
    const args = ['person', 'erase', '--email', EMAIL, '--why', 'asked for on the phone', '--yes', '--json'];
    const { code, out } = await keypost.keypost(args);
    expect(code).toBe(0);
    const { erased, mails: gone } = Erased.parse(JSON.parse(out));
    expect(erased.map((one) => one.order).sort()).toEqual(keys);
    expect(erased.find((one) => one.order === 'shop#sent')?.fields).toEqual(
      expect.arrayContaining(['name', 'email', 'licensee', 'serial']),
    );
    // Three first mails, one to the mistyped address, one with the new name, and one about the order that is held.
    expect(gone).toBe(6);

    const aws = new DynamoDBClient({ endpoint: keypost.aws() });
    const { Items } = await aws.send(new ScanCommand({ TableName: 'keypost-orders' }));
    expect(found(JSON.stringify(Items), person)).toEqual([]);
    const { Count } = await aws.send(
      new QueryCommand({
        TableName: 'keypost-orders',
        IndexName: 'byEmail',
        KeyConditionExpression: 'email = :email',
        ExpressionAttributeValues: { ':email': { S: EMAIL.toLowerCase() } },
      }),
    );
    expect(Count).toBe(0);
    expect(found(onDisk(), person)).toEqual([]);
    expect(logged.join('\n')).toContain('order_recorded');
    expect(found(logged.join('\n'), person)).toEqual([]);
    expect(found(out, person)).toEqual([]);
  });

  test('the erased order records who erased what', async () => {
    const erased = await order('shop#sent');
    expect(erased).toMatchObject({ status: 'erased', buyer: { name: null, email: null } });
    expect(erased?.acts?.at(-1)).toMatchObject({
      what: 'erase',
      why: 'asked for on the phone',
      who: expect.stringMatching(/.@./),
      before: {},
      after: { erased: 'name, email, licensee, serial, audit' },
    });
  });

  test('a held order of another buyer loses only its notification', async () => {
    const gift = await order('shop#gift');
    expect(gift).toMatchObject({
      status: 'paid',
      buyer: { name: 'Ann Other' },
      lines: [{ held: 'unknown_product' }],
    });
    expect(gift?.acts?.at(-1)).toMatchObject({ after: { erased: 'notification' } });
  });

  test('an order of another buyer does not change', async () => {
    expect(await order('shop#another')).toMatchObject({ status: 'paid', buyer: { name: 'Ann Other' } });
    // One has the serial, and one is about the gift, which is held.
    expect((await mails()).map(({ to }) => to)).toEqual([[NEIGHBOUR], [NEIGHBOUR]]);
  });

  test('a repeated notification of an erased order issues nothing, and a refund is recorded', async () => {
    const before = await orders();
    for (const again of [
      sale('sent', { name: NAME, email: EMAIL }),
      sale('held', { name: NAME, email: EMAIL }, 'widget'),
      { type: 'order.paid', data: { id: 7, buyer: { name: NAME, email: EMAIL } } },
    ])
      expect(await keypost.deliver(again)).toBe(200);
    await keypost.local('redeliver?ahead=1000000', 'POST');
    expect(await orders()).toEqual(before);
    expect(await mails()).toHaveLength(2);
    expect(await keypost.deliver({ type: 'order.refunded', data: { id: 'sent', refundId: 'r1' } })).toBe(200);
    expect(await order('shop#sent')).toMatchObject({
      status: 'erased',
      reversals: { r1: { kind: 'refund' } },
    });
    expect(found(onDisk(), person)).toEqual([]);
  });

  test('a second erase finds nothing', async () => {
    const { out } = await keypost.keypost(['person', 'erase', '--email', EMAIL, '--json']);
    expect(Erased.parse(JSON.parse(out))).toEqual({ erased: [], mails: 0 });
    const { out: exported } = await keypost.keypost(['person', 'export', '--email', EMAIL]);
    expect(JSON.parse(exported)).toEqual({ email: EMAIL, orders: [] });
  });

  test('a restart restores no personal data', async () => {
    const before = await orders();
    await keypost.restart();
    expect(await orders()).toEqual(before);
    expect(found(onDisk(), person)).toEqual([]);
    expect(await mails()).toHaveLength(2);
  }, 60_000);
});

describe('addressFinder', () => {
  test.each([
    ['finds an address as it is', 'jane@example.com'],
    ['finds it in any case', 'JANE@Example.Com'],
    ['finds it among others', 'Jane <jane@example.com>, Joe'],
    ['finds it at the end of a sentence', 'Write to jane@example.com.'],
    ['finds it in a form', 'a=1&email=jane%40example.com&b=2'],
    ['finds it escaped in JSON', '{"email":"jane\\u0040example.com"}'],
    ['finds it escaped twice', JSON.stringify('{"email":"jane\\u0040example.com"}')],
    ['finds it in JSON in a form', 'data=%7B%22email%22%3A%22jane%5Cu0040example.com%22%7D'],
    ['finds it after a line end', JSON.stringify({ note: 'to\njane@example.com' })],
  ])('%s', (_, text) => expect(addressFinder('jane@example.com')(text)).toBe(true));

  test.each([
    'mary-jane@example.com',
    'x+jane@example.com',
    'é.jane@example.com',
    'jane@example.com.au',
    'jane@example.community',
    'janeXexample.com',
    'jane@exampleXcom',
  ])('does not find it in %s', (text) => expect(addressFinder('jane@example.com')(text)).toBe(false));

  test.each([
    ['jane@bücher.example', 'jane@xn--bcher-kva.example'],
    ['jane@xn--bcher-kva.example', 'jane@bücher.example'],
    ['jane+a{b}@example.com', 'email=jane%2Ba%7Bb%7D%40example.com'],
  ])('finds %s in %s', (email, text) => expect(addressFinder(email)(text)).toBe(true));
});
