/** Sends orders over HTTP to the local system, signed by the vendors' own libraries; openssl decrypts the serials. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type Running, start } from '../../local/start.ts';

const STRIPE_SECRET = 'whsec_ExampleSecret0001';
const SHOP_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const sample = readFileSync(
  new URL('../../functions/providers/stripe/samples/checkout.session.completed.json', import.meta.url),
  'utf8',
);
const refundSample = readFileSync(
  new URL('../../functions/providers/stripe/samples/charge.refunded.json', import.meta.url),
  'utf8',
);
const stripe = new Stripe('sk_test_none');

let running: Running;
beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'local/demo-shop.ts' });
});
afterAll(() => running.stop());
beforeEach(() => faults({ ses: null, dynamodb: null, secretsmanager: null }));

const Mails = z.array(
  z.object({
    to: z.array(z.string()),
    subject: z.string(),
    text: z.string(),
    html: z.string(),
    headers: z.record(z.string(), z.string()),
  }),
);
const Line = z.object({
  sku: z.string(),
  held: z.string().nullable(),
  licensee: z.string().nullable(),
  serial: z.string().nullable(),
});
const Orders = z.array(
  z.object({
    key: z.string(),
    test: z.boolean(),
    status: z.string(),
    lines: z.array(Line),
    mail: z.object({ state: z.string(), attempts: z.number() }),
  }),
);

const local = async (path: string, init?: RequestInit) =>
  (await fetch(`${running.page}/local/${path}`, init)).json();
const faults = (some: object) => local('faults', { method: 'PUT', body: JSON.stringify(some) });
const redeliver = (query = '') => local(`redeliver${query}`, { method: 'POST' });
const orders = async () => Orders.parse(await local('orders'));
const mailsTo = async (address: string) =>
  Mails.parse(await local('mails')).filter(({ to }) => to.includes(address));

let numbers = 0;
/** Returns a new sale at each call: the sample with another buyer and payment. */
function sale(
  change: (session: Record<string, unknown>, event: Record<string, unknown>) => void = () => undefined,
) {
  numbers += 1;
  const event = JSON.parse(sample);
  const session = event.data.object;
  const email = `buyer${numbers}@example.com`;
  session.payment_intent = `pi_way${numbers}`;
  session.customer_details.email = email;
  change(session, event);
  return {
    email,
    id: session.payment_intent,
    key: `stripe#${session.payment_intent}`,
    body: JSON.stringify(event),
  };
}

const signed = (payload: string, secret = STRIPE_SECRET, timestamp = Math.floor(Date.now() / 1000)) =>
  stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
const post = (
  provider: string,
  body: string | Buffer,
  headers: Record<string, string>,
  type = 'application/json',
) =>
  fetch(`${running.page}/orders/${provider}`, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body,
  });
const toStripe = async (body: string, header = signed(body)) =>
  (await post('stripe', body, { 'stripe-signature': header })).status;
async function toShop(message: unknown, secret = SHOP_SECRET) {
  const body = JSON.stringify(message);
  const id = `msg_${randomUUID()}`;
  const now = new Date();
  const signature = new Webhook(secret).sign(id, now, body);
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': signature,
  };
  return (await post('shop', body, headers)).status;
}
const shopOrder = (change: object = {}) => {
  numbers += 1;
  const email = `buyer${numbers}@example.com`;
  const data = {
    id: `S-${numbers}`,
    buyer: { name: 'José Núñez', email },
    currency: 'EUR',
    items: [{ sku: 'widgetpro-mac', quantity: 1, price: '39.00' }],
    ...change,
  };
  return { email, key: `shop#${data.id}`, message: { type: 'order.paid', data } };
};

/** Returns the lines of the mail's text below "Name:" and "Serial:". */
function licenceIn({ text }: { text: string }) {
  const lines = text.split('\n');
  return { name: lines[lines.indexOf('Name:') + 1] ?? '', serial: lines[lines.indexOf('Serial:') + 1] ?? '' };
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
console.log(`openssl is ${hasOpenssl ? '' : 'not '}available to decrypt serials`);
/** Decrypts with the demo key, as the shipped app does. */
const decrypted = (serial: string) =>
  execFileSync(
    'openssl',
    ['enc', '-d', '-aes-128-ecb', '-K', Buffer.from('1234567890123456').toString('hex')],
    { input: Buffer.from(serial, 'hex') },
  ).toString('utf8');

// This test comes first, because a forged signature uses up the one refresh per half minute.
test('a new signing key is read at the first signature made with it', async () => {
  const secrets = new SecretsManagerClient({
    endpoint: running.aws,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  const keys = {
    stripe: {
      signing: ['whsec_new', STRIPE_SECRET],
      api: { key: 'rk_test_example', url: `${running.page}/local/stripe` },
    },
    shop: { signing: [SHOP_SECRET] },
  };
  await secrets.send(
    new PutSecretValueCommand({ SecretId: 'provider-keys', SecretString: JSON.stringify(keys) }),
  );
  const [one, other, both] = [sale(), sale(), sale()];
  expect(await toStripe(one.body, signed(one.body, 'whsec_new'))).toBe(200);
  expect(await toStripe(other.body)).toBe(200);
  const header = `${signed(both.body, 'whsec_gone')},v1=${signed(both.body).split('v1=')[1]}`;
  expect(await toStripe(both.body, header)).toBe(200);
});

describe('a paid order', () => {
  test.each([
    [
      'Stripe',
      async () => {
        const one = sale();
        return { ...one, status: await toStripe(one.body), name: 'Zoë Lindqvist' };
      },
    ],
    [
      'the shop',
      async () => {
        const one = shopOrder();
        return { ...one, status: await toShop(one.message), name: 'José Núñez' };
      },
    ],
  ])('of %s becomes one order and one mail with a serial that encrypts the name', async (_, send) => {
    const { status, email, key, name } = await send();
    expect(status).toBe(200);
    const mails = await mailsTo(email);
    expect(mails.length).toBe(1);
    const [mail = { text: '', html: '' }] = mails;
    const { name: printed, serial } = licenceIn(mail);
    expect(printed).toBe(name);
    if (hasOpenssl) expect(decrypted(serial)).toBe(name);
    expect(mail.html).toContain(serial);
    expect((await orders()).filter((order) => order.key === key)).toMatchObject([
      {
        status: 'paid',
        mail: { state: expect.stringMatching(/^(sent|delivered)$/) },
        lines: [{ serial, licensee: name }],
      },
    ]);
  });

  test('delivered twenty times, in sequence or at once, is one order and one mail', async () => {
    const one = sale();
    const header = signed(one.body);
    for (let n = 0; n < 20; n += 1) expect(await toStripe(one.body, header)).toBe(200);
    const other = sale();
    const statuses = await Promise.all(Array.from({ length: 20 }, () => toStripe(other.body)));
    // Under load a call to AWS may exceed its time limit. The answer is 500 then, and Stripe sends the event again.
    for (const status of statuses) {
      expect([200, 500]).toContain(status);
      if (status === 500) expect(await toStripe(other.body)).toBe(200);
    }
    expect([(await mailsTo(one.email)).length, (await mailsTo(other.email)).length]).toEqual([1, 1]);
  });

  test('that does not name its product is completed with its line items from the API', async () => {
    const one = sale((session) => Object.assign(session, { metadata: {}, payment_link: null }));
    expect(await toStripe(one.body)).toBe(200);
    expect((await mailsTo(one.email)).length).toBe(1);
  });
});

describe('a forged request', () => {
  const now = () => Math.floor(Date.now() / 1000);
  test.each<[string, (body: string) => [body: string, header: string]]>([
    ['a changed byte', (body) => [body.replace('4875', '4876'), signed(body)]],
    ['another secret', (body) => [body, signed(body, 'whsec_other')]],
    ['a signature six minutes old', (body) => [body, signed(body, STRIPE_SECRET, now() - 360)]],
    ['a signature six minutes ahead', (body) => [body, signed(body, STRIPE_SECRET, now() + 360)]],
    ['a signature that is not hex', (body) => [body, `t=${now()},v1=not-hex`]],
    ['a signature of odd length', (body) => [body, `t=${now()},v1=abc`]],
    ['a malformed time', (body) => [body, signed(body).replace(/t=\d+/, 't=1e10')]],
    ['no time', (body) => [body, signed(body).replace(/t=\d+,/, '')]],
    ['an empty header', (body) => [body, '']],
  ])('with %s is refused, stores nothing and mails nothing', async (_, forge) => {
    const { email, key, body } = sale();
    expect(await toStripe(...forge(body))).toBe(401);
    expect(await mailsTo(email)).toEqual([]);
    expect((await orders()).some((order) => order.key === key)).toBe(false);
  });

  test('without a signature, to an unknown provider, by another method or of too many bytes is refused', async () => {
    const { body } = sale();
    expect((await post('stripe', body, {})).status).toBe(401);
    expect((await post('nobody', body, {})).status).toBe(404);
    expect((await post('constructor', body, {})).status).toBe(404);
    expect((await fetch(`${running.page}/orders/stripe`)).status).toBe(405);
    expect(
      (await post('stripe', 'x'.repeat(256 * 1024 + 1), { 'stripe-signature': 't=1,v1=ab' })).status,
    ).toBe(413);
    expect((await post('stripe', 'x'.repeat(256 * 1024), { 'stripe-signature': 't=1,v1=ab' })).status).toBe(
      401,
    );
  });
});

describe('an authentic body that cannot be parsed', () => {
  test.each<[string, string | Buffer, string]>([
    ['a form', 'a=b&c=d', 'application/x-www-form-urlencoded'],
    ['200 KB of JSON', JSON.stringify({ object: 'event', x: 'x'.repeat(200_000) }), 'application/json'],
    ['10,000 nested arrays', '['.repeat(10_000) + ']'.repeat(10_000), 'application/json'],
    [
      '__proto__',
      '{"object":"event","type":"checkout.session.completed","livemode":true,"data":{"object":{"__proto__":{"id":"x"},"constructor":1}}}',
      'application/json',
    ],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'application/octet-stream'],
    ['an empty body', '', 'application/json'],
  ])('is held with its bytes and answered with 200: %s', async (_, body, type) => {
    const held = (list: Awaited<ReturnType<typeof orders>>) =>
      list.filter(({ key }) => key.startsWith('held#stripe#')).length;
    const before = held(await orders());
    const header = stripe.webhooks.generateTestHeaderString({
      payload: body.toString('latin1'),
      secret: STRIPE_SECRET,
    });
    // The SDK signs text only, so openssl signs a body that is not UTF-8.
    const at = Math.floor(Date.now() / 1000);
    const mac = execFileSync('openssl', ['dgst', '-sha256', '-hmac', STRIPE_SECRET], {
      input: Buffer.concat([Buffer.from(`${at}.`), Buffer.from(body)]),
    });
    const signature =
      typeof body === 'string' ? header : `t=${at},v1=${mac.toString().trim().split(' ').at(-1)}`;
    const answer = await post('stripe', body, { 'stripe-signature': signature }, type);
    expect(answer.status).toBe(200);
    expect(held(await orders()) - before).toBe(1);
  });

  test('a valid body with a content type that API Gateway encodes in base64 is processed', async () => {
    const { body, email } = sale();
    expect(
      (await post('stripe', body, { 'stripe-signature': signed(body) }, 'application/octet-stream')).status,
    ).toBe(200);
    expect((await mailsTo(email)).length).toBe(1);
  });
});

describe('an ignored event', () => {
  test.each([
    ['an unpaid session', () => sale((session) => Object.assign(session, { payment_status: 'unpaid' }))],
    ['a renewal', () => sale((_session, event) => Object.assign(event, { type: 'invoice.paid' }))],
    ['an event of an unknown type', () => sale((_session, event) => Object.assign(event, { type: 'x.y' }))],
  ])('%s gets 200 and stores nothing', async (_, make) => {
    const { body, key } = make();
    expect(await toStripe(body)).toBe(200);
    expect((await orders()).some((order) => order.key === key)).toBe(false);
  });

  test('a line of an ignored SKU is left out, and an order of such lines only is not stored', async () => {
    const only = shopOrder({ items: [{ sku: 'consulting-hour' }] });
    const beside = shopOrder({
      items: [{ sku: 'consulting-hour' }, { sku: 'widgetpro-mac', price: '39.00' }],
    });
    expect([await toShop(only.message), await toShop(beside.message)]).toEqual([200, 200]);
    const all = await orders();
    expect(all.some(({ key }) => key === only.key)).toBe(false);
    expect(all.find(({ key }) => key === beside.key)?.lines.map(({ sku }) => sku)).toEqual(['widgetpro-mac']);
  });
});

test('a test order is mailed to the seller with an invalid serial', async () => {
  const one = sale((_session, event) => Object.assign(event, { livemode: false }));
  expect(await toStripe(one.body)).toBe(200);
  expect(await mailsTo(one.email)).toEqual([]);
  const mail = (await mailsTo('seller@widgets.example.com')).at(-1);
  expect(mail?.subject).toMatch(/^TEST/);
  const real = licenceIn((await mailsTo((await realSale()).email))[0] ?? { text: '' });
  expect(licenceIn(mail ?? { text: '' })).toEqual({
    name: real.name,
    serial: expect.stringMatching(/^[0-9A-F]{32}$/),
  });
  expect(licenceIn(mail ?? { text: '' }).serial).not.toBe(real.serial);
});

async function realSale() {
  const one = sale();
  await toStripe(one.body);
  return one;
}

test('a repeated refund that arrives before its sale prevents the mail', async () => {
  const one = sale();
  const event = JSON.parse(refundSample);
  event.data.object.payment_intent = one.id;
  const refund = JSON.stringify(event);
  expect([await toStripe(refund), await toStripe(one.body), await toStripe(refund)]).toEqual([200, 200, 200]);
  await redeliver();
  expect((await orders()).filter(({ key }) => key === one.key)).toMatchObject([
    { status: 'refunded', mail: { state: 'none' } },
  ]);
  expect(await mailsTo(one.email)).toEqual([]);
});

describe('a fault of AWS', () => {
  test.each([
    ['throttle', 'due'],
    ['down', 'unknown'],
    ['timeout', 'unknown'],
    // A later SES event shows that this mail was sent.
    ['lost', 'unknown'],
    ['sandbox', 'due'],
  ])('in SES, %s, leaves the mail %s until SES works again', async (fault, state) => {
    await faults({ ses: fault });
    const one = sale();
    expect(await toStripe(one.body)).toBe(200);
    const stored = (await orders()).find(({ key }) => key === one.key);
    expect(stored?.mail.state).toBe(state);
    expect(stored?.lines.every(({ held }) => held === null)).toBe(true);
    await faults({ ses: null });
    await redeliver();
    expect((await mailsTo(one.email)).length).toBe(1);
    expect((await orders()).find(({ key }) => key === one.key)?.mail.state).toMatch(/^(sent|delivered)$/);
  });

  test('in SES, reject, holds the line', async () => {
    await faults({ ses: 'reject' });
    const one = sale();
    expect(await toStripe(one.body)).toBe(200);
    expect((await orders()).find(({ key }) => key === one.key)?.lines).toMatchObject([
      { held: 'mail_refused' },
    ]);
  });

  test.each(['down', 'throttle'])(
    'in DynamoDB, %s, gets a 5xx, and the provider’s retry succeeds',
    async (fault) => {
      await faults({ dynamodb: fault });
      const one = sale();
      expect(await toStripe(one.body)).toBeGreaterThanOrEqual(500);
      await faults({ dynamodb: null });
      expect(await toStripe(one.body)).toBe(200);
      await redeliver();
      expect((await mailsTo(one.email)).length).toBe(1);
    },
  );

  test('in Secrets Manager is bridged by the cache', async () => {
    await faults({ secretsmanager: 'down' });
    const one = sale();
    expect(await toStripe(one.body)).toBe(200);
    expect((await mailsTo(one.email)).length).toBe(1);
  });
});
