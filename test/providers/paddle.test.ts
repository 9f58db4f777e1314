/** Tests variants of the bodies of Paddle: its samples, changed at named paths. */
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { paddle } from '../../functions/providers/paddle/provider.ts';
import { paddleSignature, simulator } from '../../functions/providers/paddle/simulator.ts';
import { contextWith, decrypt } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { changed, sampleOf, shapeOf } from '../fixtures/sample.ts';

const context = contextWith({
  keys: ['pdl_ntfset_example'],
});
const api = { key: 'pdl_live_apikey_example', url: 'https://api.paddle.example/' };
const read = async (body: Buffer, change: Partial<Context> = {}) =>
  await paddle.read({ method: 'POST', headers: {}, query: '', body }, { ...context, ...change });

const within = (changes: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(changes).map(([path, value]) => [path === 'event_type' ? path : `data.${path}`, value]),
  );
const transaction = (changes: Readonly<Record<string, unknown>>) =>
  changed('paddle/transaction.completed.json', within(changes));
const adjustment = (changes: Readonly<Record<string, unknown>>) =>
  changed('paddle/adjustment.updated.json', within(changes));

const costing = (total: string) => ({ price_id: 'pri_1', quantity: 1, totals: { total } });

describe('a transaction', () => {
  test.each([
    ['a transaction that is paid and not completed', { event_type: 'transaction.paid' }],
    ['another state of a transaction', { event_type: 'transaction.reimagined' }],
  ])('%s yields no event', async (_, changes) => {
    expect(await read(transaction(changes))).toEqual([]);
  });

  test.each([
    ['may be created through the API', { origin: 'api' }, {}],
    ['may have an unknown origin', { origin: 'reseller' }, {}],
    [
      'without a billing date has the date of its creation',
      { billed_at: null },
      { placedAt: '2026-11-20T14:01:59.000Z' },
    ],
    [
      'in yen has an amount without decimals',
      { currency_code: 'JPY', 'details.totals.grand_total': '4900' },
      { amount: { value: '4900', currency: 'JPY' } },
    ],
    ['may be free', { 'details.totals.grand_total': '0' }, { amount: { value: '0', currency: 'EUR' } }],
    [
      'may have no price per line',
      { 'details.line_items.0.totals': null },
      { lines: [{ sku: 'pro_01kexample00000000000000001', quantity: 2, paid: undefined }] },
    ],
    ['may have no payout', { 'details.payout_totals': null }, { lines: [{ settlement: undefined }] }],
    [
      'divides the payout in proportion to the prices of its lines',
      { 'details.line_items': ['5220', '2610'].map(costing) },
      { lines: ['56.373333', '28.186666'].map((value) => ({ settlement: { value, currency: 'USD' } })) },
    ],
    [
      'uses the price ID as SKU if it has no product',
      { 'details.line_items.0.product': null },
      { lines: [{ sku: 'pri_01kexample00000000000000001' }] },
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await read(transaction(changes))).toMatchObject([
      { kind: 'paid', id: 'txn_01kexample00000000000000001', test: false, ...expected },
    ]);
  });

  test('uses the price ID as SKU if the catalogue lists it', async () => {
    const knows = (sku: string) => sku.startsWith('pri_');
    expect(await read(transaction({}), { knows })).toMatchObject([
      { lines: [{ sku: 'pri_01kexample00000000000000001' }] },
    ]);
  });

  test('is a test order, and its refund too, if the catalogue sets sandbox', async () => {
    const options = { sandbox: true };
    expect(await read(transaction({}), { options })).toMatchObject([{ kind: 'paid', test: true }]);
    expect(await read(adjustment({}), { options })).toMatchObject([{ kind: 'reversed', test: true }]);
  });

  test.each([
    ['id', { id: '../customers' }],
    ['details', { details: null }],
  ])('with a malformed field %s is refused as bad_body', async (path, changes) => {
    await expect(read(transaction(changes))).rejects.toThrow(
      new Rejection('bad_body', `not as documented at ${path}`),
    );
  });
});

describe('the buyer', () => {
  const answer = {
    data: {
      customer: { name: 'Jörg Müller', email: 'joerg.mueller@example.com', locale: 'de' },
      address: { country_code: 'DE' },
      business: { name: 'Müller & Söhne GmbH' },
    },
  };
  const asking = (reply: unknown) => {
    const calls: unknown[] = [];
    const ask: Context['ask'] = async (url, init) => {
      calls.push([url, init?.headers]);
      return JSON.stringify(reply);
    };
    return { calls, change: { api, ask } };
  };

  test('is fetched with the API key and no other credentials', async () => {
    const { calls, change } = asking(answer);
    expect(await read(transaction({ custom_data: null }), change)).toMatchObject([
      {
        buyer: {
          name: 'Jörg Müller',
          email: 'joerg.mueller@example.com',
          company: 'Müller & Söhne GmbH',
          registration: undefined,
          country: 'DE',
          locale: 'de',
        },
        lines: [{ held: undefined }],
      },
    ]);
    expect(calls).toEqual([
      [
        'https://api.paddle.example/transactions/txn_01kexample00000000000000001?include=customer,address,business',
        { authorization: 'Bearer pdl_live_apikey_example' },
      ],
    ]);
  });

  test('is taken from custom_data if it has an address and a name, and is not fetched', async () => {
    const custom_data = {
      email: 'zoe@example.com',
      name: 'Zoë',
      company: 'Z',
      licensee: 'Zoë L.',
      basket: 7,
    };
    expect(await read(transaction({ custom_data }), { api })).toMatchObject([
      { buyer: { name: 'Zoë', email: 'zoe@example.com', company: 'Z', registration: 'Zoë L.' } },
    ]);
  });

  test('is fetched if custom_data has only the name for the licence, which is kept', async () => {
    const { change } = asking(answer);
    expect(await read(transaction({ custom_data: { licensee: 'Zoë' } }), change)).toMatchObject([
      { buyer: { name: 'Jörg Müller', email: 'joerg.mueller@example.com', registration: 'Zoë' } },
    ]);
  });

  test.each([
    ['an address', { email: 'zoe@example.com', name: 5 }, { name: 'Jörg Müller', email: 'zoe@example.com' }],
    ['a name', { name: 'Zoë' }, { name: 'Zoë', email: 'joerg.mueller@example.com' }],
  ])('is fetched if custom_data has only %s, which is kept', async (_, custom_data, buyer) => {
    const { change } = asking(answer);
    expect(await read(transaction({ custom_data }), change)).toMatchObject([{ buyer }]);
  });

  test('may have the name for the licence in another field', async () => {
    const custom_data = { email: 'zoe@example.com', 'registered-to': 'Zoë' };
    const change = { api, licenseeField: 'registered-to' };
    expect(await read(transaction({ custom_data }), change)).toMatchObject([
      { buyer: { registration: 'Zoë' } },
    ]);
  });

  test.each([
    ['there is no API key', {}],
    [
      'the API refuses',
      { api, ask: () => Promise.reject(new Rejection('provider_refused', 'the API answered 403')) },
    ],
    ['the API has no customer', { api, ask: async () => '{"data":{"customer":null}}' }],
  ])('is unknown if %s, and the order is held with the known data', async (_, change) => {
    expect(await read(transaction({}), change)).toMatchObject([
      { buyer: { registration: 'Müller & Söhne GmbH' }, lines: [{ quantity: 2, held: 'no_buyer' }] },
    ]);
  });

  test('is retried if the API does not answer', async () => {
    const down = new Rejection('provider_unavailable', 'the API answered 500');
    await expect(read(transaction({}), { api, ask: () => Promise.reject(down) })).rejects.toBe(down);
  });
});

describe('an adjustment', () => {
  test.each([
    [
      'refund',
      'approved',
      { reversalId: 'adj_01kexample00000000000000001', reversal: { kind: 'refund', state: 'done' } },
    ],
    ['chargeback', 'approved', { reversalId: 'chargeback', reversal: { kind: 'chargeback', state: 'lost' } }],
    ['chargeback', 'reversed', { reversalId: 'chargeback', reversal: { kind: 'chargeback', state: 'won' } }],
    [
      'chargeback_reverse',
      'approved',
      { reversalId: 'chargeback', reversal: { kind: 'chargeback', state: 'won' } },
    ],
    ['chargeback_warning', 'approved', { reversalId: 'chargeback_warning', reversal: { state: 'open' } }],
    [
      'chargeback_warning_reverse',
      'approved',
      { reversalId: 'chargeback_warning', reversal: { state: 'won' } },
    ],
  ])(
    'of the action %s with the status %s sets the state of the reversal',
    async (action, status, expected) => {
      const about = { kind: 'reversed', id: 'txn_01kexample00000000000000001', test: false };
      const [reversed, ...others] = await read(adjustment({ action, status }));
      expect(reversed).toMatchObject({ ...about, ...expected });
      // A chargeback that is won also ends the warning.
      const { reversalId, reversal } = expected;
      const ended = reversalId === 'chargeback' && reversal.state === 'won' ? ['chargeback_warning'] : [];
      expect(others).toMatchObject(ended.map((one) => ({ ...about, reversalId: one, reversal })));
    },
  );

  test.each([
    ['refund', 'pending_approval'],
    ['refund', 'rejected'],
    ['credit', 'approved'],
    ['credit_reverse', 'approved'],
  ])('of the action %s with the status %s yields no event', async (action, status) => {
    expect(await read(adjustment({ action, status }))).toEqual([]);
  });

  test('of a part has the amount', async () => {
    const part = { type: 'partial', 'totals.total': '1000' };
    expect(await read(adjustment(part))).toMatchObject([
      { reversal: { kind: 'refund', part: 'partial', amount: { value: '10', currency: 'EUR' } } },
    ]);
  });
});

describe('the deliveries of an order', () => {
  const buyer = { data: { customer: { name: null, email: 'joerg.mueller@example.com', locale: 'de' } } };
  const selling = {
    skus: ['pro_01kexample00000000000000001'],
    signing: ['pdl_ntfset_example'],
    api,
    ask: async () => JSON.stringify(buyer),
  };
  const signed = (body: Buffer, now: number) => {
    const signature = paddleSignature('pdl_ntfset_example', Math.floor(now / 1000), body.toString());
    return { method: 'POST', query: '', headers: { 'paddle-signature': signature }, body };
  };

  test('repeated for three days give one order, one mail and one status', async () => {
    const shop = deliveriesOf('paddle', paddle, selling);
    const send = async (body: Buffer) => {
      for (let time = 0; time < 60; time += 1) {
        expect(await shop.post(signed(body, shop.state.now))).toEqual({ status: 200, body: '' });
        shop.state.now += 72 * 60_000;
      }
      return shop.orders().map(({ key, status }) => `${key} ${status}`);
    };
    const key = 'paddle#txn_01kexample00000000000000001';
    expect(await send(transaction({}))).toEqual([`${key} paid`]);
    expect(await send(adjustment({ status: 'pending_approval' }))).toEqual([`${key} paid`]);
    expect(await send(adjustment({ id: 'adj_2', action: 'chargeback' }))).toEqual([`${key} disputed`]);
    expect(await send(adjustment({ id: 'adj_3', action: 'chargeback_reverse' }))).toEqual([`${key} paid`]);
    expect(await send(adjustment({ id: 'adj_2', action: 'chargeback' }))).toEqual([`${key} paid`]);
    expect(await send(sampleOf('paddle/adjustment.updated.json'))).toEqual([`${key} refunded`]);
    expect(shop.mails).toHaveLength(1);
    expect(decrypt(shop.orders()[0]?.lines[0]?.serial ?? '')).toBe('Müller & Söhne GmbH');
  });

  test('store nothing while the API is down, and succeed in the retry', async () => {
    let up = false;
    const ask = async () => {
      if (!up) throw new Rejection('provider_unavailable', 'the API answered 500');
      return JSON.stringify(buyer);
    };
    const shop = deliveriesOf('paddle', paddle, { ...selling, ask });
    const request = signed(transaction({}), shop.state.now);
    expect(await shop.post(request)).toMatchObject({ status: 503 });
    expect(shop.orders()).toEqual([]);
    up = true;
    expect(await shop.post(request)).toMatchObject({ status: 200 });
    expect(shop.mails).toHaveLength(1);
  });
});

describe('the simulator', () => {
  const order = {
    event: 'paid',
    sku: 'pro_1',
    name: 'Zoë "Z" Lindqvist',
    email: 'zoe@example.com',
    company: '',
    test: false,
    floor: 0,
  };
  const simulated = (change: object) => {
    const { query, headers, body, ...rest } = simulator.request(
      { ...order, ...change },
      'pdl_ntfset_example',
      {},
      context.now,
    );
    return { ...rest, request: { method: 'POST', query, headers, body: Buffer.from(body) } };
  };

  test('signs like the test of Paddle’s library', () => {
    expect(paddleSignature('VALID_SECRET', 1698796800, '{"data": ["1", "2"]}')).toBe(
      'ts=1698796800;h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9',
    );
  });

  test.each(simulator.events)('sends %s with the matching event', async (event) => {
    const { request, orderId } = simulated({ event });
    await paddle.verify(request, context);
    const kind = ['paid', 'trial', 'renewed', 'ignored'].includes(event) ? event : 'reversed';
    const id = event === 'renewed' ? orderId.replace('txn_', 'sub_') : orderId;
    const [sent] = await paddle.read(request, context);
    expect(sent).toMatchObject({ kind, id: event === 'ignored' ? expect.stringMatching(/^txn_/) : id });
  });

  test('sends every field of a sale that a serial needs', async () => {
    const { request } = simulated({});
    expect(await paddle.read(request, context)).toMatchObject([
      {
        amount: { value: '39', currency: 'EUR' },
        buyer: { name: order.name, email: order.email, company: undefined },
        lines: [{ sku: 'pro_1', quantity: 1, held: undefined }],
      },
    ]);
  });

  test('sends every field of the sample', () => {
    const shape = (body: Buffer) => {
      const { data, ...rest } = JSON.parse(body.toString());
      return shapeOf({ ...rest, data: { ...data, custom_data: null } });
    };
    const sample = transaction({ 'details.line_items.0.product.custom_data': null });
    expect(shape(simulated({}).request.body)).toEqual(shape(sample));
    expect(shape(simulated({ event: 'refunded' }).request.body)).toEqual(shape(adjustment({})));
  });
});
