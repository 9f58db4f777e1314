/** Tests variants of BlueSnap's notifications: its sample, with fields changed. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { bluesnap } from '../../functions/providers/bluesnap/provider.ts';
import { contextWith } from '../fixtures/catalogue.ts';

const file = (name: string) =>
  readFileSync(new URL(`../../functions/providers/bluesnap/samples/${name}`, import.meta.url), 'utf8');
const context = contextWith({
  keys: ['example_data_protection_key'],
  licenseeField: 'custom1',
  knows: () => true,
});
const request = (body: string, headers: Record<string, string> = {}) => ({
  method: 'POST',
  query: '',
  headers,
  body: Buffer.from(body),
});

/** The sample with other fields; undefined takes one away. */
function changed(name: string, changes: Record<string, string | undefined>): string {
  const fields = new URLSearchParams(file(`${name}.form`));
  for (const [field, value] of Object.entries(changes)) {
    if (value === undefined) fields.delete(field);
    else fields.set(field, value);
  }
  return fields.toString();
}
const read = async (body: string, change: Partial<Context> = {}) =>
  await bluesnap.read(request(body), { ...context, ...change });
const charge = (changes: Record<string, string | undefined>) => changed('CHARGE', changes);
const eur = (value: string) => ({ value, currency: 'EUR' });

test.each([
  'AUTH_ONLY',
  'RECURRING',
  'DECLINE',
  'CC_CHARGE_FAILED',
  'CONTRACT_CHANGE',
  'CANCELLATION',
  '__proto__',
  'constructor',
])('%s is nothing', async (transactionType) => expect(await read(charge({ transactionType }))).toEqual([]));

describe('a charge', () => {
  test.each<[string, Record<string, string | undefined>, object]>([
    [
      'of several copies',
      { quantity: '12' },
      { lines: [{ sku: '3047000', quantity: 12, paid: eur('46.41') }] },
    ],
    ['of a thousand and more', { invoiceChargeAmount: '1,234,567.89' }, { amount: eur('1234567.89') }],
    [
      'in yen',
      { invoiceChargeAmount: '4900', invoiceChargeCurrency: 'JPY' },
      { amount: { value: '4900', currency: 'JPY' } },
    ],
    [
      'without a currency of its own',
      { invoiceChargeCurrency: undefined },
      { lines: [{ sku: '3047000', quantity: 1 }] },
    ],
    [
      'with a name for the licence',
      { custom1: 'Institut für Widgets' },
      { buyer: { registration: 'Institut für Widgets' } },
    ],
    ['without one', { custom1: '' }, { buyer: { name: 'Günther Weiß' } }],
    ['of a buyer with one name', { firstName: 'Madonna', lastName: '' }, { buyer: { name: 'Madonna' } }],
    [
      'with two things more',
      {
        promoteContractsNum: '2',
        promoteContractId0: '3047002',
        promoteContractQuantity0: '3',
        promoteContractId1: '3047004',
        promoteContractQuantity1: '',
      },
      {
        amount: eur('46.41'),
        lines: [
          { sku: '3047000', quantity: 1 },
          { sku: '3047002', quantity: 3 },
          { sku: '3047004', quantity: 1 },
        ],
      },
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await read(charge(changes))).toMatchObject([
      { kind: 'paid', id: '1000000001', test: false, ...expected },
    ]);
  });

  test('of several things says of none what it cost', async () => {
    const changes = { promoteContractsNum: '1', promoteContractId0: '3047002' };
    const [event] = await read(charge(changes));
    const Lines = z.object({ lines: z.array(z.object({ paid: z.unknown() })) });
    expect(Lines.parse(event).lines.map(({ paid }) => paid)).toEqual([undefined, undefined]);
  });

  test('of what BlueSnap prints itself is only recorded', async () => {
    const options = { answers: ['3047000'] };
    expect(await read(charge({}), { options })).toMatchObject([
      { lines: [{ sku: '3047000', delivery: 'answer' }] },
    ]);
  });

  test.each<[Record<string, string>, boolean]>([
    [{ testMode: 'Y' }, true],
    [{ bluesnapNode: '99' }, true],
    [{ bluesnapNode: '', plimusNode: '99' }, true],
    [{ bluesnapNode: '2' }, false],
  ])('%j: test %s', async (changes, expected) => {
    expect(await read(charge(changes))).toMatchObject([{ test: expected }]);
  });

  test.each<[string, string]>([
    ['no order number', charge({ referenceNumber: undefined })],
    ['no contract', charge({ contractId: '' })],
    ['a field twice', `${file('CHARGE.form')}&email=eve%40example.com`],
    ['less things than it says', charge({ promoteContractsNum: '1' })],
    ['an amount that is none', charge({ invoiceChargeAmount: '46,41' })],
    ['a quantity that is none', charge({ quantity: '0' })],
    ['a name in Latin-1', file('CHARGE.form').replace('G%C3%BCnther', 'G%FCnther')],
    ['half an escape', file('CHARGE.form').replace('G%C3%BCnther', 'G%C')],
    ['the body of another provider', '{"type":"order.paid","data":{}}'],
  ])('with %s is for a person', async (_, body) => {
    await expect(read(body)).rejects.toMatchObject({ code: 'bad_body' });
  });

  test.each(['constructor', '__proto__'])('without the field %s of the seller', async (licenseeField) => {
    expect(await read(charge({}), { licenseeField })).toMatchObject([
      { buyer: { name: 'Günther Weiß', registration: undefined } },
    ]);
  });

  test('with %20 for a blank, or +', async () => {
    for (const blank of ['%20', '+'])
      expect(await read(file('CHARGE.form').replace('Beispiel+GmbH', `Beispiel${blank}GmbH`))).toMatchObject([
        { buyer: { company: 'Beispiel GmbH' } },
      ]);
  });
});

describe('money going back', () => {
  test.each<[string, Record<string, string>, object]>([
    ['all of it', {}, { part: 'full', amount: eur('46.41') }],
    [
      'a part of it',
      { fullRefund: 'N', invoiceChargeAmount: '-10.00' },
      { part: 'partial', amount: eur('10.00') },
    ],
    ['nobody says how much', { fullRefund: '', invoiceChargeAmount: '' }, { part: 'partial' }],
    ['with the subscription', { transactionType: 'CANCELLATION_REFUND' }, { part: 'full' }],
  ])('%s', async (_, changes, expected) => {
    expect(await read(changed('REFUND', changes))).toMatchObject([
      {
        kind: 'reversed',
        id: '1000000001',
        reversalId: '1000000777',
        reversal: { kind: 'refund', state: 'done', ...expected },
      },
    ]);
  });

  test.each([
    ['CHARGEBACK', '', 'open'],
    ['CHARGEBACK', 'NEW', 'open'],
    ['CHARGEBACK_STATUS_CHANGED', 'WORKING', 'open'],
    ['CHARGEBACK_STATUS_CHANGED', 'COMPLETED_PENDING', 'open'],
    ['CHARGEBACK_STATUS_CHANGED', 'CLOSED', 'open'],
    ['CHARGEBACK_STATUS_CHANGED', 'COMPLETED_LOST', 'lost'],
    ['CHARGEBACK_STATUS_CHANGED', 'COMPLETED_WON', 'won'],
  ])('%s %s: %s', async (transactionType, cbStatus, state) => {
    expect(await read(changed('REFUND', { transactionType, cbStatus }))).toMatchObject([
      { reversalId: 'chargeback', reversal: { kind: 'chargeback', state, part: 'full' } },
    ]);
  });
});

const verified = async (body: string, headers: Record<string, string>, change: Partial<Context> = {}) => {
  try {
    await bluesnap.verify(request(body, headers), { ...context, ...change });
    return 'accepted';
  } catch (error) {
    return z.object({ code: z.string() }).parse(error).code;
  }
};
const Vectors = z.object({
  legacy_ok_response_body: z.string(),
  vectors: z.array(
    z.object({
      file: z.string(),
      security_header_key: z.string(),
      headers: z.record(z.string(), z.string()),
    }),
  ),
});
const published = Vectors.parse(JSON.parse(file('vectors.json')));

describe.each(published.vectors)(
  '$file, signed both ways',
  ({ file: name, security_header_key, headers }) => {
    const body = file(name);

    test('counts by its header', async () => {
      expect(await verified(body, headers, { keys: [security_header_key] })).toBe('accepted');
      expect(await verified(body, headers, { keys: ['another', security_header_key] })).toBe('accepted');
    });

    test('does not count by its authKey where a header is there', async () => {
      expect(await verified(body, headers)).toBe('bad_signature');
      expect(
        await verified(body, { ...headers, 'bls-ipn-timestamp': '' }, { keys: [security_header_key] }),
      ).toBe('bad_signature');
    });
  },
);

test.each([1, 9, 17])('%i bytes moved from the body into the time are refused', async (moved) => {
  const key = 'example_bluesnap_security_key';
  const time = '2026-11-20 14:03:20.878';
  const body = `testMode=Y&test=y&${file('CHARGE.form')}`;
  const signature = createHmac('sha256', key)
    .update(time + body)
    .digest('hex');
  const sent = (at: number) =>
    verified(
      body.slice(at),
      { 'bls-ipn-timestamp': time + body.slice(0, at), 'bls-signature': signature },
      { keys: [key] },
    );
  expect(await sent(0)).toBe('accepted');
  expect(await sent(moved)).toBe('stale');
});

describe('authKey', () => {
  test.each<[string, string, string]>([
    ['spelled as in the documents', file('CHARGE.form').replace('authKey', 'authkey'), 'accepted'],
    ['in capitals', file('CHARGE.form').replace('authKey=de49f9', 'authKey=DE49F9'), 'accepted'],
    ['empty, as without a key', charge({ authKey: '' }), 'no_signature'],
    ['of another order', charge({ referenceNumber: '1000000002' }), 'bad_signature'],
    ['of another contract', charge({ contractId: '3047002' }), 'bad_signature'],
    ['of no order', 'authKey=de49f978ed86a7c49dde235f8203bc70', 'bad_signature'],
  ])('%s: %s', async (_, body, expected) => expect(await verified(body, {})).toBe(expected));
});

test.each(['2026-11-20T14:03:20.878Z', '1795300010', '', 'now'])(
  'the time %j is none of its own',
  async (time) => {
    const [first] = published.vectors;
    const headers = { ...first?.headers, 'bls-ipn-timestamp': time };
    expect(
      await verified(file('CHARGE.form'), headers, { keys: ['example_bluesnap_security_key'] }),
    ).not.toBe('accepted');
  },
);

describe('it hears', () => {
  const heard = (one: ReturnType<typeof request>) => bluesnap.answer?.([], one, context);

  // The documented example: printf 'OKexample_data_protection_key' | openssl dgst -md5
  test('the OK of the key it has shown', () => {
    expect(heard(request(file('CHARGE.form')))).toEqual({
      status: 200,
      body: published.legacy_ok_response_body,
    });
  });

  test.each([
    ['signed by a header only', request(file('CHARGE.signed.form'))],
    ['signed, and unreadable', request('%')],
    ['its test of the address', { ...request(file('CHARGE.form')), method: 'GET' }],
  ])('200 and nothing: %s', (_, one) => expect(heard(one)).toEqual({ status: 200, body: '' }));

  test('an empty GET is its test of the address, and says nothing', async () => {
    const get = { ...request(''), method: 'GET' };
    expect(bluesnap.methods).toContain('GET');
    await bluesnap.verify(get, context);
    expect(await bluesnap.read({ ...get, query: file('CHARGE.form') }, context)).toEqual([]);
  });
});
