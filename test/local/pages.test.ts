/** The buyers' pages over HTTP: the bundle of `pages`, `redeliver`, the command line, and the mails. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { decrypt, KEY, serial } from '../fixtures/catalogue.ts';
import { startKeypost } from './running.ts';

const key = [{ version: 1, key: KEY }];
let keypost: Awaited<ReturnType<typeof startKeypost>>;
beforeAll(async () => {
  keypost = await startKeypost({
    products: {
      widget: { name: 'Widget', serial, skus: { shop: ['w'] } },
      latin: { name: 'Latin', serial: { ...serial, charset: 'windows-1252' }, skus: { shop: ['l'] } },
    },
    productKeys: { widget: key, latin: key },
    pages: {},
  });
}, 120_000);
afterAll(() => keypost.stop());

const Mails = z.array(z.object({ to: z.array(z.string()), subject: z.string(), text: z.string() }));
const Orders = z.array(
  z.object({
    key: z.string(),
    acts: z.optional(z.array(z.object({ who: z.string(), what: z.string(), why: z.nullable(z.string()) }))),
    lines: z.array(z.object({ serial: z.nullable(z.string()), licensee: z.nullable(z.string()) })),
    buyer: z.object({ email: z.nullable(z.string()) }),
  }),
);
const mailsTo = async (address: string) =>
  Mails.parse(await keypost.local('mails')).filter(({ to }) => to.includes(address));
const orderOf = async (address: string) =>
  Orders.parse(await keypost.local('orders')).filter(({ buyer }) => buyer.email === address);
const redeliver = () => keypost.local('redeliver?ahead=0', 'POST');
const clock = (ahead: number) =>
  fetch(`${keypost.page()}/local/clock`, { method: 'PUT', body: JSON.stringify({ ahead }) });

let networks = 0;
/** Each request is from another network, unless the test names one. */
async function request(path: string, fields?: Readonly<Record<string, string>>, headers = {}) {
  networks += 1;
  const url = path.startsWith('http') ? path : `${keypost.page()}${path}`;
  const response = await fetch(url, {
    method: fields ? 'POST' : 'GET',
    headers: { 'x-forwarded-for': `10.${networks >> 8}.${networks & 255}.1`, ...headers },
    ...(fields && { body: new URLSearchParams(fields) }),
    redirect: 'manual',
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const serialIn = (html: string) => {
  const hex = /Serial<code[^>]*>([0-9A-F]+)</.exec(html)?.[1];
  return hex ? decrypt(hex) : html;
};

async function codes(batch: string, ...options: readonly string[]) {
  const { out, err } = await keypost.keypost([
    ...['codes', 'make', '--batch', batch, '--json', '--product', 'widget', ...options],
  ]);
  expect(err).toBe('');
  return z.object({ codes: z.array(z.string()) }).parse(JSON.parse(out)).codes;
}

describe('a claim code', () => {
  const address = 'jane@example.com';

  test('makes one order, one serial and one mail, although it is redeemed 20 times at once', async () => {
    const [code = ''] = await codes('press', '--count', '2');
    const fields = { code: code.toLowerCase().replaceAll('-', ' '), name: 'Jane Doe', address };
    const pages = await Promise.all(Array.from({ length: 20 }, () => request('/claim', fields)));
    expect(new Set(pages.map(({ status, text }) => `${status} ${serialIn(text)}`))).toEqual(
      new Set(['200 Jane Doe']),
    );
    await redeliver();
    expect(await orderOf(address)).toMatchObject([
      { key: 'codes#press-0', lines: [{ licensee: 'Jane Doe' }] },
    ]);
    expect(await mailsTo(address)).toHaveLength(1);
    const other = await request('/claim', { ...fields, name: 'John Doe', address: 'john@example.com' });
    expect([other.status, other.text]).toEqual([409, expect.stringContaining('Another person has redeemed')]);
    expect(JSON.parse((await keypost.keypost(['codes', 'list', '--json'])).out)).toEqual([
      { batch: 'press', product: 'widget', made: 2, redeemed: 1, until: null, state: 'active' },
    ]);
  });

  test.each([
    ['stop', ['codes', 'stop', 'stop'], 410, 'not redeemed any more'],
    ['late', ['codes', 'extend', 'late', '--until', '2026-01-31'], 410, 'valid until 2026-01-31'],
    ['revoke', ['codes', 'revoke', 'CODE'], 410, 'not valid any more'],
  ])('is refused after %s', async (batch, change, status, why) => {
    const [code = ''] = await codes(batch, '--count', '1');
    const result = await keypost.keypost(change.map((word) => (word === 'CODE' ? code : word)));
    expect(result).toMatchObject({ code: 0, err: '' });
    const page = await request('/claim', { code, name: 'Jane Doe', address: 'late@example.com' });
    expect([page.status, page.text]).toEqual([status, expect.stringContaining(why)]);
    expect(await orderOf('late@example.com')).toEqual([]);
  });

  test('for another product is refused', async () => {
    const [code = ''] = await codes('widgets', '--count', '1');
    const form = await request(`/claim?product=latin&code=${code}`);
    expect(form.text).toContain('name="product" value="latin"');
    const page = await request('/claim', { code, name: 'J', address: 'j@example.com', product: 'latin' });
    expect([page.status, page.text]).toEqual([409, expect.stringContaining('This code is for Widget.')]);
  });

  test('with a name that the app cannot represent is not used up', async () => {
    const [code = ''] = await codes('latin', '--count', '1', '--product', 'latin');
    const fields = { code, name: 'Łukasz Żak', address: 'l@example.com' };
    expect((await request('/claim', fields)).text).toContain('Lukasz Zak');
    expect((await request('/claim', { ...fields, name: 'Lukasz Zak' })).text).toContain('<h2>Latin</h2>');
  });

  test('is guessed at most 20 times an hour by a network, which then gets no serial with a right code either', async () => {
    const [code = ''] = await codes('guess', '--count', '1');
    const headers = { 'x-forwarded-for': '192.0.2.7, 198.51.100.9' };
    const guess = (text: string) =>
      request('/claim', { code: text, name: 'Jane Doe', address: 'g@example.com' }, headers);
    const all = await Promise.all(Array.from({ length: 25 }, (_, n) => guess(`0000-0000-0000-00${10 + n}`)));
    expect(all.filter(({ status }) => status === 404)).toHaveLength(20);
    expect((await guess(code)).status).toBe(429);
    expect((await request('/claim', { code, name: 'Jane Doe', address: 'g@example.com' })).status).toBe(200);
  });
});
