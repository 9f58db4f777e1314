/** The buyers' pages over HTTP: the bundle of `pages`, `redeliver`, the command line, and the mails. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { decrypt, KEY, serial } from '../fixtures/catalogue.ts';
import { startKeypost } from './running.ts';

const CHROMIUM = '/usr/bin/chromium';
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

  test('makes one order, one serial and one mail, although it is redeemed 50 times at once', async () => {
    const [code = ''] = await codes('press', '--count', '2');
    const fields = { code: code.toLowerCase().replaceAll('-', ' '), name: 'Jane Doe', address };
    const pages = await Promise.all(Array.from({ length: 50 }, () => request('/claim', fields)));
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
  const link = /https?:\S+\/licences\/(?:l|name)\/\S+/;
  const order = (id: string, name: string, email = address, sku = 'w') => ({
    type: 'order.paid',
    data: { id, buyer: { name, email }, items: [{ sku, quantity: 1 }] },
  });
  const ask = async (to = address, more = {}, headers = {}) =>
    request('/licences', { address: to, ...more }, headers);
  /** The link and the typed code in the newest mail to an address. */
  async function linkTo(to: string) {
    const text = (await mailsTo(to)).at(-1)?.text ?? '';
    return { url: link.exec(text)?.[0] ?? text, code: /Code:\s+(\S+)/.exec(text)?.[1] ?? '', text };
  }
  /** Asks for the link of an address, and returns it with the typed code. */
  async function linkFor(to = address) {
    await ask(to);
    await redeliver();
    return await linkTo(to);
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
      return { to, stop: await linkTo(email) };
    };
    const [moved, stopped] = [await move('moved'), await move('stopped')];
    const { url, code } = stopped.stop;
    expect((await request(url)).status).toBe(200);
    expect((await request(url, { code })).text).toContain('stays as it is');
    // Without `ahead`, the run goes to the last mail that is due; a move waits for the clock.
    await keypost.local('redeliver', 'POST');
    expect(await orderOf(moved.to)).toHaveLength(0);
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
    expect(await keypost.keypost(['orders', 'release', held.key, '--refuse'])).toMatchObject({ code: 0 });
    await redeliver();
    expect(await mailsTo('new-box@example.com')).toMatchObject([
      { subject: 'Your request', text: expect.stringContaining('cannot do what you asked for') },
    ]);
  });

  test('is erased for a buyer who asks for it, and who then gets a mail', async () => {
    const { url, code, email } = await sold('forget', 'Fo Rget');
    expect((await request(url, { do: 'erase', code })).text).toContain('looks at your request');
    await redeliver();
    expect(await keypost.keypost(['person', 'erase', '--email', email, '--yes'])).toMatchObject({ code: 0 });
    await redeliver();
    expect((await mailsTo(email)).map(({ text }) => text)).toEqual([
      expect.stringContaining('Your personal data is erased'),
    ]);
    const { out } = await keypost.keypost(['person', 'export', '--email', email]);
    expect(JSON.parse(out)).toEqual({ email, orders: [] });
  });

  describe.skipIf(!existsSync(CHROMIUM))('in a browser', () => {
    let browser: Browser;
    let tab: Page;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
      tab = await browser.newPage({ viewport: { width: 320, height: 640 } });
      await tab.addInitScript({ path: 'node_modules/axe-core/axe.min.js' });
    }, 60_000);
    afterAll(() => browser.close());

    /** Checks the page that is open: small, within 320 px, and without a finding of axe. */
    async function check(contains: string) {
      const html = await tab.content();
      expect(html).toContain(contains);
      expect(Buffer.byteLength(html)).toBeLessThanOrEqual(6 * 1024);
      expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(320);
      const run =
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))';
      expect(await tab.evaluate(run)).toEqual([]);
    }
    const open = async (path: string) =>
      void (await tab.goto(path.startsWith('http') ? path : `${keypost.page()}${path}`));
    /** Fills the fields and sends their form with the keyboard alone. */
    async function type(fields: Readonly<Record<string, string>>, button = 'input') {
      for (const [id, text] of Object.entries(fields)) {
        await focus(`document.activeElement.id === '${id}'`);
        await tab.keyboard.press('Control+a');
        await tab.keyboard.insertText(text);
      }
      if (button !== 'input') await focus(`document.activeElement.textContent === '${button}'`);
      await Promise.all([tab.waitForNavigation(), tab.keyboard.press('Enter')]);
    }
    async function focus(isFocused: string) {
      for (let n = 0; n < 30; n += 1) {
        if (await tab.evaluate(isFocused)) return;
        await tab.keyboard.press('Tab');
      }
      throw new Error(`the keyboard does not reach: ${isFocused}`);
    }

    test('every page is small, fits into 320 px, can be used by keyboard, and axe finds nothing', async () => {
      await open('/licences');
      await check('Your serials');
      const email = 'browser@example.com';
      await keypost.deliver(order('browser', 'Bro Wser', email));
      await type({ address: email });
      await check('within 5 minutes');
      await redeliver();
      const { url, code } = await linkTo(email);
      await open(url);
      await check('Show my serials');
      await type({}, 'Show my serials');
      await check('What we keep about you');
      await type({ namename: 'Bro Wsir', namecode: 'AAAA-AAAA' });
      await check('The code is wrong');
      await type({ namename: 'Bro Wsir', namecode: code });
      await check('The serial is made for the new name');
      await type({ addressaddress: 'other@example.com', addresscode: code });
      await check('unless the old address stops it');
      await redeliver();
      const stop = await linkTo(email);
      await open(stop.url);
      await check('Stop the change');
      await type({ code: stop.code });
      await check('stays as it is');
      await clock(1_801);
      await open(url);
      await check('Send me a new one');
      await clock(0);
      await keypost.deliver(order('unnamed', 'Łukasz Żak', 'unnamed@example.com', 'l'));
      await clock(600);
      await redeliver();
      await clock(0);
      await open((await linkTo('unnamed@example.com')).url);
      await check('made for a name');
      await type({ name: 'Łukasz Żak' });
      await check('Lukasz Zak');
      await type({ name: 'Lukasz Zak' });
      await check('on its way');
      const [claim = ''] = await codes('browser', '--count', '1');
      await open('/claim?code=AAAA-AAAA-AAAA-AAAA');
      await check('Redeem a code');
      await type({ name: 'Bro Wser', address: email });
      await check('There is no such code');
      await type({ code: claim });
      await check('A mail with the serial goes to');
      await open(`/licences/order/stripe/cs_test_${'a1'.repeat(20)}`);
      await check('Your order');
      await type({}, 'Show my serials');
      await check('does not exist yet');
      await open('/licences/none');
      await check('There is no such page');
    }, 120_000);
  });
});
