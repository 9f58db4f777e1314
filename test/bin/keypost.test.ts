/** The commands against the AWS of `npm start`, over HTTP through the real SDK clients; finally as a process. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import PostalMime from 'postal-mime';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import type { Terminal } from '../../bin/commands/cli/terminal.ts';
import { orderStore } from '../../functions/aws/dynamodb/orders.ts';
import { type Running, start } from '../../local/start.ts';
import { catalogueFile, serial } from '../fixtures/catalogue.ts';
import { testEach } from '../fixtures/in-words.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'keypost-cli-'));
const config = join(folder, 'my.config.ts');
const product = (sku: string, form: 'ascii' | 'hex' | 'base64' | 'md5') => ({
  name: sku,
  serial: { ...serial, key: { form } },
  skus: { shop: [sku] },
});
writeFileSync(
  config,
  catalogueFile({
    providers: { shop: {}, stripe: {} },
    products: {
      ascii: product('ascii', 'ascii'),
      hex: product('hex', 'hex'),
      base64: product('base64', 'base64'),
      md5: product('md5', 'md5'),
    },
  }),
);

const ASCII = 'Sixteen-byte-key';
const HEX = '000102030405060708090a0b0c0d0e0f';
const SIGNING = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const fresh = {
  'product-keys': { _unused: 'x', ascii: [{ version: 1, key: ASCII }] },
  'provider-keys': { _unused: 'y', shop: { signing: [SIGNING] }, stripe: { signing: ['whsec_old'] } },
};

let running: Running;
let secrets: SecretsManagerClient;
/** The output of all commands, and every key that was stored. */
const printed: string[] = [];
const keys = new Set<string>();

beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: config });
  secrets = new SecretsManagerClient({ endpoint: running.aws });
}, 60_000);
beforeEach(() =>
  Promise.all([put('product-keys', fresh['product-keys']), put('provider-keys', fresh['provider-keys'])]),
);
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
});

const put = async (SecretId: string, value: unknown) => {
  const SecretString = typeof value === 'string' ? value : JSON.stringify(value);
  await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
};
const stored = async (SecretId: string) => {
  const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId }));
  for (const [, key = ''] of SecretString.matchAll(/"key":"([^"]+)"/g)) keys.add(key);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(SecretString));
};
const versionsOf = async (product: string) => Versions.parse((await stored('product-keys'))[product]);
const Versions = z.array(z.object({ version: z.number(), key: z.string() }));
const environment = () => ({
  PORT: new URL(running.page).port,
  AWS_PORT: new URL(running.aws).port,
  KEYPOST_CONFIG: config,
});

/** Runs `keypost … --local` in this process. */
async function keypost(args: string, typed = '', ask?: Terminal['ask']) {
  let out = '';
  let err = '';
  const code = await run([...words(args), '--local'], {
    env: environment(),
    print: (line) => {
      out += `${line}\n`;
    },
    complain: (line) => {
      err += `${line}\n`;
    },
    readSecret: async () => typed,
    ask,
  });
  printed.push(out, err);
  return { code, out, err };
}

/** As a shell parts them; words with spaces stand in single quotes. */
const words = (args: string) =>
  [...args.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');

test('mail send sends one mail, marked TEST, and /local/mails has it as it was sent', async () => {
  const { code, out, err } = await keypost('mail send --to me@example.com --locale ja --product hex');
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('sent to me@example.com: TEST hex のシリアル番号');
  const mails = Raw.parse(await (await fetch(`${running.page}/local/mails`)).json());
  const { raw, html, text } = mails.at(-1) ?? { raw: '' };
  const sent = await PostalMime.parse(raw);
  expect(sent).toMatchObject({
    subject: expect.stringMatching(/^TEST hex/),
    to: [{ address: 'me@example.com' }],
    html,
    text,
  });
  const shown = await (await fetch(`${running.page}/local/mail-preview?locale=ja&product=hex`)).json();
  expect(shown).toMatchObject({
    subject: sent.subject?.replace('TEST ', ''),
    raw: expect.stringContaining('MIME-Version'),
  });
  expect((await keypost('mail send --to nobody')).err).toContain('found the address nobody; write one like');
});
const Raw = z.array(z.object({ raw: z.string(), html: z.string(), text: z.string() }));

describe('keys set', () => {
  test.each([
    { name: 'ascii', key: 'another-16-bytes', version: 2 },
    { name: 'ascii', key: '  another-16-bytes\r\n', version: 2 },
    { name: 'hex', key: HEX, version: 1 },
    { name: 'base64', key: 'AAECAwQFBgcICQoLDA0ODw==', version: 1 },
    { name: 'md5', key: 'a passphrase', version: 1 },
  ])(
    'keys set $name accepts the key $key and stores it as the newest version',
    async ({ name, key, version }) => {
      const { code, out } = await keypost(`keys set ${name} --yes`, key);
      expect([code, out]).toEqual([0, expect.stringContaining(`version ${version};`)]);
      const versions = await versionsOf(name);
      expect(versions.at(-1)).toEqual({ version, key: key.trim() });
      expect(versions).toHaveLength(version);
    },
  );

  testEach([
    ['ascii', 'Sixteen-byte-keys', '16 ASCII characters; this one has 17 characters'],
    ['ascii', 'Sixteen-bÿte-key', '16 ASCII characters'],
    ['ascii', '', '16 ASCII characters; this one has 0 characters'],
    ['hex', HEX.slice(2), '32 hex digits; this one has 30'],
    ['hex', ASCII, '32 hex digits'],
    ['base64', 'AAECAwQFBgcICQoLDA0O', '16 bytes in base64'],
    ['md5', 'ünïcode', 'any ASCII text'],
    ['shop', ' \n', 'empty'],
    // A file that Windows PowerShell has written, with and without its mark, read as UTF-8.
    ['shop', Buffer.from('\ufeffwhsec_new\r\n', 'utf16le').toString(), 'UTF-16'],
    ['shop', Buffer.from('whsec_new\r\n', 'utf16le').toString(), 'UTF-16'],
    ['md5', Buffer.from('a-text-key', 'utf16le').toString(), 'UTF-16'],
    ['shop --api-key --api-url https://example.com', 'one\r\ntwo', 'more than one line'],
    ['shop', 'whsec_\u200bnew', 'control character'],
    ['shop', 'whsec_', 'has 6 characters; expected at least 8'],
    ['shop --only', '1234567', 'has 7 characters'],
    ['nobody', 'x', 'it has ascii, hex, base64, md5, shop, stripe'],
    ['ascii --only', 'x', 'for providers'],
    ['shop --api-key', 'x', '--api-url'],
    ['shop --api-url http://shop.example.com', 'x', 'https://'],
    ['shop --api-url nonsense', 'x', 'https://'],
  ])('keys set $0 refuses a key and changes nothing: $2', async (name, key, why) => {
    const { code, out, err } = await keypost(`keys set ${name}`, key);
    expect([code, out, err]).toEqual([1, '', expect.stringContaining(why)]);
    expect(await stored('product-keys')).toEqual(fresh['product-keys']);
    expect(await stored('provider-keys')).toEqual(fresh['provider-keys']);
  });

  testEach<[string, string[], string[]]>([
    ['shop', ['whsec_new'], ['whsec_new', SIGNING]],
    ['shop', ['whsec_new', 'whsec_newer'], ['whsec_newer', 'whsec_new']],
    ['shop', ['whsec_new', SIGNING], [SIGNING, 'whsec_new']],
    ['shop', [SIGNING], [SIGNING]],
    ['shop --only', ['whsec_new'], ['whsec_new']],
    ['shop --only', ['\ufeffwhsec_new\r\n'], ['whsec_new']],
    ['shop --only', ['a>b<c&d "e\' \\f%+ü'], ['a>b<c&d "e\' \\f%+ü']],
    ['shop --add', ['whsec_new', 'whsec_newer'], ['whsec_newer', 'whsec_new', SIGNING]],
  ])('keys set $0 with the key $1 leaves the signing keys $2', async (args, typed, signing) => {
    for (const key of typed) expect((await keypost(`keys set ${args}`, key)).code).toBe(0);
    const { shop, ...others } = await stored('provider-keys');
    expect(shop).toEqual({ signing });
    expect(others).toEqual({ _unused: 'y', stripe: fresh['provider-keys'].stripe });
  });

  test('setting the current key again changes nothing', async () => {
    expect((await keypost('keys set ascii', ASCII)).out).toContain('nothing is changed');
    expect((await keypost('keys set shop', SIGNING)).out).toContain('nothing is changed');
    expect(await stored('product-keys')).toEqual(fresh['product-keys']);
  });

  test('a previous key that is set again becomes a new version', async () => {
    for (const key of ['another-16-bytes', ASCII]) await keypost('keys set ascii --yes', key);
    expect(await versionsOf('ascii')).toEqual([
      { version: 1, key: ASCII },
      { version: 2, key: 'another-16-bytes' },
      { version: 3, key: ASCII },
    ]);
  });

  test.each<[string, Terminal['ask'], string]>([
    ['is refused if there is no terminal to ask at', undefined, '--yes'],
    ['is refused if the answer is not yes', async () => 'y', 'the answer is not yes'],
    [
      'is stored if the person at the terminal answers yes',
      async (question) => (question.includes('ascii has a key') ? ' Yes ' : ''),
      '',
    ],
  ])('a second key of a product %s', async (_, ask, err) => {
    const result = await keypost('keys set ascii', 'another-16-bytes', ask);
    expect(result).toMatchObject({ code: err ? 1 : 0, err: expect.stringContaining(err) });
    expect(await versionsOf('ascii')).toHaveLength(err ? 1 : 2);
  });

  test('an API key is stored beside the signing keys and survives their change', async () => {
    await keypost('keys set stripe --api-key', 'rk_live_1');
    await keypost('keys set stripe', 'whsec_new');
    await keypost('keys set stripe --api-url https://eu.example.com', 'rk_live_2');
    await keypost('keys set stripe --api-key', 'rk_live_3');
    expect((await stored('provider-keys')).stripe).toEqual({
      signing: ['whsec_new', 'whsec_old'],
      api: { key: 'rk_live_3', url: 'https://eu.example.com' },
    });
  });

  testEach([
    ['text', 'product-keys', 'not JSON but Sixteen-byte-key', 'ascii', 'no JSON object'],
    ['a list', 'product-keys', '["Sixteen-byte-key"]', 'ascii', 'no JSON object'],
    [
      'a key without a version',
      'product-keys',
      { ascii: 'Sixteen-byte-key' },
      'ascii',
      'not of the form [{ "version"',
    ],
    [
      'a version that is a text',
      'product-keys',
      {
        ascii: [
          { version: 1, key: ASCII },
          { version: '2', key: ASCII },
        ],
      },
      'ascii',
      'not of the form',
    ],
    [
      'signing keys that are no list',
      'provider-keys',
      { shop: { signing: SIGNING } },
      'shop',
      'not of the form { "signing"',
    ],
  ])('the secret $1 is not overwritten while it holds $0', async (_, secret, value, name, why) => {
    await put(secret, value);
    const { code, err } = await keypost(`keys set ${name}`, 'another-16-bytes');
    expect([code, err]).toEqual([1, expect.stringContaining(why)]);
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secret }));
    expect(SecretString).toBe(typeof value === 'string' ? value : JSON.stringify(value));
  });
});

describe('keys generate', () => {
  test.each([
    ['hex', /^[0-9a-f]{32}$/],
    ['base64', /^[A-Za-z0-9+/]{22}==$/],
    ['md5', /^[A-Za-z0-9]{16}$/],
  ])('the key that is generated for %s has the form of its profile', async (name, form) => {
    const { code, out } = await keypost(`keys generate ${name}`);
    expect(code).toBe(0);
    expect(out).toContain(
      `--secret-id product-keys --query SecretString --output text --endpoint-url ${running.aws}`,
    );
    expect(await versionsOf(name)).toEqual([{ version: 1, key: expect.stringMatching(form) }]);
    expect((await keypost('keys list --json')).out).toContain(
      `"product": "${name}",\n      "versions": [\n        {\n          "version": 1,\n          "ok": true`,
    );
  });

  test('a product that has a key gets another only with --replace', async () => {
    expect(await keypost('keys generate ascii')).toMatchObject({
      code: 1,
      err: expect.stringContaining('--replace'),
    });
    expect(await stored('product-keys')).toEqual(fresh['product-keys']);
    expect((await keypost('keys generate ascii --replace')).code).toBe(0);
    const { ascii, ...others } = await stored('product-keys');
    expect(ascii).toEqual([
      { version: 1, key: ASCII },
      { version: 2, key: expect.stringMatching(/^[A-Za-z0-9]{16}$/) },
    ]);
    expect(others).toEqual({ _unused: 'x' });
    expect(await keypost('keys generate ascii --replace')).toMatchObject({ code: 0 });
    expect(new Set((await versionsOf('ascii')).map(({ key }) => key)).size).toBe(3);
  });

  test('a provider gets no generated key', async () => {
    expect(await keypost('keys generate shop')).toMatchObject({
      code: 1,
      err: expect.stringContaining('keys set shop --local'),
    });
  });
});

test('keys list shows versions and faults, and ignores entries that are not keys', async () => {
  await put('product-keys', {
    ...fresh['product-keys'],
    hex: [
      { version: 2, key: ASCII },
      { version: 1, key: HEX },
    ],
    gone: [{ version: 7, key: ASCII }],
  });
  const signing = { shop: { signing: [SIGNING, 'short'] }, stripe: { signing: [] } };
  await put('provider-keys', { ...fresh['provider-keys'], ...signing });
  const { out } = await keypost('keys list');
  expect(out.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
    'PRODUCT | KEY VERSIONS | STATE',
    'ascii | 1 | ok',
    'hex | 1, 2 | version 2 is not 32 hex digits; set one with `npm run keypost -- keys set hex --local`',
    'base64 | none | no key; set one with `npm run keypost -- keys set base64 --local`',
    'md5 | none | no key; set one with `npm run keypost -- keys set md5 --local`',
    'gone | 7 | not in the catalogue',
    '',
    'PROVIDER | SIGNING KEYS | API KEY | STATE',
    'shop | 2 | no | a signing key has fewer than 8 characters; make a longer one at the provider, and set one with `npm run keypost -- keys set shop --local`',
    'stripe | 0 | no | no key; set one with `npm run keypost -- keys set stripe --local`',
    '',
  ]);
  const { products, providers } = JSON.parse((await keypost('keys list --json')).out);
  expect(products[1]).toMatchObject({
    product: 'hex',
    versions: [
      { version: 1, ok: true },
      { version: 2, ok: false },
    ],
  });
  expect(providers[0]).toMatchObject({ provider: 'shop', signing: 2, api: false });
});

const Line = z.looseObject({ licensee: z.nullable(z.string()), held: z.nullable(z.string()) });
const Item = z.looseObject({
  key: z.string(),
  heldAt: z.nullable(z.string()),
  lines: z.array(Line),
  mail: z.looseObject({ state: z.string() }),
});
const Items = z.array(Item);
const Mails = z.array(z.object({ to: z.array(z.string()), text: z.string() }));

describe('orders', () => {
  let count = 0;
  /** A signed order of the shop; answers its key. */
  async function order(data: object = {}): Promise<string> {
    count += 1;
    const id = `A-${count}`;
    const buyer = { name: 'José Núñez', email: `jose.${count}@example.com` };
    const items = [{ sku: 'ascii', quantity: 1 }];
    return await deliver({ type: 'order.paid', data: { id, buyer, items, ...data } }, id);
  }
  async function deliver(message: object, id: string) {
    const body = JSON.stringify(message);
    const at = new Date();
    const headers = {
      'content-type': 'application/json',
      'webhook-id': `msg_${randomUUID()}`,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    };
    const signature = new Webhook(SIGNING).sign(headers['webhook-id'], at, body);
    const answer = await fetch(`${running.page}/orders/shop`, {
      method: 'POST',
      headers: { ...headers, 'webhook-signature': signature },
      body,
    });
    expect(answer.status).toBe(200);
    return `shop#${id}`;
  }
  const local = async (path: string, method = 'GET'): Promise<unknown> =>
    (await fetch(`${running.page}/local/${path}`, { method })).json();
  const orders = async () => Items.parse(await local('orders'));
  const shown = async (key: string) => (await orders()).find((one) => one.key === key);
  const heldNow = async () => Items.parse(JSON.parse((await keypost('orders held --json')).out));
  const mailsTo = async (address: string) =>
    Mails.parse(await local('mails')).filter(({ to }) => to.includes(address));

  test('orders held --json prints the held orders exactly as GET /local/orders does', async () => {
    const keysOfHeld = [
      await order({ buyer: { email: 'anna@example.com' } }),
      await order({
        items: [
          { sku: 'ascii', quantity: 1 },
          { sku: 'x', quantity: 2 },
        ],
      }),
    ];
    const free = await order();
    const items = await heldNow();
    expect(items).toEqual(expect.arrayContaining(await Promise.all(keysOfHeld.map(shown))));
    expect(items.map(({ key }) => key)).not.toContain(free);
    expect(items).toEqual((await orders()).filter(({ heldAt }) => heldAt));
  });

  test('orders held shows buyer, line and reason, without the control characters that a buyer sent', async () => {
    const key = await order({
      buyer: { name: 'Eve\u001b]0;owned\u0007\u202e', email: 'eve@example.com' },
      items: [{ sku: 'y\n', quantity: 1 }],
    });
    const { code, out } = await keypost('orders held');
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(
        `^${key} .* Eve\ufffd]0;owned\ufffd\ufffd <eve@example.com> +y\ufffd \\(unknown\\) +unknown_product$`,
        'm',
      ),
    );
    expect(out).toContain('npm run keypost -- orders release KEY --local');
    expect(out).toMatch(/^unknown_product .*--product SKU=product$/m);
    const json = (await keypost('orders held --json')).out;
    expect(`${out}${json}`.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  test('a released order is mailed once, and cannot be released again', async () => {
    const key = await order({ buyer: { email: 'nora@example.com' } });
    expect(await keypost(`orders release ${key}`)).toMatchObject({
      code: 1,
      out: expect.stringContaining('still held, no_name'),
      err: `1 of 1 lines of ${key} still held\n`,
    });
    expect(await keypost(`orders release ${key} --name 'Nora Quist'`)).toMatchObject({
      code: 0,
      out: 'ascii  goes to nora@example.com within a minute\n',
      err: '',
    });
    expect((await heldNow()).map(({ key: one }) => one)).not.toContain(key);
    await local('redeliver', 'POST');
    const [mail, ...more] = await mailsTo('nora@example.com');
    expect([mail?.text, more]).toEqual([expect.stringContaining('Nora Quist'), []]);
    expect((await shown(key))?.lines[0]).toMatchObject({ licensee: 'Nora Quist', held: null });
    expect(await keypost(`orders release ${key} --name Else`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not held'),
    });
  });

  test('an order is released by any of its IDs, one line at a time', async () => {
    const key = await order({
      items: [
        { sku: 'old=sku', quantity: 1 },
        { sku: 'other', quantity: 1 },
        { sku: 'hex', quantity: 1 },
      ],
    });
    const names = orderStore(new DynamoDBClient({ endpoint: running.aws }), 'keypost-orders', () => 5_000);
    await names.put({ kind: 'alias', key: 'shop#another-name', aliasOf: key }, undefined);
    const first = await keypost('orders release shop#another-name --product old=sku=ascii --json');
    expect(first.code).toBe(1);
    expect(JSON.parse(first.out)).toEqual(await shown(key));
    expect(JSON.parse(first.out).lines.map(({ held }: { held: string }) => held)).toEqual([
      null,
      'unknown_product',
      'product_key',
    ]);
    await keypost('keys set hex', HEX);
    expect(await keypost(`orders release ${key} --product other=ascii`)).toMatchObject({ code: 0 });
    await local('redeliver', 'POST');
    expect((await shown(key))?.mail.state).toMatch(/^(sent|delivered)$/);
  });

  test('of several releases at the same time one succeeds, and one serial is mailed', async () => {
    const key = await order({ buyer: { email: 'kim@example.com' } });
    const names = ['Ann', 'Bea', 'Cal', 'Dan', 'Eli'];
    const results = await Promise.all(names.map((name) => keypost(`orders release ${key} --name ${name}`)));
    const winners = names.filter((_, at) => results[at]?.code === 0);
    expect(winners).toHaveLength(1);
    await local('redeliver', 'POST');
    expect((await shown(key))?.lines[0]?.licensee).toBe(winners[0]);
    expect(await mailsTo('kim@example.com')).toHaveLength(1);
  });

  test.each<[string, (key: string) => string, RegExp]>([
    [
      'an unknown key',
      () => 'orders release shop#nothing',
      /there is no order shop#nothing; .*orders held --local/,
    ],
    [
      'an unknown product',
      (key) => `orders release ${key} --product x=nope`,
      /no product nope; it has ascii, hex/,
    ],
    [
      'a product named like a property of every object',
      (key) => `orders release ${key} --product x=constructor`,
      /no product constructor/,
    ],
    [
      'an SKU that the order does not have',
      (key) => `orders release ${key} --product nope=ascii`,
      /SKU nope is no line of shop#A-\d+; it has ascii, x/,
    ],
    [
      'an SKU whose serial is issued',
      (key) => `orders release ${key} --product ascii=hex`,
      /SKU ascii has its serial/,
    ],
  ])('release refuses %s and changes no line', async (_, args, why) => {
    const key = await order({
      items: [
        { sku: 'ascii', quantity: 1 },
        { sku: 'x', quantity: 1 },
      ],
    });
    const before = await shown(key);
    expect(await keypost(args(key))).toMatchObject({ code: 1, out: '', err: expect.stringMatching(why) });
    expect((await shown(key))?.lines).toEqual(before?.lines);
  });

  test('release refuses a refunded order', async () => {
    const key = await order({ items: [{ sku: 'x', quantity: 1 }] });
    await deliver({ type: 'order.refunded', data: { id: key.slice('shop#'.length) } }, key);
    expect(await keypost(`orders release ${key} --product x=ascii`)).toMatchObject({
      code: 1,
      err: `${key} is refunded, so Keypost mails no serial of it\n`,
    });
  });
});

test.each([
  'bogus',
  'keys bogus',
  'keys set',
  `keys set ascii ${ASCII}`,
  'keys list --bogus',
  'orders release',
  'orders release k --email nobody',
  'orders release k --product nothing',
  'orders release k --product =ascii',
  'keys set shop --api-key --only',
])('the command line "%s" ends with exit code 2', async (args) => {
  expect(await keypost(args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining('error: ') });
});

test.each([
  '',
  'keys',
  'orders',
  'keys list',
  'keys set',
  'keys generate',
  'orders list',
  'orders show',
  'orders search',
  'orders held',
  'orders release',
  'orders resend',
  'orders reissue',
  'orders issue',
  'doctor',
])('the help of "%s" states the usage and an example', async (verb) => {
  const { code, out, err } = await keypost(`${verb} --help`);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain(`Usage: keypost ${verb}`);
  if (verb !== 'keys' && verb !== 'orders') expect(out).toContain(`npm run keypost -- ${verb}`);
});

test('doctor succeeds on this machine once every product has a key', async () => {
  const { code, out } = await keypost('doctor --json --no-order');
  expect(code).toBe(1);
  const bad = JSON.parse(out).filter(({ state }: { state: string }) => state !== 'ok');
  expect(bad.map(({ check, state }: { check: string; state: string }) => `${check} ${state}`)).toEqual(
    ['hex', 'base64', 'md5'].map((name) => `product-key ${name} bad`),
  );
  for (const name of ['hex', 'base64', 'md5']) await keypost(`keys generate ${name}`);
  expect(await keypost('doctor --no-order')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^(ok {2}.*\n)+Set testOrders/),
    err: '',
  });
});

/** Runs the command as a process, as a shell does. */
function command(
  file: string,
  args: string[],
  { cwd = root, env = {}, typed = '' }: { cwd?: string; env?: NodeJS.ProcessEnv; typed?: string } = {},
) {
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    const child = execFile(
      file,
      args,
      { cwd, env: { ...process.env, ...environment(), ...env } },
      (_error, out, err) => {
        printed.push(out, err);
        resolve({ code: child.exitCode, out, err });
      },
    );
    child.stdin?.end(typed);
  });
}

describe('the process `keypost`', () => {
  const bin = join(root, 'bin/keypost.mjs');

  test('is found by npx in a subfolder without a download, and reads the key from a pipe', async () => {
    const cache = join(folder, 'npm');
    mkdirSync(cache);
    const env = {
      npm_config_cache: cache,
      npm_config_registry: 'http://127.0.0.1:1',
      npm_config_offline: 'true',
    };
    const { code, out } = await command('npx', ['--no', 'keypost', 'keys', 'set', 'hex', '--local'], {
      cwd: join(root, 'docs'),
      env,
      typed: `${HEX}\n`,
    });
    expect([code, out]).toEqual([0, expect.stringContaining('the key of hex is set as version 1')]);
  }, 60_000);

  test('prints its result without colours, and nothing to standard error', async () => {
    const { code, out, err } = await command(bin, ['keys', 'list', '--local'], { env: { FORCE_COLOR: '1' } });
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toContain('\u001b');
  }, 60_000);

  test.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
    ['no local Keypost', ['orders', 'held', '--local'], { AWS_PORT: '1' }, /^nothing answers .*`npm start`/],
    [
      'no credentials',
      ['keys', 'list'],
      { AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: '' },
      /^no AWS credentials/,
    ],
    ['no region', ['keys', 'list'], { AWS_REGION: undefined }, /^no AWS region/],
    [
      'no catalogue',
      ['keys', 'list', '--local'],
      { KEYPOST_CONFIG: '/nowhere.ts' },
      /^\/nowhere\.ts: there is no such file/,
    ],
  ])(
    'reports %s in one line',
    async (_, args, env, why) => {
      const nobody = {
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
        AWS_PROFILE: '',
        AWS_EC2_METADATA_DISABLED: 'true',
      };
      const { code, out, err } = await command(bin, args, { env: { ...nobody, ...env } });
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(why);
      expect(err.trimEnd()).not.toContain('\n');
    },
    60_000,
  );
});

test('no command prints a key', async () => {
  await stored('product-keys');
  for (const key of [
    ASCII,
    HEX,
    SIGNING,
    'another-16-bytes',
    'AAECAwQFBgcICQoLDA0ODw==',
    'a passphrase',
    'rk_live_',
    'whsec_',
    ...keys,
  ]) {
    expect(printed.filter((text) => text.includes(key))).toEqual([]);
  }
  expect(printed.length).toBeGreaterThan(50);
  expect(keys.size).toBeGreaterThan(10);
});
