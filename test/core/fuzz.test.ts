/**
 * Whatever stands in a request, a catalogue, a file or a name: nothing but a Rejection, in bounded time, and nothing kept
 * that DynamoDB would not keep. More runs with seeds of their own: KEYPOST_FUZZ_RUNS=10000. A failing input goes into test/fixtures/corpus.
 */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { type AttributeValue, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { csvLine, csvRecords, unguardFormula } from '../../bin/commands/data/csv.ts';
import { COLUMNS, rowParser } from '../../bin/commands/data/import-row.ts';
import type { HttpApiAnswer, HttpApiEvent } from '../../functions/aws/http-api.ts';
import { LOCAL_NAMES } from '../../functions/aws/local-names.ts';
import { toMime } from '../../functions/aws/mime.ts';
import { mailEvents } from '../../functions/aws/ses-feedback.ts';
import { ORDERS_TABLE } from '../../functions/aws/table.ts';
import { CatalogueError, defineConfig } from '../../functions/core/catalogue/catalogue.ts';
import { parsePairs } from '../../functions/core/find-profile/pairs.ts';
import type { Context, Provider } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import type { WebhookRequest } from '../../functions/core/inbound/request.ts';
import { toMailbox } from '../../functions/core/mail/address.ts';
import { serialMail } from '../../functions/core/mail/message.ts';
import { keyOf } from '../../functions/core/order/keys.ts';
import { emptyOrder } from '../../functions/core/order/settle.ts';
import type { Order, Send } from '../../functions/core/order/types.ts';
import { CHARSETS } from '../../functions/core/serial/charset.ts';
import { licenseeOf } from '../../functions/core/serial/name.ts';
import { SerialProfile } from '../../functions/core/serial/profile.ts';
import { providers } from '../../functions/providers/index.ts';
import demo from '../../local/demo-shop.ts';
import { type Running, start } from '../../local/start.ts';
import { filesOf, listOf, textsOf } from '../fixtures/corpus.ts';
import { simulators } from '../fixtures/simulators.ts';
import { signers } from '../providers/signers.ts';

vi.mock('#catalogue', () => import('../../local/demo-shop.ts'));

const runs = Number(process.env.KEYPOST_FUZZ_RUNS ?? 0);
const fuzz = (usual: number) => (runs > 0 ? { numRuns: runs } : { numRuns: usual, seed: 20_261_123 });
/** Half a character is no text that could travel. */
const whole = (text = '') => Buffer.from(text).toString();

const bodies = filesOf('body');
const texts = textsOf('text');
const headerValues = textsOf('header');
const anyText = fc.oneof(fc.constantFrom(...texts), fc.string({ unit: 'binary', maxLength: 60 }));

/** Runs it, and answers a Rejection's code; whatever else is thrown, or takes its time, fails the test. */
async function refusalOf(what: () => unknown): Promise<string | undefined> {
  const began = performance.now();
  try {
    await what();
    return undefined;
  } catch (error) {
    if (error instanceof Rejection) return error.code;
    throw error;
  } finally {
    expect(performance.now() - began).toBeLessThan(1_000);
  }
}

const Evidence = z.array(
  z.object({
    headers: z.record(z.string(), z.string()).default({}),
    query: z.string().default(''),
    options: z.record(z.string(), z.unknown()).default({}),
  }),
);
const evidenceOf = (name: string) =>
  Evidence.parse(JSON.parse(readFileSync(`functions/providers/${name}/samples/evidence.json`, 'utf8')));

describe.each(Object.entries(providers))('%s', (name, provider: Provider) => {
  const api = { key: 'an-api-key', url: 'https://api.example.com' };
  const asked: string[] = [];
  const contextWith = (options: Record<string, unknown>): Context => ({
    keys: ['a-signing-key-that-nobody-has-used'],
    now: Date.parse('2026-11-23T09:59:14Z'),
    licenseeField: 'licensee',
    options,
    api,
    knows: (sku) => sku === 'widget',
    async ask(url) {
      asked.push(url);
      return '{}';
    },
  });
  const cases = evidenceOf(name);
  const requests = cases.flatMap(({ headers, query, options }) =>
    bodies.map(({ bytes: body }) => ({ options, request: { method: 'POST', headers, query, body } })),
  );

  test('what nobody has signed is refused, whatever it is and whatever its headers say', async () => {
    const [{ headers, options } = { headers: {}, options: {} }] = cases;
    const mangled: WebhookRequest[] = headerValues.map((value) => ({
      method: 'POST',
      headers: Object.fromEntries(Object.keys(headers).map((header) => [header, value])),
      query: `secret=${value}&key=${encodeURIComponent(value)}&${value}`,
      body: Buffer.from(value),
    }));
    const all = [...requests, ...mangled.map((request) => ({ options, request }))];
    for (const one of all)
      expect(await refusalOf(() => provider.verify(one.request, contextWith(one.options)))).toMatch(
        /^(no_signature|bad_signature|stale|bad_body)$/,
      );
    expect(asked, 'before it is verified nobody is asked').toEqual([]);
  });

  test('what is signed is read or refused, and nobody is asked but the provider', async () => {
    for (const { request, options } of requests) {
      const context = contextWith(options);
      const refused = await refusalOf(() => provider.read(request, context));
      expect(['bad_body', undefined]).toContain(refused);
      await refusalOf(() => provider.answer?.([], request, context));
    }
    expect(asked.filter((url) => new URL(url).origin !== api.url)).toEqual([]);
  });
});

describe('the Lambda behind the address', () => {
  let running: Running;
  let handler: (event: HttpApiEvent) => Promise<HttpApiAnswer>;
  beforeAll(async () => {
    running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'local/demo-shop.ts' });
    // Here and not in a thread, so that it can be handed any event.
    Object.assign(process.env, {
      TABLE: LOCAL_NAMES.table,
      PRODUCT_KEYS: LOCAL_NAMES.productKeys,
      PROVIDER_KEYS: LOCAL_NAMES.providerKeys,
      KEYS_CACHED_SECONDS: '30',
    });
    Object.assign(process.env, { CONFIGURATION_SET: 'keypost', NAMESPACE: 'Keypost' });
    ({ handler } = await import('../../functions/webhook.ts'));
  });
  afterAll(() => running.stop());

  async function told(provider: string, body: Buffer): Promise<number> {
    const [secret = ''] = simulators[provider]?.demoKeys?.signing ?? [];
    const {
      headers,
      query = '',
      body: whole = body,
    } = signers[provider]?.(body, secret, Date.now(), running.page) ?? { headers: {} };
    return status({
      rawQueryString: query,
      headers,
      body: whole.toString('base64'),
      isBase64Encoded: true,
      pathParameters: { provider },
      requestContext: { http: { method: 'POST' } },
    });
  }
  async function status(event: HttpApiEvent): Promise<number> {
    const began = performance.now();
    const { statusCode } = await handler(event);
    expect(performance.now() - began).toBeLessThan(4_000);
    return statusCode;
  }

  test('every provider of the demo can be signed for', () => {
    expect(Object.keys(signers).sort()).toEqual(Object.keys(demo.providers).sort());
  });

  test.each(Object.keys(signers))('%s: signed garbage is held, or no concern of ours', async (name) => {
    for (const { name: file, bytes } of bodies) expect(await told(name, bytes), file).toBe(200);
  });

  /** The sale of each, and where its id stands. */
  const sales: Readonly<Record<string, readonly [file: string, id: string]>> = {
    bluesnap: ['CHARGE.signed.form', '1000000001'],
    fastspring: ['order.completed.json', 'EXA261120-1234-56789'],
    gumroad: ['sale.form', 'EXAMPLEsaleId0001'],
    lemonsqueezy: ['order_created.json', '5100001'],
    paddle: ['transaction.completed.json', 'txn_01kexample00000000000000001'],
    paypal: ['CHECKOUT.ORDER.APPROVED.json', '5EX00001EX000001A'],
    polar: ['order.paid.json', 'dddddddd-0000-4000-8000-000000000001'],
    shop: ['order.paid.json', 'A-1001'],
    shopify: ['orders-paid.json', '6100000000001'],
    stripe: ['checkout.session.completed.json', 'pi_3TExample000001'],
    woocommerce: ['order.updated.completed.json', '"id":727'],
  };
  const another = (id: string, number: number) => id.replace(/(?:\d{1,6}|\w{1,6})$/, String(number));
  let sold = 100_000;
  test.each(Object.entries(sales))('%s: a sale with anything anywhere in it', async (name, [file, id]) => {
    const sample = readFileSync(`functions/providers/${name}/samples/${file}`, 'utf8');
    // It may come to stand in an id, which is logged.
    const noAddress = anyText.map((text) => text.replaceAll('@', '@ '));
    const values = fc.oneof(
      noAddress,
      fc.constantFrom(null, 0, -1, 0.5, 1e308, 2 ** 53 - 1, true, [], {}, [[]]),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), values, async (place, value) => {
        sold += 1;
        const body = Buffer.from(swapped(sample, place, value).replaceAll(id, another(id, sold)));
        expect(await told(name, body), body.toString()).toBe(200);
      }),
      fuzz(12),
    );
  });

  test.each(['email', 'name', 'sku', 'id'])('the shop: any text as %s', async (field) => {
    for (const [at, text] of texts.entries()) {
      const buyer = { name: 'Zoë', email: 'zoe@example.com' };
      const items = [{ sku: 'widgetpro-mac', quantity: 1, price: '39.00' }];
      const data = { id: `${field}-${at}`, buyer, currency: 'EUR', items };
      const holder = field === 'sku' ? data.items[0] : field === 'id' ? data : data.buyer;
      // An id is logged as it is, and what looks like an address must not be.
      Object.assign(holder ?? {}, { [field]: field === 'id' ? text.replaceAll('@', '&') : text });
      const body = Buffer.from(JSON.stringify({ type: 'order.paid', data }));
      expect(await told('shop', body), body.toString()).toBe(200);
    }
  });

  test('more lines and copies than a table can keep are held', async () => {
    const lines = (count: number, quantity: number) =>
      Array.from({ length: count }, (_, at) => ({ product: `p${at}`, quantity, subtotal: 1 }));
    const all = [
      lines(5_000, 1),
      lines(2, 2 ** 53 - 1),
      [...lines(1, 2 ** 53 - 1), ...lines(1, 2 ** 53 - 1)],
    ];
    for (const [at, items] of all.entries()) {
      const batch = JSON.parse(
        readFileSync('functions/providers/fastspring/samples/order.completed.json', 'utf8'),
      );
      Object.assign(batch.events[0].data, { items, reference: `large-${at}`, order: `large-order-${at}` });
      expect(await told('fastspring', Buffer.from(JSON.stringify(batch)))).toBe(200);
    }
  });

  test('an event is answered, whatever API Gateway may put into it', async () => {
    for (const event of listOf('event')) {
      const { statusCode, body } = z
        .object({ statusCode: z.number(), body: z.string() })
        .parse(await Reflect.apply(handler, undefined, [event]));
      expect([200, 400, 401, 404, 405], JSON.stringify(event)).toContain(statusCode);
      expect(body).toMatch(/^[a-z_]*$/);
    }
  });

  test('of all that was kept nothing is what DynamoDB would refuse, where dynalite does not', async () => {
    const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
    const client = new DynamoDBClient({ endpoint: running.aws, region: 'us-east-1', credentials });
    const items: Record<string, AttributeValue>[] = [];
    for await (const { Items = [] } of paginateScan({ client }, { TableName: LOCAL_NAMES.table }))
      items.push(...Items);
    expect(
      items.filter((item) => JSON.stringify(item.lines ?? '').includes('"serial":{"S"')).length,
    ).toBeGreaterThan(100);
    const keys = Object.values(ORDERS_TABLE.indexes).flatMap(({ partition, sort }) => [partition, sort]);
    for (const { raw, ...item } of items) {
      const text = JSON.stringify(item);
      expect(text).not.toMatch(/\\ud[89a-f]/i);
      expect(Buffer.byteLength(text) + (raw?.M?.body?.B?.length ?? 0), item.key?.S).toBeLessThan(400 * 1024);
      for (const { name, type } of keys) {
        const held = item[name];
        if (!held) continue;
        const value = (type === 'S' ? held.S : held.N) ?? '';
        // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
        expect(value, `${name} of ${item.key?.S}`).not.toBe('');
        expect(Buffer.byteLength(value)).toBeLessThanOrEqual(name === 'email' ? 2048 : 1024);
      }
    }
  });
});

/** The sample, JSON or a form, with one value in it replaced. */
function swapped(sample: string, at: number, value: unknown): string {
  if (!sample.startsWith('{')) {
    const fields = [...new URLSearchParams(sample)];
    const field = fields[at % fields.length];
    if (field) field[1] = whole(String(value));
    return String(new URLSearchParams(fields));
  }
  const places: { holder: Record<string, unknown>; name: string }[] = [];
  const all: unknown = JSON.parse(sample, function (this: Record<string, unknown>, name, part) {
    if (name !== '') places.push({ holder: this, name });
    return part;
  });
  const place = places[at % places.length];
  if (place) place.holder[place.name] = value;
  return JSON.stringify(all);
}

describe('a mail', () => {
  const catalogue = defineConfig(demo);
  const profile = demo.products['widgetpro-mac'];
  const order = (name: string, key: string, licensee: string): Order => ({
    ...emptyOrder(keyOf('shop', false, key), 'shop', false, 0),
    buyer: { name, email: 'zoe@example.com' },
    lines: [
      {
        ...{ id: 1, sku: 'widgetpro-mac', product: 'widgetpro-mac', quantity: 1, via: 'mail' },
        ...{ state: 'issued', issued: { n: 1, licensee, serial: 'AB12', keyVersion: 1 }, superseded: [] },
      },
    ],
  });
  const send: Send = {
    ...{ n: 1, to: 'zoe@example.com', about: 'serials', carries: [{ line: 1, issue: 1 }] },
    ...{ tries: 1, state: 'in_flight', until: '' },
  };

  test('arrives in the words it was sent in, from and to the same people, with no header more', async () => {
    if (!profile) throw new Error('no product');
    const property = fc.asyncProperty(anyText, anyText, anyText, async (name, id, called) => {
      const made = licenseeOf(called, profile.serial);
      const licensee = 'licensee' in made ? made.licensee : 'Zoë';
      const message = serialMail(catalogue, order(name, id, licensee), send);
      const mail = await PostalMime.parse(toMime(message));
      // The parser ends each part with one line end more than there is.
      expect(mail.text).toBe(`${whole(message.text)}\n`);
      expect(mail.html).toBe(`${whole(message.html)}\n`);
      expect(mail.subject).toBe(whole(message.subject));
      expect(mail.to).toEqual([{ address: 'zoe@example.com', name: '' }]);
      expect(mail.from).toEqual({ address: message.from.address, name: message.from.name });
      expect(mail.headers.map(({ key }) => key).sort()).toEqual(HEADERS);
    });
    await fc.assert(property, fuzz(150));
  });

  const HEADERS = [
    ...['auto-submitted', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'reply-to'],
    ...['subject', 'to', 'x-auto-response-suppress', 'x-entity-ref-id'],
  ];
});

test.each(CHARSETS)('a name is a licensee that can be typed in %s, or held', (charset) => {
  const text = { alphabet: 'HEX' };
  const profile = SerialProfile.parse({ kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text, charset });
  for (const name of texts) {
    const made = licenseeOf(name, profile);
    if ('licensee' in made) expect(made.licensee).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_C}]+$/u);
  }
});

test('an address is one of SES’s, or none', () => {
  const property = fc.property(anyText, (text) => {
    const address = toMailbox(text) ?? 'a@b.c';
    expect(address).toMatch(/^[\x21-\x7e]{1,64}@[A-Za-z0-9.-]{1,253}$/);
    expect(address.split('@').length).toBe(2);
  });
  for (const text of texts) fc.assert(property, { examples: [[text]], numRuns: 1 });
  fc.assert(property, fuzz(200));
});

test('a catalogue is good, or told what is wrong with it', () => {
  for (const settings of listOf('catalogue'))
    expect(() => Reflect.apply(defineConfig, undefined, [settings])).toThrow(CatalogueError);
});

describe('a CSV file', () => {
  test.each(filesOf('csv'))('of pairs is parsed, or refused with one mistake: $name', ({ bytes }) => {
    for (const text of [bytes.toString(), bytes.toString('latin1')]) {
      expect(Object.keys(parsePairs(text))).toHaveLength(1);
    }
  });

  test.each(filesOf('csv'))('of past orders is read record by record: $name', async ({ bytes }) => {
    for (const size of [1, 7, bytes.length + 1]) {
      const chunks = function* () {
        const text = bytes.toString();
        for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
      };
      let line = 0;
      for await (const record of csvRecords(Readable.from(chunks()))) {
        expect(record.line).toBeGreaterThan(line);
        line = record.line;
      }
    }
  });

  test.each(COLUMNS)('of past orders with any text as %s', (column) => {
    const read = rowParser(COLUMNS, defineConfig(demo), {}, Date.parse('2026-11-23T10:00:00Z'));
    if ('why' in read) throw new Error(read.why);
    const good = ['shop', 'A-1', '2026-11-22', 'Zoë', 'zoe@example.com', 'widgetpro-mac', '1', 'AB'];
    const property = fc.property(anyText, (text) => {
      const cells = good.with(COLUMNS.indexOf(column), text);
      expect(read(cells)).toEqual({ why: expect.stringMatching(/^[a-z]+: /) });
    });
    for (const text of texts) fc.assert(property, { examples: [[text]], numRuns: 1 });
    fc.assert(property, fuzz(50));
  });

  test('for a spreadsheet is restored by unguardFormula and has no formula', () => {
    const property = fc.property(fc.array(anyText, { minLength: 2 }), (cells) => {
      const line = csvLine(cells);
      const [back = []] = parse(line);
      expect(back.filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
      // Characters that control a terminal are replaced or removed.
      expect(back.map(unguardFormula)).toEqual(
        cells.map((cell) =>
          Buffer.from(cell)
            .toString()
            .replace(/\r(?!\n)/g, '\n')
            .replace(/\p{Bidi_Control}/gu, '')
            .replace(/(?![\t\r\n])\p{Cc}/gu, '\ufffd'),
        ),
      );
    });
    fc.assert(property, fuzz(200));
  });
});

test('what SES tells is an event or none, whatever it is', () => {
  const mail = { messageId: 'm', tags: { order: ['c2hvcCMx'], version: ['2'] } };
  const sample = { eventType: 'Bounce', mail, bounce: { bounceType: 'Permanent', bounceSubType: 'General' } };
  const messages = fc.oneof(
    anyText,
    fc.json(),
    fc.tuple(fc.nat(), fc.jsonValue()).map(([at, value]) => swapped(JSON.stringify(sample), at, value)),
    fc.constantFrom(...bodies.map(({ bytes }) => bytes.toString())),
  );
  const property = fc.property(fc.array(messages), fc.anything(), (all, anything) => {
    const told = mailEvents({ Records: all.map((Message) => ({ Sns: { Message } })) });
    expect(told).toHaveLength(all.length);
    expect(mailEvents(anything).filter(Boolean)).toEqual([]);
  });
  fc.assert(property, fuzz(150));
});
