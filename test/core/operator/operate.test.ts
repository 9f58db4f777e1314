/** The Lambda `operator`: its requests and its answers. */
import { describe, expect, test } from 'vitest';
import { fixedSecret } from '../../../functions/aws/secrets.ts';
import { defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import { operate } from '../../../functions/core/operator/operate.ts';
import { basisOf } from '../../../functions/core/operator/refusal.ts';
import { SUPPORT_ACTIONS } from '../../../functions/core/operator/request.ts';
import type { Item } from '../../../functions/core/order/types.ts';
import { decrypt, KEY, seller, serial } from '../../fixtures/catalogue.ts';
import { testEach } from '../../fixtures/in-words.ts';
import { memoryWorld, plain } from '../../fixtures/memory.ts';

const catalogue = defineConfig({
  seller,
  providers: { plain: {} },
  products: {
    widget: { name: 'Widget', serial, skus: { plain: ['w'] }, floor: { EUR: '10.00' } },
    gadget: { name: 'Gadget', serial, skus: { plain: ['g'] } },
  },
});
const line = { sku: 'w', quantity: 1, paid: { value: '30.00', currency: 'EUR' } };
// The store in memory keeps undefined values, which DynamoDB drops.
const from = { country: 'SE', locale: 'sv' };
const buyer = { name: 'Zoë Lindqvist', email: 'zoe@example.com', ...from };

function system() {
  const world = memoryWorld(catalogue);
  const ports = { ...world.ports, providers: { plain }, providerKeys: fixedSecret({}) };
  return {
    items: world.items,
    sell: async (id: string, change: object = {}) => {
      await world.deliver([{ kind: 'paid', id, test: false, buyer, lines: [line], ...change }]);
      return `plain#${id}`;
    },
    act: (action: string, request: object = {}, isSupport = false) =>
      operate(ports, { action, who: 'anna', ...request }, isSupport),
    seen: (key: string) => {
      const item = world.items.get(key);
      if (item?.kind !== 'order') throw new Error(`${key} is no order`);
      return { key, basis: basisOf(item) };
    },
  };
}
const serialIn = (item: Item | undefined) =>
  item?.kind === 'order' && item.lines[0]?.state === 'issued' ? item.lines[0].issued.serial : '';

test('describe shows the catalogue without a key', async () => {
  const described = await system().act('describe');
  expect(described).toMatchObject({ done: true, providers: [{ name: 'plain', isMail: false }] });
  expect(JSON.stringify(described)).not.toContain(KEY);
});

const rows: readonly [
  string,
  sold: object,
  request: object,
  expected: object,
  licensee: string | undefined,
][] = [
  [
    'release',
    { buyer: { email: buyer.email, ...from } },
    { name: 'Anna Berg' },
    { changed: true },
    'Anna Berg',
  ],
  [
    'release',
    { lines: [{ ...line, sku: 'old' }] },
    { products: { old: 'gadget' } },
    { changed: true },
    'Zoë Lindqvist',
  ],
  [
    'reject',
    { buyer: { email: buyer.email, ...from } },
    {},
    { changed: true, order: { held: [], heldAt: null } },
    undefined,
  ],
  [
    'resend',
    {},
    { email: 'new@example.com' },
    { order: { buyer: { email: 'new@example.com' } } },
    'Zoë Lindqvist',
  ],
  ['reissue', {}, { name: 'Zoe L' }, { changed: true }, 'Zoe L'],
  ['reissue', {}, { name: 'Zoë Lindqvist' }, { changed: false }, 'Zoë Lindqvist'],
  [
    'transfer',
    {},
    { name: 'Ida', email: 'ida@example.com' },
    { order: { buyer: { email: 'ida@example.com' } } },
    'Ida',
  ],
];
testEach(rows)(
  '$0 of a sale where $1, with $2, is done',
  async (action, sold, request, expected, licensee) => {
    const { items, sell, seen, act } = system();
    const key = await sell('1', sold);
    expect(await act(action, { ...seen(key), ...request, why: ' asked ' })).toMatchObject({
      done: true,
      ...expected,
    });
    expect(serialIn(items.get(key)) && decrypt(serialIn(items.get(key)))).toBe(licensee ?? '');
    const item = items.get(key);
    const entry = item?.kind === 'order' ? item.audit.at(-1) : undefined;
    if (!('changed' in expected) || expected.changed)
      expect(entry).toMatchObject({ who: 'anna', what: action, why: 'asked' });
  },
);

const refusals: readonly [string, sold: object, request: object, message: string][] = [
  ['release', {}, {}, 'is not held'],
  ['release', { lines: [{ ...line, sku: 'old' }] }, { products: { old: 'nope' } }, 'it has widget, gadget'],
  ['reject', {}, {}, 'is not held'],
  ['resend', { buyer: { email: buyer.email, ...from } }, {}, 'has no serial yet'],
  ['resend', {}, { email: 'not an address' }, 'expected an address'],
  ['reissue', {}, { name: ' ' }, 'w cannot have this name, no_name: ask the buyer'],
  ['resend', {}, { why: 'x'.repeat(1_001) }, 'the request is not valid: why: expected at most 1,000'],
  ['reissue', {}, { name: 'x'.repeat(300) }, 'cannot have this name, name_too_long'],
  ['reissue', {}, { name: 'Zoe', sku: 'other' }, 'has no such line; it has w (widget)'],
  [
    'transfer',
    { buyer: { email: buyer.email, ...from } },
    { name: 'Ida', email: 'ida@example.com' },
    'without a serial',
  ],
  ['format', {}, {}, 'the request is not valid'],
];
testEach(refusals)(
  '$0 of a sale where $1, with $2, is refused: $3',
  async (action, sold, request, message) => {
    const { items, sell, act } = system();
    const key = await sell('1', sold);
    const before = items.get(key);
    expect(await act(action, { key, ...request })).toEqual({
      done: false,
      message: expect.stringContaining(message),
    });
    expect(items.get(key)).toBe(before);
  },
);

test('an action that was decided on an older state is not applied, and shows the order again', async () => {
  const { items, sell, seen, act } = system();
  const key = await sell('1', { buyer: { email: buyer.email, ...from } });
  const old = seen(key);
  await act('release', { ...old, name: 'Anna Berg' });
  const before = items.get(key);
  for (const [action, request] of [
    ['release', { name: 'Eve' }],
    ['reissue', { name: 'Eve' }],
    ['reject', {}],
  ] as const)
    expect(await act(action, { ...old, ...request })).toMatchObject({
      done: false,
      changed: true,
      order: { key },
    });
  expect(items.get(key)).toBe(before);
});

test.each(['1', 'plain#1', 'plain#other', 'other'])('an order is found as %s', async (name) => {
  const { items, sell, act } = system();
  await sell('1');
  items.set('plain#other', { kind: 'alias', key: 'plain#other', aliasOf: 'plain#1' });
  expect(await act('resend', { key: name })).toMatchObject({ done: true, order: { key: 'plain#1' } });
});

test.each([
  ['none', 'there is no order none; `orders list` lists recent orders'],
  ['keys#widget', 'keys#widget is not an order'],
  ['2', '2 is the ID of several orders; use one of their keys: plain#2, plain#test#2'],
  ['circle', 'circle leads to no order through 4 aliases'],
])('an order is not found as %s: %s', async (name, message) => {
  const { items, sell, act } = system();
  await sell('2');
  const item = items.get('plain#2');
  if (item) items.set('plain#test#2', { ...item, key: 'plain#test#2' });
  const change = { kind: 'keyChange', key: 'keys#widget', version: 1, receivedAt: '2026-11-23', audit: [] };
  items.set('keys#widget', { ...change, kind: 'keyChange' });
  items.set('circle', { kind: 'alias', key: 'circle', aliasOf: 'circle' });
  expect(await act('release', { key: name })).toMatchObject({
    done: false,
    message: expect.stringContaining(message),
  });
});

test('a gift is issued once under its ID', async () => {
  const { act } = system();
  const gift = { product: 'widget', name: 'Mac Weekly', email: 'press@example.com', id: 'press-1' };
  expect(await act('issue', gift)).toMatchObject({
    done: true,
    changed: true,
    order: { key: 'hand#press-1' },
  });
  expect(await act('issue', gift)).toMatchObject({ done: true, changed: false });
  expect(await act('issue', { ...gift, name: 'Other' })).toMatchObject({
    done: false,
    message: expect.stringContaining('a different order'),
    field: 'id',
  });
});

test('a person is erased, and the reason must not name the person', async () => {
  const { items, sell, act } = system();
  const key = await sell('1');
  const request = { email: 'ZOE@example.com', keys: [key, 'plain#none'] };
  expect(await act('erase', { ...request, why: 'Zoë Lindqvist asked' })).toMatchObject({ done: false });
  expect(await act('erase', { ...request, why: 'asked' })).toMatchObject({
    done: true,
    erased: [{ order: key }],
  });
  expect(JSON.stringify(items.get(key))).not.toMatch(/zoe|Lindqvist/i);
  expect(await act('erase', { ...request, why: 'asked' })).toEqual({ done: true, erased: [] });
});

describe('the alias of KeypostSupport', () => {
  test.each(['reject', 'issue', 'erase'])('the alias of KeypostSupport refuses %s', async (action) => {
    const { items, sell, seen, act } = system();
    const key = await sell('1', { buyer: { email: buyer.email, ...from } });
    const before = items.get(key);
    const gift = { product: 'widget', name: 'Eve', email: buyer.email, id: 'x', keys: [key] };
    expect(await act(action, { ...seen(key), ...gift }, true)).toMatchObject({ done: false });
    expect([items.get(key), items.size]).toEqual([before, 1]);
  });

  test('allows the five usual tickets', async () => {
    expect(SUPPORT_ACTIONS).toEqual(['describe', 'preview', 'release', 'resend', 'reissue', 'transfer']);
    const { sell, seen, act } = system();
    const key = await sell('1', { buyer: { email: buyer.email, ...from } });
    for (const [action, request] of [
      ['release', { name: 'Anna' }],
      ['resend', {}],
      ['resend', { email: 'new@example.com' }],
      ['reissue', { name: 'Anna Berg' }],
      ['transfer', { name: 'Ida', email: 'ida@example.com' }],
    ] as const)
      expect(await act(action, { ...seen(key), ...request }, true)).toMatchObject({ done: true });
  });
});
