/** Tests PayPal's IPN: the post back, the charsets, and variants of the sample. */
import { describe, expect, test } from 'vitest';
import { ask } from '../../functions/aws/ask.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { paypalIpn } from '../../functions/providers/paypal-ipn/provider.ts';
import { contextWith } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { testEach } from '../fixtures/in-words.ts';
import { sampleOf } from '../fixtures/sample.ts';
import { startServer } from '../local/server.ts';

const options = { receiver: ['EXAMPLEMERCH9', 'sales@vendor.example.com'] };
const webhook = (body: string | Buffer) => ({
  ...{ method: 'POST', headers: {}, query: '', body: Buffer.from(body) },
});
/** The sample with changed fields; undefined removes one. */
function ipn(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const fields = new URLSearchParams(sampleOf('paypal-ipn/ipn.completed.form').toString());
  for (const [name, value] of Object.entries(changes))
    if (value === undefined) fields.delete(name);
    else fields.set(name, value);
  return String(fields);
}
const read = async (body: string | Buffer, change = {}) =>
  paypalIpn.read(webhook(body), contextWith({ options, ...change }));

describe('the post back', () => {
  testEach([
    ['VERIFIED', 200, 'accepted'],
    ['VERIFIED\n', 200, 'accepted'],
    ['INVALID', 200, 'bad_signature'],
    ['', 200, 'provider_unavailable'],
    ['<html>VERIFIED</html>', 200, 'provider_unavailable'],
    ['VERIFIED', 500, 'provider_unavailable'],
    ['VERIFIED', 302, 'provider_refused'],
    ['VERIFIED', 404, 'provider_refused'],
  ])('answered with $0 and $1 makes the notification $2', async (text, status, expected) => {
    // Bytes that are valid in no charset come back as they were.
    const body = Buffer.concat([Buffer.from(`${ipn()}&memo=%e9+%2B&raw=`), Buffer.from([0xff, 0x00, 0xe9])]);
    const received: unknown[] = [];
    const server = await startServer(async (request, response) => {
      const bytes = Buffer.concat(await request.toArray());
      received.push([request.method, request.url, request.headers['content-type'], bytes.toString('latin1')]);
      response.writeHead(status, { location: '/other' }).end(text);
    });
    const api = { key: 'none', url: `${server.url}/cgi-bin/webscr` };
    const result = await Promise.resolve(paypalIpn.verify(webhook(body), contextWith({ keys: [], api, ask })))
      .then(() => 'accepted')
      .catch((error: unknown) => (error instanceof Rejection ? error.code : error));
    await server.stop();
    expect(result).toBe(expected);
    const posted = `cmd=_notify-validate&${body.toString('latin1')}`;
    expect(received).toEqual([['POST', '/cgi-bin/webscr', 'application/x-www-form-urlencoded', posted]]);
  });

  test('goes to the live PayPal unless an address is stored, and an empty body is not posted', async () => {
    const urls: string[] = [];
    const context = contextWith({
      ask: async (url) => {
        urls.push(url);
        return 'VERIFIED';
      },
    });
    await paypalIpn.verify(webhook(ipn()), context);
    await expect(async () => paypalIpn.verify(webhook(''), context)).rejects.toMatchObject({
      code: 'no_signature',
    });
    expect(urls).toEqual(['https://ipnpb.paypal.com/cgi-bin/webscr']);
  });
});

describe('the receiver', () => {
  testEach([
    [{}, undefined],
    [{ receiver_email: ' SALES@vendor.example.com' }, undefined],
    [{ receiver_email: 'other@example.com', receiver_id: 'examplemerch9' }, undefined],
    // The page of a button can name any account here.
    [{ receiver_email: 'other@example.com' }, 'wrong_payee'],
    [{ receiver_email: undefined, receiver_id: undefined }, 'wrong_payee'],
  ])('in a notification where $0 has a line whose held reason is $1', async (changes, held) => {
    expect(await read(ipn(changes))).toMatchObject([{ kind: 'paid', lines: [{ held }] }]);
  });

  testEach([[{}], [{ receiver: '' }], [{ receiver: [] }], [{ receiver: 'a', other: 1 }]])(
    'the options are a mistake: $0',
    (wrong) => expect(paypalIpn.options?.safeParse(wrong).success).toBe(false),
  );
});

testEach([
  [{ payment_status: 'Pending' }],
  [{ payment_status: 'Denied' }],
  [{ payment_status: 'Failed' }],
  [{ payment_status: 'Expired' }],
  [{ payment_status: undefined, txn_type: 'new_case' }],
  [{ payment_status: undefined, txn_type: 'subscr_cancel' }],
  [{ payment_status: undefined, txn_type: 'subscr_signup', period1: '1 M', mc_amount1: '5.00' }],
  [{ payment_status: undefined, txn_type: 'subscr_signup' }],
  [{ mc_gross: '-39.00', txn_type: 'send_money' }],
  [{ payment_status: 'Refunded', mc_gross: '0.00', parent_txn_id: 'X' }],
])('a notification where $0 is no event', async (changes) => {
  expect(await read(ipn(changes))).toEqual([]);
});

const USD = (value: string) => ({ value, currency: 'USD' });
testEach([
  [{ quantity: '3', mc_gross: '117.00' }, { lines: [{ quantity: 3, paid: USD('117.00') }] }],
  [{ quantity: 'x' }, { lines: [{ held: 'bad_body' }] }],
  [{ item_number: undefined }, { lines: [{ sku: 'WidgetPro for Mac' }] }],
  [{ item_number: undefined, item_name: undefined }, { lines: [{ sku: '' }] }],
  [{ txn_type: undefined }, { kind: 'paid' }],
  [{ test_ipn: '1' }, { test: true }],
  [{ payment_date: 'yesterday' }, { placedAt: undefined }],
  [{ first_name: undefined, last_name: undefined }, { buyer: { name: undefined } }],
  [{ option_name1: 'licensee', option_selection1: 'Zoë & Co' }, { buyer: { registration: 'Zoë & Co' } }],
  [
    { option_name1: 'licensee', option_selection1: 'A', option_name2: 'licensee', option_selection2: 'B' },
    { lines: [{ held: 'no_name' }] },
  ],
  [{ invoice: '1042' }, { printed: '1042' }],
  [{ txn_type: 'send_money' }, { kind: 'ignored', type: 'send_money', amount: USD('39.00') }],
  [{ payment_status: 'Processed' }, { kind: 'ignored', type: 'Processed', amount: USD('39.00') }],
  [{ payment_status: 'constructor' }, { kind: 'ignored', type: 'constructor' }],
  [
    { txn_type: 'subscr_payment', subscr_id: 'I-1' },
    { kind: 'paid', id: 'I-1' },
  ],
  [
    { txn_type: 'subscr_signup', payment_status: undefined, subscr_id: 'I-1', mc_amount1: '0.00' },
    { kind: 'trial' },
  ],
  [
    { txn_type: 'recurring_payment', recurring_payment_id: 'I-1', mc_gross: '0.00' },
    { kind: 'trial', id: 'I-1' },
  ],
  [
    {
      ...{ txn_type: 'recurring_payment_profile_created', payment_status: undefined, period_type: 'Trial' },
      ...{ recurring_payment_id: 'I-2', amount: '0.00', item_number: undefined, item_name: undefined },
      product_name: 'widgetpro-mac',
    },
    { kind: 'trial', id: 'I-2', lines: [{ sku: 'widgetpro-mac' }] },
  ],
])('a notification where $0 is an event where $1', async (changes, expected) => {
  expect(await read(ipn(changes))).toMatchObject([expected]);
});

test('the name of an item is the SKU if the catalogue lists it', async () => {
  const knows = (sku: string) => sku === 'WidgetPro for Mac';
  expect(await read(ipn(), { knows })).toMatchObject([{ lines: [{ sku: 'WidgetPro for Mac' }] }]);
});

test.each([
  ['of an unknown charset', ipn({ charset: 'EBCDIC-9' })],
  ['that is not in its charset', ipn().replace('%C3%A9e', '%E9e')],
  ['with a field twice', `${ipn()}&payment_status=Completed`],
  ['without an ID', ipn({ txn_id: undefined })],
  ['of a refund without its payment', ipn({ payment_status: 'Refunded' })],
])('a form %s is refused as bad_body', async (_, body) => {
  await expect(read(body)).rejects.toMatchObject({ code: 'bad_body' });
});

test.each([
  ['Shift_JIS', '%8ER%93c', '山田'],
  ['KOI8_R', '%F9%CE', 'Ын'],
  ['ISO-8859-1', 'Ren%E9', 'René'],
  ['windows-1252', '%8Eofie', 'Žofie'],
  ['UTF-8', 'Zo%C3%AB', 'Zoë'],
])('a name in %s is decoded', async (charset, bytes, name) => {
  const body = ipn({ charset, first_name: 'FIRST', last_name: undefined, payer_business_name: undefined });
  expect(await read(body.replace('FIRST', bytes))).toMatchObject([{ buyer: { name } }]);
});

describe('the deliveries of an order', () => {
  const shop = () =>
    deliveriesOf('paypal-ipn', paypalIpn, {
      ...{ settings: { options }, skus: ['widgetpro-mac'], signing: [], ask: async () => 'VERIFIED' },
    });
  const reversal = (payment_status: string, mc_gross = '-39.00', at = '02', txn_id = `R${at}`) =>
    ipn({
      ...{ payment_status, mc_gross, txn_id, parent_txn_id: '9EX00001EX000002B', txn_type: undefined },
      payment_date: `06:03:${at} Nov 22, 2026 PST`,
    });
  const subscribed = { txn_type: 'subscr_payment', subscr_id: 'I-1' };

  test.each([
    ['a repeated sale', [ipn(), ipn()], 'paid', 1],
    ['a payment that was pending', [ipn({ payment_status: 'Pending' }), ipn(), ipn()], 'paid', 1],
    ['a partial refund', [ipn(), reversal('Refunded', '-10.00')], 'partly_refunded', 1],
    [
      'partial refunds of the whole',
      [ipn(), reversal('Refunded', '-10.00'), reversal('Refunded', '-29.00', '03')],
      'refunded',
      1,
    ],
    [
      'a repeated partial refund',
      [ipn(), reversal('Refunded', '-20.00'), reversal('Refunded', '-20.00')],
      'partly_refunded',
      1,
    ],
    ['a full refund', [ipn(), reversal('Refunded')], 'refunded', 1],
    ['a refund before its sale', [reversal('Refunded'), ipn()], 'refunded', 0],
    ['a chargeback', [ipn(), reversal('Reversed')], 'disputed', 1],
    [
      'a chargeback that was won',
      [ipn(), reversal('Reversed'), reversal('Canceled_Reversal', '39.00', '09')],
      'paid',
      1,
    ],
    [
      'the same in another order',
      [ipn(), reversal('Canceled_Reversal', '39.00', '09'), reversal('Reversed')],
      'paid',
      1,
    ],
    [
      'payments of a subscription, and its refund',
      [
        ipn(subscribed),
        ipn({ ...subscribed, txn_id: 'SECOND' }),
        ipn({
          ...subscribed,
          ...{ txn_id: 'R', parent_txn_id: 'SECOND' },
          payment_status: 'Refunded',
          mc_gross: '-10.00',
        }),
      ],
      'partly_refunded',
      1,
    ],
    [
      'a trial and its first payment',
      [
        ipn({
          ...subscribed,
          txn_type: 'subscr_signup',
          payment_status: undefined,
          mc_gross: undefined,
          txn_id: undefined,
          mc_amount1: '0.00',
        }),
        ipn(subscribed),
      ],
      'paid',
      1,
    ],
  ])('%s make one order', async (_, bodies, status, mails) => {
    const { post, orders, mails: sent } = shop();
    for (const body of bodies) expect(await post(webhook(body))).toEqual({ status: 200, body: '' });
    expect(orders()).toMatchObject([{ status }]);
    expect(sent.filter(({ text }) => /[0-9A-F]{32}/.test(text))).toHaveLength(mails);
  });
});
