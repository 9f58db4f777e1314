/** Tests variants of FastSpring's bodies, and the answers to them. A webhook and a licence call have the same order. */
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import type { WebhookRequest } from '../../functions/core/inbound/request.ts';
import { releaseOrder } from '../../functions/core/operator/release.ts';
import { fastspring } from '../../functions/providers/fastspring/provider.ts';
import {
  fastspringHash,
  fastspringSignature,
  simulator,
} from '../../functions/providers/fastspring/simulator.ts';
import { contextWith, decrypt } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { changed, sampleOf, shapeOf } from '../fixtures/sample.ts';

const WEBHOOK_SECRET = 'example-fs-hmac-secret';
const PRIVATE_KEY = 'fs_example_private_key';
const context = contextWith({
  keys: [WEBHOOK_SECRET, PRIVATE_KEY],
  now: Date.parse('2026-11-20T14:03:24Z'),
});

const webhook = (body: Buffer): WebhookRequest => ({
  method: 'POST',
  headers: { 'x-fs-signature': fastspringSignature(WEBHOOK_SECRET, body.toString()) },
  query: '',
  body,
});
const read = async (request: WebhookRequest, change: Partial<Context> = {}) => {
  await fastspring.verify(request, { ...context, ...change });
  return await fastspring.read(request, { ...context, ...change });
};
const event = (file: string, changes: Readonly<Record<string, unknown>>) =>
  changed(
    `fastspring/${file}.json`,
    Object.fromEntries(
      Object.entries(changes).map(([path, value]) => [
        path === 'live' || path === 'type' ? `events.0.${path}` : `events.0.data.${path}`,
        value,
      ]),
    ),
  );
const batch = (...bodies: readonly Buffer[]): Buffer =>
  Buffer.from(JSON.stringify({ events: bodies.flatMap((body) => JSON.parse(body.toString()).events) }));

const call = {
  company: 'Atelier Exemple SARL',
  email: 'eloise.moreau@example.com',
  internalProductName: 'widgetpro-mac',
  name: 'Éloïse Moreau-Bernard',
  quantity: '2',
  reference: 'EXA261120-1234-56789',
};
const form = (fields: Readonly<Record<string, string>>, key = PRIVATE_KEY): WebhookRequest => {
  const all = { ...fields, security_request_hash: fastspringHash(key, fields) };
  return { method: 'POST', headers: {}, query: '', body: Buffer.from(String(new URLSearchParams(all))) };
};

const eur = (value: string) => ({ value, currency: 'EUR' });
const usd = (value: string) => ({ value, currency: 'USD' });

describe('a webhook', () => {
  test.each([
    ['a pending payment', { type: 'order.payment.pending' }],
    ['a cancelled subscription', { type: 'subscription.canceled' }],
  ])('%s yields no event', async (_, changes) => {
    expect(await read(webhook(event('order.completed', changes)))).toEqual([]);
  });

  const giftFor = (email: string) => [
    { recipient: { first: 'Zoë', last: 'Lindqvist', email, company: null } },
    { recipient: { first: 'Third', last: 'Person', email: 'third@example.com' } },
  ];
  test.each([
    ['live: false makes a test order', { live: false }, { test: true }],
    [
      'an order without recipients belongs to the customer',
      { recipients: undefined },
      { buyer: { name: 'Éloïse Moreau-Bernard' } },
    ],
    [
      'a gift belongs to its recipient',
      { recipients: giftFor('zoe@example.com') },
      { buyer: { name: 'Zoë Lindqvist', email: 'zoe@example.com', company: undefined, country: 'FR' } },
    ],
    [
      'a recipient with the customer’s address in other case is the customer',
      { recipients: giftFor('Eloise.Moreau@Example.com') },
      { buyer: { name: 'Éloïse Moreau-Bernard', email: 'eloise.moreau@example.com' } },
    ],
    [
      'a recipient without an address is ignored',
      { recipients: [{ recipient: { first: 'Zoë', last: null, email: null } }] },
      { buyer: { name: 'Éloïse Moreau-Bernard' } },
    ],
    [
      'a customer may have only a first name',
      { 'customer.last': null, recipients: null },
      { buyer: { name: 'Éloïse' } },
    ],
    ['a tag holds the name for the licence', { 'tags.licensee': 'Zoë' }, { buyer: { registration: 'Zoë' } }],
    [
      'an amount in yen has no decimals',
      { currency: 'JPY', total: 4900 },
      { amount: { value: '4900', currency: 'JPY' } },
    ],
    [
      'a total with floating-point excess is rounded to cents',
      { total: 0.1 + 0.2 },
      { amount: { value: '0.30', currency: 'EUR' } },
    ],
    [
      'a total with a floating-point deficit is rounded to cents',
      { total: 2.01 },
      { amount: { value: '2.01', currency: 'EUR' } },
    ],
    [
      'an expanded account object is accepted',
      { account: { id: 'Ac', 'address line 1': 'x' } },
      { id: 'EXA261120-1234-56789' },
    ],
    [
      'each item becomes a line with its price and payout price',
      {
        items: [1, 2].map((at) => ({
          product: `w-${at}`,
          quantity: at,
          subtotal: at * 10,
          subtotalInPayoutCurrency: at * 11,
        })),
      },
      {
        lines: [
          { sku: 'w-1', quantity: 1, paid: eur('10'), settlement: usd('11') },
          { sku: 'w-2', quantity: 2, paid: eur('20'), settlement: usd('22') },
        ],
      },
    ],
    [
      'an order without a payout currency has no payout price',
      { payoutCurrency: undefined },
      { lines: [{ settlement: undefined }] },
    ],
    [
      'an order without a payout total has no payout price',
      { totalInPayoutCurrency: null },
      { lines: [{ settlement: undefined }] },
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await read(webhook(event('order.completed', changes)))).toMatchObject([
      { kind: 'paid', ...expected },
    ]);
  });

  test.each([
    [
      'of less than was paid is partial',
      { totalReturn: 10.5 },
      { part: 'partial', amount: { value: '10.50', currency: 'EUR' } },
    ],
    ['of more than was paid is full', { totalReturn: 100 }, { part: 'full' }],
  ])('a return %s', async (_, changes, reversal) => {
    expect(await read(webhook(event('return.created', changes)))).toMatchObject([{ reversal }]);
  });

  test('a return that is not completed yields no event', async () => {
    expect(await read(webhook(event('return.created', { completed: false })))).toEqual([]);
  });

  test('a chargeback without a case ID uses the order ID', async () => {
    expect(await read(webhook(event('chargeback.created', { processorCaseId: null })))).toMatchObject([
      { id: 'OrExAmPlEorderId000001', reversalId: 'OrExAmPlEorderId000001' },
    ]);
  });

  test('one malformed event of a batch is held, and the others are processed', async () => {
    const odd = event('order.completed', { reference: null });
    const body = batch(event('return.created', {}), odd, event('chargeback.created', {}));
    expect(await read(webhook(body))).toMatchObject([
      { kind: 'reversed' },
      { kind: 'unreadable', event: 'EvExAmPlEeventId000001', id: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { kind: 'reversed' },
    ]);
  });

  test('a body without an events array is refused as bad_body', async () => {
    await expect(read(webhook(Buffer.from('{"id":1}')))).rejects.toMatchObject({ code: 'bad_body' });
  });
});

describe('a licence call', () => {
  test.each([
    ['true', true],
    ['1', true],
    ['', false],
    ['false', false],
  ])('test=%s makes the order a test order: %s', async (flag, expected) => {
    expect(await read(form({ ...call, test: flag }))).toMatchObject([{ test: expected }]);
  });

  test('a GET request yields the same event as a POST', async () => {
    const { body } = form(call);
    const request = { method: 'GET', headers: {}, query: body.toString(), body: Buffer.alloc(0) };
    expect(await read(request)).toEqual(await read(form(call)));
  });

  test('the catalogue’s licensee field holds the name for the licence', async () => {
    const request = form({ ...call, registeredTo: 'Zoë + 1' });
    expect(await read(request, { licenseeField: 'registeredTo' })).toMatchObject([
      { buyer: { registration: 'Zoë + 1' } },
    ]);
  });

  test.each(['constructor', '__proto__'])(
    'a licensee field named %s is read from the body only, never from a prototype',
    async (licenseeField) => {
      const [sold] = await read(form(call), { licenseeField });
      expect(sold).toMatchObject({ buyer: { registration: undefined } });
    },
  );

  test('a missing quantity means 1', async () => {
    const { quantity: _, ...rest } = call;
    expect(await read(form(rest))).toMatchObject([{ lines: [{ quantity: 1 }] }]);
  });

  // printf 'Caf\xe9shop@example.com1w-1R-1fs_example_private_key' | openssl md5
  const latin1 = () =>
    'company=Caf%E9&email=shop%40example.com&internalProductName=1w-1&reference=R-1&security_request_hash=bfb3e135bc66d2d8ab871453c20d6451';
  test.each([
    [
      'a field twice',
      () =>
        form({ ...call, name: 'A' })
          .body.toString()
          .replace('&name=', '&email=B&name='),
      'bad_signature',
    ],
    ['no reference', () => form({ ...call, reference: '' }).body.toString(), 'bad_body'],
    ['no product', () => form({ ...call, internalProductName: '' }).body.toString(), 'bad_body'],
    ['Latin-1 instead of UTF-8', latin1, 'bad_body'],
    ['a stray %', () => `${form(call).body}&more=100%`, 'bad_body'],
    ['another key', () => form(call, 'another').body.toString(), 'bad_signature'],
    ['an empty hash', () => 'name=A&security_request_hash=', 'no_signature'],
    ['no hash', () => 'name=A', 'no_signature'],
  ])('a call with %s is refused', async (_, bodyOf, code) => {
    const request = { method: 'POST', headers: {}, query: '', body: Buffer.from(bodyOf()) };
    await expect(read(request)).rejects.toMatchObject({ code });
  });

  test('a form that repeats a field is not parsed, even if its hash is valid', () => {
    const request = { ...form(call), body: Buffer.from(`${form(call).body}&name=Another`) };
    expect(() => fastspring.read(request, context)).toThrow(
      new Rejection('bad_body', 'the form has a field more than once'),
    );
  });

  test('a form with the signature header of a webhook is checked as a webhook', async () => {
    const request = { ...form(call), headers: { 'x-fs-signature': 'AAAA' } };
    await expect(read(request)).rejects.toMatchObject({ code: 'bad_signature' });
  });
});

describe('a sale that arrives as a webhook and as a licence call', () => {
  const selling = {
    settings: { options: { answers: ['widgetpro-mac'] } },
    skus: ['widgetpro-mac', 'w-2'],
    signing: [WEBHOOK_SECRET, PRIVATE_KEY],
  };
  const steps = {
    call: form(call),
    sale: webhook(sampleOf('fastspring/order.completed.json')),
    refund: webhook(sampleOf('fastspring/return.created.json')),
    chargeback: webhook(sampleOf('fastspring/chargeback.created.json')),
  };
  const permutations = <Item>(items: readonly Item[]): readonly Item[][] =>
    items.length === 0
      ? [[]]
      : items.flatMap((one) =>
          permutations(items.filter((other) => other !== one)).map((rest) => [one, ...rest]),
        );

  test.each(permutations(['call', 'sale', 'refund', 'chargeback'] as const))(
    'is one order, in the sequence %s, %s, %s, %s',
    async (...names) => {
      const shop = deliveriesOf('fastspring', fastspring, selling);
      for (const name of names) await shop.post(steps[name]);
      const before = structuredClone([...shop.items]);
      for (const name of names) for (let time = 0; time < 13; time += 1) await shop.post(steps[name]);

      expect([...shop.items]).toEqual(before);
      const order = { key: 'fastspring#EXA261120-1234-56789', status: 'disputed', dueAt: null };
      expect(shop.orders()).toMatchObject([order]);
      expect(Object.keys(shop.orders()[0]?.reversals ?? {}).sort()).toEqual([
        'ReExAmPlEreturnId00001',
        'dsp_example00000000000001',
      ]);
      expect(shop.orders()[0]?.lines.map(({ sku }) => sku)).toEqual(['widgetpro-mac']);
      expect(shop.mails).toEqual([]);
    },
  );

  test('has one serial, printed once per copy, whichever arrives first', async () => {
    const answers = [];
    for (const names of [
      ['call', 'sale', 'call'],
      ['sale', 'call'],
    ] as const) {
      const shop = deliveriesOf('fastspring', fastspring, selling);
      for (const name of names) answers.push(await shop.post(steps[name]));
      expect(shop.mails).toEqual([]);
    }
    const [serial = ''] = answers[0]?.body.split('\n') ?? [];
    const printed = { status: 200, body: `${serial}\n${serial}` };
    const done = { status: 200, body: '' };
    expect(answers).toEqual([printed, done, printed, done, printed]);
    expect(decrypt(serial)).toBe('Éloïse Moreau-Bernard');
  });

  test('is mailed if the catalogue does not list its product under options.answers', async () => {
    const shop = deliveriesOf('fastspring', fastspring, { ...selling, settings: {} });
    expect(await shop.post(steps.sale)).toEqual({ status: 200, body: '' });
    expect(shop.mails).toHaveLength(1);
    const [line] = shop.orders()[0]?.lines ?? [];
    expect(decrypt(line?.serial ?? '')).toBe('Éloïse Moreau-Bernard');
  });

  test('has a line for each product that a licence call names', async () => {
    const shop = deliveriesOf('fastspring', fastspring, selling);
    const second = { internalProductName: 'w-2', quantity: '1', name: 'Zoë Lindqvist' };
    const answers = [await shop.post(form({ ...call, ...second })), await shop.post(steps.call)];
    const names = answers.map(({ body }) => decrypt(body.split('\n')[0] ?? ''));
    expect(names).toEqual(['Zoë Lindqvist', 'Éloïse Moreau-Bernard']);
    expect(shop.orders()).toMatchObject([{ lines: [{ sku: 'w-2' }, { sku: 'widgetpro-mac' }] }]);
  });

  test.each([
    ['of an unknown product', { internalProductName: 'other' }, ['unknown_product']],
    ['without a name', { name: '' }, ['no_name']],
    ['that is a test while test orders are ignored', { test: 'true' }, []],
    ['with a malformed quantity', { quantity: 'none' }, ['bad_body']],
  ])('a licence call %s gets an error status and no text to print', async (_, changes, held) => {
    const shop = deliveriesOf('fastspring', fastspring, selling);
    const answered = await shop.post(form({ ...call, ...changes })).catch((error) => error.code);
    expect([{ status: 500, body: 'held' }, 'bad_body']).toContainEqual(answered);
    expect(shop.orders().flatMap(({ lines }) => lines.map((line) => line.held))).toEqual(held);
  });

  test('that was held is mailed after its release, and printed if the licence call is repeated', async () => {
    const shop = deliveriesOf('fastspring', fastspring, selling);
    const nameless = form({ ...call, name: '' });
    expect(await shop.post(nameless)).toEqual({ status: 500, body: 'held' });
    const [order] = shop.stored();
    if (!order) throw new Error('nothing is held');
    const known = { catalogue: shop.ports.catalogue, keys: await shop.ports.productKeys.read() };
    const corrections = { name: 'Zoë', products: new Map() };
    const actor = { who: 'seller', why: null };
    const mended = releaseOrder(known, order, corrections, undefined, actor, shop.state.now);
    if (typeof mended === 'string') throw new Error(mended);
    shop.items.set(order.key, mended);
    await shop.redeliver();

    expect(shop.mails).toHaveLength(1);
    const serial = shop.orders()[0]?.lines[0]?.serial ?? '';
    expect(decrypt(serial)).toBe('Zoë');
    expect(await shop.post(nameless)).toEqual({ status: 200, body: `${serial}\n${serial}` });
  });

  test('that was refunded has no serial to print', async () => {
    const shop = deliveriesOf('fastspring', fastspring, selling);
    await shop.post(steps.refund);
    expect(await shop.post(steps.call)).toEqual({ status: 500, body: 'held' });
  });

  test('that is a test order prints an invalid serial', async () => {
    const settings = { testOrders: 'seller' as const, ...selling.settings };
    const shop = deliveriesOf('fastspring', fastspring, { ...selling, settings });
    const { status, body } = await shop.post(form({ ...call, test: 'true' }));
    expect(status).toBe(200);
    expect(() => decrypt(body.split('\n')[0] ?? '')).toThrow();
    expect(shop.orders()).toMatchObject([{ key: 'fastspring#test#EXA261120-1234-56789', test: true }]);
  });
});

describe('a batch', () => {
  const sale = (at: number) =>
    changed('fastspring/order.completed.json', {
      'events.0.id': `event-${at}`,
      'events.0.data.reference': `order-${at}`,
      'events.0.data.order': `internal-${at}`,
    });
  const ignored = changed('fastspring/order.completed.json', {
    'events.0.id': 'none',
    'events.0.type': 'other',
  });
  const tested = changed('fastspring/order.completed.json', {
    'events.0.id': 'test',
    'events.0.live': false,
  });
  const selling = { skus: ['widgetpro-mac'], signing: [WEBHOOK_SECRET] };

  test('of which every event is processed gets 200', async () => {
    const shop = deliveriesOf('fastspring', fastspring, selling);
    expect(await shop.post(webhook(batch(sale(1), ignored, sale(2))))).toEqual({ status: 200, body: '' });
    expect(shop.mails).toHaveLength(2);
  });

  const oneOf = (body: Buffer) => JSON.parse(body.toString()).events[0];
  test.each([
    [
      'has 101 lines',
      {
        data: { ...oneOf(sale(2)).data, items: Array(101).fill({ product: 'w', quantity: 1, subtotal: 1 }) },
      },
      'order-2',
    ],
    // A person has to give the order's number: that of the event must not become a second order.
    ['has no order', { data: null }, expect.stringMatching(/^[0-9a-f]{64}$/)],
    ['has no live field', { live: undefined }, 'order-2'],
    ['has an ID with a line break', { id: 'event-1\nevent-3' }, 'order-2'],
    ['has no ID', { id: undefined }, 'order-2'],
    ['is not an object', undefined, expect.stringMatching(/^[0-9a-f]{64}$/)],
  ])('with an event that %s holds that event under its order and mails the others', async (_, change, id) => {
    const shop = deliveriesOf('fastspring', fastspring, selling);
    const middle = change ? { ...oneOf(sale(2)), ...change } : null;
    const body = Buffer.from(JSON.stringify({ events: [oneOf(sale(1)), middle, oneOf(sale(3))] }));
    for (const _ of ['once', 'and again'])
      expect(await shop.post(webhook(body))).toMatchObject({ status: 200 });
    expect(shop.mails).toHaveLength(2);
    const [held, ...others] = shop.orders().filter(({ heldAt }) => heldAt);
    expect(others).toEqual([]);
    expect(held?.key.split('#')).toEqual(['held', 'fastspring', id]);
    expect(held?.lines).toMatchObject([{ sku: '', held: 'bad_body' }]);
    expect(gunzipSync(held?.raw?.body ?? '')).toEqual(body);
    expect(shop.orders().map(({ key }) => key)).toEqual([
      'fastspring#order-1',
      held?.key,
      'fastspring#order-3',
    ]);
  });

  test('of which no event is processed gets 503', async () => {
    const shop = deliveriesOf('fastspring', fastspring, selling, new Map([[1, 'error']]));
    expect(await shop.post(webhook(batch(sale(1), sale(2))))).toMatchObject({ status: 503 });
  });

  test('of which some events are processed gets 202 with exactly their IDs', async () => {
    const finish = async (...bodies: readonly Buffer[]) => {
      const answers = new Set<string>();
      for (let at = 1; at < 20; at += 1) {
        const shop = deliveriesOf('fastspring', fastspring, selling, new Map([[at, 'error']]));
        const { status, body } = await shop.post(webhook(batch(...bodies)));
        if (status === 202) answers.add(body.replaceAll('\n', ' '));
      }
      return [...answers];
    };
    expect(await finish(sale(1), ignored, sale(2), sale(3))).toEqual([
      'event-1',
      'event-1 none',
      'event-1 none event-2',
    ]);
    // The parser cannot know that the test order will be ignored, so the list is one event shorter.
    expect(await finish(tested, sale(1), sale(2), sale(3))).toEqual(['test', 'test event-1']);
  });

  test('that fails at any call lists only stored events, and the repeated rest loses no order', async () => {
    const whole = webhook(batch(tested, sale(1), ignored, sale(2), sale(3)));
    const statuses = new Set<number>();
    for (let at = 1; ; at += 1) {
      const shop = deliveriesOf('fastspring', fastspring, selling, new Map([[at, 'error']]));
      const { status, body } = await shop.post(whole);
      const listed = body.split('\n').flatMap((id) => /^event-(\d)$/.exec(id)?.[1] ?? []);
      const kept = shop.orders().map(({ key }) => key);
      if (status === 202)
        expect(kept).toEqual(expect.arrayContaining(listed.map((one) => `fastspring#order-${one}`)));
      statuses.add(status);
      if (shop.state.calls < at) break;

      const rest = [1, 2, 3].filter((one) => status !== 200 && !listed.includes(String(one)));
      if (rest.length > 0)
        expect(await shop.post(webhook(batch(...rest.map(sale))))).toMatchObject({ status: 200 });
      await shop.redeliver();
      shop.state.now += 20 * 60_000;
      await shop.redeliver();
      expect(shop.orders()).toHaveLength(3);
      expect(shop.mails.length).toBeGreaterThanOrEqual(3);
    }
    expect([...statuses].sort()).toEqual([200, 202, 503]);
  });
});

describe('the simulator', () => {
  const order = {
    event: 'paid',
    sku: 'widgetpro-mac',
    name: 'Zoë Lindqvist',
    email: 'zoe@example.com',
    company: 'Z & Co',
    test: false,
    floor: 0,
  };
  const simulated = (change: object) => {
    const made = simulator.request({ ...order, ...change }, WEBHOOK_SECRET, {}, context.now);
    return { ...made, body: Buffer.from(made.body) };
  };

  test('signs webhooks like RFC 4231', () => {
    expect(fastspringSignature('Jefe', 'what do ya want for nothing?')).toBe(
      'W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=',
    );
  });

  test('hashes licence calls like NetLicensing-Gateway', () => {
    const { security_request_hash: hash, ...fields } = Object.fromEntries(
      new URLSearchParams(sampleOf('fastspring/license-request-test.form').toString()),
    );
    expect(fastspringHash(PRIVATE_KEY, fields)).toBe(hash);
  });

  test('sends all events of an order under its one ID', async () => {
    const shop = deliveriesOf('fastspring', fastspring, { skus: [order.sku], signing: [WEBHOOK_SECRET] });
    const { orderId: id } = simulated({});
    const statuses = [];
    for (const event of ['licence_call', 'paid', 'refunded', 'partly_refunded', 'disputed', 'licence_call']) {
      expect(await shop.post(simulated({ event, id }))).toMatchObject({
        status: event === 'licence_call' && statuses.length > 1 ? 500 : 200,
      });
      statuses.push(shop.orders()[0]?.status);
    }
    expect(shop.orders()).toMatchObject([{ key: `fastspring#${id}`, buyer: { name: order.name } }]);
    expect(statuses).toEqual(['paid', 'paid', 'refunded', 'refunded', 'disputed', 'disputed']);
  });

  test('marks test orders in every event', async () => {
    for (const event of ['paid', 'licence_call', 'refunded'])
      expect(await read(simulated({ event, test: true }))).toMatchObject([{ test: true }]);
  });

  test.each([
    ['paid', 'order.completed'],
    ['refunded', 'return.created'],
    ['disputed', 'chargeback.created'],
  ])('sends %s with every field of the sample', (what, file) => {
    const shape = (body: Buffer) => shapeOf(JSON.parse(body.toString()));
    const sample = file === 'order.completed' ? { 'items.0.fulfillments': { instructions: null } } : {};
    expect(shape(simulated({ event: what }).body)).toEqual(shape(event(file, sample)));
  });
});
