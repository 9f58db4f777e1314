/** Manual actions without I/O: parsing a notification again, reissue, resend, issue and search. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { fixedSecret } from '../../../functions/aws/secrets.ts';
import { type CatalogueSettings, defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import { hashOfEvent } from '../../../functions/core/inbound/event.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import { ownEvents, reread, saleIn } from '../../../functions/core/inbound/reread.ts';
import { issueManually, reissueLines } from '../../../functions/core/operator/issue.ts';
import { releaseOrder } from '../../../functions/core/operator/release.ts';
import { matchesSearch } from '../../../functions/core/operator/search.ts';
import { resend, withAudit } from '../../../functions/core/order/manual.ts';
import { applyMailEvent } from '../../../functions/core/order/sends.ts';
import { emptyOrder } from '../../../functions/core/order/settle.ts';
import { applyReversal } from '../../../functions/core/order/transitions.ts';
import type { Line, Order, Raw } from '../../../functions/core/order/types.ts';
import { view } from '../../../functions/core/order/view.ts';
import { decrypt, KEY, seller, serial } from '../../fixtures/catalogue.ts';
import { testEach } from '../../fixtures/in-words.ts';
import { memoryWorld, plain } from '../../fixtures/memory.ts';

const settings: CatalogueSettings = {
  seller,
  providers: { plain: {}, other: { as: 'plain', orders: 'plain', testOrders: 'seller', ignore: ['hour'] } },
  products: {
    widget: { name: 'Widget', serial, skus: { plain: ['w', 'w2'], other: ['o'] }, floor: { EUR: '10.00' } },
    gadget: { name: 'Gadget', serial, skus: { plain: ['g'] }, licensee: ['company'] },
    latin: { name: 'Latin', serial: { ...serial, charset: 'windows-1252' }, skus: { plain: ['l'] } },
  },
};
const catalogue = defineConfig(settings);
const versions = [{ version: 1, key: KEY }];
const keys = { widget: versions, gadget: versions, latin: versions };
const known = { catalogue, keys };
const NOW = Date.parse('2026-11-23T03:00:00Z');
const zoe = { name: 'Zoë Lindqvist', email: 'zoe.lindqvist@example.com' };
const ports = { ...memoryWorld(catalogue).ports, providers: { plain } };

const eur = (value: string) => ({ value, currency: 'EUR' });
const sold = (change: object = {}) => ({
  kind: 'paid',
  id: '1',
  test: false,
  buyer: zoe,
  lines: [{ sku: 'w', quantity: 1, paid: eur('30.00') }],
  ...change,
});

/** The order after the complete pipeline. */
async function arrived(sale: unknown): Promise<Order> {
  const world = memoryWorld(catalogue);
  expect(await world.deliver([sale])).toBe(true);
  const [order] = world.stored();
  if (!order) throw new Error('no order');
  return order;
}

const orderIn = (next: Order | string | { readonly sku: string }): Order => {
  if (typeof next === 'object' && 'lines' in next) return next;
  throw new Error('no order');
};
const by = { who: 'me', why: null };
const chosen = (name: string, isChosen: (line: Line) => boolean = () => true) => ({ name, isChosen });

describe('reissue', () => {
  const both = sold({
    buyer: { ...zoe, company: 'Lindqvist AB' },
    lines: [
      { sku: 'w', quantity: 1, paid: eur('30.00') },
      { sku: 'g', quantity: 1 },
      { sku: 'x', quantity: 1 },
    ],
  });

  test('changes only the chosen lines', async () => {
    const order = await arrived(both);
    const next = orderIn(
      reissueLines(
        known,
        order,
        chosen('Zoe L', ({ sku }) => sku === 'w'),
        by,
        NOW,
      ),
    );
    expect(next.lines.slice(1)).toEqual(order.lines.slice(1));
    const [line] = view(next).lines;
    expect(decrypt(line?.serial)).toBe('Zoe L');
    expect(line?.superseded).toEqual([
      {
        licensee: 'Zoë Lindqvist',
        serial: view(order).lines[0]?.serial,
        keyVersion: 1,
        at: '2026-11-23T03:00:00.000Z',
      },
    ]);
    expect(next.lines[0]).toMatchObject({ issued: { n: 2 }, superseded: [{ n: 1 }] });
    expect(view(next).lines.map(({ sent }) => sent)).toEqual([undefined, true, undefined]);
    expect(view(next)).toMatchObject({ dueAt: '2026-11-23T03:00:00.000Z', mail: { state: 'due' } });
  });

  test('stores the name in the field from which the product takes it', async () => {
    const order = await arrived(both);
    const next = orderIn(reissueLines(known, order, chosen('Berg'), by, NOW));
    expect(next.buyer).toMatchObject({ name: 'Berg', company: 'Berg', email: zoe.email });
    const own = await arrived(sold({ buyer: { ...zoe, registration: 'Z' } }));
    expect(orderIn(reissueLines(known, own, chosen('Berg'), by, NOW)).buyer).toMatchObject({
      name: zoe.name,
      registration: 'Berg',
    });
  });

  test('keeps both superseded serials after a second time, the oldest first', async () => {
    const once = orderIn(reissueLines(known, await arrived(sold()), chosen('B'), by, NOW));
    const twice = orderIn(reissueLines(known, once, chosen('C'), by, NOW + 1_000));
    expect(view(twice).lines[0]?.superseded?.map(({ licensee }) => licensee)).toEqual(['Zoë Lindqvist', 'B']);
  });

  test('changes nothing for the same name, and returns the reason for an unusable one', async () => {
    const order = await arrived(sold({ lines: [{ sku: 'l', quantity: 1 }] }));
    expect(reissueLines(known, order, chosen(' Zoë  Lindqvist '), by, NOW)).toBe('unchanged');
    expect(reissueLines(known, order, chosen('田中'), by, NOW)).toEqual({ sku: 'l', why: 'unmappable_name' });
  });

  test('keeps an approved price, and mails no address that bounced', async () => {
    const arrivedOrder = await arrived(sold());
    const order = applyMailEvent(arrivedOrder, { kind: 'bounce', messageId: 'message-1', send: 1 }, NOW);
    const cheap = arrivedOrder.lines.map((line): Line => ({ ...line, paid: eur('1.00') }));
    const next = orderIn(
      reissueLines(known, { ...(order ?? arrivedOrder), lines: cheap }, chosen('B'), by, NOW),
    );
    expect(view(next)).toMatchObject({
      lines: [{ licensee: 'B', held: 'bounced' }],
      dueAt: null,
      mail: { state: 'bounced' },
    });
    expect(next.sends).toEqual(order?.sends);
  });
});

describe('resend', () => {
  test('mails every serial, also a printed one, and a line without one stays held', async () => {
    const order = await arrived(
      sold({
        lines: [
          { sku: 'w', quantity: 1, paid: eur('30.00'), delivery: 'answer' },
          { sku: 'l', quantity: 1 },
          { sku: 'x', quantity: 1 },
        ],
      }),
    );
    expect(view(order).lines.map(({ sent }) => sent)).toEqual([undefined, true, undefined]);
    const next = view(orderIn(resend(order, undefined, by, NOW)));
    expect(next.lines.map(({ delivery, sent, held }) => [delivery, sent, held])).toEqual([
      ['mail', undefined, null],
      ['mail', undefined, null],
      ['mail', undefined, 'unknown_product'],
    ]);
    expect(next).toMatchObject({ dueAt: '2026-11-23T03:00:00.000Z', buyer: zoe, mail: { state: 'due' } });
    expect(next.lines.map(({ serial: one }) => one)).toEqual(view(order).lines.map(({ serial: one }) => one));
  });

  test('of a refunded order changes nothing', async () => {
    const order = await arrived(sold());
    const fact = { kind: 'refund', state: 'done', part: 'full' } as const;
    const back = applyReversal(order, 'r', { names: [order.key], fact }, NOW) ?? order;
    expect(resend(back, 'new@example.com', by, NOW)).toBe('not in force');
  });
});

describe('issue', () => {
  const viewOf = (next: ReturnType<typeof issueManually>) => view(orderIn(next));
  const gift = { id: 'a#b', products: ['widget'], name: 'Mac Weekly', email: zoe.email, quantity: 2 };

  test('makes an ordinary paid order', () => {
    expect(viewOf(issueManually(known, gift, by, NOW))).toMatchObject({
      status: 'paid',
      key: 'hand#a%23b',
      provider: 'hand',
      test: false,
      lines: [{ sku: 'widget', product: 'widget', quantity: 2, held: null, licensee: 'Mac Weekly' }],
    });
  });

  test('uses the company if the product asks for it and one is given', () => {
    const of = (company?: string) =>
      viewOf(issueManually(known, { ...gift, products: ['gadget'], company }, by, NOW));
    expect(of('Weekly GmbH')).toMatchObject({ lines: [{ licensee: 'Weekly GmbH' }] });
    expect(of()).toMatchObject({ lines: [{ licensee: 'Mac Weekly' }] });
  });

  testEach([
    [{ name: ' ' }, 'no_name'],
    [{ email: 'nobody' }, 'bad_address'],
    [{ products: ['constructor'] }, 'unknown_product'],
    [{ products: ['latin'], name: '田中' }, 'unmappable_name'],
  ])('refuses a gift where $0, which would be held: $1', (change, why) => {
    expect(issueManually(known, { ...gift, ...change }, by, NOW)).toBe(why);
  });

  test('refuses a product without a key', () => {
    expect(issueManually({ catalogue, keys: {} }, gift, by, NOW)).toBe('product_key');
  });
});

describe('a notification that is parsed again', () => {
  const raw = (events: unknown, provider = 'plain'): Raw => ({
    provider,
    method: 'POST',
    headers: {},
    query: '',
    body: gzipSync(JSON.stringify(events)),
  });
  const release = (order: Order, email?: string, sale?: ReturnType<typeof saleIn>) => {
    const next = releaseOrder(known, order, { email, products: new Map() }, sale, by, NOW);
    return next === 'unchanged' ? order : orderIn(next);
  };
  /** The order on arrival, released with its notification as it is parsed now. */
  async function again(first: object, now: object, change: (order: Order) => Order = (order) => order) {
    const order = change(await arrived(sold(first)));
    const sale = saleIn(ports, order, await reread(ports, raw([sold(now)])));
    if (!sale) throw new Error('no such sale');
    return view(release(order, undefined, sale));
  }

  test('belongs to its entry in the catalogue, and has no ignored lines', async () => {
    const lines = ['hour', 'o'].map((sku) => ({ sku, quantity: 1 }));
    expect(await reread(ports, raw([sold({ lines, test: true })], 'other'))).toMatchObject([
      { lines: [{ sku: 'o' }] },
    ]);
    expect(await reread(ports, raw([sold({ test: true })]))).toEqual([]);
    await expect(reread(ports, raw([], 'gone'))).rejects.toThrow(Rejection);
    await expect(reread({ ...ports, providerKeys: fixedSecret({}) }, raw([]))).rejects.toThrow(
      /no signing key/,
    );
  });

  test('gives the event of this order in a batch, by any of its IDs', async () => {
    const order = await arrived(sold({ id: 'b' }));
    const events = (list: object[]) => reread(ports, raw(list));
    expect(saleIn(ports, order, await events([sold({ id: 'a' })]))).toBeUndefined();
    expect(saleIn(ports, order, await events([sold({ id: 'a' }), sold({ id: 'b' })]))?.id).toBe('b');
    expect(saleIn(ports, order, await events([sold({ id: 'a', aliases: ['b'] })]))?.id).toBe('a');
    expect(saleIn(ports, order, await events([sold({ id: 'b', test: true })]))).toBeUndefined();
    // Another event of the order in the batch had the other line.
    const parts = ['w', 'g'].map((sku) => sold({ id: 'b', lines: [{ sku, quantity: 1 }] }));
    expect(saleIn(ports, order, await events(parts))?.lines.map(({ sku }) => sku)).toEqual(['w', 'g']);
  });

  test('gives the events of an unparseable event in a batch, and none of another order', async () => {
    const all = await reread(ports, raw([sold({ id: 'a' }), sold({ id: 'b', event: 'evt_1' })]));
    const held = { kind: 'unreadable', version: 1, provider: 'plain', receivedAt: '', audit: [] } as const;
    const idsOf = (key: string, test?: boolean) =>
      ownEvents(ports, { ...held, key, test, state: 'closed' }, raw([]), all).map(({ id }) => id);
    expect(idsOf('held#plain#b', false)).toEqual(['b']);
    expect(idsOf(`held#plain#${hashOfEvent('evt_1')}`, false)).toEqual(['b']);
    expect(idsOf('held#plain#c', false)).toEqual([]);
    expect(idsOf('held#plain#0123')).toEqual(['a', 'b']);
  });

  test('corrects the buyer while there is no serial', async () => {
    const next = await again({ buyer: { name: 'ZoÃ«', email: 'x' } }, {});
    expect(next.buyer).toEqual(zoe);
    expect(decrypt(next.lines[0]?.serial)).toBe(zoe.name);
  });

  test('changes no correction of a person, and nothing once there is a serial', async () => {
    const corrected = (order: Order) => release(order, 'right@example.com');
    const next = await again({ buyer: { email: 'x' } }, {}, corrected);
    expect(next.buyer).toEqual({ name: zoe.name, email: 'right@example.com' });
    const lines = ['w', 'x'].map((sku) => ({ sku, quantity: 1, paid: eur('30.00') }));
    const half = await again({ lines, buyer: { ...zoe, name: 'Zoé' } }, { lines });
    expect(half.buyer.name).toBe('Zoé');
  });

  test('replaces a placeholder, or one line by one line, without approving a price', async () => {
    const named = await again({ lines: [] }, { lines: [{ sku: 'w', quantity: 2, paid: eur('1.00') }] });
    expect(named.lines).toMatchObject([
      { sku: 'w', quantity: 2, serial: null, product: 'widget', held: 'below_floor' },
    ]);
    const lines = (...skus: string[]) => ({ lines: skus.map((sku) => ({ sku, quantity: 1 })) });
    const skus = async (first: object, now: object) => (await again(first, now)).lines.map(({ sku }) => sku);
    expect(await skus(lines('price_1'), lines('prod_1'))).toEqual(['prod_1']);
    expect(await skus(lines('w', 'price_1'), lines('w', 'prod_1'))).toEqual(['w', 'prod_1']);
    // Another notification may have the second line.
    expect(await skus(lines('price_1', 'price_2'), lines('prod_1'))).toEqual(['price_1', 'price_2']);
    expect(await skus(lines('x'), lines('x', 'w'))).toEqual(['x']);
  });
});

describe('search', () => {
  const order: Order = {
    ...emptyOrder('plain#1', 'plain', false, NOW),
    buyer: zoe,
    printed: '2026/00417',
    lines: [
      {
        ...{ id: 1, sku: 'w', product: 'widget', quantity: 1, via: 'mail', state: 'issued' },
        issued: { n: 2, licensee: 'José Núñez', serial: '4F7A-99C2-10D3-AB77', keyVersion: 1 },
        superseded: [{ n: 1, licensee: 'J. Straße', serial: '0000111122223333', keyVersion: 1, at: '' }],
      },
    ],
  };

  test.each([
    ['zoe lind', true],
    ['ZOË\u00a0 LINDQVIST', true],
    ['Zoe\u0308', true],
    ['nunez', true],
    ['STRASSE', true],
    ['widget', true],
    ['2026/00417', true],
    ['4f7a99c2', true],
    ['a-99c-2-10', true],
    ['1111 2222', true],
    ['4f7a9', false],
    ['Anna', false],
  ])('%s: %s', (text, found) => expect(matchesSearch(catalogue, order, text)).toBe(found));
});

test('an audit entry has what has changed, and no serial', async () => {
  const order = await arrived(sold({ lines: [...sold().lines, { sku: 'x', quantity: 1 }] }));
  const named = { ...order, buyer: { ...order.buyer, name: 'B' }, lines: order.lines.slice(0, 1) };
  const next = orderIn(reissueLines(known, named, chosen('C'), by, NOW));
  const { audit } = withAudit(order, { ...next, audit: [] }, 'release', { who: 'me', why: 'asked' }, NOW);
  expect(audit).toEqual([
    {
      at: '2026-11-23T03:00:00.000Z',
      who: 'me',
      what: 'release',
      why: 'asked',
      before: {
        name: zoe.name,
        held: 'unknown_product',
        products: 'widget, x',
        licensee: zoe.name,
        issued: '1.1',
      },
      after: { name: 'C', held: null, products: 'widget', licensee: 'C', issued: '1.2' },
    },
  ]);
});
