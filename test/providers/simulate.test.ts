/** Tests that the vendors' own libraries and openssl accept simulated notifications, and that the command line sends them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import { providers } from '../../functions/providers/index.ts';
import type { SignedRequest } from '../../functions/providers/simulator.ts';
import { type Running, start } from '../../local/start.ts';
import { catalogueFile, serial } from '../fixtures/catalogue.ts';
import { testEach } from '../fixtures/in-words.ts';
import { sampled } from '../fixtures/prove.ts';
import { simulators } from '../fixtures/simulators.ts';

const WHSEC = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const now = Date.now();
const order = {
  sku: 'x',
  name: 'Zoë Lindqvist',
  email: 'zoe@example.com',
  company: 'Widgets & Co',
  test: true,
  floor: 0,
};
const signedRequest = (provider: string, event: string, secret: string, options = {}): SignedRequest => {
  const simulator = simulators[provider];
  if (!simulator) throw new Error(provider);
  return simulator.request({ ...order, event }, secret, options, now);
};
const eventsOf = (provider: string) => simulators[provider]?.events ?? [];

test.each(Object.entries(simulators))('the first event of the simulator %s is "paid"', (_, { events }) =>
  expect(events[0]).toBe('paid'),
);

describe("the vendors' own libraries accept", () => {
  test.each(eventsOf('stripe'))('the simulated Stripe event %s', (event) => {
    const { body, headers } = signedRequest('stripe', event, 'whsec_a');
    const stripe = new Stripe('sk_test_none').webhooks;
    expect(stripe.constructEvent(body, headers['stripe-signature'] ?? '', 'whsec_a')).toMatchObject({
      livemode: false,
    });
  });

  test.each([
    ...eventsOf('shop').map((event) => ['shop', event]),
    ...eventsOf('polar').map((event) => ['polar', event]),
    ...eventsOf('dodo').map((event) => ['dodo', event]),
  ])('in standardwebhooks, the simulated event of %s: %s', (provider, event) => {
    const { body, headers } = signedRequest(provider ?? '', event ?? '', WHSEC);
    expect(new Webhook(WHSEC).verify(body, { ...headers })).toEqual(JSON.parse(body));
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
console.log(`openssl is ${hasOpenssl ? '' : 'not '}available to compute the signatures a second time`);
const openssl = (args: readonly string[], input: string | Buffer) => execFileSync('openssl', args, { input });
const hmac = (key: string, input: string) => openssl(['dgst', '-sha256', '-hmac', key, '-binary'], input);
const md5 = (input: string) => openssl(['dgst', '-md5', '-binary'], input).toString('hex');
const KEY = 'a-long-secret';

describe.skipIf(!hasOpenssl)('openssl computes the same signature for', () => {
  /** By provider: the signature in the request, and the one that openssl computes. */
  const HEADERS: Readonly<
    Record<string, (request: SignedRequest) => readonly [actual: unknown, expected: unknown]>
  > = {
    lemonsqueezy: ({ headers, body }) => [headers['x-signature'], hmac(KEY, body).toString('hex')],
    shopify: ({ headers, body }) => [headers['x-shopify-hmac-sha256'], hmac(KEY, body).toString('base64')],
    woocommerce: ({ headers, body }) => [
      headers['x-wc-webhook-signature'],
      hmac(KEY, body).toString('base64'),
    ],
    fastspring: ({ headers, body }) => [headers['x-fs-signature'], hmac(KEY, body).toString('base64')],
    paddle: ({ headers, body }) => {
      const ts = String(Math.floor(now / 1000));
      return [headers['paddle-signature'], `ts=${ts};h1=${hmac(KEY, `${ts}:${body}`).toString('hex')}`];
    },
    bluesnap: ({ headers, body }) => {
      const signed = hmac(KEY, `${headers['bls-ipn-timestamp']}${body}`).toString('hex');
      const fields = new URLSearchParams(body);
      const authKey = md5(`${fields.get('referenceNumber')}${fields.get('contractId')}${KEY}`);
      return [
        [headers['bls-signature'], fields.get('authKey')],
        [signed, authKey],
      ];
    },
    // Gumroad does not sign the body; the secret is in the query.
    gumroad: ({ query }) => [query, `secret=${KEY}`],
  };

  test.each(
    Object.keys(HEADERS).flatMap((provider) =>
      sampled(eventsOf(provider), 3).map((event) => [provider, event] as const),
    ),
  )('%s: %s', (provider, event) => {
    const request = signedRequest(provider, event, KEY);
    // A ping and a form with a hash use another scheme, which their provider's own test checks.
    if (event === 'ping' || event === 'licence_call') return expect(request.body).not.toBe('');
    const [actual, expected] = HEADERS[provider]?.(request) ?? [];
    expect(actual).toEqual(expected);
  });

  test.each(sampled(eventsOf('paypal'), 3))('paypal: %s', (event) => {
    const request = signedRequest('paypal', event, '5FX00001EXAMPLE9H');
    const all = request.before ? [request.before, request] : [request];
    for (const { headers, body } of all) {
      const folder = mkdtempSync(join(tmpdir(), 'keypost-paypal-'));
      const spki = (headers['paypal-cert-url'] ?? '').split('/').at(-1) ?? '';
      writeFileSync(join(folder, 'key.der'), Buffer.from(spki, 'base64url'));
      writeFileSync(
        join(folder, 'signature'),
        Buffer.from(headers['paypal-transmission-sig'] ?? '', 'base64'),
      );
      // RFC 1952: a gzip file ends with the CRC-32 and the length of its content.
      const crc = gzipSync(body).readUInt32LE(gzipSync(body).length - 8);
      const content = [
        headers['paypal-transmission-id'],
        headers['paypal-transmission-time'],
        '5FX00001EXAMPLE9H',
        crc,
      ].join('|');
      const args = [
        'dgst',
        '-sha256',
        '-keyform',
        'DER',
        '-verify',
        join(folder, 'key.der'),
        '-signature',
        join(folder, 'signature'),
      ];
      expect(openssl(args, content).toString()).toBe('Verified OK\n');
      rmSync(folder, { recursive: true });
    }
  });

  const fields = { id: 'o', sku: 's', name: ['first', 'last'], email: 'mail' };
  test('a form with a hash', () => {
    const options = { proof: { field: 'h', hash: 'md5', of: ['o', '(secret)'] }, fields };
    const form = new URLSearchParams(signedRequest('form', 'paid', KEY, options).body);
    expect(form.get('h')).toBe(md5(`${form.get('o')}${KEY}`));
    expect([form.get('first'), form.get('last'), form.get('mail')]).toEqual([
      'Zoë',
      'Lindqvist',
      'zoe@example.com',
    ]);
  });

  test('a form with a key in the query, in Latin-1, escaped twice', () => {
    const options = { proof: { address: 'k' }, fields, charset: 'latin1', escapedTwice: true };
    const { query, body } = signedRequest('form', 'paid', 'a key', options);
    expect(query).toBe('k=a%20key');
    expect(body).toContain('first=Zo%25EB&');
  });

  test('a form with credentials', () => {
    const { headers } = signedRequest('form', 'paid', 'keypost:secret', { proof: 'basic', fields });
    // printf keypost:secret | openssl base64
    expect(headers.authorization).toBe('Basic a2V5cG9zdDpzZWNyZXQ=');
  });
});

/** The options that these providers need. */
const OPTIONS: Readonly<Record<string, object>> = {
  gumroad: { sellerId: 'kL0psVL2admJSYRNs-EXAMPLE==', reread: false },
  paypal: { payee: [' Sales@Widgets.example.com '] },
  'paypal-ipn': { receiver: 'sales@vendor.example.com' },
  form: { proof: { address: 'key' }, fields: { id: 'order', sku: 'item', name: 'buyer', email: 'mail' } },
};
const enabled = Object.keys(providers).filter((name) => Object.hasOwn(simulators, name));

describe('npm run keypost -- simulate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keypost-simulate-'));
  const config = join(folder, 'my.config.ts');
  let running: Running;

  beforeAll(async () => {
    const settings = enabled.map((name) => [name, { testOrders: 'seller', options: OPTIONS[name] ?? {} }]);
    const skus = Object.fromEntries(enabled.map((name) => [name, ['1001', 'widget']]));
    const aliases = { second: { as: 'shop' }, unsold: { as: 'shop' }, keyless: { as: 'shop' } };
    const widget = { name: 'Widget', serial, skus: { ...skus, second: ['w'], keyless: ['w'] } };
    writeFileSync(
      config,
      catalogueFile({ providers: { ...Object.fromEntries(settings), ...aliases }, products: { widget } }),
    );
    running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: config });
    const secrets = new SecretsManagerClient({ endpoint: running.aws });
    const put = async (SecretId: string, value: object) => {
      await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(value) }));
    };
    await put('product-keys', { widget: [{ version: 1, key: '1234567890123456' }] });
    const api = (name: string) => ({ key: 'client:secret', url: `${running.page}/local/${name}` });
    const signing = Object.fromEntries(
      [...enabled, 'second', 'unsold'].map((name) => [name, { signing: [WHSEC], api: api(name) }]),
    );
    await put('provider-keys', signing);
  });
  afterAll(async () => {
    await running.stop();
    rmSync(folder, { recursive: true });
  });

  async function keypost(args: readonly string[], change: { typed?: string; env?: object } = {}) {
    let [out, err] = ['', ''];
    const env = {
      PORT: new URL(running.page).port,
      AWS_PORT: new URL(running.aws).port,
      KEYPOST_CONFIG: config,
    };
    const code = await run(['simulate', ...args], {
      env: { ...env, ...change.env },
      print: (line) => {
        out += `${line}\n`;
      },
      complain: (line) => {
        err += `${line}\n`;
      },
      readSecret: async () => change.typed ?? '',
    });
    return { code, out, err };
  }
  const Result = z.strictObject({ status: z.number(), body: z.string(), orderId: z.string() });
  const simulate = async (...args: string[]) =>
    Result.parse(JSON.parse((await keypost([...args, '--local', '--json'])).out));
  const Orders = z.array(
    z.object({
      key: z.string(),
      test: z.boolean(),
      status: z.string(),
      buyer: z.object({ name: z.string().nullable() }),
      lines: z.array(z.object({ serial: z.string().nullable(), held: z.string().nullable() })),
    }),
  );
  const orderOf = async (id: string) => {
    const orders = Orders.parse(await (await fetch(`${running.page}/local/orders`)).json());
    return orders.find(({ key }) => key.endsWith(`#${id}`));
  };

  test.each(enabled)('%s: a sale, its repetition and its refund are accepted', async (provider) => {
    const { status, orderId } = await simulate(provider, '--live', '--name', 'José Núñez');
    expect(status).toBe(200);
    expect(await orderOf(orderId)).toMatchObject({ status: 'paid', test: false });
    expect(await simulate(provider, '--live', '--id', orderId)).toMatchObject({ status: 200, orderId });
    if (!eventsOf(provider).includes('refunded')) return;
    expect((await simulate(provider, '--live', '--event', 'refunded', '--id', orderId)).status).toBeLessThan(
      300,
    );
  });

  test.each(
    enabled.filter((name) => ['shop', 'stripe', 'paypal', 'bluesnap', 'fastspring', 'form'].includes(name)),
  )('%s: the serial encrypts the buyer’s name', async (provider) => {
    const { orderId } = await simulate(provider, '--live', '--name', 'José Núñez');
    // printf 'José Núñez' | openssl enc -aes-128-ecb -K 31323334353637383930313233343536
    expect(await orderOf(orderId)).toMatchObject({
      lines: [{ serial: '1F63C813731FE0A7D889654699B97BF6', held: null }],
    });
    const event = provider === 'form' ? 'paid' : 'refunded';
    await simulate(provider, '--live', '--event', event, '--id', orderId);
    expect(await orderOf(orderId)).toMatchObject({ status: provider === 'form' ? 'paid' : 'refunded' });
  });

  test('prints the answer and the order ID as text', async () => {
    const { code, out } = await keypost(['shop', '--local']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^shop receives 200 \nfor order SIM-\w+\n$/)]);
  });

  test('accepts a provider under another name, --test and --product', async () => {
    const { orderId } = await simulate(
      'second',
      '--test',
      '--product',
      'widget',
      '--email',
      'zoe@example.com',
    );
    expect(await orderOf(orderId)).toBeUndefined();
    // A test order is the default.
    const { orderId: seen } = await simulate('shop');
    expect(await orderOf(seen)).toMatchObject({ key: `shop#test#${seen}`, test: true });
  });

  test('with --secret-stdin and --to needs no AWS', async () => {
    const args = ['shop', '--to', `${running.page}/orders/shop`, '--secret-stdin', '--json'];
    const { code, out } = await keypost(args, { typed: ` ${WHSEC}\n`, env: { AWS_PORT: '1', PORT: '1' } });
    expect([code, Result.parse(JSON.parse(out)).status]).toEqual([0, 200]);
    const refused = await keypost(args, { typed: 'whsec_b3RoZXI=', env: { AWS_PORT: '1' } });
    expect(Result.parse(JSON.parse(refused.out))).toMatchObject({ status: 401, body: 'bad_signature' });
  });

  testEach([
    ['acme', 'acme is not enabled in the catalogue, which has'],
    ['toString', 'toString is not enabled'],
    ['unsold', 'no product of the catalogue has SKUs of unsold'],
    ['keyless', 'keyless has no signing key; `npm run keypost -- keys set keyless --local` stores one'],
    ['shop --event lost', 'shop has no event lost; expected one of paid, refunded, partly_refunded'],
    ['shop --product gadget', 'the catalogue has no SKU of gadget at shop'],
    ['shop --secret-stdin', 'the signing key is empty'],
    ['shop --to http://localhost:1/orders/shop', 'nothing answers at http://localhost:1/orders/shop'],
    ['shop --to nonsense', 'nothing answers at nonsense'],
  ])('with the arguments $0 fails with a message that says what to do', async (args, expected) => {
    const { code, out, err } = await keypost([...args.split(' '), '--local']);
    expect([code, out, err]).toEqual([1, '', expect.stringContaining(expected)]);
    expect(err).not.toContain(WHSEC);
  });

  test('is also available on the local page', async () => {
    const order = { provider: 'shop', product: 'widget', name: 'Zoë', email: 'zoe@example.com', id: 'P-1' };
    const page = async (change: object) =>
      await (
        await fetch(`${running.page}/local/simulate`, {
          method: 'POST',
          body: JSON.stringify({ ...order, ...change }),
        })
      ).json();
    expect(await page({})).toEqual({ status: 200, body: '' });
    expect(await page({ event: 'refunded' })).toEqual({ status: 200, body: '' });
    expect(await orderOf('P-1')).toMatchObject({ status: 'refunded' });
    expect(await page({ event: 'lost' })).toEqual({
      message: expect.stringContaining('expected one of paid, refunded'),
    });
  });
});
