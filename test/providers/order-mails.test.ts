/** Mails of stores become orders, or are held, by the samples of each store's folder and by changes to them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { decrypt } from '../fixtures/catalogue.ts';
import { GENUINE, mailWorld, PASS, sampleMail, withText } from '../fixtures/order-mails.ts';

const folder = new URL('../fixtures/order-mails/', import.meta.url);
/** What a correct parser makes of each sample, as its author wrote it. */
const Expected = z.record(
  z.string(),
  z.looseObject({
    disposition: z.enum(['fulfil', 'reject']),
    transactionId: z.string().nullish(),
    registrationName: z.string().optional(),
    normalisedName: z.string().optional(),
    buyerEmail: z.string().optional(),
    items: z.array(z.looseObject({ quantity: z.number() })).optional(),
    currency: z.string().optional(),
  }),
);
const expected = {
  ...Expected.parse(JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'))),
  'shareit-01-order.eml': {
    ...{ disposition: 'fulfil', transactionId: '284511907', registrationName: 'Jörg Müller' },
    ...{ buyerEmail: 'joerg.mueller@example.com', items: [{ quantity: 2 }], currency: 'USD' },
  },
};
const expectedOf = (file: string) => Expected.parse(expected)[file];
/** A mark at each end of the name says which way it is read, and is no part of it. */
const licenseeIn = (file: string) => expectedOf(file)?.registrationName?.replaceAll('\u200f', '') ?? '';

const ENCODINGS = ['as received', '8bit', 'base64', 'quoted-printable'] as const;
const rows = GENUINE.flatMap((sample) =>
  ENCODINGS.map((encoding) => [sample.file, encoding, sample] as const),
);

test.each(rows)('%s, %s, is fulfilled as expected', async (file, encoding, { store, raw }) => {
  const world = mailWorld();
  const body =
    encoding === 'as received'
      ? raw
      : withText(
          raw,
          (text) => text,
          encoding,
          () => true,
        );
  const { transactionId, buyerEmail, items = [] } = expectedOf(file) ?? {};
  expect(await world.receive(store, body)).toEqual({
    ...{ disposition: 'fulfilled', reason: null, key: `${store}#${transactionId}` },
  });
  const [order] = world.orders();
  expect(order?.buyer.email).toBe(buyerEmail);
  expect(order?.lines.map(({ quantity }) => quantity)).toEqual(items.map(({ quantity }) => quantity));
  for (const { serial } of order?.lines ?? []) expect(decrypt(serial)).toBe(licenseeIn(file));
  expect(world.mails.map(({ to }) => to)).toEqual([buyerEmail]);
});

test('the same mail ten times is one order, one serial and one mail', async () => {
  for (const { store, raw } of GENUINE) {
    const world = mailWorld();
    const keys = new Set<string | null>();
    for (let n = 0; n < 10; n += 1) keys.add((await world.receive(store, raw)).key);
    expect([keys.size, world.orders().length, world.mails.length]).toEqual([1, 1, 1]);
  }
});

const paypal = sampleMail('paypal-01');
const header = (from: string | RegExp, to: string) =>
  Buffer.from(paypal.toString('latin1').replace(from, to), 'latin1');
const FROM = /^From: .*$/m;
const AUTHENTICATION =
  'Authentication-Results: amazonses.com; spf=pass; dkim=pass; dmarc=pass header.from=paypal.com';

describe('a mail is not authentic', () => {
  test.each([
    ['with a DMARC verdict of FAIL', paypal, { dmarc: 'FAIL' }],
    ['with a DMARC verdict of GRAY: the domain has no policy', paypal, { dmarc: 'GRAY' }],
    ['with a DMARC verdict that SES could not reach', paypal, { dmarc: 'PROCESSING_FAILED' }],
    [
      'with the sender’s own Authentication-Results',
      header(/^From:/m, `${AUTHENTICATION}\r\nFrom:`),
      { dmarc: 'FAIL' },
    ],
    ['with the forged header of the sample', sampleMail('paypal-90'), { dmarc: 'FAIL' }],
    ['with a virus', paypal, { virus: 'FAIL' }],
    ['that SES takes for spam', paypal, { spam: 'FAIL' }],
    ['that SES could not scan', paypal, { spam: 'PROCESSING_FAILED' }],
    [
      'with the store in the display name only',
      header(FROM, 'From: "service@paypal.com" <service@paypal.example>'),
      {},
    ],
    ['from a look-alike domain', header(FROM, 'From: service@paypa1.com'), {}],
    ['from a domain that ends alike', header(FROM, 'From: service@notpaypal.com'), {}],
    ['from a subdomain', header(FROM, 'From: service@mail.paypal.com'), {}],
    ['from a domain that starts alike', header(FROM, 'From: service@paypal.com.example.net'), {}],
    ['from a domain with a Cyrillic letter', header(FROM, 'From: service@xn--pypal-4ve.com'), {}],
    ['with two From headers', header(FROM, 'From: service@paypal.com\r\nFrom: mallory@example.net'), {}],
    [
      'with two From headers, the store last',
      header(FROM, 'From: mallory@example.net\r\nFrom: service@paypal.com'),
      {},
    ],
    [
      'with a second From header before a colon with a space',
      header(FROM, 'From : m@example.net\r\nFrom: s@paypal.com'),
      {},
    ],
    ['with two addresses', header(FROM, 'From: service@paypal.com, mallory@example.net'), {}],
    ['with a group', header(FROM, 'From: Store: service@paypal.com;'), {}],
    ['with a route', header(FROM, 'From: <@example.net:service@paypal.com>'), {}],
    ['with an encoded address', header(FROM, 'From: =?utf-8?q?service=40paypal.com?='), {}],
    [
      'with an encoded address before another',
      header(FROM, 'From: =?utf-8?q?=3Cservice=40paypal.com=3E?= <m@example.net>'),
      {},
    ],
    ['with a comment', header(FROM, 'From: service@example.net (service@paypal.com)'), {}],
    ['with an address behind a null byte', header(FROM, 'From: m@example.net\0service@paypal.com'), {}],
    ['without From', header(FROM, 'X-From: service@paypal.com'), {}],
    ['with the store in Reply-To', header(FROM, 'From: m@example.net\r\nReply-To: service@paypal.com'), {}],
    ['with the store in Sender', header(FROM, 'From: m@example.net\r\nSender: service@paypal.com'), {}],
  ])('%s', async (_, body, verdicts) => {
    const world = mailWorld();
    const received = await world.receive('paypal-mail', body, { verdicts: { ...PASS, ...verdicts } });
    expect(received).toMatchObject({ disposition: 'held', reason: 'not_authentic' });
    expect([world.stored(), world.mails]).toEqual([[], []]);
    // A genuine mail of the same order is not affected.
    expect(await world.receive('paypal-mail', paypal)).toMatchObject({ disposition: 'fulfilled' });
  });

  test.each([
    ['"Pay Pal" <service@PayPal.com>', 'fulfilled'],
    ['=?utf-8?q?PayPal?= <service@paypal.com>', 'fulfilled'],
    ['service@paypal.com', 'fulfilled'],
  ])('but %s is the store', async (from, disposition) => {
    const received = await mailWorld().receive('paypal-mail', header(FROM, `From: ${from}`));
    expect(received.disposition).toBe(disposition);
  });

  test('and is counted if it is spam from another sender, or no order', async () => {
    const world = mailWorld();
    const spam = header(FROM, 'From: m@example.net');
    const verdicts = { ...PASS, dmarc: 'FAIL' };
    const letter = Buffer.from('From: m@example.net\r\nSubject: Hello\r\n\r\nHow are you?\r\n');
    const junk = { disposition: 'ignored', reason: 'junk', key: null };
    expect(await world.receive('paypal-mail', spam, { verdicts: { ...verdicts, spam: 'FAIL' } })).toEqual(
      junk,
    );
    expect(await world.receive('paypal-mail', letter, { verdicts })).toEqual(junk);
    expect(world.items.size).toBe(0);
  });
});

/** The labels of each layout, with a line that has none of the store's words. */
const LABELS: Readonly<Record<string, readonly string[]>> = {
  'kagi-01': [
    ...['Kagi Transaction ID', 'Date Processed', 'Purchaser Name', 'Purchaser Email', 'Registration Name'],
    ...['Payment Method', 'Qty  Product', 'Total paid'],
  ],
  'kagi-02': ['Kagi Transaction ID', 'Comments from the purchaser', 'Total paid'],
  'paypal-01': [
    ...['Transaction ID', 'Transaction date', 'Buyer', 'Instructions to merchant', 'Shipping information'],
    ...[
      'Description',
      'Unit price',
      'Qty',
      'Amount',
      'Item#',
      'Total',
      'Payment',
      'Payment sent to',
      'Invoice ID',
    ],
  ],
  'paypal-02': [
    ...[
      'Total',
      'Transaction ID',
      'Quantity',
      'Item/Product Name',
      'Item/Product Number',
      'Buyer',
      'Message',
    ],
    'Description',
  ],
  'esellerate-01': [
    ...[
      'ORDER NOTICE',
      'Order Number',
      'Status',
      'Transaction Date',
      'Order Notice Secret',
      'Currency',
      'First Name',
    ],
    ...[
      'Last Name',
      'Company',
      'E-mail',
      'Country',
      'Order Line',
      'SKU ID',
      'SKU Title',
      'Quantity',
      'Unit Price',
    ],
    ...['Platform', 'Registration Name', 'Serial Number'],
  ],
  'fastspring-02': [
    ...[
      '-----BEGIN ORDER-----',
      'Format',
      'Reference',
      'Live',
      'Completed',
      'Customer-Name',
      'Customer-Company',
    ],
    ...[
      'Customer-Email',
      'Customer-Language',
      'Customer-Country',
      'Currency',
      'Total',
      '-----END ORDER-----',
    ],
  ],
  'fastspring-01': ['Item'],
  'shareit-01': [
    ...[
      'A new order has been placed.',
      'Order No.',
      'Program',
      'Product',
      'Number of licenses',
      'Net sales',
      'Total',
    ],
    ...['Payment', 'Last Name', 'First Name', 'E-Mail', 'Country'],
  ],
};

/** Changes the first line that starts with the label; a label in the middle of a line counts where there is no such line. */
function atLabel(label: string, change: (line: string, next: string) => readonly string[]) {
  return (text: string) => {
    const lines = text.split('\n');
    const starts = lines.findIndex(
      (line) => line.trim().startsWith(label) && !/^\w/.test(line.trim().slice(label.length)),
    );
    const at = starts >= 0 ? starts : lines.findIndex((line) => line.includes(label));
    if (at < 0) throw new Error(`no label ${label}`);
    lines.splice(at, 1, ...change(lines[at] ?? '', lines[at + 1] ?? ''));
    return lines.join('\n');
  };
}
const CHANGES = {
  renamed: (label: string) => atLabel(label, (line) => [line.replace(label, `New ${label}`)]),
  'with another case': (label: string) =>
    atLabel(label, (line) => [
      line.replace(label, label === label.toLowerCase() ? label.toUpperCase() : label.toLowerCase()),
    ]),
  translated: (label: string) => atLabel(label, (line) => [line.replace(label, 'Betrag und Käufer')]),
  dropped: (label: string) => atLabel(label, () => []),
  'dropped with its value': (label: string) => (text: string) => {
    const lines = text.split('\n');
    const at = lines.findIndex((line) => line.trim().startsWith(label));
    lines.splice(at, lines[at]?.trim() === label && lines[at + 1] ? 2 : 1);
    return lines.join('\n');
  },
  doubled: (label: string) => atLabel(label, (line) => [line, line]),
  'doubled with its value': (label: string) => atLabel(label, (line, next) => [line, next, line]),
  'doubled at the end': (label: string) => (text: string) => {
    const line = text.split('\n').find((one) => one.trim().startsWith(label)) ?? '';
    return text.replace(/(?=-----END|\n*$)/, `\n${line}\n`);
  },
};

describe.each(Object.entries(LABELS))('%s: each label', (file, labels) => {
  const sample = GENUINE.find((one) => one.file.startsWith(file));

  test.each(Object.entries(CHANGES))('%s holds the mail', async (_name, change) => {
    const world = mailWorld();
    const results: Record<string, string | null> = {};
    for (const label of labels) {
      const body = withText(sample?.raw ?? Buffer.alloc(0), change(label));
      results[label] = (await world.receive(sample?.store ?? '', body)).reason;
    }
    expect(results).toEqual(Object.fromEntries(labels.map((label) => [label, 'mail_changed'])));
    expect([world.stored(), world.mails]).toEqual([[], []]);
  });
});

const replaced = (file: string, from: string | RegExp, to: string) =>
  withText(sampleMail(file), (text) => {
    if (text.replace(from, to) === text) throw new Error(`nothing to replace in ${file}`);
    return text.replace(from, to);
  });
const raw = (file: string, from: string | RegExp, to: string) =>
  Buffer.from(sampleMail(file).toString('latin1').replace(from, to), 'latin1');
const inHtml = (from: string, to: string) =>
  withText(
    sampleMail('paypal-01'),
    (text) => text.replace(from, to),
    '8bit',
    (head) => /text\/html/.test(head),
  );
const storeOf = (file: string) => GENUINE.find((one) => one.file.startsWith(file))?.store ?? '';

test.each([
  [
    'kagi-02',
    '> Purchaser Name: Not A Field',
    '> Total paid: USD 0.01\n> Kagi Transaction ID: KG-1\n>\n> -- X ---',
  ],
  [
    'paypal-01',
    'None given',
    'Transaction ID\n9ZZ00000ZZ000000Z\nBuyer\nMallory\nTotal\n$0.01 USD\nPayment: $1.00 USD',
  ],
  [
    'paypal-01',
    'None given',
    'Description\nUnit price\nQty\nAmount\nOther\nItem# ROTA\n$1.00 USD\n9\n$9.00 USD',
  ],
  ['paypal-02', 'thanks!', 'Quantity: 100\nTransaction ID: 9ZZ00000ZZ000000Z\nBuyer:\nMallory'],
])('%s: a comment that looks like fields changes nothing', async (file, from, to) => {
  const [world, plain] = [mailWorld(), mailWorld()];
  const received = await world.receive(storeOf(file), replaced(file, from, to));
  expect(received).toEqual(await plain.receive(storeOf(file), sampleMail(file)));
  expect(world.orders()[0]?.lines).toEqual(plain.orders()[0]?.lines);
});

test.each([
  ['a changed subject', raw('kagi-01', 'Thanks for your payment', 'Your payment')],
  ['a subject with more words', raw('fastspring-01', 'order.completed', 'order.completed.late')],
  [
    'another order number in the subject',
    raw('esellerate-01', 'Notice: ES1048837621', 'Notice: ES1048837622'),
  ],
  ['another name in the subject', raw('paypal-02', 'D=92Angelo?=', 'D=92Angeli?=')],
  ['another product in the subject', raw('paypal-02', 'Item_#ROTA', 'Item_#LEDGER3-SU')],
  ['two totals', replaced('kagi-01', 'Total paid: USD 29.00', 'Total paid: USD 29.00\nTotal paid: USD 9.00')],
  ['a total that is not the sum', replaced('kagi-02', 'USD 73.00', 'USD 63.00')],
  ['a line total that is no product', replaced('kagi-02', '29.00    58.00', '29.00    48.00')],
  ['a total and a payment that differ', replaced('paypal-01', /Payment\n\$29/, 'Payment\n$19')],
  ['another amount in the sentence', replaced('paypal-01', 'payment of $29', 'payment of $19')],
  ['another buyer in the sentence', replaced('paypal-01', 'from Marta', 'from Maria')],
  ['another address in the sentence', replaced('paypal-02', '(renee.', '(renate.')],
  ['another currency in a line', replaced('paypal-01', '1\n$29.00 USD', '1\n$29.00 CAD')],
  ['another amount in the HTML', inHtml('Total $29.00', 'Total $19.00')],
  ['another address in the HTML', inHtml('marta.kowalczyk@', 'martha@')],
  ['another item number in the HTML', inHtml('LEDGER3-SU', 'ROTA')],
  ['another order number in the HTML', inHtml('8AB12345CD678901E', '9AB12345CD678901E')],
  ['another account in the HTML', inHtml('sales@', 'mallory@')],
  ['another name in the HTML', inHtml('Marta Kowalczyk<br>', 'Marta Nowak<br>')],
  ['a total below the sum of the lines', replaced('fastspring-01', '31.90', '28.00')],
  ['a total far above the sum of the lines', replaced('fastspring-01', '31.90', '131.90')],
  ['a quantity of none', replaced('fastspring-01', '| 1 |', '| 0 |')],
  ['a quantity in words', replaced('esellerate-01', 'Quantity:          1', 'Quantity:          one')],
  ['an amount in another form', replaced('kagi-01', 'USD 29.00', 'USD 29,00')],
  ['a status that is not listed', replaced('esellerate-01', 'COMPLETED', 'PENDING')],
  [
    'two different names',
    replaced(
      'esellerate-01',
      'Serial Number:',
      'Serial Number:\nOrder Line 2\n  SKU ID: S\n  SKU Title: T\n  Quantity: 1\n  Unit Price: 1.00\n  Platform: X\n  Registration Name: Other\n  Serial Number:',
    ),
  ],
  ['an item without a column', replaced('fastspring-01', '| Ledgerline 3', '')],
  [
    'a second pair of markers',
    replaced(
      'fastspring-01',
      '-----END ORDER-----',
      '-----END ORDER-----\n-----BEGIN ORDER-----\n-----END ORDER-----',
    ),
  ],
  ['an unknown charset', raw('kagi-02', 'ISO-8859-1', 'x-mac-klingon')],
  ['an unknown charset in the subject', raw('paypal-02', '=?windows-1252?', '=?x-mac-klingon?')],
  ['a charset that it does not keep to', raw('kagi-02', 'ISO-8859-1', 'utf-8')],
  ['letters that ASCII lacks', raw('kagi-02', 'ISO-8859-1', 'us-ascii')],
  ['no charset and letters that ASCII lacks', raw('kagi-02', '; charset=ISO-8859-1', '')],
  ['an unknown encoding', raw('fastspring-01', 'base64', 'x-uuencode')],
  ['a null byte', replaced('kagi-01', 'Hannah Oduya', 'Hannah\0Oduya')],
  ['only HTML', raw('kagi-01', 'text/plain', 'text/html')],
  ['a second text part', raw('paypal-01', 'Content-Type: text/html', 'Content-Type: text/plain')],
])('%s holds the mail', async (_, body) => {
  const world = mailWorld();
  const subject = body.toString('latin1');
  const store = STORE_BY_DOMAIN.find(([domain]) => subject.includes(`@${domain}>`))?.[1] ?? '';
  expect(await world.receive(store, body)).toMatchObject({ disposition: 'held', reason: 'mail_changed' });
  expect([world.stored(), world.mails]).toEqual([[], []]);
});
const STORE_BY_DOMAIN = [
  ['kagi.com', 'kagi'],
  ['paypal.com', 'paypal-mail'],
  ['esellerate.net', 'esellerate'],
  ['fastspring.com', 'fastspring-mail'],
  ['shareit.com', 'shareit'],
] as const;

test.each([
  [
    'a payment to another account',
    'wrong_payee',
    replaced('paypal-01', 'to sales@fernhill', 'to mallory@fernhill'),
    'sales@fernhill',
    'mallory@fernhill',
  ],
  [
    'a receipt for another supplier',
    'wrong_payee',
    replaced('kagi-01', 'of Fernhill Software. The', 'of Other Software. The'),
  ],
  [
    'a receipt for a buyer without an address',
    'bad_address',
    raw('kagi-01', 'your payment', 'your payment @'),
  ],
  [
    'a receipt for a buyer whose address failed',
    'bad_address',
    raw('kagi-01', 'your payment', 'your payment *!'),
  ],
  ['an unknown product', 'unknown_product', replaced('kagi-01', 'Ledgerline 3  ', 'Ledgerline 4  ')],
])('%s holds the order as %s', async (_, reason, body, from = '', to = '') => {
  const world = mailWorld();
  const whole = Buffer.from(body.toString('latin1').replaceAll(from || '\n\0', to), 'latin1');
  const store = reason === 'wrong_payee' && from ? 'paypal-mail' : 'kagi';
  expect(await world.receive(store, whole)).toMatchObject({ disposition: 'held', reason });
  expect(world.orders()[0]?.lines[0]?.serial).toBe(null);
});

test.each([
  ['a preview', 'esellerate', replaced('esellerate-01', 'COMPLETED', 'PREVIEW')],
  ['a test sale', 'fastspring-mail', replaced('fastspring-01', 'Live: true', 'Live: false')],
  [
    'a letter without a number or an amount',
    'kagi',
    Buffer.from('From: a@kagi.com\r\nSubject: News\r\n\r\nHello\r\n'),
  ],
])('%s is counted', async (_, store, body) => {
  const world = mailWorld();
  expect(await world.receive(store, body)).toEqual({ disposition: 'ignored', reason: 'no_order', key: null });
  expect(world.items.size).toBe(0);
});

test('a mail to an address of no store is ignored; any +label of an address is the store’s', async () => {
  const world = mailWorld();
  const kagi = sampleMail('kagi-01');
  const to = (recipient: string) => world.receive('kagi', kagi, { recipients: [recipient] });
  expect(await to('other@in.fernhill.example')).toMatchObject({ reason: 'unknown_recipient' });
  expect(await to('Orders-Kagi+2@in.fernhill.example')).toMatchObject({ disposition: 'fulfilled' });
});

test('a mail of more than 256 KB is held unparsed, with the name of its object', async () => {
  const world = mailWorld();
  expect(await world.receive('kagi', undefined)).toMatchObject({ disposition: 'held', reason: 'too_large' });
  expect(world.orders()[0]?.raw).toMatchObject({ headers: { object: 'received/1' } });
});

test('two held mails of a store in a row are reported, and a fulfilled one in between ends the row', async () => {
  const world = mailWorld();
  const changed = replaced('kagi-01', 'Payment Method', 'Zahlungsart');
  const rows = () => world.reports.filter(({ name }) => name === 'mails_held').length;
  const receive = async (...mails: Buffer[]) => {
    for (const mail of mails) await world.receive('kagi', mail);
    return rows();
  };
  expect(await receive(changed)).toBe(0);
  await world.receive('esellerate', replaced('esellerate-01', 'Status', 'State'));
  expect(await receive(sampleMail('kagi-02'), changed)).toBe(0);
  expect(await receive(changed)).toBe(1);
});
