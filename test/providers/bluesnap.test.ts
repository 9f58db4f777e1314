/** Tests variants of BlueSnap's notifications: its sample, with fields changed. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Context } from '../../functions/core/inbound/provider.ts';
import { bluesnap } from '../../functions/providers/bluesnap/provider.ts';
import { contextWith } from '../fixtures/catalogue.ts';
import { testEach } from '../fixtures/in-words.ts';

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

/** Returns the sample with changed fields; undefined removes a field. */
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

test.each(['AUTH_ONLY', 'DECLINE', 'CC_CHARGE_FAILED', 'CONTRACT_CHANGE', 'CANCELLATION'])(
  'a notification of type %s yields no event',
  async (transactionType) => expect(await read(charge({ transactionType }))).toEqual([]),
);

describe('a charge', () => {
  test.each<[string, Record<string, string | undefined>, object]>([
    [
      'the quantity is the number of copies',
      { quantity: '12' },
      { lines: [{ sku: '3047000', quantity: 12, paid: eur('46.41') }] },
    ],
    [
      'thousands separators in an amount are removed',
      { invoiceChargeAmount: '1,234,567.89' },
      { amount: eur('1234567.89') },
    ],
    [
      'an amount in yen has no decimals',
      { invoiceChargeAmount: '4900', invoiceChargeCurrency: 'JPY' },
      { amount: { value: '4900', currency: 'JPY' } },
    ],
    [
      'an amount without a currency is left out',
      { invoiceChargeCurrency: undefined },
      { lines: [{ sku: '3047000', quantity: 1 }] },
    ],
    [
      'custom1 holds the name for the licence',
      { custom1: 'Institut für Widgets' },
      { buyer: { registration: 'Institut für Widgets' } },
    ],
    ['an empty custom1 leaves the buyer’s name', { custom1: '' }, { buyer: { name: 'Günther Weiß' } }],
    [
      'a buyer may have only a first name',
      { firstName: 'Madonna', lastName: '' },
      { buyer: { name: 'Madonna' } },
    ],
    [
      'each promoted contract becomes a line',
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

  test('several products have no price each, only a total', async () => {
    const changes = { promoteContractsNum: '1', promoteContractId0: '3047002' };
    const [event] = await read(charge(changes));
    const Lines = z.object({ lines: z.array(z.object({ paid: z.unknown() })) });
    expect(Lines.parse(event).lines.map(({ paid }) => paid)).toEqual([undefined, undefined]);
  });

  test('a product listed under options.answers is recorded and not mailed', async () => {
    const options = { answers: ['3047000'] };
    expect(await read(charge({}), { options })).toMatchObject([
      { lines: [{ sku: '3047000', delivery: 'answer' }] },
    ]);
  });

  testEach<[Record<string, string>, boolean]>([
    [{ testMode: 'Y' }, true],
    [{ bluesnapNode: '99' }, true],
    [{ bluesnapNode: '', plimusNode: '99' }, true],
    [{ bluesnapNode: '2' }, false],
  ])('if $0, the order is a test order: $1', async (changes, expected) => {
    expect(await read(charge(changes))).toMatchObject([{ test: expected }]);
  });

  test.each<[string, string]>([
    ['no order number', charge({ referenceNumber: undefined })],
    ['a field twice', `${file('CHARGE.form')}&email=eve%40example.com`],
    ['a name in Latin-1', file('CHARGE.form').replace('G%C3%BCnther', 'G%FCnther')],
    ['an incomplete percent escape', file('CHARGE.form').replace('G%C3%BCnther', 'G%C')],
    ['the body of another provider', '{"type":"order.paid","data":{}}'],
  ])('a body with %s is refused as bad_body', async (_, body) => {
    await expect(read(body)).rejects.toMatchObject({ code: 'bad_body' });
  });

  test.each(['constructor', '__proto__'])(
    'a licensee field named %s is read from the body only, never from a prototype',
    async (licenseeField) => {
      expect(await read(charge({}), { licenseeField })).toMatchObject([
        { buyer: { name: 'Günther Weiß', registration: undefined } },
      ]);
    },
  );

  test('a space may be encoded as %20 or +', async () => {
    for (const blank of ['%20', '+'])
      expect(await read(file('CHARGE.form').replace('Beispiel+GmbH', `Beispiel${blank}GmbH`))).toMatchObject([
        { buyer: { company: 'Beispiel GmbH' } },
      ]);
  });
});

describe('a refund or chargeback', () => {
  test.each<[string, Record<string, string>, object]>([
    ['a full refund has the part "full"', {}, { part: 'full', amount: eur('46.41') }],
    [
      'a partial refund has the part "partial" and its amount',
      { fullRefund: 'N', invoiceChargeAmount: '-10.00' },
      { part: 'partial', amount: eur('10.00') },
    ],
    [
      'a refund without an amount counts as partial',
      { fullRefund: '', invoiceChargeAmount: '' },
      { part: 'partial' },
    ],
    ['CANCELLATION_REFUND is a full refund', { transactionType: 'CANCELLATION_REFUND' }, { part: 'full' }],
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
  ])('%s with cbStatus "%s" is a chargeback in the state %s', async (transactionType, cbStatus, state) => {
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
  '$file, which has a header signature and an authKey',
  ({ file: name, security_header_key, headers }) => {
    const body = file(name);

    test('is accepted if the header signature is valid', async () => {
      expect(await verified(body, headers, { keys: [security_header_key] })).toBe('accepted');
      expect(await verified(body, headers, { keys: ['another', security_header_key] })).toBe('accepted');
    });

    test('is refused if the header signature is invalid, whatever its authKey', async () => {
      expect(await verified(body, headers)).toBe('bad_signature');
      expect(
        await verified(body, { ...headers, 'bls-ipn-timestamp': '' }, { keys: [security_header_key] }),
      ).toBe('bad_signature');
    });
  },
);

test.each([1, 9, 17])(
  'a request with %i bytes moved from the body into the timestamp header is refused',
  async (moved) => {
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
  },
);

describe('a body signed by authKey', () => {
  testEach<[string, string, string]>([
    [
      'with the field spelled authkey, as in the documentation',
      file('CHARGE.form').replace('authKey', 'authkey'),
      'accepted',
    ],
    [
      'with the hash in capitals',
      file('CHARGE.form').replace('authKey=de49f9', 'authKey=DE49F9'),
      'accepted',
    ],
    ['with an empty authKey', charge({ authKey: '' }), 'no_signature'],
    ['with the authKey of another order', charge({ referenceNumber: '1000000002' }), 'bad_signature'],
    ['with the authKey of another contract', charge({ contractId: '3047002' }), 'bad_signature'],
    ['with no order number', 'authKey=de49f978ed86a7c49dde235f8203bc70', 'bad_signature'],
  ])('$0: $2', async (_, body, expected) => expect(await verified(body, {})).toBe(expected));
});

test.each(['2026-11-20T14:03:20.878Z', '1795300010', '', 'now'])(
  'a request with the timestamp "%s" is refused',
  async (time) => {
    const [first] = published.vectors;
    const headers = { ...first?.headers, 'bls-ipn-timestamp': time };
    expect(
      await verified(file('CHARGE.form'), headers, { keys: ['example_bluesnap_security_key'] }),
    ).not.toBe('accepted');
  },
);

describe('the answer', () => {
  const answer = (one: ReturnType<typeof request>) => bluesnap.answer?.([], one, context);

  // The documented example: printf 'OKexample_data_protection_key' | openssl dgst -md5
  test('to a body signed by authKey is the hash of OK and the key', () => {
    expect(answer(request(file('CHARGE.form')))).toEqual({
      status: 200,
      body: published.legacy_ok_response_body,
    });
  });

  test.each([
    ['signed by a header only', request(file('CHARGE.signed.form'))],
    ['signed but unparseable', request('%')],
    ['a GET request', { ...request(file('CHARGE.form')), method: 'GET' }],
  ])('is 200 with an empty body for a request that is %s', (_, one) =>
    expect(answer(one)).toEqual({ status: 200, body: '' }),
  );

  test('to an empty GET, which tests the address, needs no signature and yields no event', async () => {
    const get = { ...request(''), method: 'GET' };
    expect(bluesnap.methods).toContain('GET');
    await bluesnap.verify(get, context);
    expect(await bluesnap.read({ ...get, query: file('CHARGE.form') }, context)).toEqual([]);
  });
});
