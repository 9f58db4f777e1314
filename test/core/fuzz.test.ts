/**
 * Feeds arbitrary requests, catalogues, files and names to the code. It throws only a Rejection, and stores only what DynamoDB
 * accepts. KEYPOST_FUZZ_RUNS=10000 runs more cases with random seeds. Add a failing input to test/fixtures/corpus.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { type AttributeValue, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { csvLine, csvRecords, unguardFormula } from '../../bin/commands/data/csv.ts';
import { COLUMNS, rowParser } from '../../bin/commands/data/import-row.ts';
import { ORDERS_TABLE } from '../../functions/aws/dynamodb/table.ts';
import type { HttpApiAnswer, HttpApiEvent } from '../../functions/aws/http-api.ts';
import { LOCAL_NAMES } from '../../functions/aws/local-names.ts';
import { mailEvents } from '../../functions/aws/ses/feedback.ts';
import { toMime } from '../../functions/aws/ses/mime.ts';
import { CatalogueError, defineConfig } from '../../functions/core/catalogue/catalogue.ts';
import { parsePairs } from '../../functions/core/find-profile/pairs.ts';
import type { Context, Provider } from '../../functions/core/inbound/provider.ts';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import type { WebhookRequest } from '../../functions/core/inbound/request.ts';
import { toMailbox } from '../../functions/core/mail/address.ts';
import { loadWords } from '../../functions/core/mail/language.ts';
import { serialMail } from '../../functions/core/mail/message.ts';
import { emptyOrder } from '../../functions/core/order/settle.ts';
import { keyOf, type Order, type Send } from '../../functions/core/order/types.ts';
import { CHARSETS } from '../../functions/core/serial/charset.ts';
import { licenseeOf } from '../../functions/core/serial/name.ts';
import { SerialProfile } from '../../functions/core/serial/profile.ts';
import { providers } from '../../functions/providers/index.ts';
import demo from '../../local/demo-shop.ts';
import { builtLambdas } from '../../local/lambdas/built-lambdas.ts';
import { type Running, start } from '../../local/start.ts';
import { anyChar } from '../fixtures/any-char.ts';
import { filesOf, listOf, textsOf } from '../fixtures/corpus.ts';
import { simulators } from '../fixtures/simulators.ts';

const runs = Number(process.env.KEYPOST_FUZZ_RUNS ?? 0);
const fuzz = (usual: number) => (runs > 0 ? { numRuns: runs } : { numRuns: usual, seed: 20_261_123 });
/** Replaces lone surrogates, which UTF-8 cannot encode. */
const whole = (text = '') => Buffer.from(text).toString();

const bodies = filesOf('body');
const texts = textsOf('text');
const headerValues = textsOf('header');
const anyText = fc.oneof(fc.constantFrom(...texts), fc.string({ unit: anyChar, maxLength: 60 }));

/** Returns the code of the Rejection that `what` throws, or undefined. Any other error fails the test. */
async function refusalOf(what: () => unknown): Promise<string | undefined> {
  try {
    await what();
    return undefined;
  } catch (error) {
    if (error instanceof Rejection) return error.code;
    throw error;
  }
}

const Evidence = z.array(
  z.object({
    headers: z.record(z.string(), z.string()).default({}),
    query: z.string().default(''),
    options: z.record(z.string(), z.unknown()).default({}),
    body: z.string(),
    events: z.array(z.object({ kind: z.string(), id: z.string().default('') })).default([]),
  }),
);
const evidenceOf = (name: string) =>
  Evidence.parse(JSON.parse(readFileSync(`functions/providers/${name}/samples/evidence.json`, 'utf8')));

const isCertificate = (url: string) => url.includes('/notifications/certs/');

describe.each(Object.entries(providers))('%s', (name, provider: Provider) => {
  const api = { key: 'an-api-key', url: 'https://api.example.com' };
  const calls: string[] = [];
  const contextWith = (options: Record<string, unknown>): Context => ({
    keys: ['a-signing-key-that-nobody-has-used'],
    now: Date.parse('2026-11-23T09:59:14Z'),
    licenseeField: 'licensee',
    options,
    api,
    knows: (sku) => sku === 'widget',
    async ask(url) {
      calls.push(url);
      return provider.keyless ? 'INVALID' : '{}';
    },
  });
  const cases = evidenceOf(name);
  const requests = cases.flatMap(({ headers, query, options }) =>
    bodies.map(({ bytes: body }) => ({ options, request: { method: 'POST', headers, query, body } })),
  );

  test('an unsigned request is refused, whatever its body and headers, before any API call', async () => {
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
    // PayPal's signature needs its certificate; at most one unknown address is fetched in 10 s.
    // A provider without a signing key has its own API say what is authentic.
    const unneeded = calls.filter((url) => !(provider.keyless && url === api.url));
    expect(unneeded.length).toBeLessThanOrEqual(1);
    expect(unneeded.filter((url) => !isCertificate(url))).toEqual([]);
  });

  test('a signed request is parsed or refused, and only the provider’s own API is called', async () => {
    for (const { request, options } of requests) {
      const context = contextWith(options);
      const refused = await refusalOf(() => provider.read(request, context));
      expect(['bad_body', undefined]).toContain(refused);
      await refusalOf(() => provider.answer?.([], request, context));
    }
    const foreign = calls.filter((url) => new URL(url).origin !== api.url && !isCertificate(url));
    expect(foreign).toEqual([]);
  });
});

describe('the webhook Lambda', () => {
  let running: Running;
  let folder: string;
  let handler: (event: HttpApiEvent) => Promise<HttpApiAnswer>;
  beforeAll(async () => {
    running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'local/demo-shop.ts' });
    // The Lambda runs in this thread, so that the test can pass any event.
    Object.assign(process.env, {
      TABLE: LOCAL_NAMES.table,
      PRODUCT_KEYS: LOCAL_NAMES.productKeys,
      PROVIDER_KEYS: LOCAL_NAMES.providerKeys,
      KEYS_CACHED_SECONDS: '30',
    });
    Object.assign(process.env, { CONFIGURATION_SET: 'keypost', NAMESPACE: 'Keypost' });
    folder = await builtLambdas(running.catalogue, ['webhook']);
    ({ handler } = await import(pathToFileURL(join(folder, 'webhook/index.mjs')).href));
  });
  afterAll(async () => {
    await running.stop();
    rmSync(folder, { recursive: true });
  });

  async function post(provider: string, body: Buffer): Promise<number> {
    const { demoKeys, sign } = simulators[provider] ?? {};
    const [secret = ''] = demoKeys?.signing ?? [];
    const signed = sign?.(body, secret, Date.now(), running.page) ?? { headers: {} };
    const { headers, query = '', body: whole = body } = signed;
    const event = {
      rawQueryString: query,
      headers,
      body: whole.toString('base64'),
      isBase64Encoded: true,
      rawPath: `/orders/${provider}`,
      requestContext: { http: { method: 'POST' } },
    };
    return (await handler(event)).statusCode;
  }

  const signing = Object.keys(demo.providers);
  test('every provider of the demo shop has a simulator that signs', () => {
    expect(signing.filter((name) => !simulators[name]?.sign)).toEqual([]);
  });

  // Every provider reads every body above. Here each provider sends a fourth of them, and in `npm run prove` all.
  test.each(signing.map((name, turn) => [name, turn] as const))(
    'signed garbage from %s is held or ignored, and gets 200',
    async (name, turn) => {
      for (const [at, { name: file, bytes }] of bodies.entries())
        if (runs > 0 || at % 4 === turn % 4) expect(await post(name, bytes), file).toBe(200);
    },
  );

  /** The first sale in each provider's evidence, and its ID. */
  const sales = signing.flatMap((name) =>
    evidenceOf(name)
      .flatMap(({ body, events: [first] }) =>
        first?.kind === 'paid' ? [[name, body, first.id] as const] : [],
      )
      .slice(0, 1),
  );
  const another = (id: string, number: number) => id.replace(/(?:\d{1,6}|\w{1,6})$/, String(number));
  let sold = 100_000;
  test.each(sales)('a sale from %s with any value in any field gets 200', async (name, file, id) => {
    const sample = readFileSync(`functions/providers/${name}/samples/${file}`, 'utf8');
    // The value may become an ID, which is logged, and logs must not contain an address.
    const noAddress = anyText.map((text) => text.replaceAll('@', '@ '));
    const values = fc.oneof(
      noAddress,
      fc.constantFrom(null, 0, -1, 0.5, 1e308, 2 ** 53 - 1, true, [], {}, [[]]),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), values, async (slot, value) => {
        sold += 1;
        const body = Buffer.from(swapped(sample, slot, value).replaceAll(id, another(id, sold)));
        expect(await post(name, body), body.toString()).toBe(200);
      }),
      fuzz(12),
    );
  });

  // Each text takes one field, and in `npm run prove` all of them.
  test.each([
    ['email', 0],
    ['name', 1],
    ['sku', 2],
    ['id', 3],
  ] as const)('an order of the shop with any text as %s gets 200', async (field, turn) => {
    for (const [at, text] of texts.entries()) {
      if (runs === 0 && at % 4 !== turn) continue;
      const buyer = { name: 'Zoë', email: 'zoe@example.com' };
      const items = [{ sku: 'widgetpro-mac', quantity: 1, price: '39.00' }];
      const data = { id: `${field}-${at}`, buyer, currency: 'EUR', items };
      const holder = field === 'sku' ? data.items[0] : field === 'id' ? data : data.buyer;
      // An ID is logged unchanged, so it must not look like an address.
      Object.assign(holder ?? {}, { [field]: field === 'id' ? text.replaceAll('@', '&') : text });
      const body = Buffer.from(JSON.stringify({ type: 'order.paid', data }));
      expect(await post('shop', body), body.toString()).toBe(200);
    }
  });

  test('an order with more lines or copies than the table can store is held', async () => {
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
      expect(await post('fastspring', Buffer.from(JSON.stringify(batch)))).toBe(200);
    }
  });

  test('any event from API Gateway is answered', async () => {
    for (const event of listOf('event')) {
      const { statusCode, body } = z
        .object({ statusCode: z.number(), body: z.string() })
        .parse(await Reflect.apply(handler, undefined, [event]));
      expect([200, 400, 401, 404, 405], JSON.stringify(event)).toContain(statusCode);
      expect(body).toMatch(/^[a-z_]*$/);
    }
  });

  test('no stored item exceeds a limit of DynamoDB that dynalite does not check', async () => {
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

/** Returns the sample, JSON or a form, with one value replaced. */
function swapped(sample: string, at: number, value: unknown): string {
  if (!sample.startsWith('{')) {
    const fields = [...new URLSearchParams(sample)];
    const field = fields[at % fields.length];
    if (field) field[1] = whole(String(value));
    return String(new URLSearchParams(fields));
  }
  const slots: { holder: Record<string, unknown>; name: string }[] = [];
  const all: unknown = JSON.parse(sample, function (this: Record<string, unknown>, name, part) {
    if (name !== '') slots.push({ holder: this, name });
    return part;
  });
  const slot = slots[at % slots.length];
  if (slot) slot.holder[slot.name] = value;
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

  test('keeps its text, its sender, its recipient and its headers', async () => {
    if (!profile) throw new Error('no product');
    const words = await loadWords(catalogue.seller, 'en');
    const property = fc.asyncProperty(anyText, anyText, anyText, async (name, id, called) => {
      const made = licenseeOf(called, profile.serial);
      const licensee = 'licensee' in made ? made.licensee : 'Zoë';
      const message = serialMail(catalogue, order(name, id, licensee), send, words);
      const mail = await PostalMime.parse(toMime(message));
      // The parser adds a line end to each part.
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
    ...[
      'auto-submitted',
      'content-language',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'reply-to',
    ],
    ...['subject', 'to', 'x-auto-response-suppress', 'x-entity-ref-id'],
  ];
});

test.each(CHARSETS)('a name in %s gives a printable licensee or is held', (charset) => {
  const text = { alphabet: 'HEX' };
  const profile = SerialProfile.parse({ kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text, charset });
  for (const name of texts) {
    const made = licenseeOf(name, profile);
    if ('licensee' in made) expect(made.licensee).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_C}]+$/u);
  }
});

test('an address is one that SES accepts, or is refused', () => {
  const property = fc.property(anyText, (text) => {
    const address = toMailbox(text) ?? 'a@b.c';
    expect(address).toMatch(/^[\x21-\x7e]{1,64}@[A-Za-z0-9.-]{1,253}$/);
    expect(address.split('@').length).toBe(2);
  });
  for (const text of texts) fc.assert(property, { examples: [[text]], numRuns: 1 });
  fc.assert(property, fuzz(200));
});

test('an invalid catalogue throws a CatalogueError', () => {
  for (const settings of listOf('catalogue'))
    expect(() => Reflect.apply(defineConfig, undefined, [settings])).toThrow(CatalogueError);
});

describe('a CSV file', () => {
  test.each(filesOf('csv'))('of pairs is parsed or refused with one mistake: $name', ({ bytes }) => {
    for (const text of [bytes.toString(), bytes.toString('latin1')]) {
      expect(Object.keys(parsePairs(text))).toHaveLength(1);
    }
  });

  test.each(filesOf('csv'))('of past orders is read record by record: $name', async ({ bytes }) => {
    // One character at a time, unless the file is large.
    for (const size of [Math.ceil(bytes.length / 5_000), 7_919, bytes.length + 1]) {
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

  test.each(COLUMNS)('of past orders with any text as %s is refused with the column’s name', (column) => {
    const read = rowParser(COLUMNS, defineConfig(demo), {
      ...{ keys: {}, now: Date.parse('2026-11-23T10:00:00Z'), asIssued: false },
    });
    if ('why' in read) throw new Error(read.why);
    const good = ['shop', 'A-1', '2026-11-22', 'Zoë', 'zoe@example.com', 'widgetpro-mac', '1', 'AB'];
    const property = fc.property(anyText, (text) => {
      const cells = good.with(COLUMNS.indexOf(column), text);
      expect(read(cells)).toEqual({ why: expect.stringMatching(/^(?:[a-z]+: |found a damaged character)/) });
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

test('any message from SES is an event or is ignored', () => {
  const mail = { messageId: 'm', tags: { order: ['c2hvcCMx'], version: ['2'] } };
  const sample = { eventType: 'Bounce', mail, bounce: { bounceType: 'Permanent', bounceSubType: 'General' } };
  const messages = fc.oneof(
    anyText,
    fc.json(),
    fc.tuple(fc.nat(), fc.jsonValue()).map(([at, value]) => swapped(JSON.stringify(sample), at, value)),
    fc.constantFrom(...bodies.map(({ bytes }) => bytes.toString())),
  );
  const property = fc.property(fc.array(messages), fc.anything(), (all, anything) => {
    const events = mailEvents({ Records: all.map((Message) => ({ Sns: { Message } })) });
    expect(events).toHaveLength(all.length);
    expect(mailEvents(anything).filter(Boolean)).toEqual([]);
  });
  fc.assert(property, fuzz(150));
});
