/** Tests the examples of docs/providers/form.md, and the answer that each shop gets. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type CatalogueSettings, defineConfig } from '../../functions/core/catalogue/catalogue.ts';
import { fulfil } from '../../functions/core/fulfil.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import type { WebhookRequest } from '../../functions/core/inbound/request.ts';
import type { Claim } from '../../functions/core/order/types.ts';
import { requestWorld } from '../../functions/core/request-world.ts';
import { form } from '../../functions/providers/form/provider.ts';
import { contextWith, seller, serial } from '../fixtures/catalogue.ts';
import { testEach } from '../fixtures/in-words.ts';
import { memoryWorld } from '../fixtures/memory.ts';

const folder = new URL('../../functions/providers/form/samples/', import.meta.url);
const Case = z.object({
  source: z.string(),
  method: z.string().default('POST'),
  query: z.string().default(''),
  body: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  keys: z.array(z.string()),
  options: z.record(z.string(), z.unknown()),
  events: z.array(z.looseObject({ kind: z.string(), test: z.boolean() })),
});
type Case = z.infer<typeof Case>;
const cases = z.array(Case).parse(JSON.parse(readFileSync(new URL('evidence.json', folder), 'utf8')));
const called = (body: string): Case => {
  const found = cases.find((one) => one.body === body);
  if (!found) throw new Error(body);
  return found;
};
const requestOf = ({ method, query, headers, body }: Case, change: Partial<WebhookRequest> = {}) => ({
  method,
  query,
  headers,
  body: readFileSync(new URL(body, folder)),
  ...change,
});

const SKUS = ['654321', '3047000', 'WP-WIN-3', '81234', '300123456', 'WidgetPro 2 & Tools', 'widgetpro-mac'];

type Products = CatalogueSettings['products'];

/** Returns a shop and a function that posts to it; `change` overrides the provider's settings. */
function shop({ options, keys }: Case, change: object = {}, skus = SKUS, more: Products = {}) {
  const catalogue = defineConfig({
    seller,
    providers: { plain: { testOrders: 'seller', options, ...change } },
    products: {
      widget: { name: 'Widget', serial, skus: { plain: skus } },
      ...more,
    },
  });
  const world = memoryWorld(catalogue);
  const providerKeys = {
    read: async () => ({ plain: { signing: [...keys] } }),
    newer: async () => undefined,
  };
  const post = async (request: WebhookRequest) => {
    const requested = requestWorld({ ...world.ports, providerKeys }, 'plain', request);
    const done: Claim[] = [];
    try {
      for await (const claim of fulfil(requested, form, request)) done.push(claim);
      return form.answer?.(done, request, await requested.context());
    } catch (error) {
      if (error instanceof Rejection) return error.code;
      throw error;
    }
  };
  return { world, post };
}

describe('docs/providers/form.md', () => {
  const page = readFileSync(new URL('../../docs/providers/form.md', import.meta.url), 'utf8');
  const Example = z.record(
    z.string(),
    z.object({ as: z.literal('form'), options: z.record(z.string(), z.unknown()) }).loose(),
  );
  const examples = [...page.matchAll(/```ts\nproviders: (\{[\s\S]*?\n\}),\n```/g)].flatMap(([, text]) =>
    Object.entries(Example.parse(new Function(`return (${text})`)())),
  );

  test('has an example for each shop that is tested', () => {
    const tested = new Set(cases.map(({ options }) => JSON.stringify(sorted(options))));
    expect(new Set(examples.map(([, { options }]) => JSON.stringify(sorted(options))))).toEqual(tested);
    expect(examples.length).toBe(7);
  });

  test.each(examples)('the example %s is a valid catalogue', (name, settings) => {
    const products = { widget: { name: 'Widget', serial, skus: { [name]: ['w'] } } };
    defineConfig({ seller, providers: { [name]: settings }, products });
    expect(form.options?.safeParse(settings.options).success).toBe(true);
  });

  const sorted = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([one], [other]) => (one < other ? -1 : 1))
            .map(([key, part]) => [key, sorted(part)]),
        )
      : value;
});

// Each is made by: printf '%s' NAME | openssl enc -aes-128-ecb -K 31323334353637383930313233343536
const SERIALS: Readonly<Record<string, string>> = {
  'paddle-classic.fulfillment.form': '09CE696E76DAED445A72234F009A1CEBF279C287E40545F4C748A540CD40C4A2',
  'empty.form': 'E37B0A4E2234F0B1F2CF41519F470CAE',
  'payproglobal.OrderCharged.form': '2EE7F1800FFEA03B618D3FB7B27CFFA7',
  'payproglobal.LicenseRequested.form': '2EE7F1800FFEA03B618D3FB7B27CFFA7',
  'cleverbridge.form': '7ED75279FDCD8CD7A42C6491AB8F2DD8',
  'mycommerce.latin1.form': '82B91C34EC2BB5D3169887A63E77D76C',
  'mycommerce.utf8.form': '82B91C34EC2BB5D3169887A63E77D76C',
  'kagi.form': '2A4642BD2F3800AC0A4B84080CC90FE3',
  'unlisted.form': 'B05F5DA78463537B5F9A76CF01B76E01',
};

describe.each(Object.entries(SERIALS))('%s', (body, expected) => {
  const one = called(body);
  const answer = body.startsWith('kagi')
    ? {
        status: 200,
        type: 'text/text',
        body: `kagiRemotePostStatus=GOOD, message=OK\r\n\r\nuserName=Renée D'Angelo, regNumber=${expected}\r\n`,
      }
    : { status: 200, body: body.startsWith('mycommerce') ? `${expected}\n${expected}` : expected };

  test('each delivery is answered with the same serial, and no mail is sent', async () => {
    const { world, post } = shop(one);
    for (let time = 0; time < 3; time += 1) expect(await post(requestOf(one))).toEqual(answer);
    expect(world.orders()).toHaveLength(1);
    expect(world.mails).toEqual([]);
  });

  const BAD = { status: 422, type: 'text/text', body: 'kagiRemotePostStatus=BAD, message=no serial\r\n\r\n' };
  const failure = body.startsWith('kagi') ? BAD : { status: 422, body: 'no serial' };

  test('an unknown product is answered with a failure and held', async () => {
    const { world, post } = shop(one, {}, ['something else']);
    expect(await post(requestOf(one))).toEqual(failure);
    expect(world.orders()).toMatchObject([{ lines: [{ held: 'unknown_product' }] }]);
  });

  test('an ignored product is answered with a failure', async () => {
    const { post } = shop(one, { ignore: SKUS }, ['something else']);
    expect(await post(requestOf(one))).toEqual(failure);
  });
});

describe('a test order', () => {
  const one = called('kagi-test.form');

  test('is answered with an invalid serial', async () => {
    const { world, post } = shop(one);
    const heard = z.object({ status: z.literal(200), body: z.string() }).parse(await post(requestOf(one)));
    expect(heard.body).toMatch(/regNumber=[0-9A-F]{32}\r\n$/);
    expect(heard.body).not.toContain(SERIALS['kagi.form']);
    expect(world.orders()).toMatchObject([{ test: true }]);
  });

  test('is answered with a failure if test orders are ignored', async () => {
    const { world, post } = shop(one, { testOrders: 'ignore' });
    expect(await post(requestOf(one))).toMatchObject({ status: 422 });
    expect(world.orders()).toEqual([]);
  });

  // The documented constant: MD5 of "1".
  test('of PayPro is refused, because its hash contains no secret', async () => {
    const paypro = called('payproglobal.LicenseRequested.form');
    const fields = new URLSearchParams(requestOf(paypro).body.toString());
    fields.set('TEST_MODE', '1');
    fields.set('HASH', 'c4ca4238a0b923820dcc509a6f75849b');
    const { world, post } = shop(paypro);
    expect(await post(requestOf(paypro, { body: Buffer.from(fields.toString()) }))).toBe('bad_signature');
    expect(world.orders()).toEqual([]);
  });
});

test('the hash of PayPro’s documented example is accepted', async () => {
  const paypro = called('payproglobal.OrderCharged.form');
  const fields = new URLSearchParams(requestOf(paypro).body.toString());
  fields.set('ORDER_ID', '456346');
  fields.set('HASH', 'cdcca12c15a93df32818e463af053fbc');
  const { post } = shop({ ...paypro, keys: ['another', 'wErt6HmQ'] });
  expect(await post(requestOf(paypro, { body: Buffer.from(fields.toString()) }))).toMatchObject({
    status: 200,
  });
});

describe('a refund or chargeback', () => {
  const sold = called('payproglobal.LicenseRequested.form');
  const refunded = called('payproglobal.OrderRefunded.form');

  test.each([
    ['after the sale', [sold, refunded]],
    ['before the sale', [refunded, sold]],
  ])('%s gets 200 with an empty body, and the sale gets no serial from then on', async (_, requests) => {
    const { world, post } = shop(sold);
    const heard = [];
    for (const one of requests) heard.push(await post(requestOf(one)));
    expect(heard[requests.indexOf(refunded)]).toEqual({ status: 200, body: '' });
    expect(await post(requestOf(sold))).toEqual({ status: 422, body: 'no serial' });
    expect(world.orders()).toMatchObject([{ status: 'refunded' }]);
  });

  test('of the type OrderChargedBack marks the order as disputed', async () => {
    const fields = requestOf(refunded).body.toString().replace('OrderRefunded', 'OrderChargedBack');
    const { world, post } = shop(sold);
    await post(requestOf(sold));
    expect(await post(requestOf(refunded, { body: Buffer.from(fields) }))).toEqual({
      status: 200,
      body: '',
    });
    expect(world.orders()).toMatchObject([{ status: 'disputed' }]);
  });

  test('of an unlisted type is answered with a failure and stores nothing', async () => {
    const fields = requestOf(refunded).body.toString().replace('OrderRefunded', 'OrderDeclined');
    const { world, post } = shop(sold);
    expect(await post(requestOf(refunded, { body: Buffer.from(fields) }))).toEqual({
      status: 422,
      body: 'no serial',
    });
    expect(world.orders()).toEqual([]);
  });
});

const forms: readonly [string, object[]][] = [
  ['t=refund&o=1&p=0.00', []],
  ['t=refund&o=1&p=5.00', [{ kind: 'reversed' }]],
  ['t=refund&o=1', [{ kind: 'reversed' }]],
  ['t=dispute&o=1&p=0.00', [{ kind: 'reversed', reversal: { kind: 'chargeback' } }]],
  [
    't=renewal&o=1&p=5.00',
    [{ kind: 'ignored', type: 'renewal', amount: { value: '5.00', currency: 'EUR' } }],
  ],
  ['t=fee&p=5.00', [{ kind: 'ignored', type: 'fee' }]],
  ['t=%C3%A9&p=5.00', [{ kind: 'ignored', type: 'other' }]],
  ['t=renewal&o=1&p=0.00', []],
];
testEach(
  forms.map(([body, events]) => [Object.fromEntries(new URLSearchParams(body)), body, events] as const),
)('a form where $0 yields these events: $2', async (_, body, expected) => {
  const options = {
    proof: 'basic',
    fields: { id: 'o', sku: 's', price: 'p', currency: 'EUR' },
    about: { field: 't', sale: ['sale'], refund: ['refund'], chargeback: ['dispute'] },
  };
  const request = { method: 'POST', headers: {}, query: '', body: Buffer.from(body) };
  expect(await form.read(request, contextWith({ options }))).toMatchObject(expected);
});

describe('a malformed or unauthenticated request', () => {
  const changed = (name: string, from: string | RegExp, to: string) =>
    requestOf(called(name), {
      body: Buffer.from(requestOf(called(name)).body.toString('latin1').replace(from, to)),
    });

  test.each<[string, string, WebhookRequest]>([
    ['the wrong charset', 'unlisted.form', changed('unlisted.form', 'Jane', 'Ren%E9e')],
    [
      'UTF-8 declared as Latin-1',
      'mycommerce.utf8.form',
      changed('mycommerce.utf8.form', 'ENCODING=UTF8', 'ENCODING='),
    ],
    ['an incomplete percent escape', 'unlisted.form', changed('unlisted.form', 'Jane', '%4')],
    [
      'a body escaped once instead of twice',
      'kagi.form',
      changed('kagi.form', 'Single%2BUser', 'Single%2BUser&more=100%25'),
    ],
    ['a repeated field', 'unlisted.form', changed('unlisted.form', /$/, '&mail=eve%40example.com')],
    [
      'a field in both the query and the body',
      'unlisted.form',
      requestOf(called('unlisted.form'), { query: 'key=a-long-secret&buyer=Eve' }),
    ],
    ['no product', 'unlisted.form', changed('unlisted.form', 'item=', 'items=')],
    ['no order number', 'unlisted.form', changed('unlisted.form', 'order=IP-1', 'order=')],
    ['a malformed quantity', 'cleverbridge.form', changed('cleverbridge.form', 'QUANTITY=1', 'QUANTITY=one')],
    [
      'the body of another provider',
      'cleverbridge.form',
      requestOf(called('cleverbridge.form'), { body: Buffer.from('{"type":"order.paid"}') }),
    ],
  ])('with %s is held and answered with a failure', async (_, name, request) => {
    const { world, post } = shop(called(name));
    const heard = await post(request);
    const [order] = world.orders();
    if (name === 'mycommerce.utf8.form') expect(order?.lines).toMatchObject([{ held: 'unmappable_name' }]);
    else
      expect(order?.lines).toMatchObject([
        { held: expect.stringMatching(/bad_body|unknown_product/), serial: null },
      ]);
    expect(heard === 'bad_body' || (typeof heard === 'object' && heard.status === 422)).toBe(true);
  });

  test('a price below the floor is held and answered with a failure', async () => {
    const options = {
      ...called('unlisted.form').options,
      fields: { id: 'order', sku: 'item', name: 'buyer', price: 'p', currency: 'USD' },
    };
    const floored = { name: 'Widget', serial, skus: { plain: SKUS }, floor: { USD: '10.00' } };
    const { world, post } = shop(called('unlisted.form'), { options }, SKUS, { widget: floored });
    const priced = (price: string) =>
      changed('unlisted.form', /order=IP-1(.*)/, `order=IP-${price}$1&p=${price}`);
    expect(await post(priced('9.99'))).toMatchObject({ status: 422 });
    expect(await post(priced('10.00'))).toMatchObject({ status: 200 });
    expect(world.orders().map(({ lines }) => lines[0]?.held)).toEqual(['below_floor', null]);
  });

  testEach<[string, Partial<WebhookRequest>]>([
    ['no_signature', { query: '' }],
    ['no_signature', { query: 'key=' }],
    ['bad_signature', { query: 'key=a-long-secre' }],
    ['bad_signature', { query: 'key=A-LONG-SECRET' }],
    ['no_signature', { query: '', body: Buffer.from('key=a-long-secret&order=1&item=widgetpro-mac') }],
    ['bad_body', { query: 'key=%' }],
  ])('is refused as $0 and stores nothing if $1', async (code, change) => {
    const { world, post } = shop(called('unlisted.form'));
    expect(await post(requestOf(called('unlisted.form'), change))).toBe(code);
    expect(world.orders()).toEqual([]);
  });

  testEach([
    ['Basic a2V5cG9zdDphLWxvbmctc2VjcmV0', 200],
    ['basic a2V5cG9zdDphLWxvbmctc2VjcmV0', 200],
    ['Basic a2V5cG9zdDo=', 'bad_signature'],
    ['Bearer a-long-secret', 'bad_signature'],
    ['', 'no_signature'],
  ])('the authorization header $0 gives $1', async (authorization, expected) => {
    const { post } = shop(called('cleverbridge.form'));
    const heard = await post(requestOf(called('cleverbridge.form'), { headers: { authorization } }));
    expect(typeof heard === 'object' ? heard.status : heard).toBe(expected);
  });
});

test('several products of one order arrive in separate requests, and each is answered with its own serial', async () => {
  const one = called('payproglobal.LicenseRequested.form');
  const small = { ...serial, text: { alphabet: 'hex' } } as const;
  const { world, post } = shop(one, {}, ['WP-WIN-3'], {
    gadget: { name: 'Gadget', serial: small, skus: { plain: ['WP-WIN-4'] } },
  });
  const other = Buffer.from(requestOf(one).body.toString().replace('WP-WIN-3', 'WP-WIN-4'));
  const expected = SERIALS[one.body] ?? '';
  expect(await post(requestOf(one))).toEqual({ status: 200, body: expected });
  expect(await post(requestOf(one, { body: other }))).toEqual({ status: 200, body: expected.toLowerCase() });
  expect(await post(requestOf(one))).toEqual({ status: 200, body: expected });
  expect(world.orders()).toMatchObject([{ lines: [{ sku: 'WP-WIN-3' }, { sku: 'WP-WIN-4' }] }]);
});

test('a body escaped once instead of twice keeps the text after an &', async () => {
  const one = called('kagi.form');
  const fields = new URLSearchParams(requestOf(one).body.toString());
  fields.set('ACG:PurchaserName', 'Jane & Joe');
  const [event] = await form.read(requestOf(one, { body: Buffer.from(fields.toString()) }), {
    keys: one.keys,
    now: 0,
    licenseeField: '',
    options: one.options,
    knows: () => true,
    ask: async () => '',
  });
  expect(event).toMatchObject({ buyer: { name: 'Jane & Joe' } });
});

test('a line that was held and released is answered with its serial', async () => {
  const one = called('unlisted.form');
  const { world, post } = shop(one, {}, ['something else']);
  await post(requestOf(one));
  const [order] = world.stored();
  const [line] = order?.lines ?? [];
  if (!order || line?.state !== 'held') throw new Error('no order');
  const { reason: _, ...facts } = line;
  const issued = { n: 1, licensee: 'Jane', serial: 'S-1', keyVersion: 1 };
  const mended = { ...facts, product: 'widget', state: 'issued', issued, superseded: [] } as const;
  await world.ports.store.put({ ...order, version: 2, lines: [mended], heldAt: undefined }, 1);
  expect(await post(requestOf(one))).toEqual({ status: 200, body: 'S-1' });
});

testEach([
  [{ proof: { field: 'H', hash: 'md5', of: ['ORDER_ID'] } }],
  [{ proof: { field: 'H', hash: 'crc', of: ['(secret)'] } }],
  [{ proof: 'none' }],
  [{ answer: 'xml' }],
  [{ fields: { id: 'order' } }],
  [{ charset: 'ebcdic' }],
  [{ secret: 'oops' }],
])('an option is refused if $0', (change) => {
  const options = { ...called('unlisted.form').options, ...change };
  expect(form.options?.safeParse(options).success).toBe(false);
});

test('a hash covers the raw bytes of the fields, in any charset', async () => {
  const options = {
    proof: { field: 'h', hash: 'sha256', of: ['n', '(secret)'] },
    fields: { id: 'n', sku: 'n' },
    charset: 'latin1',
  };
  const h = createHash('sha256')
    .update(Buffer.from([0xe9]))
    .update('schlüssel')
    .digest('hex')
    .toUpperCase();
  const context = {
    keys: ['schlüssel'],
    now: 0,
    licenseeField: '',
    options,
    knows: () => true,
    ask: async () => '',
  };
  await form.verify({ method: 'POST', query: '', headers: {}, body: Buffer.from(`n=%E9&h=${h}`) }, context);
});
