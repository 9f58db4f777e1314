/** Tests variants of Gumroad's ping: its sample, with fields changed, and the answers of its API. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { gumroad } from '../../functions/providers/gumroad/provider.ts';
import { simulator } from '../../functions/providers/gumroad/simulator.ts';

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

/** The ping with fields set; undefined takes one away. */
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

describe('the sender', () => {
  const verify = async (body: Buffer | string, query?: string) => {
    try {
      await gumroad.verify(request(body, query), context);
      return 'accepted';
    } catch (error) {
      return error instanceof Rejection ? error.code : error;
    }
  };
  test.each([
    ['the secret, and the seller', {}, undefined, 'accepted'],
    ['the secret encoded as a form', {}, 'secret=a+secret%2Fwith%2Bsigns%26%3D%C3%BC', 'accepted'],
    ['beside other fields', {}, `from=gumroad&secret=${encodeURIComponent(SECRET)}`, 'accepted'],
    ['no secret', {}, '', 'no_signature'],
    ['an empty one', {}, 'secret=', 'no_signature'],
    ['the secret under another name', {}, `token=${encodeURIComponent(SECRET)}`, 'no_signature'],
    ['a part of it', {}, 'secret=a secret', 'bad_signature'],
    ['another seller', { seller_id: 'another==' }, undefined, 'bad_signature'],
    ['no seller', { seller_id: undefined }, undefined, 'no_signature'],
  ])('%s', async (_, changes, query, expected) => {
    expect(await verify(ping(changes), query)).toBe(expected);
  });

  test('JSON is not what it sends', async () => {
    expect(await verify(JSON.stringify({ seller_id: SELLER }))).toBe('no_signature');
  });

  test('has to be named in the catalogue', () => {
    expect(gumroad.options?.safeParse({}).success).toBe(false);
    expect(gumroad.options?.safeParse({ sellerId: SELLER }).success).toBe(true);
    expect(gumroad.options?.safeParse({ sellerId: SELLER, reRead: false }).success).toBe(false);
  });
});

describe('no sale', () => {
  test.each(['cancellation', 'subscription_updated', 'subscription_ended', 'subscription_restarted', 'x'])(
    '%s, which has other fields',
    async (resource_name) => {
      expect(await read(`seller_id=${SELLER}&subscription_id=1&resource_name=${resource_name}`)).toEqual([]);
    },
  );

  test.each(['is_recurring_charge', 'is_preorder_authorization'])('%s', async (name) => {
    expect(await read(ping({ [name]: 'true' }), unasked)).toEqual([]);
  });

  test.each([{ recurring_charge: true }, { is_preorder_authorization: true }])(
    '%j, and only the API says so',
    async (changes) => {
      expect(await read(ping({}), answering(changes))).toEqual([]);
    },
  );
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

  test('is asked for by its id, with the token where no log has it', async () => {
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

  test('is what the API says, whatever the ping says', async () => {
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
    ['knows of no such sale', async () => '{"success":false,"message":"The sale was not found."}'],
  ])('that the API %s is held, with what the ping says', async (_, ask) => {
    const buyer = { name: 'Fatima Al-Hassan & Co', email: 'fatima.alhassan@example.com' };
    expect(await read(ping({}), { ask })).toMatchObject(sold({ buyer }, { held: 'no_buyer' }));
  });

  test('that nobody can ask for is held', async () => {
    expect(await read(ping({}), { ...unasked, options: { sellerId: SELLER }, api: undefined })).toMatchObject(
      sold({}, { held: 'no_buyer' }),
    );
  });

  test('comes again where the API does not answer', async () => {
    const ask = () => Promise.reject(new Rejection('provider_unavailable', 'it said 500'));
    await expect(read(ping({}), { ask })).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  test.each(['no JSON', '{"success":true,"sale":{}}'])(
    'is for a person where the API says %s',
    async (answer) => {
      await expect(read(ping({}), { ask: async () => answer })).rejects.toMatchObject({ code: 'bad_body' });
    },
  );

  test.each([
    ['a retry', { retry_count: '3' }, {}],
    ['from one’s own shop', { test: 'true' }, { test: true }],
    ['without a name', { full_name: undefined }, { buyer: { name: undefined } }],
    ['whose currency is that of the page', { currency: 'eur' }, { amount: { value: '39', currency: 'USD' } }],
    ['for nothing', { price: '0' }, { amount: { value: '0', currency: 'USD' } }],
  ])('%s', async (_, changes, expected) => {
    expect(await read(ping(changes), unasked)).toMatchObject(sold(expected));
  });

  test('goes by the short id of the product where the catalogue has that', async () => {
    const knows = (sku: string) => sku === 'wxyz';
    expect(await read(ping({}), { knows })).toMatchObject([{ lines: [{ sku: 'wxyz' }] }]);
    expect(await read(ping({}), { ...unasked, knows })).toMatchObject([{ lines: [{ sku: 'wxyz' }] }]);
  });

  test('given to another costs what the giver has paid', async () => {
    const gift = { is_gift_receiver_purchase: 'true', price: '0', gift_price: '3900' };
    const amount = { value: '39', currency: 'USD' };
    expect(await read(ping(gift), unasked)).toMatchObject(sold({ amount }));
    expect(await read(ping(gift), answering({ price: 0, is_gift_receiver_purchase: true }))).toMatchObject(
      sold({ amount }),
    );
    // One that is no gift has its own price.
    expect(await read(ping({ ...gift, gift_price: '99900' }), answering({ price: 100 }))).toMatchObject(
      sold({ amount: { value: '1', currency: 'USD' } }),
    );
  });

  test.each([
    ['the name of the field', 'Licence name', 'Licence name=X. Y.'],
    ['both places', 'Licence name', 'custom_fields[Licence name]=X. Y.&Licence name=X. Y.'],
    ['brackets in it', 'Name [as printed]', 'custom_fields[Name %5Bas printed%5D]=X. Y.'],
    ['brackets, at the top', 'Name [as printed]', 'Name %5Bas printed%5D=X. Y.'],
  ])('%s: the name for the licence', async (_, licenseeField, pairs) => {
    const bare = ping({ 'Licence name': undefined, 'custom_fields[Licence name]': undefined });
    // As HTTParty writes them: everything but the separators is escaped, a % once more.
    const more = pairs.split('&').map((pair) => pair.split('=').map(encodeURIComponent).join('='));
    const body = [bare, ...more].join('&');
    expect(await read(body, { ...unasked, licenseeField })).toMatchObject([
      { buyer: { registration: 'X. Y.' } },
    ]);
  });

  test.each(['%20', '+'])('a space may be %s', async (space) => {
    const body = fixture('sale.form').replaceAll('%20', space);
    expect(await read(body, unasked)).toMatchObject([{ buyer: { registration: 'Fatima Al-Hassan' } }]);
  });

  test.each([
    ['a field twice', `${fixture('sale.form')}&email=other%40example.com`],
    ['the licence name twice', `${fixture('sale.form')}&custom_fields%5BLicence%20name%5D=Other`],
    ['another charset', fixture('sale.form').replace('Fatima', 'F%E1tima')],
    ['no sale', ping({ sale_id: undefined })],
    ['a sale that leads elsewhere', ping({ sale_id: '../payouts' })],
    ['no price', ping({ price: undefined })],
    ['an empty price', ping({ price: '' })],
    ['a negative price', ping({ price: '-3900' })],
    ['no copy', ping({ quantity: '0' })],
    ['no date', ping({ sale_timestamp: 'yesterday' })],
    ['no product', ping({ product_id: undefined })],
  ])('with %s is for a person', async (_, body) => {
    await expect(read(body, unasked)).rejects.toMatchObject({ code: 'bad_body' });
  });
});

describe('money going back', () => {
  test.each([
    ['refund.form', { refunded: true }, { kind: 'refund', state: 'done', part: 'full' }],
    ['refund.partial.form', { partially_refunded: true }, { kind: 'refund', state: 'done', part: 'partial' }],
    ['dispute.form', { disputed: true }, { kind: 'chargeback', state: 'open', part: 'full' }],
    [
      'dispute_won.form',
      { disputed: true, dispute_won: true },
      { kind: 'chargeback', state: 'won', part: 'full' },
    ],
  ])('%s, confirmed by the API', async (form, changes, reversal) => {
    const expected = [
      {
        kind: 'reversed',
        id: SALE,
        test: false,
        reversalId: reversal.kind === 'refund' ? 'refund' : 'dispute',
        reversal,
      },
    ];
    expect(await read(fixture(form), answering(changes))).toEqual(expected);
    expect(await read(fixture(form), unasked)).toEqual(expected);
  });

  test('a refund that the API does not know of never counts as a whole one', async () => {
    expect(await read(fixture('refund.form'))).toMatchObject([{ reversal: { part: 'partial' } }]);
  });

  test('a dispute that the API does not know of comes again', async () => {
    await expect(read(fixture('dispute.form'))).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  test('of a test is one', async () => {
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

  test('escapes as Ruby does', () => {
    const { body, query } = simulated();
    expect(query).toBe('secret=a%20secret%2Fwith%2Bsigns%26%3D%C3%BC');
    expect(body).toContain('&full_name=Zo%C3%AB%20O%27Neill%20%28%2A%29&');
  });

  test('has every field of the sample', () => {
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
  ])('%s is read as that', async (event, expected) => {
    const { orderId } = simulated();
    const { body, query } = simulated({ event, id: orderId, test: true });
    await gumroad.verify(request(body, query), context);
    expect(await read(body, { ...unasked, licenseeField: 'licensee' })).toMatchObject([
      { id: orderId, test: true, ...expected },
    ]);
  });
});
