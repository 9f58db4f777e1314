/** `import` and `export` against the local AWS. Other programs write the imported files and read the exported ones. */
import { createCipheriv } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteItemCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { withBarOf } from '../../bin/commands/cli/progress.ts';
import { csvLine, csvRecords, unguardFormula } from '../../bin/commands/data/csv.ts';
import { mapInOrder } from '../../bin/commands/data/import-file.ts';
import { serial as profile } from '../fixtures/catalogue.ts';
import { startKeypost } from '../local/running.ts';

const HEADER = 'provider,order,date,name,email,product,quantity,serial';
const OLD = 'Sixteen-byte-key';
const NEW = 'another-16-bytes';

/** Uses Node's cipher and none of our code. */
function serial(name: string, key = NEW): string {
  const cipher = createCipheriv('aes-128-ecb', Buffer.from(key), null);
  return Buffer.concat([cipher.update(name), cipher.final()])
    .toString('hex')
    .toUpperCase();
}

const Count = z.strictObject({
  read: z.number(),
  written: z.number(),
  same: z.number(),
  wrong: z.array(z.strictObject({ line: z.number(), why: z.string() })),
  verified: z.optional(z.number()),
  unverified: z.optional(z.number()),
});
const Lines = z.array(
  z.looseObject({
    sku: z.string(),
    product: z.string().nullable(),
    serial: z.string().nullable(),
    keyVersion: z.number().nullable(),
  }),
);
const Orders = z.array(
  z.looseObject({
    key: z.string(),
    placedAt: z.string(),
    receivedAt: z.string(),
    lines: Lines,
    status: z.string(),
  }),
);

let keypost: Awaited<ReturnType<typeof startKeypost>>;
let aws: DynamoDBClient;
let count = 0;

beforeAll(async () => {
  keypost = await startKeypost({
    products: {
      one: { name: 'One', serial: profile, skus: { shop: ['one-sku'], stripe: ['prod_1'] } },
      many: { name: 'Many', serial: profile, skus: { shop: ['many-a', 'many-b'] } },
      keyless: { name: 'Keyless', serial: profile, skus: { shop: ['keyless'] } },
    },
    productKeys: {
      one: [
        { version: 1, key: OLD },
        { version: 2, key: NEW },
      ],
      many: [{ version: 1, key: NEW }],
    },
  });
  aws = new DynamoDBClient({ endpoint: keypost.aws() });
}, 60_000);
afterAll(() => keypost.stop());
beforeEach(async () => {
  for (const { key } of await items())
    if (key) await aws.send(new DeleteItemCommand({ TableName: 'keypost-orders', Key: { key } }));
});

const items = async () =>
  (await aws.send(new ScanCommand({ TableName: 'keypost-orders', ConsistentRead: true }))).Items ?? [];
const orders = async () => Orders.parse(await keypost.local('orders'));
const mails = async () => z.array(z.unknown()).parse(await keypost.local('mails'));

function file(text: string | Buffer): string {
  count += 1;
  const path = join(keypost.folder, `${count}.csv`);
  writeFileSync(path, text);
  return path;
}
async function imported(text: string | Buffer, ...options: string[]) {
  const { code, out, err } = await keypost.keypost(['import', file(text), '--json', ...options]);
  return { code, err, count: Count.parse(JSON.parse(out)) };
}
const row = (cells: Partial<Record<string, string>> = {}) => {
  const name = cells.name ?? 'Jane Q. Sample';
  const all = {
    provider: 'shop',
    order: '1',
    date: '2024-05-31',
    name,
    email: 'jane@example.com',
    product: 'one',
    quantity: '1',
    serial: serial(name),
    ...cells,
  };
  return stringify([HEADER.split(',').map((column) => all[column as keyof typeof all])]);
};

describe('import', () => {
  test('a row becomes a paid order, and no mail is sent', async () => {
    const before = (await mails()).length;
    expect(await imported(`${HEADER}\n${row({ quantity: '3' })}`)).toEqual({
      code: 0,
      err: '',
      count: { read: 1, written: 1, same: 0, wrong: [] },
    });
    expect(await orders()).toMatchObject([
      {
        key: 'shop#1',
        placedAt: '2024-05-31T00:00:00.000Z',
        receivedAt: '2024-05-31T00:00:00.000Z',
        status: 'paid',
        test: false,
        buyer: { name: 'Jane Q. Sample', email: 'jane@example.com' },
        lines: [
          {
            sku: 'one-sku',
            product: 'one',
            quantity: 3,
            received: 'Jane Q. Sample',
            licensee: 'Jane Q. Sample',
            serial: serial('Jane Q. Sample'),
            keyVersion: 2,
            held: null,
            sent: true,
          },
        ],
        mail: { state: 'sent', attempts: 0 },
        acts: [{ what: 'import', who: expect.stringMatching(/.@./), why: null }],
        dueAt: null,
        heldAt: null,
      },
    ]);
    await keypost.local('redeliver?ahead=1000000', 'POST');
    expect(await mails()).toHaveLength(before);
  });

  test('a second run changes nothing', async () => {
    const text = [HEADER, '\n', row(), row({ order: '2' }), row({ order: '1', product: 'many' })].join('');
    expect((await imported(text)).count).toMatchObject({ read: 3, written: 3, same: 0 });
    const before = await items();
    expect(await imported(text)).toMatchObject({ code: 0, count: { read: 3, written: 0, same: 3 } });
    expect(await items()).toEqual(before);
  });

  test('rows of one order need not be adjacent', async () => {
    const rows = [
      row(),
      row({ order: '2' }),
      row({ product: 'many', name: 'Joe', email: 'joe@example.com' }),
      row(),
    ];
    expect((await imported(`${HEADER}\n${rows.join('')}`)).count).toMatchObject({ written: 3, same: 1 });
    const [order] = (await orders()).filter(({ key }) => key === 'shop#1');
    expect(order).toMatchObject({ buyer: { name: 'Jane Q. Sample' } });
    expect(order?.lines.map((line) => [line.product, line.serial])).toEqual([
      ['one', serial('Jane Q. Sample')],
      ['many', serial('Joe')],
    ]);
  });

  test.each<[string, string, object]>([
    [
      'accepts a serial of an older key',
      row({ serial: serial('Jane Q. Sample', OLD) }),
      { lines: [{ keyVersion: 1 }] },
    ],
    [
      'accepts a serial with dashes and in lower case',
      row({ serial: (serial('Jane Q. Sample').match(/.{4}/g) ?? []).join('-').toLowerCase() }),
      { lines: [{ serial: serial('Jane Q. Sample') }] },
    ],
    [
      'normalizes the spaces of a name',
      row({ name: '  Jane\u00a0Q.  Sample ', serial: serial('Jane Q. Sample') }),
      { lines: [{ received: '  Jane\u00a0Q.  Sample ', licensee: 'Jane Q. Sample' }] },
    ],
    ['accepts a provider that is not enabled', row({ provider: 'old-store' }), { key: 'old-store#1' }],
    ['escapes a # in an order id', row({ order: '#10 42' }), { key: 'shop#%2310 42' }],
    ['trims cells', row({ order: ' 1 ', product: ' one' }), { key: 'shop#1' }],
    [
      'converts a time with a zone to UTC',
      row({ date: '2024-05-31T23:30:00-02:00' }),
      { receivedAt: '2024-06-01T01:30:00.000Z' },
    ],
    [
      'takes a time without a zone as UTC',
      row({ date: '2024-05-31T23:30' }),
      { receivedAt: '2024-05-31T23:30:00.000Z' },
    ],
  ])('%s', async (_, text, order) => {
    expect(await imported(`${HEADER}\n${text}`)).toMatchObject({ code: 0, count: { written: 1 } });
    expect(await orders()).toMatchObject([order]);
  });

  const WRONG: readonly [string, Partial<Record<string, string>>, RegExp][] = [
    ['no provider', { provider: '' }, /^provider: /],
    ['a provider that would be a key of ours', { provider: 'lease', order: 'redeliver' }, /^provider: /],
    ['no order', { order: ' ' }, /^order: /],
    ['a number that Excel has shortened', { order: '5.12346E+12' }, /^order: a spreadsheet has changed/],
    ['a number that Excel has shortened in Europe', { order: '5,12346E+12' }, /^order: a spreadsheet/],
    ['a number that Excel took for a date', { order: '31.05.2024' }, /^order: a spreadsheet/],
    ...[
      ...['1E+05', '5/31/2024', '12-May', '05-Dec-24', 'Mar-24', '########', '#NAME?', '5123456789012.0'],
      ...[
        '123456789012345000',
        '5.123.456.789.012',
        '5 123 456 789',
        '="5123456789012"',
        '12. Mai',
        'Mrz 24',
      ],
      'janv.-24',
    ].map((order, at): [string, object, RegExp] => [
      `changed number ${at}`,
      { order },
      /^order: a spreadsheet/,
    ]),
    ['a number that Excel took for a date of the USA', { order: '5/31/2024' }, /^order: a spreadsheet/],
    ['a date of another country', { date: '31.05.2024' }, /^date: .*2026-11-23/],
    ['a day that was not', { date: '2023-02-29' }, /^date: /],
    ['a date to come', { date: '2999-01-01' }, /^date: .*future/],
    ['no name', { name: '', serial: serial('') }, /^name: it has no letter/],
    ['a damaged name', { name: 'Jos\ufffd' }, /not UTF-8, as in a file of windows-1252/],
    ['an address that is none', { email: 'jane' }, /^email: /],
    ['an unknown product', { product: 'two' }, /^product: expected one of one, many, keyless$/],
    ['a product of the prototype', { product: 'constructor' }, /^product: /],
    ['half a copy', { quantity: '0.5' }, /^quantity: /],
    ['no copy', { quantity: '0' }, /^quantity: /],
    ['no serial', { serial: '' }, /^serial: .*missing/],
    ['a serial of somebody else', { serial: serial('Joe') }, /^serial: it is not the serial of this name/],
    ['a product without a key', { product: 'keyless' }, /^serial: .*no usable key/],
    ['two mistakes', { quantity: 'x', email: 'x' }, /^email: .*; quantity: /],
  ];

  test('wrong rows are reported with their lines, and the other rows are written', async () => {
    const rows = WRONG.map(([what, cells]) => `${row({ order: `before ${what}` })}${row(cells)}`);
    const { code, err, count } = await imported(`${HEADER}\r\n${rows.join('')}`);
    const wrong = WRONG.map(([, , why], at) => ({ line: 2 * at + 3, why: expect.stringMatching(why) }));
    expect(count).toMatchObject({ read: 2 * WRONG.length, written: WRONG.length, wrong });
    expect([code, err]).toEqual([
      1,
      `${JSON.stringify({ error: `${WRONG.length} of ${2 * WRONG.length} rows are wrong and are not written; correct them and import the file again` })}\n`,
    ]);
    const keys = WRONG.map(([what]) => `shop#before ${what}`);
    expect((await orders()).map(({ key }) => key).sort()).toEqual(keys.sort());
  });

  test.each([
    ['semicolons', ';'],
    ['tabs', '\t'],
  ])('a file with %s as separators is read', async (_, separator) => {
    const cells = ['shop', 'x1', '2024-05-31', 'Jane, Doe', 'j@example.com', 'one', '1', serial('Jane, Doe')];
    const { count } = await imported(`${HEADER.replaceAll(',', separator)}\r\n${cells.join(separator)}\r\n`);
    expect(count).toMatchObject({ written: 1, wrong: [] });
  });

  test('a row in windows-1252 is refused and named', async () => {
    const cells = ['shop', 'x1', '2024-05-31', 'José', 'j@example.com', 'one', '1', serial('José')];
    const { count } = await imported(Buffer.from(`${HEADER}\n${cells.join(',')}\n`, 'latin1'));
    expect(count).toMatchObject({
      written: 0,
      wrong: [{ line: 2, why: expect.stringContaining('windows-1252') }],
    });
  });

  test('with --as-issued, a serial of an older scheme is kept word for word, and is never made again', async () => {
    const text = [
      HEADER,
      '\n',
      row(),
      row({ order: '2', serial: 'old - scheme/42' }),
      row({ order: '3', product: 'keyless', serial: 'x' }),
      row({ order: '4', name: ' 42 ', serial: 'y' }),
      row({ order: '5', name: ' ', serial: 'z' }),
      row({ order: '6', product: 'two', serial: 'z' }),
    ].join('');
    const wrong = [expect.objectContaining({ line: 6 }), expect.objectContaining({ line: 7 })];
    const counts = { read: 6, written: 4, same: 0, verified: 1, unverified: 3, wrong };
    expect((await imported(text, '--as-issued', '--dry-run')).count).toEqual(counts);
    expect((await imported(text, '--as-issued')).count).toEqual(counts);
    expect((await imported(text, '--as-issued')).count).toEqual({ ...counts, written: 0, same: 4 });
    const kept = { serial: 'old - scheme/42', keyVersion: null, unverified: true };
    const before = (await mails()).length;
    const sale = {
      type: 'order.paid',
      data: { id: '2', buyer: {}, items: [{ sku: 'one-sku', quantity: 1 }] },
    };
    expect(await keypost.deliver(sale)).toBe(200);
    await keypost.local('redeliver?ahead=1000000', 'POST');
    expect(await mails()).toHaveLength(before);
    const linesOf = async (wanted: string) => (await orders()).find(({ key }) => key === wanted)?.lines;
    expect(await linesOf('shop#2')).toMatchObject([{ ...kept, delivery: 'elsewhere' }]);
    expect(await keypost.keypost(['orders', 'resend', 'shop#2'])).toMatchObject({ code: 0 });
    expect(await linesOf('shop#2')).toMatchObject([{ ...kept, delivery: 'mail' }]);
    expect(await linesOf('shop#1')).toMatchObject([{ keyVersion: 2 }]);
  });

  test('a reason contains no personal data', async () => {
    const person = {
      name: 'Zoraida\ufffd',
      email: 'zoraida@nowhere',
      serial: 'ZORAIDAS',
      order: 'zoraida\u0007',
    };
    const { count } = await imported(
      `${HEADER}\n${row(person)}${row({ ...person, email: 'z@example.com', order: '1' })}`,
    );
    expect(count.wrong).toHaveLength(2);
    expect(JSON.stringify(count)).not.toMatch(/zoraida/i);
  });

  test('line numbers are those of the file, also after multi-line fields, empty lines and mistakes', async () => {
    const text = [
      '\ufeffserial,QUANTITY , product,email,name,date,order,provider,note\r\n',
      `${serial('Jane')},1,one,j@example.com,"Jane\r\n",2024-05-31,1,shop,"a\r\n""b"""\r\n`,
      '\r\n',
      'too,few\r\n', // 6
      `${serial('Jane')},1,one,j@example.com,Jane "J",2024-05-31,2,shop,\r\n`, // 7
      `${serial('Joe')},1,one,j@example.com,Joe,2024-05-31,3,shop,"\r\n`, // 8
      `${serial('Ann')},1,one,j@example.com,Ann,2024-05-31,4,shop,`,
    ].join('');
    const { count } = await imported(text);
    expect(count.wrong).toMatchObject([
      { line: 6, why: expect.stringContaining('found 2 fields under 9 headings') },
      { line: 7, why: expect.stringContaining('quote within a field') },
      { line: 8, why: expect.stringContaining('quote that is not closed') },
    ]);
    expect((await orders()).map(({ key }) => key)).toEqual(['shop#1', 'shop#4']);
  });

  test.each([
    ['without a line', '', /is empty; write provider,order,date/],
    ['in UTF-16', Buffer.from(`\ufeff${HEADER}\n`, 'utf16le'), /is in UTF-16; save it as "CSV UTF-8"/],
    ['in UTF-16 without a mark', Buffer.from(HEADER, 'utf16le'), /is in UTF-16/],
    [
      'without a column serial',
      `${HEADER.replace('serial', 'key')}\n${row()}`,
      /the first line has no serial;/,
    ],
    ['whose header has an open quote', `"${HEADER}`, /quote that is not closed/],
    ['with a line of 200,000 characters', 'x'.repeat(200_000), /line 1 is longer/],
  ])('a file %s is refused', async (_, text, why) => {
    expect(await keypost.keypost(['import', file(text)])).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(why),
    });
  });

  test.each(['nowhere.csv', '.'])('%s is reported as unreadable', async (name) => {
    expect(await keypost.keypost(['import', name])).toMatchObject({
      code: 1,
      err: expect.stringContaining(name),
    });
  });

  test('an import that a fault stops says how many rows are done, and goes on when it is repeated', async () => {
    const faults = (dynamodb: string | null) =>
      fetch(`${keypost.page()}/local/faults`, { method: 'PUT', body: JSON.stringify({ dynamodb }) });
    const rows = file([HEADER, row(), row({ order: '2' })].join('\n'));
    await faults('down');
    const stopped = await keypost.keypost(['import', rows]);
    await faults(null);
    expect(stopped).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(
        /InternalServerError.*\nthe import has stopped after 0 rows; import the file again/,
      ),
    });
    expect((await keypost.keypost(['import', rows])).out).toBe('2 rows: 2 written, 0 the same, 0 wrong\n');
  }, 30_000);
});

describe('import of an order that is already stored', () => {
  const sale = (id: string, skus: readonly string[]) => ({
    type: 'order.paid',
    data: {
      id,
      buyer: { name: 'Another Name', email: 'another@example.com' },
      items: skus.map((sku) => ({ sku, quantity: 1 })),
    },
  });

  test('a product of an order keeps its first serial', async () => {
    await imported(`${HEADER}\n${row()}`);
    const before = await items();
    const { code, count } = await imported(`${HEADER}\n${row({ name: 'Joe' })}`);
    expect(code).toBe(1);
    expect(count).toMatchObject({
      written: 0,
      wrong: [{ line: 2, why: expect.stringMatching(/^order: .*another serial/) }],
    });
    expect(await items()).toEqual(before);
  });

  test('of rows with different serials for one product, the first in the file is written', async () => {
    const rows = Array.from({ length: 60 }, (_, at) => row({ name: `Jane ${at}` }));
    const { count } = await imported(`${HEADER}\n${rows.join('')}`);
    expect(count).toMatchObject({ read: 60, written: 1 });
    expect(count.wrong.map(({ line }) => line)).toEqual(rows.slice(1).map((_, at) => at + 3));
    expect(await orders()).toMatchObject([{ lines: [{ serial: serial('Jane 0') }] }]);
  });

  test('a repeated notification of an imported order issues nothing under any SKU', async () => {
    // Two SKUs of one product are two copies.
    await imported(`${HEADER}\n${row()}${row({ product: 'many', quantity: '2' })}`);
    const before = [await orders(), await mails()];
    expect(await keypost.deliver(sale('1', ['one-sku', 'many-b', 'many-a']))).toBe(200);
    await keypost.local('redeliver?ahead=1000000', 'POST');
    expect([await orders(), await mails()]).toEqual(before);
  });

  test('an order that a notification made does not change', async () => {
    await keypost.deliver(sale('1', ['one-sku']));
    // Processes the mail events of SES, which change the order.
    await keypost.local('redeliver', 'POST');
    const before = await items();
    expect((await imported(`${HEADER}\n${row({ name: 'Another Name' })}`)).count).toMatchObject({ same: 1 });
    expect((await imported(`${HEADER}\n${row()}`)).count.wrong).toHaveLength(1);
    expect(await items()).toEqual(before);
  });

  test('an order that is held does not change', async () => {
    await keypost.deliver(sale('1', ['keyless', 'unheard-of']));
    const before = await items();
    const { count } = await imported(`${HEADER}\n${row({ name: 'Another Name' })}`);
    expect(count.wrong).toMatchObject([{ why: expect.stringContaining('orders release') }]);
    expect(await items()).toEqual(before);
  });

  test('a refund that was recorded first remains', async () => {
    await keypost.deliver({ type: 'order.refunded', data: { id: '1', refundId: 'r' } });
    expect((await imported(`${HEADER}\n${row()}`)).count).toMatchObject({ written: 1 });
    expect(await orders()).toMatchObject([
      { status: 'refunded', lines: [{ serial: serial('Jane Q. Sample') }] },
    ]);
  });

  test('an erased order stays erased', async () => {
    const text = `${HEADER}\n${row()}${row({ product: 'many' })}`;
    await imported(text);
    await keypost.keypost(['person', 'erase', '--email', 'jane@example.com', '--yes']);
    const before = await items();
    expect(await imported(text)).toMatchObject({ code: 0, count: { written: 0, same: 2 } });
    expect(await items()).toEqual(before);
  });
});

describe('import --dry-run', () => {
  const text = [
    HEADER,
    '\n',
    row(),
    row({ order: '2', quantity: '0' }),
    row({ product: 'many' }),
    row(),
  ].join('');

  test('counts the same rows as the real run, and writes nothing', async () => {
    const dry = await imported(text, '--dry-run');
    expect(dry.count).toMatchObject({ read: 4, written: 2, same: 1, wrong: [{ line: 3 }] });
    expect(await items()).toEqual([]);
    expect(await imported(text)).toEqual(dry);
  });

  test('lists each row that would be written or is wrong', async () => {
    const path = file(text);
    const { code, out } = await keypost.keypost(['import', path, '--dry-run']);
    expect(code).toBe(1);
    expect(out.trimEnd().split('\n')).toEqual([
      `+ line 2: shop#1, 1 × one for Jane Q. Sample <jane@example.com>, ${serial('Jane Q. Sample')}`,
      '! line 3: quantity: write a whole number, 1 or more',
      `+ line 4: shop#1, 1 × many for Jane Q. Sample <jane@example.com>, ${serial('Jane Q. Sample')}`,
      '4 rows: 2 would be written, 1 the same, 1 wrong',
    ]);
  });
});

describe('export', () => {
  const NAMES = [
    '=1+1',
    '+49',
    '-dash',
    '@at',
    "'quoted",
    "'=both",
    "''@",
    'a "b", c',
    'José Núñez',
    '田中 健',
  ];
  const text = `${HEADER}\n${NAMES.map((name, at) => row({ order: `=#%23${at}`, name })).join('')}`;

  test('an exported CSV can be imported again, also into an empty table', async () => {
    // In the file of another store, an apostrophe before a formula is not part of the name.
    const own = NAMES.filter((name) => !/^'+[=@]/.test(name));
    expect((await imported(text)).count.written).toBe(own.length);
    const { code, out, err } = await keypost.keypost(['export']);
    expect([code, err]).toEqual([0, 'reading the whole table\n']);
    const rows = z.array(z.record(z.string(), z.string())).parse(parse(out, { columns: true }));
    expect(Object.keys(rows[0] ?? {})).toEqual([...HEADER.split(','), 'status', 'mail']);
    expect(rows.map(({ name }) => name).sort()).toEqual(
      own.map((name) => name.replace(/^[=+\-@]/, "'$&")).sort(),
    );
    expect(rows.filter((one) => Object.values(one).some((cell) => /^[=+\-@]/.test(cell)))).toEqual([]);

    const before = await orders();
    expect(await imported(out)).toMatchObject({ code: 0, count: { written: 0, same: own.length } });
    for (const { key } of await items())
      if (key) await aws.send(new DeleteItemCommand({ TableName: 'keypost-orders', Key: { key } }));
    expect(await imported(out)).toMatchObject({ code: 0, count: { written: own.length } });
    const bare = (list: typeof before) => list.map(({ acts: _acts, ...order }) => order);
    expect(bare(await orders())).toEqual(bare(before));
  });

  test('the JSON lines equal GET /local/orders', async () => {
    await imported(text);
    await keypost.deliver({
      type: 'order.paid',
      data: { id: 'h', test: true, buyer: {}, items: [{ sku: 'x' }] },
    });
    const few = (await keypost.keypost(['export', '--format', 'jsonl', '--limit', '2'])).out;
    expect(few.trim().split('\n')).toHaveLength(2);
    const { out } = await keypost.keypost(['export', '--format', 'jsonl']);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => Orders.element.parse(JSON.parse(line)));
    const byKey = (list: z.output<typeof Orders>) =>
      list.sort((one, other) => (one.key < other.key ? -1 : 1));
    expect(byKey(lines)).toEqual(byKey(await orders()));
  });

  test('--out writes a file that only the current user can read', async () => {
    await imported(text);
    const path = join(keypost.folder, 'out.csv');
    const { code, out } = await keypost.keypost(['export', '--out', path]);
    expect([code, out]).toEqual([0, '']);
    // The segments of the table arrive in any order.
    const rows = (csv: string) => csv.split('\n').sort();
    expect(rows(`${readFileSync(path)}`)).toEqual(rows((await keypost.keypost(['export'])).out));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await keypost.keypost(['export', '--out', join(keypost.folder, 'no', 'x')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be written'),
    });
  });
});

describe('CSV records', () => {
  async function* pieces(text: string, size: number) {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  const read = async (text: string, size: number) => {
    const rows = [];
    for await (const record of csvRecords(pieces(text, size))) rows.push(record);
    return rows;
  };
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', 'é', ' ', "'", '=') });

  test('records written by csv-stringify are read back, whatever the size of the chunks', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.integer({ min: 1, max: 20 }),
        async (rows, end, size) => {
          const text = stringify(rows, { record_delimiter: end, quoted_match: /[\r\n]/ });
          const cut = await read(text, size);
          expect(cut.map((one) => ('fields' in one ? one.fields : one))).toEqual(rows);
          expect(cut).toEqual(await read(text, text.length || 1));
        },
      ),
    ));

  test('reading continues with the next line after any mistake, and counts the lines of the file', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', ' ') }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 20 }),
        async (lines, size) => {
          const rows = await read([...lines, 'good,row', ''].join('\n'), size);
          const even = (line: string) => line.split('"').length % 2 === 1;
          for (const { line } of rows) expect(line).toBeLessThanOrEqual(lines.length + 1);
          expect(new Set(rows.map(({ line }) => line)).size).toBe(rows.length);
          if (lines.every(even))
            expect(rows.at(-1)).toEqual({ line: lines.length + 1, fields: ['good', 'row'] });
        },
      ),
    ));

  test('a quote that is not closed does not swallow the rows behind it', async () => {
    const rows = await read(`a,"b\n${'c,d\n'.repeat(1000)}`, 64);
    expect(rows).toHaveLength(1001);
    expect(rows[0]).toMatchObject({ line: 1, mistake: expect.any(String) });
    expect(rows.at(-1)).toEqual({ line: 1001, fields: ['c', 'd'] });
  });

  test('no cell begins as a formula, and unguardFormula restores every cell', () =>
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("'", '=', '+', 'a', '"', '\t', '＝') }), { minLength: 1 }),
        (cells) => {
          const [read = []] = z.array(z.array(z.string())).parse(parse(`${csvLine(cells)},x`));
          expect(read.slice(0, -1).map(unguardFormula)).toEqual(cells);
          expect(read.filter((one) => /^[=+\-@\t\r\n＝]/.test(one))).toEqual([]);
        },
      ),
    ));

  test.each([
    ['a bare carriage return becomes a line feed', 'Jane\rJoe', '"Jane\nJoe"'],
    ['a Windows line end stays', 'Jane\r\nJoe', '"Jane\r\nJoe"'],
    ['bidi controls are removed', 'Ja\u202ene\u2066 \u200fQ', 'Jane Q'],
    ['an escape sequence loses its escape', '\u001b[2JJane', '\ufffd[2JJane'],
  ])('%s', (_, cell, line) => expect(csvLine([cell])).toBe(line));

  test('mapInOrder limits the concurrency and keeps the order', async () => {
    let [running, most] = [0, 0];
    async function* source() {
      for (let at = 0; at < 200; at += 1) yield at;
    }
    const work = async (value: number) => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < 50 + ((value * 7) % 5); turn += 1) await Promise.resolve();
      running -= 1;
      return value;
    };
    const results: number[] = [];
    for await (const result of mapInOrder(source(), 8, work)) results.push(result);
    expect(results).toEqual(Array.from({ length: 200 }, (_, at) => at));
    expect(most).toBe(8);
  });

  test.each([true, false])('a progress bar appears only on a terminal (isTTY: %s)', async (isTTY) => {
    const shown: string[] = [];
    await withBarOf(
      async (show) => {
        for (const part of [0, 0.001, 0.5, 1]) show(part);
      },
      { isTTY, write: (text) => shown.push(text) },
    );
    const bar = (part: number) => `\r[${'='.repeat(part * 40).padEnd(40)}] ${part * 100} %`;
    expect(shown).toEqual(isTTY ? [bar(0), bar(0.5), bar(1), '\r\u001b[K'] : []);
  });
});
