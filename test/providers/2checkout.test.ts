/** Tests 2Checkout's IPN: its signatures and receipts, and variants of the samples. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { twoCheckout } from '../../functions/providers/2checkout/provider.ts';
import { contextWith } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { testEach } from '../fixtures/in-words.ts';
import { sampleOf } from '../fixtures/sample.ts';

const KEY = 'AABBCCDDEEFF';
const [complete, refund] = ['complete', 'refund'].map((name) =>
  sampleOf(`2checkout/ipn-${name}.form`).toString(),
);
const webhook = (body: string) => ({
  ...{ method: 'POST', headers: {}, query: '', body: Buffer.from(body) },
});
const openssl = (algorithm: string, text: string, key = KEY) =>
  execFileSync('openssl', ['dgst', `-${algorithm}`, '-hmac', key, '-r'], { input: text })
    .toString()
    .slice(0, algorithm === 'md5' ? 32 : 64);
const prefixed = (values: readonly string[]) =>
  values.map((value) => `${Buffer.byteLength(value)}${value}`).join('');

/** The sample with changed fields, or added ones after them, signed by openssl. */
function ipn(
  changes: Readonly<Record<string, string | undefined>> = {},
  added: readonly [string, string][] = [],
): string {
  const fields = new URLSearchParams(complete);
  for (const field of ['HASH', 'SIGNATURE_SHA2_256', 'SIGNATURE_SHA3_256']) fields.delete(field);
  for (const [name, value] of Object.entries(changes))
    if (value === undefined) fields.delete(name);
    else fields.set(name, value);
  for (const [name, value] of added) fields.append(name, value);
  fields.append('SIGNATURE_SHA2_256', openssl('sha256', prefixed([...fields.values()])));
  return String(fields);
}
const context = contextWith({ keys: ['other-key', KEY], now: Date.parse('2026-11-20T16:04:11Z') });
const read = async (body: string, change = {}) => {
  await twoCheckout.verify(webhook(body), context);
  return await twoCheckout.read(webhook(body), { ...context, ...change });
};
const verify = async (body: string) => twoCheckout.verify(webhook(body), context);

describe('the signature', () => {
  test.each([
    ['SIGNATURE_SHA3_256', 'SIGNATURE_SHA3_256'],
    ['SIGNATURE_SHA2_256', 'SIGNATURE_SHA[23]_256'],
    ['HASH', 'SIGNATURE_SHA[23]_256|HASH'],
  ])('%s is compared if it is the strongest', async (name, stronger) => {
    const body = complete?.replace(new RegExp(`&(?!${name}=)(${stronger})=\\w+`, 'g'), '') ?? '';
    await verify(body);
    await verify(body.replace(new RegExp(`(?<=${name}=)\\w+`), (hex) => hex.toUpperCase()));
    const forged = body.replace(
      new RegExp(`(${name}=.)(.)`),
      (_, at, digit) => `${at}${digit === '0' ? '1' : '0'}`,
    );
    await expect(verify(forged)).rejects.toMatchObject({ code: 'bad_signature' });
  });

  test.each([
    ['a changed value', 'bad_signature', complete?.replace('FIRSTNAME=%C8%98tefan', 'FIRSTNAME=Stefan')],
    ['a removed value', 'bad_signature', complete?.replace('REFNO=250000001&', '')],
    [
      'values in another order',
      'bad_signature',
      complete?.replace(/^(GIFT_ORDER=0)&(SALEDATE=[^&]+)/, '$2&$1'),
    ],
    ['no signature', 'no_signature', complete?.replace(/&HASH=.*/, '')],
    ['empty signatures', 'no_signature', complete?.replace(/(HASH|SIGNATURE_SHA._256)=\w+/g, '$1=')],
    ['no body', 'no_signature', ''],
    ['a broken escape', 'bad_body', `${complete}&x=%zz`],
  ])('a notification with %s is refused as %s', async (_, code, body = '') => {
    await expect(verify(body)).rejects.toMatchObject({ code });
  });

  test('the documented source string has the documented lengths', () => {
    // 2Checkout's page on the read receipt: the IPN_PID, IPN_PNAME, IPN_DATE and DATE of its example.
    const source = prefixed(['1', 'Software program', '20050303123434', '20050303123434']);
    expect(source).toBe('1116Software program14200503031234341420050303123434');
    expect(openssl('sha256', source)).toBe(
      'ea6f44c39b3d204b59500998fcb9221c92744d9721a94b45fc6d5cda99980176',
    );
  });
});

describe('the receipt', () => {
  const vectors = JSON.parse(sampleOf('2checkout/vectors.json').toString()).vectors;
  const at = { ...context, now: Date.parse('2026-11-20T16:04:11Z') };
  test.each([
    ['ipn-complete.form', 0, ['receipt_sha3', 'receipt_sha256', 'receipt_md5']],
    ['ipn-refund.form', 1, ['receipt_sha3', 'receipt_sha256', 'receipt_md5']],
    ['ipn-sha2.form', 0, ['receipt_sha256']],
    ['ipn-md5.form', 0, ['receipt_md5']],
  ])('of %s is signed as the notification', (file, at_, names) => {
    const answer = twoCheckout.answer?.([], webhook(sampleOf(`2checkout/${file}`).toString()), at);
    expect(answer).toEqual({ status: 200, body: names.map((name) => vectors[at_][name]).join('\n') });
  });

  test('is also given for what is ignored or cannot be parsed, and for lists with numbers', () => {
    for (const [changes, pid] of [
      [{ ORDERSTATUS: 'CANCELED' }, '40898001'],
      [{ REFNO: '' }, '40898001'],
      [{ 'IPN_PID[]': undefined, 'IPN_PID[0]': '7' }, '7'],
    ] as const) {
      const { body } = twoCheckout.answer?.([], webhook(ipn(changes)), at) ?? {};
      const source = prefixed([pid, 'WidgetPro for Windows', '20261120160410', '20261120160411']);
      expect(body).toBe(`<sig algo="sha256" date="20261120160411">${openssl('sha256', source)}</sig>`);
    }
  });
});

const EUR = (value: string) => ({ value, currency: 'EUR' });
const SECOND: readonly [string, string][] = [
  ...([
    ['IPN_PID[]', '40898002'],
    ['IPN_PNAME[]', 'Other'],
    ['IPN_PCODE[]', ''],
    ['IPN_QTY[]', '3'],
    ['IPN_TOTAL[]', '30.00'],
  ] as const),
].map(([name, value]) => [name, value]);

testEach([
  [{ 'IPN_QTY[]': '2' }, [], { lines: [{ quantity: 2, paid: EUR('46.41') }] }],
  [{ 'IPN_QTY[]': 'x' }, [], { lines: [{ held: 'bad_body' }] }],
  [{ 'IPN_PCODE[]': '' }, [], { lines: [{ sku: '40898001' }] }],
  [
    { IPN_TOTALGENERAL: '76.41' },
    SECOND,
    {
      amount: EUR('76.41'),
      lines: [{ sku: 'widgetpro-win' }, { sku: '40898002', quantity: 3, paid: EUR('30.00') }],
    },
  ],
  [{ TEST_ORDER: '1' }, [], { test: true }],
  [{ PAYMETHOD_CODE: 'TEST', TEST_ORDER: undefined }, [], { test: true }],
  [
    { GIFT_ORDER: '1', FIRSTNAME_D: 'Zoë', LASTNAME_D: 'Łuk', EMAIL_D: 'zoe@example.com', COMPANY_D: '' },
    [],
    { buyer: { name: 'Zoë Łuk', email: 'zoe@example.com', company: undefined } },
  ],
  [{ FIRSTNAME: '', LASTNAME: '' }, [], { buyer: { name: undefined } }],
  [
    { 'IPN_CUSTOM_[0]_TEXT[]': 'licensee', 'IPN_CUSTOM_[0]_VALUE[]': 'Ann+Bob 100%' },
    [],
    { buyer: { registration: 'Ann+Bob 100%' } },
  ],
  [{ ORDERSTATUS: 'PAYMENT_AUTHORIZED' }, [], { kind: 'announced' }],
  [
    {
      'IPN_LICENSE_TYPE[]': 'TRIAL',
      'IPN_TOTAL[]': '0.00',
      IPN_TOTALGENERAL: '0.00',
      'IPN_LICENSE_EXP[]': '2026-12-20 16:00:00',
    },
    [],
    { kind: 'trial', until: '2026-12-20T14:00:00.000Z' },
  ],
  [{ 'IPN_LICENSE_TYPE[]': 'TRIAL' }, [], { kind: 'paid' }],
  [
    { 'IPN_LICENSE_TYPE[]': 'TRIAL', 'IPN_TOTAL[]': '0.00' },
    SECOND,
    { kind: 'paid', lines: [{ held: 'trial_unknown' }, { held: undefined }] },
  ],
  [{ 'IPN_TOTAL[]': '0.00', IPN_TOTALGENERAL: '0.00' }, [], { kind: 'paid', amount: EUR('0.00') }],
  [{ 'IPN_LICENSE_TYPE[]': 'RENEW' }, [], { kind: 'renewed', id: 'subscription EXAMPLE001', lines: [] }],
  [{ ORDERSTATUS: 'SOMETHING' }, [], { kind: 'ignored', type: 'SOMETHING', amount: EUR('46.41') }],
  [{ SALEDATE: 'never' }, [], { placedAt: undefined }],
])('a notification where $0 is an event where $2', async (changes, added, expected) => {
  expect(await read(ipn(changes, added))).toMatchObject([expected]);
});

testEach([
  [{ ORDERSTATUS: 'CANCELED' }],
  [{ ORDERSTATUS: 'REFUND', IPN_TOTALGENERAL: '0.00' }],
  [{ 'IPN_LICENSE_TYPE[]': 'RENEW', IPN_TOTALGENERAL: '0.00' }],
  [{ 'IPN_LICENSE_TYPE[]': 'RENEW', ORDERSTATUS: 'PENDING' }],
])('a notification where $0 is no event', async (changes) => {
  expect(await read(ipn(changes))).toEqual([]);
});

test('the product’s number is the SKU if the catalogue lists it', async () => {
  const knows = (sku: string) => sku === '40898001';
  expect(await read(ipn(), { knows })).toMatchObject([{ lines: [{ sku: '40898001' }] }]);
});

test('a body without an order number, or not in UTF-8, is refused as bad_body', async () => {
  await expect(read(ipn({ REFNO: '' }))).rejects.toMatchObject({ code: 'bad_body' });
  await expect(async () => twoCheckout.read(webhook(`REFNO=1&FIRSTNAME=%e9`), context)).rejects.toMatchObject(
    { code: 'bad_body' },
  );
  expect(twoCheckout.idIn?.(webhook('REFNO=1&FIRSTNAME=%e9'), context)).toBe('1');
});

describe('the deliveries of an order', () => {
  const part = (id: string, total: string) =>
    ipn({ ORDERSTATUS: 'REFUND', REFUND_TYPE: 'PARTIAL', MESSAGE_ID: id, IPN_TOTALGENERAL: total });
  const chargeback = (resolution: string, date: string) =>
    ipn({ CHARGEBACK_RESOLUTION: resolution, IPN_DATE: `202611${date}000000` });

  test.each([
    ['a repeated sale', [complete, complete, ipn()], 'paid', 1],
    [
      'an authorized payment',
      [ipn({ ORDERSTATUS: 'PAYMENT_AUTHORIZED' }), ipn(), ipn({ ORDERSTATUS: 'PAYMENT_RECEIVED' })],
      'paid',
      1,
    ],
    ['an authorized payment alone', [ipn({ ORDERSTATUS: 'PAYMENT_AUTHORIZED' })], 'unpaid', 0],
    ['a full refund', [complete, refund, refund], 'refunded', 1],
    ['a refund before its sale', [refund, complete], 'refunded', 0],
    ['a partial refund, twice', [complete, part('1', '-10.00'), part('1', '-10.00')], 'partly_refunded', 1],
    ['partial refunds of the whole', [complete, part('1', '-10.00'), part('2', '-36.41')], 'refunded', 1],
    ['a chargeback', [complete, chargeback('OPEN', '21')], 'disputed', 1],
    ['a chargeback that was won', [complete, chargeback('OPEN', '21'), chargeback('WON', '22')], 'paid', 1],
    ['the same in another order', [complete, chargeback('WON', '22'), chargeback('OPEN', '21')], 'paid', 1],
    [
      'a chargeback that was lost',
      [complete, chargeback('OPEN', '21'), chargeback('LOST', '22')],
      'disputed',
      1,
    ],
    ['a chargeback that is reported with the sale', [chargeback('OPEN', '21')], 'disputed', 0],
    ['a renewal', [complete, ipn({ REFNO: '250000009', 'IPN_LICENSE_TYPE[]': 'RENEW' })], 'paid', 1],
  ])('%s make one order', async (_, bodies, status, mails) => {
    const shop = deliveriesOf('2checkout', twoCheckout, { skus: ['widgetpro-win'], signing: [KEY] });
    for (const body of bodies) {
      const answer = await shop.post(webhook(body ?? ''));
      expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('<sig algo=')]);
    }
    expect(shop.orders()).toMatchObject([{ status }]);
    expect(shop.mails).toHaveLength(mails);
  });
});
