/** The pages and the mails that they cause, in memory and with a virtual clock. */
import { describe, expect, test } from 'vitest';
import type { CatalogueSettings } from '../../../functions/core/catalogue/catalogue.ts';
import { operate } from '../../../functions/core/operator/operate.ts';
import { addressFinder, withoutPerson } from '../../../functions/core/operator/person.ts';
import type { Order } from '../../../functions/core/order/types.ts';
import { catalogueWith, decrypt, serial } from '../../fixtures/catalogue.ts';
import { linkIn, pagesWorld } from '../../fixtures/pages.ts';

const [MINUTE, DAY] = [60_000, 24 * 3_600_000];
const products: CatalogueSettings['products'] = {
  widget: { name: 'Widget', serial, skus: { plain: ['w'], stripe: ['w'], paddle: ['w'] } },
  latin: { name: 'Latin', serial: { ...serial, charset: 'windows-1252' }, skus: { plain: ['l'] } },
  folded: { name: 'Folded', serial: { ...serial, name: { fold: 'upper' } }, skus: { plain: ['f'] } },
  floored: { name: 'Floored', serial, skus: { plain: ['p'], stripe: ['p'] }, floor: { EUR: '20' } },
};

function shop(pages: object = {}) {
  const providers = { plain: {}, stripe: {}, paddle: {} };
  const world = pagesWorld(catalogueWith({ pages, products, providers }));
  const { items, mailsTo, ports, redeliver, state } = world;
  return {
    ...world,
    address: (id: string) => `${id}@example.com`,
    order: (key: string): Order => {
      const item = items.get(key);
      if (item?.kind !== 'order') throw new Error(`no order ${key}`);
      return item;
    },
    async sell(id: string, name: string | undefined, skus: readonly string[] = ['w'], paid = '30') {
      const email = `${id}@example.com`;
      const lines = skus.map((sku) => ({ sku, quantity: 1, paid: { value: paid, currency: 'EUR' } }));
      const sale = { kind: 'paid', id, test: false, buyer: { name, email }, lines };
      expect(await world.deliver([sale])).toBe(true);
      return { email, key: `plain#${id}` };
    },
    /** Runs `redeliver` some minutes later, and returns the newest mail. */
    async mailTo(address: string, minutes = 0) {
      state.now += minutes * MINUTE;
      await redeliver();
      return mailsTo(address).at(-1);
    },
    async linkFor(address: string) {
      await world.page('/licences', { address });
      await redeliver();
      return linkIn(mailsTo(address).at(-1));
    },
    decide: (action: 'release' | 'reject', key: string) =>
      operate(
        { ...ports, providers: {}, productKeys: noKeys, providerKeys: noKeys },
        { action, key, who: 'seller', why: '' },
      ),
  };
}
const fail = () => Promise.reject(new Error('needs no keys'));
const noKeys = { read: fail, newer: fail };
type Shop = ReturnType<typeof shop>;

const subjects = (mails: readonly { readonly subject: string }[]) => mails.map(({ subject }) => subject);
const serialIn = (html: string) => decrypt(/Serial<code[^>]*>([0-9A-F]+)</.exec(html)?.[1]);
const state = ({ items, hits }: Shop) => JSON.stringify([[...items], [...hits]]);

/** The values of each form, as a page shows it. */
const formsIn = (html: string) =>
  [...html.matchAll(/<form[\s\S]*?<\/form>/g)].map(([form]) =>
    Object.fromEntries(
      [...form.matchAll(/name="(\w+)"[^>]* value="([^"]*)"/g)].map(([, name, value]) => [name, value]),
    ),
  );

test('a known and an unknown address cause the same calls and get the same answer', async () => {
  const world = shop();
  const { email } = await world.sell('known', 'Jane Doe');
  const visit = async (address: string, printed = '') => {
    world.state.log.length = 0;
    const answer = await world.page('/licences', { address, printed });
    return { answer, calls: [...world.state.log] };
  };
  const [known, unknown] = [await visit(email), await visit('unknown@example.com')];
  expect(known).toEqual(unknown);
  expect(known.calls.at(-1)).toBe('put');
  expect(await visit(email, '7')).toEqual(await visit('unknown@example.com', '7'));
});

describe('a scanner of mails', () => {
  test.each([
    [
      'the link of a requested mail',
      async (world: Shop) => {
        const { email } = await world.sell('scan', 'Jane Doe');
        return (await world.linkFor(email)).url;
      },
    ],
    [
      'the link that stops a move',
      async (world: Shop) => {
        const { email } = await world.sell('scan', 'Jane Doe');
        const { url, code } = await world.linkFor(email);
        await world.page(url, { do: 'address', address: 'new@example.com', code });
        return linkIn(await world.mailTo(email)).url;
      },
    ],
    [
      'the link to the page for a name',
      async (world: Shop) => {
        const { email } = await world.sell('scan', undefined);
        return linkIn(await world.mailTo(email, 6)).url;
      },
    ],
  ])('changes nothing by %s', async (_, find) => {
    const world = shop();
    const url = await find(world);
    expect(url).toMatch(/^https:/);
    const before = state(world);
    let forms = formsIn((await world.page(url)).body);
    expect(forms.length).toBeGreaterThan(0);
    for (let depth = 0; depth < 2; depth += 1) {
      const answers = await Promise.all(forms.map((form) => world.page(url, form)));
      forms = answers.flatMap(({ body }) => formsIn(body));
    }
    expect(state(world)).toBe(before);
  });
});

describe('the page for the name of an order', () => {
  test('refuses what the app cannot represent, and releases the order with the nearest spelling', async () => {
    const world = shop();
    const { email, key } = await world.sell('l', 'Łukasz Żak', ['l']);
    const { url } = linkIn(await world.mailTo(email, 6));
    const page = await world.page(url);
    expect([page.status, page.body]).toEqual([
      200,
      expect.stringContaining('The serial for Latin is made for a name'),
    ]);
    const refused = await world.page(url, { name: 'Łukasz Żak' });
    expect([refused.status, refused.body]).toEqual([
      400,
      expect.stringContaining('This spelling is possible: Lukasz Zak'),
    ]);
    expect((await world.page(url, { name: '田中' })).body).not.toContain('This spelling');
    expect((await world.page(url, { name: 'Lukasz Zak' })).status).toBe(200);
    expect(world.order(key).lines).toMatchObject([{ state: 'issued', issued: { licensee: 'Lukasz Zak' } }]);
    expect(world.order(key).audit).toMatchObject([{ who: 'buyer', what: 'release', why: 'name' }]);
    expect((await world.mailTo(email))?.text).toContain('Lukasz Zak');
    expect((await world.page(url, { name: 'Another' })).body).toContain('has its name already');
    expect(world.order(key).lines).toMatchObject([{ issued: { licensee: 'Lukasz Zak' } }]);
  });

  test('approves no price: an order that is held for another reason too waits for the seller', async () => {
    const world = shop();
    const { email, key } = await world.sell('cheap', 'Łukasz Żak', ['l', 'p'], '1');
    const mail = await world.mailTo(email, 6);
    expect([mail?.subject, linkIn(mail).url]).toEqual([
      expect.any(String),
      expect.not.stringMatching(/^https/),
    ]);
    expect(world.order(key).lines.map(({ state }) => state)).toEqual(['held', 'held']);
  });

  test('is reached by a new link when the old one has expired', async () => {
    const world = shop();
    const { email } = await world.sell('late', undefined);
    const { url } = linkIn(await world.mailTo(email, 6));
    world.state.now += 61 * DAY;
    expect((await world.page(url, { name: 'Lee' })).headers.location).toBe('/licences/sent');
    const again = linkIn(await world.mailTo(email));
    expect(again.url).not.toBe(url);
    await world.page(again.url, { name: 'Lee' });
    expect((await world.mailTo(email))?.text).toContain('Lee');
  });

  test('exists only with corrections, and so does its link', async () => {
    const world = shop({ corrections: false });
    const { email } = await world.sell('off', undefined);
    expect(linkIn(await world.mailTo(email, 6)).url).not.toMatch(/^https/);
  });
});

describe('the page after a payment', () => {
  const id = `cs_test_${'a1'.repeat(20)}`;
  const path = `/licences/order/stripe/${id}`;

  test('shows the serial and its address for one hour, after a button', async () => {
    const world = shop();
    const show = async (at = path) => world.page(at, {});
    expect((await show()).body).toContain('does not exist yet');
    const lines = [{ sku: 'w', quantity: 1, paid: null }];
    const buyer = { name: 'Jane Doe', email: 'jane@example.com' };
    const sale = { kind: 'paid', id: 'pi_1', aliases: [id], test: false, buyer, lines };
    expect(await world.deliver([sale], undefined, 'stripe')).toBe(true);
    expect((await world.page(path)).body).not.toContain('Serial<');
    const page = await show();
    expect([serialIn(page.body), page.body]).toEqual([
      'Jane Doe',
      expect.stringContaining('jane@example.com'),
    ]);
    world.state.now += 3_600_001;
    expect((await show()).status).toBe(410);
  });

  test('takes another address if no mail reaches the buyer, and approves no price', async () => {
    const world = shop();
    const sell = (email: string, sku: string, n: number) => {
      const lines = [
        { sku: 'w', quantity: 1, paid: null },
        { sku, quantity: 1, paid: { value: '1', currency: 'EUR' } },
      ];
      const sale = { kind: 'paid', id: `${id}${n}`, test: false, buyer: { name: 'Jane Doe', email }, lines };
      return world.deliver([sale], undefined, 'stripe');
    };
    await sell('jane doe@example', 'w', 1);
    expect((await world.page(`${path}1`, {})).body).toContain('No mail reaches jane doe@example');
    const page = await world.page(`${path}1`, { address: 'jane@example.com' });
    expect(page.body).toContain('A mail with the serial goes to jane@example.com');
    expect((await world.mailTo('jane@example.com'))?.text).toContain('Jane Doe');
    await world.page(`${path}1`, { address: 'thief@example.com' });
    expect(world.order(`stripe#${id}1`).buyer.email).toBe('jane@example.com');
    await sell('jane doe@example', 'p', 2);
    await world.page(`${path}2`, { address: 'jane@example.com' });
    expect(world.order(`stripe#${id}2`)).toMatchObject({
      lines: [{ state: 'issued' }, { state: 'held', reason: 'below_floor' }],
    });
  });

  test.each([
    ['an ID that can be guessed', '/licences/order/stripe/pi_1'],
    ['a provider without such an ID', '/licences/order/plain/1'],
    ['a provider that the shop does not have', `/licences/order/constructor/${id}`],
    ['a longer path', `${path}/x`],
  ])('does not exist for %s', async (_, at) => {
    expect((await shop().page(at)).status).toBe(404);
  });
});

describe('with rename: once', () => {
  const rename = async (world: Shop, key: string, link: { url: string; code: string }, name: string) =>
    (await world.page(link.url, { do: 'name', licence: `1 ${key}`, name, code: link.code })).status;

  test('a buyer may choose any name once', async () => {
    const world = shop({ rename: 'once' });
    const { email, key } = await world.sell('once', 'Jane Doe');
    const link = await world.linkFor(email);
    expect(await rename(world, key, link, 'Boris Example')).toBe(200);
    expect(await rename(world, key, link, 'Carla Sample')).toBe(202);
    expect(await rename(world, key, link, 'Boris Exampel')).toBe(200);
    expect(world.order(key).audit.map(({ what, why }) => `${what} ${why}`)).toEqual([
      'reissue another name',
      'request rename',
      'reissue correction',
    ]);
  });

  test('a buyer may choose no name 30 days after the payment', async () => {
    const world = shop({ rename: 'once' });
    const { email, key } = await world.sell('old', 'Jane Doe');
    world.state.now += 30 * DAY;
    expect(await rename(world, key, await world.linkFor(email), 'Boris Example')).toBe(202);
  });

  test('a name that gives the same licensee changes nothing', async () => {
    const world = shop({ rename: 'once' });
    const { email, key } = await world.sell('same', 'Jane Doe', ['f']);
    expect(await rename(world, key, await world.linkFor(email), 'jane doe')).toBe(400);
    expect(world.order(key).audit).toEqual([]);
  });
});

describe('a request ends in a mail', () => {
  test.each([
    ['release', 'has worked on your request'],
    ['reject', 'cannot do what you asked for'],
  ] as const)('after %s, to the address that asked, and to no other', async (action, text) => {
    const world = shop();
    const { email, key } = await world.sell('name', 'Jane Doe');
    const { url, code } = await world.linkFor(email);
    await world.page(url, { do: 'name', licence: `1 ${key}`, name: 'Boris Example', code });
    expect((await world.mailTo(email))?.subject).toBe('We have your request');
    await world.page('/licences', { address: 'other@example.com', printed: '7' });
    // The address is not verified, so no mail is sent to it before the seller decides.
    expect(await world.mailTo('other@example.com')).toBe(undefined);
    const before = world.mails.length;
    for (const { key: held } of world.asks())
      expect(await world.decide(action, held)).toMatchObject({ done: true });
    await world.redeliver();
    const ended = world.mails.slice(before);
    expect(ended.map(({ to }) => to).sort()).toEqual([email, 'other@example.com']);
    for (const mail of ended) expect(mail.text).toContain(text);
    expect(ended.find(({ to }) => to !== email)?.text).not.toContain(email);
    expect(world.asks()).toEqual([]);
  });

  test('after an erasure, and is then deleted', async () => {
    const world = shop();
    const { email, key } = await world.sell('gone', 'Jane Doe');
    const { url, code } = await world.linkFor(email);
    expect((await world.page(url, { do: 'erase', code })).status).toBe(202);
    await world.redeliver();
    const by = { who: 'seller', why: null };
    for (const item of [...world.items.values()])
      if (item.kind === 'order' || item.kind === 'request') {
        const erased = withoutPerson(item, addressFinder(email), by, world.state.now);
        if (erased) world.items.set(item.key, { ...erased, version: item.version + 1 });
      }
    expect(world.order(key).erasedAt).toBeDefined();
    expect((await world.mailTo(email))?.text).toContain('Your personal data is erased');
    expect(world.asks()).toEqual([]);
    expect(JSON.stringify([...world.items])).not.toContain(email);
  });

  test('after a stop', async () => {
    const world = shop();
    const { email } = await world.sell('stay', 'Jane Doe');
    const { url, code } = await world.linkFor(email);
    await world.page(url, { do: 'address', address: 'new@example.com', code });
    const stop = linkIn(await world.mailTo(email));
    expect((await world.page(stop.url, { code })).status).toBe(403);
    expect((await world.page(stop.url, { code: stop.code })).status).toBe(200);
    expect((await world.mailTo(email))?.text).toContain('stays as it is');
    expect((await world.page(stop.url)).status).toBe(410);
    expect(subjects(world.mailsTo('new@example.com'))).toHaveLength(1);
  });
});

test('at most 100 requests with the number of a receipt are held in a day', async () => {
  const world = shop();
  for (let n = 0; n < 105; n += 1) {
    world.state.now += MINUTE;
    await world.page('/licences', { address: `n${n}@example.com`, printed: '7' });
  }
  expect(world.asks()).toHaveLength(100);
  expect(world.reports.some(({ name }) => name === 'limit_reached')).toBe(true);
});

test('the page of a link shows what is kept of refunded orders too, without their serials', async () => {
  const world = shop();
  const { email } = await world.sell('one', 'Jane Doe');
  await world.deliver([
    {
      kind: 'paid',
      id: 'two',
      test: false,
      buyer: { name: 'Jane Roe', email },
      lines: [{ sku: 'w', quantity: 1, paid: null }],
    },
    {
      kind: 'reversed',
      id: 'two',
      test: false,
      reversalId: 'r',
      reversal: { kind: 'refund', state: 'done', part: 'full' },
    },
  ]);
  const { url } = await world.linkFor(email);
  const { body } = await world.page(url, { do: 'show' });
  expect(body.match(/Serial</g)).toHaveLength(1);
  expect(body).toMatch(/<pre>[\s\S]*plain#two[\s\S]*Jane Roe/);
});
