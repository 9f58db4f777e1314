/** Tests that the published JSON Schema and the parser of `shop` accept the same bodies. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { shop } from '../../functions/providers/shop/provider.ts';
import { testEach } from '../fixtures/in-words.ts';

const published = JSON.parse(
  readFileSync(new URL('../../docs/providers/shop.schema.json', import.meta.url), 'utf8'),
);
const { $defs } = published;
const examples = z
  .array(z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) }).loose())
  .parse(published.examples);
/** Zod does not support if/then, so the test picks the definition by the body's type. */
const [paid, refunded] = ['paid', 'refunded'].map((name) => z.fromJSONSchema({ ...$defs[name], $defs }));

const read = (body: unknown) => {
  try {
    return shop.read(
      { method: 'POST', headers: {}, query: '', body: Buffer.from(JSON.stringify(body)) },
      context,
    );
  } catch (error) {
    if (error instanceof Rejection) return error.code;
    throw error;
  }
};
const context = { keys: [], now: 0, licenseeField: '', options: {}, knows: () => true, ask: async () => '' };

testEach(examples.map((example) => [example.type, example.data, example] as const))(
  'the parser accepts the example $0 where $1',
  (_type, _data, example) => {
    expect(read(example)).toMatchObject([{ id: expect.any(String) }]);
  },
);

describe('the parser and the published schema agree', () => {
  const [order = { data: {} }, refund = { data: {} }] = examples;
  const item = { sku: 'w', quantity: 1, price: '1.00' };
  const cases: readonly (readonly [string, string, unknown, boolean, boolean?])[] = [
    ['order.paid', 'every field of the example', order.data, true],
    ['order.paid', 'no id', { ...order.data, id: undefined }, false],
    ['order.paid', 'an empty id', { ...order.data, id: '' }, false],
    ['order.paid', 'an id with a line break', { ...order.data, id: 'A\n1' }, false],
    ['order.paid', 'a numeric id', { ...order.data, id: 1001 }, false],
    [
      'order.paid',
      'null in the optional fields',
      {
        id: '1',
        licensee: null,
        total: null,
        currency: null,
        placedAt: null,
        items: [{ sku: 'w', price: null }],
      },
      true,
    ],
    ['order.paid', 'no items', { ...order.data, items: [] }, false],
    ['order.paid', 'no SKU', { ...order.data, items: [{ ...item, sku: '' }] }, false, true],
    ['order.paid', 'a quantity of 0.5', { ...order.data, items: [{ ...item, quantity: 0.5 }] }, false, true],
    ['order.paid', 'a quantity of 0', { ...order.data, items: [{ ...item, quantity: 0 }] }, false, true],
    [
      'order.paid',
      'a price that is a number',
      { ...order.data, items: [{ ...item, price: 39 }] },
      false,
      true,
    ],
    [
      'order.paid',
      'a price with a comma',
      { ...order.data, items: [{ ...item, price: '39,00' }] },
      false,
      true,
    ],
    ['order.paid', 'a currency in lower case', { ...order.data, currency: 'eur' }, false, true],
    ['order.paid', 'a malformed date', { ...order.data, placedAt: 'yesterday' }, false, true],
    ['order.paid', 'an unknown field', { ...order.data, coupon: 'X' }, true],
    ['order.refunded', 'every field of the example', refund.data, true],
    ['order.refunded', 'only an ID', { id: '1' }, true],
    ['order.refunded', 'a partial amount', { id: '1', amount: '5.00', currency: 'EUR' }, true],
    ['order.refunded', 'a negative amount', { id: '1', amount: '-5.00', currency: 'EUR' }, false],
  ];
  test.each(cases)('on %s with %s', (type, _, data, good, isRead = good) => {
    const body = JSON.parse(JSON.stringify({ type, data }));
    const schema = type === 'order.paid' ? paid : refunded;
    expect(schema?.safeParse(body.data).success).toBe(good);
    // A field that one line needs does not hold the others.
    expect(Array.isArray(read(body))).toBe(isRead);
  });
});

test('an event of an unknown type is ignored', () => {
  expect(read({ type: 'order.packed', data: {} })).toEqual([]);
});

test('an empty key accepts no signature', () => {
  const body = Buffer.from('{}');
  const signature = createHmac('sha256', '').update('m.1795402805.').update(body).digest('base64');
  const headers = {
    'webhook-id': 'm',
    'webhook-timestamp': '1795402805',
    'webhook-signature': `v1,${signature}`,
  };
  const request = { method: 'POST', headers, query: '', body };
  expect(() => shop.verify(request, { ...context, keys: ['whsec_'], now: 1795402805000 })).toThrow(
    'no signature matches',
  );
});
