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

describe('a lost serial', () => {
  const address = 'Max.Muster@example.com';
  const link = /https?:\S+\/licences\/l\/\S+/;
  const order = (id: string, name: string, email = address, sku = 'w') => ({
    type: 'order.paid',
    data: { id, buyer: { name, email }, items: [{ sku, quantity: 1 }] },
  });
  const ask = async (to = address, more = {}, headers = {}) =>
    request('/licences', { address: to, ...more }, headers);
  /** Asks for the link of an address, and returns it with the typed code. */
  async function linkFor(to = address) {
    await ask(to);
    await redeliver();
    const text = (await mailsTo(to)).at(-1)?.text ?? '';
    return { url: link.exec(text)?.[0] ?? text, code: /Code:\s+(\S+)/.exec(text)?.[1] ?? '', text };
  }

  test('is mailed with all others of the address; the answer is the same for an unknown address', async () => {
    expect(await keypost.deliver(order('1', 'Max Muster'))).toBe(200);
    await keypost.deliver(order('2', 'Max Muster', address.toLowerCase(), 'l'));
    const before = (await mailsTo(address)).length;
    const answers = [await ask(), await ask('nobody@example.com')].map(({ status, headers, text }) => {
      const { date: _, ...others } = Object.fromEntries(headers);
      return { status, others, text };
    });
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({ status: 303, others: { location: '/licences/sent' } });
    await redeliver();
    await redeliver();
    expect((await mailsTo('nobody@example.com')).length).toBe(0);
    const mails = (await mailsTo(address)).slice(before);
    expect(mails).toHaveLength(1);
    expect(mails[0]?.text).toMatch(/Widget\n[\s\S]*Latin\n[\s\S]*\/licences\/l\//);
  });

  async function sold(id: string, name: string) {
    const email = `${id}@example.com`;
    await keypost.deliver(order(id, name, email));
    return { email, key: `shop#${id}`, ...(await linkFor(email)) };
  }
  const buyersActs = async (email: string) =>
    (await orderOf(email))[0]?.acts?.map(({ who, what, why }) => `${who} ${what} ${why}`);

  test('is shown after a button, and nothing that a scanner of mails does changes anything', async () => {
    const { url, code, email, text } = await sold('scanned', 'Jo Smith');
    expect(text).toContain('Serial:');
    const before = await orderOf(email);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const get = await request(url);
    expect(get.text).not.toMatch(/Serial</);
    expect(serialIn((await request(url, { do: 'show' })).text)).toBe('Jo Smith');
    const fields = { licence: '1 shop#scanned', name: 'Jo Smyth', address: 'x@example.com', code: '' };
    // More often than the limit of wrong codes for a link.
    for (const action of ['name', 'address', 'erase', ...Array.from({ length: 8 }, () => 'name')])
      expect((await request(url, { ...fields, do: action })).status).toBe(403);
    expect(await orderOf(email)).toEqual(before);
    expect((await request(url, { ...fields, do: 'name', code })).status).toBe(200);
  });

  test('has its name corrected twice; the third correction and any other name are held', async () => {
    const { url, code, email, key } = await sold('typo', 'Jhon Smiht');
    const correct = (name: string) => request(url, { do: 'name', licence: `1 ${key}`, name, code });
    expect(await correct('Łukasz Smith')).toMatchObject({ status: 202 });
    expect(serialIn((await correct('John Smiht')).text)).toBe('John Smiht');
    expect((await correct('John Smith')).status).toBe(200);
    expect((await correct('John Smithe')).status).toBe(202);
    expect(await orderOf(email)).toMatchObject([{ lines: [{ licensee: 'John Smith' }] }]);
    expect(await buyersActs(email)).toEqual([
      'buyer request rename',
      'buyer reissue correction',
      'buyer reissue correction',
      'buyer request rename',
    ]);
    await redeliver();
    const mails = (await mailsTo(email)).map(({ subject }) => subject);
    expect(mails.filter((subject) => subject === 'We have your request')).toHaveLength(2);
    const held = await keypost.keypost(['orders', 'held', '--json']);
    expect(
      JSON.parse(held.out).filter((one: { held: string[] }) => one.held.includes('rename')),
    ).toHaveLength(2);
  });

  test('moves to another address after 24 hours, unless the old address stops it', async () => {
    const move = async (id: string) => {
      const { url, code, email } = await sold(id, 'Ann Other');
      const to = `new-${email}`;
      expect((await request(url, { do: 'address', address: to, code })).status).toBe(200);
      await redeliver();
      expect((await mailsTo(to)).map(({ subject }) => subject)).toEqual([
        'Your mail address is about to change',
      ]);
      return { to, stop: link.exec((await mailsTo(email)).at(-1)?.text ?? '')?.[0] ?? '' };
    };
    const [moved, stopped] = [await move('moved'), await move('stopped')];
    await request(stopped.stop);
    expect((await request(stopped.stop, {})).text).toContain('stays as it is');
    await clock(25 * 3_600);
    await redeliver();
    await redeliver();
    await clock(0);
    expect((await mailsTo(moved.to)).map(({ subject }) => subject)).toContainEqual(
      expect.stringContaining('Widget'),
    );
    expect(await orderOf(moved.to)).toHaveLength(1);
    expect(await orderOf(stopped.to)).toHaveLength(0);
  });

  test('has a link for 30 minutes; after that a button sends a new one', async () => {
    const { url, code, email, key } = await sold('late', 'Lee Late');
    await clock(1_801);
    expect((await request(url)).text).toContain('Send me a new one');
    const late = await request(url, { do: 'name', licence: `1 ${key}`, name: 'Lea Late', code });
    expect([late.status, late.headers.get('location')]).toEqual([303, '/licences/sent']);
    const mails = (await mailsTo(email)).length;
    await redeliver();
    expect(await mailsTo(email)).toHaveLength(mails + 1);
    await clock(0);
    expect((await request(`${url.slice(0, -2)}AA`)).status).toBe(404);
  });

  test('is mailed at most three times a day to an address', async () => {
    const { email } = await sold('often', 'Of Ten');
    for (let n = 0; n < 5; n += 1) await ask(email);
    await redeliver();
    expect((await mailsTo(email)).filter(({ subject }) => subject.startsWith('Your serials'))).toHaveLength(
      3,
    );
  });

  test('with the number on the receipt is a request that only the seller handles', async () => {
    await keypost.deliver(order('lost-box', 'Bo X', 'old-box@example.com'));
    await ask('new-box@example.com', { printed: '1042' });
    await redeliver();
    expect(await mailsTo('new-box@example.com')).toHaveLength(0);
    const { out } = await keypost.keypost(['orders', 'held', '--json']);
    const [held] = JSON.parse(out).filter((one: { printed?: string }) => one.printed === '1042');
    expect(held).toMatchObject({ held: ['recover_other_address'], buyer: { email: 'new-box@example.com' } });
    expect(await keypost.keypost(['orders', 'release', held.key])).toMatchObject({ code: 0 });
    await redeliver();
    expect((await mailsTo('new-box@example.com')).map(({ subject }) => subject)).toEqual(['Your request']);
  });
});
