/** Tests variants of Gumroad's ping: its sample, with fields changed, and the answers of its API. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { gumroad } from '../../functions/providers/gumroad/provider.ts';
import { simulator } from '../../functions/providers/gumroad/simulator.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { testEach } from '../fixtures/in-words.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../functions/providers/gumroad/samples/${name}`, import.meta.url), 'utf8');
const SELLER = 'kL0psVL2admJSYRNs-EXAMPLE==';
const SALE = 'EXAMPLEsaleId0001==';
const SECRET = 'a secret/with+signs&=ü';
const apiSale = JSON.parse(fixture('sale.api.json')).sale;

const context: Context = {
  keys: [SECRET],
  now: 0,
  licenseeField: 'Licence name',
  options: { sellerId: SELLER },
  api: { key: 'token', url: 'https://api.gumroad.com/' },
  knows: () => false,
  ask: async () => JSON.stringify({ success: true, sale: apiSale }),
};
const unasked: Partial<Context> = {
  options: { sellerId: SELLER, reread: false },
  ask: () => Promise.reject(new Error('this test calls no API')),
};
const answering = (changes: object): Partial<Context> => ({
  ask: async () => JSON.stringify({ success: true, sale: { ...apiSale, ...changes } }),
});

/** Returns the ping with changed fields; undefined removes a field. */
function ping(changes: Record<string, string | undefined>, form = 'sale.form'): Buffer {
  const fields = new URLSearchParams(fixture(form));
  for (const [name, value] of Object.entries(changes))
    if (value === undefined) fields.delete(name);
    else fields.set(name, value);
  return Buffer.from(fields.toString());
}
const request = (body: Buffer | string, query = `secret=${encodeURIComponent(SECRET)}`) => ({
  method: 'POST',
  headers: {},
  query,
  body: Buffer.from(body),
});
const read = async (body: Buffer | string, change: Partial<Context> = {}) =>
  await gumroad.read(request(body), { ...context, ...change });

describe('the proof', () => {
  const verify = async (body: Buffer | string, query?: string) => {
    try {
      await gumroad.verify(request(body, query), context);
      return 'accepted';
    } catch (error) {
      return error instanceof Rejection ? error.code : error;
    }
  };
  testEach([
    ['the secret and the seller ID', {}, undefined, 'accepted'],
    ['the secret in form encoding', {}, 'secret=a+secret%2Fwith%2Bsigns%26%3D%C3%BC', 'accepted'],
    ['the secret beside other fields', {}, `from=gumroad&secret=${encodeURIComponent(SECRET)}`, 'accepted'],
    ['no secret', {}, '', 'no_signature'],
    ['an empty secret', {}, 'secret=', 'no_signature'],
    ['the secret under another name', {}, `token=${encodeURIComponent(SECRET)}`, 'no_signature'],
    ['a prefix of the secret', {}, 'secret=a secret', 'bad_signature'],
    ['another seller ID', { seller_id: 'another==' }, undefined, 'bad_signature'],
    ['no seller ID', { seller_id: undefined }, undefined, 'no_signature'],
  ])('$0: $3', async (_, changes, query, expected) => {
    expect(await verify(ping(changes), query)).toBe(expected);
  });

  test('a JSON body is refused', async () => {
    expect(await verify(JSON.stringify({ seller_id: SELLER }))).toBe('no_signature');
  });

  test('needs the seller ID in the catalogue', () => {
    expect(gumroad.options?.safeParse({}).success).toBe(false);
    expect(gumroad.options?.safeParse({ sellerId: SELLER }).success).toBe(true);
    expect(gumroad.options?.safeParse({ sellerId: SELLER, reRead: false }).success).toBe(false);
  });
});

describe('a ping that is not a sale', () => {
  test.each(['cancellation', 'subscription_updated', 'subscription_ended', 'subscription_restarted', 'x'])(
    'of the type %s yields no event',
    async (resource_name) => {
      expect(await read(`seller_id=${SELLER}&subscription_id=1&resource_name=${resource_name}`)).toEqual([]);
    },
  );

  test('that authorizes a pre-order yields no event', async () => {
    expect(await read(ping({ is_preorder_authorization: 'true' }), unasked)).toEqual([]);
    expect(await read(ping({}), answering({ is_preorder_authorization: true }))).toEqual([]);
  });
});

describe('a membership', () => {
  const member = { subscription_id: 'EXAMPLEsub0001==' };
  // antiwork/gumroad, Purchase#as_json: free_trial_ends_on is formatted, and recurring_charge is false for the first sale.
  const trial = {
    ...member,
    free_trial_ends_on: 'Dec 4, 2026',
    free_trial_ended: false,
    recurring_charge: false,
  };
  const first = { id: SALE, aliases: ['EXAMPLEsub0001=='] };

  test.each<[string, object, object]>([
    ['with a trial is a trial', trial, { ...first, kind: 'trial', until: '2026-12-04T00:00:00.000Z' }],
    [
      'without a trial is a sale',
      { ...member, recurring_charge: false },
      { ...first, kind: 'paid', until: undefined },
    ],
    [
      'is renewed by an upgrade, which is not a second sale',
      { subscription_id: 'EXAMPLEsub0001==', is_upgrade_purchase: true },
      { kind: 'renewed', id: 'EXAMPLEsub0001==', aliases: [SALE], lines: [] },
    ],
    [
      'is renewed by each further charge, also after a trial',
      { ...trial, recurring_charge: true },
      { kind: 'renewed', id: 'EXAMPLEsub0001==', aliases: [SALE], lines: [] },
    ],
    [
      'whose trial ends at an unknown time is a trial',
      { ...trial, free_trial_ends_on: 'soon' },
      { ...first, kind: 'trial', until: undefined },
    ],
  ])('%s, as the API says', async (_, changes, expected) => {
    expect(await read(ping(member), answering(changes))).toMatchObject([expected]);
  });

  test('without a second look at the API is held as trial_unknown', async () => {
    expect(await read(ping(member), unasked)).toMatchObject([
      { ...first, kind: 'paid', lines: [{ held: 'trial_unknown' }] },
    ]);
    expect(await read(ping({ ...member, is_recurring_charge: 'true' }), unasked)).toMatchObject([
      { kind: 'renewed', id: 'EXAMPLEsub0001==' },
    ]);
  });

  test('whose renewal the API does not confirm is refused as bad_body', async () => {
    const ask = async () => '{"success":false}';
    const renewal = ping({ ...member, is_recurring_charge: 'true' });
    await expect(read(renewal, { ask })).rejects.toMatchObject({ code: 'bad_body' });
  });
});

describe('a sale', () => {
  const sold = (change: object, line = {}) => [
    {
      kind: 'paid',
      id: SALE,
      test: false,
      ...change,
      lines: [{ sku: apiSale.product_id, held: undefined, ...line }],
    },
  ];

  test('is fetched by its ID, with the token in a header that no log records', async () => {
    const calls: unknown[] = [];
    const ask: Context['ask'] = async (url, init) => {
      calls.push([url, init?.headers]);
      return JSON.stringify({ success: true, sale: apiSale });
    };
    await read(ping({}), { ask });
    expect(calls).toEqual([
      ['https://api.gumroad.com/v2/sales/EXAMPLEsaleId0001%3D%3D', { authorization: 'Bearer token' }],
    ]);
  });

  test('takes its data from the API, whatever the ping claims', async () => {
    const forged = ping({
      email: 'thief@example.com',
      full_name: 'A. Thief',
      product_id: 'EXAMPLEproductId02==',
      price: '99900',
      quantity: '50',
      'Licence name': 'A. Thief',
      'custom_fields[Licence name]': 'A. Thief',
    });
    const buyer = {
      name: 'Fatima Al-Hassan & Co',
      email: 'fatima.alhassan@example.com',
      registration: 'Fatima Al-Hassan',
    };
    const paid = { value: '39', currency: 'USD' };
    expect(await read(forged)).toMatchObject(sold({ amount: paid, buyer }, { quantity: 1, paid }));
  });

  test.each([
    ['refuses', () => Promise.reject(new Rejection('provider_refused', 'it said 401'))],
    ['does not find', async () => '{"success":false,"message":"The sale was not found."}'],
  ])('that the API %s is held with the data of the ping', async (_, ask) => {
    const buyer = { name: 'Fatima Al-Hassan & Co', email: 'fatima.alhassan@example.com' };
    expect(await read(ping({}), { ask })).toMatchObject(sold({ buyer }, { held: 'no_buyer' }));
  });

  test('is held with the data of the ping if the API answers with another sale', async () => {
    const other = answering({ id: 'EXAMPLEsaleId0002==', purchase_email: 'other@example.com' });
    expect(await read(ping({}), other)).toMatchObject(
      sold({ buyer: { email: 'fatima.alhassan@example.com' } }, { held: 'no_buyer' }),
    );
  });

  test('is held if there is no API token', async () => {
    expect(await read(ping({}), { ...unasked, options: { sellerId: SELLER }, api: undefined })).toMatchObject(
      sold({}, { held: 'no_buyer' }),
    );
  });

  test('is refused for a retry if the API does not answer', async () => {
    const ask = () => Promise.reject(new Rejection('provider_unavailable', 'it said 500'));
    await expect(read(ping({}), { ask })).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  test.each([
    ['no JSON', 'no JSON'],
    ['with a sale without fields', '{"success":true,"sale":{}}'],
  ])('is refused as bad_body if the API answers %s', async (_, answer) => {
    await expect(read(ping({}), { ask: async () => answer })).rejects.toMatchObject({ code: 'bad_body' });
  });

  test.each([
    ['is the same in a retry', { retry_count: '3' }, {}],
    ['is a test order if test is true', { test: 'true' }, { test: true }],
    ['may have no name', { full_name: undefined }, { buyer: { name: undefined } }],
    [
      'is paid in USD, whatever currency the page shows',
      { currency: 'eur' },
      { amount: { value: '39', currency: 'USD' } },
    ],
    ['may be free', { price: '0' }, { amount: { value: '0', currency: 'USD' } }],
  ])('%s', async (_, changes, expected) => {
    expect(await read(ping(changes), unasked)).toMatchObject(sold(expected));
  });

  test('uses the permalink as SKU if the catalogue lists it', async () => {
    const knows = (sku: string) => sku === 'wxyz';
    expect(await read(ping({}), { knows })).toMatchObject([{ lines: [{ sku: 'wxyz' }] }]);
    expect(await read(ping({}), { ...unasked, knows })).toMatchObject([{ lines: [{ sku: 'wxyz' }] }]);
  });

  test('that is a gift has the price that the giver paid', async () => {
    const gift = { is_gift_receiver_purchase: 'true', price: '0', gift_price: '3900' };
    // The names are those of the giver, who paid, so the receiver's has to be asked for.
    const buyer = { email: 'fatima.alhassan@example.com', payer: 'Fatima Al-Hassan & Co' };
    const expected = [
      { kind: 'paid', amount: { value: '39', currency: 'USD' }, lines: [{ held: 'no_name' }] },
    ];
    const ofApi = answering({ price: 0, is_gift_receiver_purchase: true });
    for (const change of [unasked, ofApi]) {
      const events = await read(ping(gift), change);
      expect(events).toMatchObject(expected);
      expect(events).toEqual([expect.objectContaining({ buyer })]);
    }
    // A sale that is not a gift has its own price.
    expect(await read(ping({ ...gift, gift_price: '99900' }), answering({ price: 100 }))).toMatchObject(
      sold({ amount: { value: '1', currency: 'USD' } }),
    );
  });

  test.each([
    ['as a plain field', 'Licence name', 'Licence name=X. Y.'],
    ['as a plain and a custom field', 'Licence name', 'custom_fields[Licence name]=X. Y.&Licence name=X. Y.'],
    [
      'as a custom field with brackets in its name',
      'Name [as printed]',
      'custom_fields[Name %5Bas printed%5D]=X. Y.',
    ],
    ['as a plain field with brackets in its name', 'Name [as printed]', 'Name %5Bas printed%5D=X. Y.'],
  ])('has the name for the licence %s', async (_, licenseeField, pairs) => {
    const bare = ping({ 'Licence name': undefined, 'custom_fields[Licence name]': undefined });
    // HTTParty escapes everything except the separators, and a % once more.
    const more = pairs.split('&').map((pair) => pair.split('=').map(encodeURIComponent).join('='));
    const body = [bare, ...more].join('&');
    expect(await read(body, { ...unasked, licenseeField })).toMatchObject([
      { buyer: { registration: 'X. Y.' } },
    ]);
  });

  test.each(['%20', '+'])('a space may be encoded as %s', async (space) => {
    const body = fixture('sale.form').replaceAll('%20', space);
    expect(await read(body, unasked)).toMatchObject([{ buyer: { registration: 'Fatima Al-Hassan' } }]);
  });

  test.each([
    ['a field twice', `${fixture('sale.form')}&email=other%40example.com`],
    ['the licence name twice', `${fixture('sale.form')}&custom_fields%5BLicence%20name%5D=Other`],
    ['another charset', fixture('sale.form').replace('Fatima', 'F%E1tima')],
    ['no sale ID', ping({ sale_id: undefined })],
    ['a sale ID with a path in it', ping({ sale_id: '../payouts' })],
  ])('a ping with %s is refused as bad_body', async (_, body) => {
    await expect(read(body, unasked)).rejects.toMatchObject({ code: 'bad_body' });
  });
});

test.each<[string, Record<string, string | undefined>, object]>([
  ['no price is sold', { price: undefined }, { lines: [{ paid: undefined, held: undefined }] }],
  ['a negative price is sold', { price: '-3900' }, { lines: [{ paid: undefined, held: undefined }] }],
  ['a quantity of 0 is held', { quantity: '0' }, { lines: [{ held: 'bad_body' }] }],
  ['a quantity beyond the maximum is held', { quantity: '10001' }, { lines: [{ held: 'bad_body' }] }],
  [
    'a malformed date is sold',
    { sale_timestamp: 'yesterday' },
    { placedAt: undefined, lines: [{ held: undefined }] },
  ],
  ['no product has no SKU', { product_id: undefined }, { lines: [{ sku: '' }] }],
  ['a number of a receipt has it', {}, { printed: '524459999' }],
])('a ping with %s', async (_, changes, expected) => {
  expect(await read(ping(changes), unasked)).toMatchObject([{ kind: 'paid', id: SALE, ...expected }]);
});

test('an unparseable sale is identified by its ID, but not a refund of it', () => {
  expect(gumroad.idIn?.(request(ping({ price: 'x' })), context)).toBe(SALE);
  expect(() => gumroad.idIn?.(request(fixture('refund.form')), context)).toThrow();
});

describe('a refund or dispute', () => {
  test.each([
    ['refund.form', { refunded: true }, { kind: 'refund', state: 'done', part: 'full' }],
    ['refund.partial.form', { partially_refunded: true }, { kind: 'refund', state: 'done', part: 'partial' }],
    ['dispute.form', { disputed: true }, { kind: 'chargeback', state: 'open', part: 'full' }],
    [
      'dispute_won.form',
      { disputed: true, dispute_won: true },
      { kind: 'chargeback', state: 'won', part: 'full' },
    ],
  ])('%s has the state that the API confirms', async (form, changes, reversal) => {
    const reversalId = reversal.kind === 'refund' ? 'refund' : 'dispute';
    const about = { kind: 'reversed', id: SALE, test: false, reversalId };
    const at = reversal.kind === 'refund' ? undefined : new Date(context.now).toISOString();
    const confirmed = await read(fixture(form), answering(changes));
    expect(confirmed).toEqual([{ ...about, reversal: { ...reversal, at } }]);
    expect(await read(fixture(form), unasked)).toEqual([{ ...about, reversal }]);
  });

  test('that is won, opened again and lost is in force', async () => {
    const shop = deliveriesOf('gumroad', gumroad, {
      ...{ settings: { options: context.options }, skus: ['EXAMPLEproductId01=='], signing: context.keys },
      api: { key: 'token', url: 'https://api.gumroad.com/' },
      ask: async () => JSON.stringify({ success: true, sale: { ...apiSale, ...answer } }),
    });
    let answer = {};
    const statuses = [];
    for (const [form, changes] of [
      ['sale.form', {}],
      ['dispute.form', { disputed: true }],
      ['dispute_won.form', { disputed: true, dispute_won: true }],
      ['dispute.form', { disputed: true }],
    ] as const) {
      answer = changes;
      shop.state.now += 60_000;
      await shop.post(request(fixture(form)));
      statuses.push(shop.orders()[0]?.status);
    }
    expect(statuses).toEqual(['paid', 'disputed', 'paid', 'disputed']);
  });

  test('a refund that the API does not confirm counts as partial', async () => {
    expect(await read(fixture('refund.form'))).toMatchObject([{ reversal: { part: 'partial' } }]);
  });

  test('a dispute that the API does not confirm is refused for a retry', async () => {
    await expect(read(fixture('dispute.form'))).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  test('of a test order is a test', async () => {
    expect(await read(ping({ test: 'true' }, 'refund.form'), unasked)).toMatchObject([{ test: true }]);
  });
});

describe('the simulator', () => {
  const order = {
    event: 'paid',
    sku: 'EXAMPLEproductId09==',
    name: "Zoë O'Neill (*)",
    email: 'z@example.com',
    company: '',
    test: false,
    floor: 50,
  };
  const simulated = (change = {}) =>
    simulator.request(
      { ...order, ...change },
      SECRET,
      { sellerId: SELLER },
      Date.parse('2026-11-23T03:00:00Z'),
    );

  test('escapes like Ruby', () => {
    const { body, query } = simulated();
    expect(query).toBe('secret=a%20secret%2Fwith%2Bsigns%26%3D%C3%BC');
    expect(body).toContain('&full_name=Zo%C3%AB%20O%27Neill%20%28%2A%29&');
  });

  test('sends every field of the sample', () => {
    const names = (body: string) =>
      [...new URLSearchParams(body).keys()].map((name) => name.replace('Licence name', 'licensee'));
    expect(names(simulated().body).sort()).toEqual(names(fixture('sale.form')).sort());
  });

  test.each([
    [
      'paid',
      {
        kind: 'paid',
        amount: { value: '50', currency: 'USD' },
        buyer: { name: order.name, registration: order.name },
        lines: [{ sku: order.sku }],
      },
    ],
    ['partly_refunded', { reversal: { kind: 'refund', part: 'partial' } }],
    ['refunded', { reversal: { kind: 'refund', part: 'full' } }],
    ['disputed', { reversal: { kind: 'chargeback', state: 'open' } }],
    ['dispute_won', { reversal: { kind: 'chargeback', state: 'won' } }],
  ])('sends %s with the matching event', async (event, expected) => {
    const { orderId } = simulated();
    const { body, query } = simulated({ event, id: orderId, test: true });
    await gumroad.verify(request(body, query), context);
    expect(await read(body, { ...unasked, licenseeField: 'licensee' })).toMatchObject([
      { id: orderId, test: true, ...expected },
    ]);
  });
});
