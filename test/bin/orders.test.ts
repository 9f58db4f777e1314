/** The commands of `orders` against `npm start`, over HTTP through the real SDK clients, in this process. */
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import { orderStore } from '../../functions/aws/dynamodb/orders.ts';
import { HELD_REASONS } from '../../functions/core/inbound/event.ts';
import { emptyOrder } from '../../functions/core/order/settle.ts';
import type { Unreadable } from '../../functions/core/order/types.ts';
import type { Store } from '../../functions/core/world.ts';
import { simulator as kagi } from '../../functions/providers/kagi/simulator.ts';
import { postRequest } from '../../functions/providers/simulate.ts';
import { type Running, start } from '../../local/start.ts';
import { catalogueFile, decrypt, KEY, serial } from '../fixtures/catalogue.ts';
import { changed } from '../fixtures/sample.ts';
import { simulators } from '../fixtures/simulators.ts';
import { startServer } from '../local/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-desk-'));
const SANDBOX = 'pro_01kexample00000000000000001';
const latin = { ...serial, charset: 'windows-1252', name: { maxBytes: 20 } } as const;
const config = join(folder, 'my.config.ts');
const settings = {
  providers: {
    shop: { ignore: ['hour'] },
    ...{ paddle: {}, fastspring: {}, paypal: { options: { payee: 'EXAMPLEMERCH1' } } },
    kagi: { mail: { to: 'kagi@in.example.com', from: ['kagi.example.com'] } },
  },
  products: {
    widget: {
      ...{ name: 'Widget', serial, floor: { EUR: '10.00' } },
      skus: { shop: ['w', 'new'], paddle: [SANDBOX], fastspring: ['w'], paypal: ['w'], kagi: ['w'] },
    },
    gadget: { name: 'Gadget', serial, skus: { shop: ['g'] } },
    latin: { name: 'Latin', serial: latin, skus: { shop: ['l'] } },
    keyless: { name: 'Keyless', serial, skus: { shop: ['k'] } },
  },
};
writeFileSync(config, catalogueFile(settings));

const SIGNING = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PADDLE = 'pdl_ntfset_of_this_test';
const FASTSPRING = 'fs-hmac-secret-of-this-test';
const PAYPAL = '5FX00001EXAMPLE9H';

let running: Running;
let store: Store;

beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: config });
  store = orderStore(new DynamoDBClient({ endpoint: running.aws }), 'keypost-orders', () => 5_000);
  const secrets = new SecretsManagerClient({ endpoint: running.aws });
  const put = (SecretId: string, value: object) =>
    secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(value) }));
  const versions = [{ version: 1, key: KEY }];
  await put('product-keys', { widget: versions, gadget: versions, latin: versions });
  // The look-alike has PayPal's certificate.
  const api = { key: 'client:secret', url: `${running.page}/local/paypal` };
  await put('provider-keys', {
    shop: { signing: [SIGNING] },
    paddle: { signing: [PADDLE] },
    fastspring: { signing: [FASTSPRING] },
    paypal: { signing: [PAYPAL], api },
  });
}, 60_000);
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
});

/** Runs `keypost … --local` in this process; words with spaces stand in single quotes. */
async function keypost(args: string, { typed = '', env = {} }: { typed?: string; env?: object } = {}) {
  let out = '';
  let err = '';
  const words = [...args.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  const code = await run([...words, '--local'], {
    env: {
      PORT: new URL(running.page).port,
      AWS_PORT: new URL(running.aws).port,
      KEYPOST_CONFIG: config,
      ...env,
    },
    print: (line) => {
      out += `${line}\n`;
    },
    complain: (line) => {
      err += `${line}\n`;
    },
    readSecret: async () => typed,
  });
  return { code, out, err };
}

const Act = z.object({
  at: z.string(),
  who: z.string(),
  what: z.string(),
  why: z.nullable(z.string()),
  before: z.record(z.string(), z.nullable(z.string())),
  after: z.record(z.string(), z.nullable(z.string())),
});
const Item = z.looseObject({
  key: z.string(),
  receivedAt: z.string(),
  held: z.array(z.string()),
  status: z.string(),
  buyer: z.looseObject({ name: z.nullable(z.string()), email: z.nullable(z.string()) }),
  lines: z.array(
    z.looseObject({ sku: z.string(), licensee: z.nullable(z.string()), serial: z.nullable(z.string()) }),
  ),
  mail: z.looseObject({ state: z.string() }),
  acts: z.optional(z.array(Act)),
});
const Page = z.strictObject({ items: z.array(Item), cursor: z.nullable(z.string()) });
const Mails = z.array(z.object({ to: z.array(z.string()), subject: z.string(), text: z.string() }));

const local = async (path: string, method = 'GET', body?: object): Promise<unknown> =>
  (
    await fetch(`${running.page}/local/${path}`, {
      method,
      ...(Buffer.isBuffer(body) ? { body } : {}),
      ...(body && !Buffer.isBuffer(body)
        ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
        : {}),
    })
  ).json();
const json = async (args: string) => JSON.parse((await keypost(`${args} --json`)).out);
const listed = async (args = '') => Page.parse(await json(`orders list ${args}`));
const shown = async (key: string) => Item.parse(await json(`orders show '${key}'`));
const heldNow = async () => z.array(Item).parse(await json('orders held'));
const mailsTo = async (address: string) =>
  Mails.parse(await local('mails')).filter(({ to }) => to.includes(address));
const ses = (fault: string | null) => local('faults', 'PUT', { ses: fault });

async function mailed(address: string, ahead = 0) {
  await local(`redeliver?ahead=${ahead}`, 'POST');
  return (await mailsTo(address)).map(({ text }) => {
    const [, name = '', made = ''] = /\n(.+)\n\n.+:\n([0-9A-F]{16,})\n/.exec(text) ?? [];
    return { name, opened: decrypt(made) };
  });
}

let count = 0;
const newId = () => {
  count += 1;
  return `A-${count}`;
};

/** Delivers a signed order of the shop. Returns its key. */
async function order(
  {
    items = [{ sku: 'w' }],
    ...data
  }: { readonly items?: readonly object[]; readonly [field: string]: unknown } = {},
  id = newId(),
): Promise<string> {
  const buyer = { name: 'José Núñez', email: `${id.toLowerCase()}@buyers.example.com` };
  const priced = items.map((item) => ({ price: '39.00', ...item }));
  await deliver({ type: 'order.paid', data: { id, buyer, currency: 'EUR', items: priced, ...data } });
  return `shop#${id}`;
}

async function deliver(message: object): Promise<void> {
  const body = JSON.stringify(message);
  const at = new Date();
  const id = `msg_${newId()}`;
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(SIGNING).sign(id, at, body),
  };
  const answer = await fetch(`${running.page}/orders/shop`, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
}

/** Delivers a transaction of Paddle, which states no buyer. Returns its key. */
async function transaction(id: string): Promise<string> {
  const body = changed('paddle/transaction.completed.json', { 'data.id': id, 'data.custom_data': null });
  const at = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', PADDLE).update(`${at}:`).update(body).digest('hex');
  const headers = { 'content-type': 'application/json', 'paddle-signature': `ts=${at};h1=${signature}` };
  const answer = await fetch(`${running.page}/orders/paddle`, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
  return `paddle#${id}`;
}

/** Delivers a receipt of Kagi by mail. */
async function receipt(
  buyer: { readonly name: string; readonly email: string },
  id: string,
  dmarc: 'PASS' | 'FAIL',
  change = (text: string) => text,
) {
  const mail = { to: 'kagi@in.example.com', from: ['kagi.example.com'], ignore: [] };
  const sale = { event: 'paid', sku: 'w', company: '', test: false, floor: 0, id, mail, ...buyer };
  const { body } = kagi.request(sale, '', {}, Date.now());
  expect(
    await local(`order-mails?to=kagi@in.example.com&dmarc=${dmarc}`, 'POST', Buffer.from(change(body))),
  ).toMatchObject({ disposition: 'held' });
}

/** Delivers a PayPal order that is captured for that payee. */
async function capture(buyer: { readonly name: string; readonly email: string }, payee: string) {
  const address = `${running.page}/orders/paypal`;
  const sale = { event: 'paid', sku: 'w', company: '', test: false, floor: 0, address, ...buyer };
  const request = simulators.paypal?.request(sale, PAYPAL, { payee }, Date.now());
  expect(request && (await postRequest(address, request)).status).toBe(200);
}

describe('an order that is held for each reason is listed, and its release mails a correct serial', () => {
  const to = (id: string) => ({ name: 'José Núñez', email: `${id}@buyers.example.com` });
  const anna = (id: string) => `--name 'Anna Berg' --email ${id}@elsewhere.example.com`;
  const elsewhere = (id: string) => `${id}@elsewhere.example.com`;
  const rows: Record<
    (typeof HELD_REASONS)[number],
    {
      come: (id: string) => Promise<unknown>;
      cure: (id: string) => string;
      before?: () => Promise<unknown>;
      name: string;
      address?: (id: string) => string;
      /** Items that are held for this reason, the order first. */
      items?: number;
      /** Seconds until a mail whose outcome is unknown is tried again. */
      ahead?: number;
    }
  > = {
    bad_body: {
      come: (id) => deliver({ type: 'order.paid', data: { id, items: 'none' } }),
      cure: (id) => `--product w=widget ${anna(id)}`,
      name: 'Anna Berg',
      address: elsewhere,
    },
    mail_changed: {
      come: (id) => receipt(to(id), id, 'PASS', (text) => text.replace('Payment Method', 'Zahlungsart')),
      cure: (id) => `--product w=widget --order ${id} ${anna(id)}`,
      name: 'Anna Berg',
      address: elsewhere,
    },
    not_authentic: {
      come: (id) => receipt(to(id), id, 'FAIL'),
      cure: () => '',
      name: 'José Núñez',
    },
    unknown_product: {
      come: (id) => order({ buyer: to(id), items: [{ sku: 'old=w' }] }, id),
      cure: () => '--product old=w=widget',
      name: 'José Núñez',
    },
    no_name: {
      come: (id) => order({ buyer: { email: to(id).email } }, id),
      cure: () => `--name 'Anna Berg'`,
      name: 'Anna Berg',
    },
    unmappable_name: {
      come: (id) => order({ buyer: { ...to(id), name: '田中' }, items: [{ sku: 'l' }] }, id),
      cure: () => '--name Tanaka',
      name: 'Tanaka',
    },
    name_too_long: {
      come: (id) =>
        order({ buyer: { ...to(id), name: 'José Núñez of the Núñez' }, items: [{ sku: 'l' }] }, id),
      cure: () => `--name 'J Nunez'`,
      name: 'J Nunez',
    },
    bad_address: {
      come: (id) => order({ buyer: { ...to(id), email: 'josé@buyers.example.com' } }, id),
      cure: (id) => `--email ${elsewhere(id)}`,
      name: 'José Núñez',
      address: elsewhere,
    },
    below_floor: {
      come: (id) => order({ buyer: to(id), items: [{ sku: 'w', price: '9.99' }] }, id),
      cure: () => '',
      name: 'José Núñez',
    },
    price_unknown: {
      come: (id) => order({ buyer: to(id), currency: 'JPY', items: [{ sku: 'w', price: '1' }] }, id),
      cure: () => '',
      name: 'José Núñez',
    },
    wrong_payee: {
      come: (id) => capture(to(id), 'ANOTHERMERCHANT'),
      cure: () => '',
      name: 'José Núñez',
    },
    no_buyer: {
      come: transaction,
      cure: (id) => anna(id),
      name: 'Anna Berg',
      address: elsewhere,
    },
    product_key: {
      come: (id) => order({ buyer: to(id), items: [{ sku: 'k' }] }, id),
      before: () => keypost('keys set keyless', { typed: KEY }),
      cure: () => '',
      name: 'José Núñez',
    },
    mail_refused: {
      come: async (id) => {
        await ses('reject');
        await order({ buyer: to(id) }, id);
        await ses(null);
      },
      cure: (id) => `--email ${elsewhere(id)}`,
      name: 'José Núñez',
      address: elsewhere,
    },
    mail_age: {
      come: async (id) => {
        await ses('down');
        await order({ buyer: to(id) }, id);
        await local(`redeliver?ahead=${73 * 3_600}`, 'POST');
        await ses(null);
      },
      cure: () => '',
      ahead: 600,
      name: 'José Núñez',
    },
    bounced: {
      come: async (id) => {
        await order({ buyer: { ...to(id), email: `bounce+${id}@example.com` } }, id);
        await expect.poll(async () => (await shown(`shop#${id}`)).mail.state).toBe('bounced');
      },
      cure: (id) => `--email ${elsewhere(id)}`,
      name: 'José Núñez',
      address: elsewhere,
    },
    too_large: {
      come: async (id) => {
        await ses('down');
        await order({ buyer: to(id) }, id);
        // One line more than an order can have.
        await order(
          { buyer: to(id), items: Array.from({ length: 100 }, (_, n) => ({ sku: `sku-${n}` })) },
          id,
        );
        await ses(null);
      },
      cure: () => '',
      items: 2,
      ahead: 600,
      name: 'José Núñez',
    },
    generator: {
      come: (id) => heldBy('generator', id),
      cure: () => '',
      name: 'José Núñez',
    },
    trial_unknown: {
      come: (id) => heldBy('trial_unknown', id),
      cure: () => '',
      name: 'José Núñez',
    },
  };
  /** Stores an order that is held for a reason that no order of this shop has. */
  async function heldBy(reason: 'generator' | 'trial_unknown', id: string): Promise<void> {
    const item = await store.get(await order({ buyer: { email: to(id).email } }, id));
    if (item?.kind !== 'order') throw new Error('there is no order');
    const held = { state: 'held', product: 'widget', reason } as const;
    const lines = item.lines.map((line) => ({ ...line, ...held }));
    await store.put({ ...item, version: item.version + 1, buyer: to(id), lines }, item.version);
  }

  test.each(HELD_REASONS)('held as %s', async (reason) => {
    const { come, cure, before, name, address = (id) => to(id).email, items = 1, ahead } = rows[reason];
    const id = reason === 'no_buyer' ? 'txn_desk1' : `r${newId().toLowerCase()}`;
    await come(id);
    const waiting = (await heldNow()).filter(({ held }) => held.includes(reason));
    expect(waiting).toHaveLength(items);
    const key = waiting[0]?.key ?? '';
    await before?.();
    expect(await keypost(`orders release '${key}' ${cure(id)} --why 'as asked'`)).toMatchObject({ code: 0 });
    expect((await heldNow()).map((one) => one.key)).not.toContain(key);
    expect(await mailed(address(id), ahead)).toEqual([{ name, opened: name }]);
    const { acts } = await shown(key);
    expect(acts).toEqual([
      {
        at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T/),
        who: expect.stringContaining(`${userInfo().username}@`),
        what: 'release',
        why: 'as asked',
        before: expect.objectContaining({ held: reason }),
        after: expect.objectContaining({ held: null }),
      },
    ]);
  });
});

test('an event that does not fit its order stays held, with its notification, also after a release', async () => {
  const id = newId();
  const key = await order({}, id);
  await local('redeliver', 'POST');
  const known = (await heldNow()).map((one) => one.key);
  await order({ items: Array.from({ length: 100 }, (_, n) => ({ sku: `sku-${n}` })) }, id);
  const held = (await heldNow()).filter((one) => !known.includes(one.key));
  expect(held.map((one) => one.key).sort()).toEqual([expect.stringMatching(/^held#shop#/), key]);
  const { out } = await keypost('orders held');
  for (const one of held) expect(out).toMatch(new RegExp(`^${one.key} .* too_large`, 'm'));
  expect((await keypost('orders list')).out).toMatch(new RegExp(`^.*${key} .* too_large`, 'm'));

  const [event] = held.filter((one) => one.key !== key);
  const before = await store.get(event?.key ?? '');
  expect(await keypost(`orders release '${event?.key}'`)).toMatchObject({ code: 1 });
  expect(await store.get(event?.key ?? '')).toEqual(before);
  expect(before).toMatchObject({ state: 'held', raw: { method: 'POST' } });
});

describe('release parses the stored notification again', () => {
  /** Stores a notification as an older Keypost does that cannot parse it. */
  async function unreadable(
    message: object,
    headers: Record<string, string> = {},
    provider = 'shop',
    key = `held#${provider}#${newId()}`,
  ): Promise<Unreadable> {
    const raw = { provider, method: 'POST', headers, query: '' };
    const at = new Date().toISOString();
    const item: Unreadable = {
      ...{ kind: 'unreadable', key, version: 1, provider, receivedAt: at, audit: [] },
      // Missing if the whole request could not be parsed.
      test: key.startsWith('held#') ? undefined : false,
      ...{ state: 'held', heldAt: at, reason: 'bad_body' },
      raw: { ...raw, body: gzipSync(JSON.stringify(message)) },
    };
    expect(await store.put(item, undefined)).toBeUndefined();
    return item;
  }
  const sale = (id: string, change: object = {}) => {
    const buyer = { name: 'Nora Quist', email: `${id.toLowerCase()}@again.example.com` };
    return {
      type: 'order.paid',
      data: { id, buyer, currency: 'EUR', items: [{ sku: 'w', price: '39.00' }], ...change },
    };
  };

  test('an unreadable notification becomes its order, which has both keys', async () => {
    const id = newId();
    const { key } = await unreadable(sale(id));
    expect(await keypost(`orders release '${key}' --why 'after the fix'`)).toMatchObject({
      code: 0,
      out: `widget  goes to ${id.toLowerCase()}@again.example.com within a minute\n`,
      err: `the notification was for shop#${id}, which is paid\n`,
    });
    expect(await store.get(key)).toEqual({ kind: 'alias', key, aliasOf: `shop#${id}` });
    expect(await mailed(`${id.toLowerCase()}@again.example.com`)).toEqual([
      { name: 'Nora Quist', opened: 'Nora Quist' },
    ]);
    const [act, ...others] = (await shown(key)).acts ?? [];
    expect([act, others]).toEqual([
      expect.objectContaining({
        what: 'release',
        why: 'after the fix',
        before: expect.objectContaining({ held: 'bad_body', name: null, issued: null }),
        after: expect.objectContaining({ held: null, name: 'Nora Quist', products: 'widget', issued: '1.1' }),
      }),
      [],
    ]);
    // A duplicate changes nothing.
    await deliver(sale(id));
    expect(await mailed(`${id.toLowerCase()}@again.example.com`)).toHaveLength(1);
    expect((await keypost(`orders release '${key}'`)).err).toContain(`shop#${id} is not held`);
  });

  describe('a notification without the ID of its order', () => {
    const body = () => ({ type: 'order.paid', data: { buyer: {}, note: newId() } });
    const cure = (email: string) => `--product w=widget --name 'Nora Quist' --email ${email}`;

    test('needs the number of the order, and its own order is the same one', async () => {
      const [id, hash] = [newId(), createHash('sha256').update(newId()).digest('hex')];
      const email = `${id.toLowerCase()}@again.example.com`;
      const { key } = await unreadable(body(), {}, 'shop', `held#shop#${hash}`);
      const without = await keypost(`orders release '${key}' ${cure(email)}`);
      expect(without).toMatchObject({ code: 1, err: expect.stringContaining('--order') });
      expect(await keypost(`orders release '${key}' ${cure(email)} --order ${id}`)).toMatchObject({
        code: 0,
      });
      expect(await store.get(key)).toEqual({ kind: 'alias', key, aliasOf: `shop#${id}` });
      await deliver(sale(id));
      expect((await shown(`shop#${id}`)).lines).toHaveLength(1);
      expect(await mailed(email)).toHaveLength(1);
      // Another number for the same notification makes no second order.
      const other = await keypost(`orders release '${key}' ${cure(email)} --order ${newId()}`);
      expect(other).toMatchObject({ code: 1, err: expect.stringContaining('is not held') });
    });

    test('adds nothing to an order that is stored already', async () => {
      const [id, hash] = [newId(), createHash('sha256').update(newId()).digest('hex')];
      await deliver(sale(id));
      const { key } = await unreadable(body(), {}, 'shop', `held#shop#${hash}`);
      const { code, err } = await keypost(
        `orders release '${key}' ${cure(`${id}@x.example.com`)} --order ${id}`,
      );
      expect([code, err]).toEqual([0, expect.stringContaining('is stored already')]);
      expect((await shown(`shop#${id}`)).lines).toHaveLength(1);
    });
  });

  test('an order that another notification has completed meanwhile is not mailed again', async () => {
    const id = newId();
    const { key } = await unreadable(sale(id));
    await deliver(sale(id));
    expect((await keypost(`orders release '${key}'`)).code).toBe(0);
    expect(await mailed(`${id.toLowerCase()}@again.example.com`)).toHaveLength(1);
    expect((await shown(key)).acts).toMatchObject([{ what: 'release', before: { held: 'bad_body' } }]);
    expect((await heldNow()).map((one) => one.key)).not.toContain(key);
  });

  test('a correction is added to the parsed notification', async () => {
    const id = newId();
    const { key } = await unreadable(sale(id, { buyer: {} }));
    const first = await keypost(`orders release '${key}'`);
    expect(first).toMatchObject({ code: 1, out: expect.stringContaining('still held, no_name') });
    const cure = `--name 'Nora Quist' --email ${id}@again.example.com`;
    expect(await keypost(`orders release '${key}' ${cure}`)).toMatchObject({ code: 0 });
    expect(await mailed(`${id}@again.example.com`)).toHaveLength(1);
  });

  test('a refund finds its order by the ID in its header', async () => {
    const key = await order();
    const id = key.slice('shop#'.length);
    const held = await unreadable({ type: 'order.refunded', data: { id } }, { 'webhook-id': 'msg_refund' });
    expect(await keypost(`orders release '${held.key}'`)).toMatchObject({
      code: 0,
      err: `the notification was for ${key}, which is refunded\n`,
    });
    expect(await shown(key)).toMatchObject({
      status: 'refunded',
      reversals: { msg_refund: { kind: 'refund', part: 'full' } },
    });
  });

  test.each([
    ['a notification of an ignored event', { type: 'order.shipped', data: {} }],
    ['a test order that the catalogue ignores', sale('T-1', { test: true })],
    ['an order of an SKU that the catalogue now ignores', sale('T-2', { items: [{ sku: 'hour' }] })],
  ])('release closes %s', async (_, message) => {
    const { key } = await unreadable(message);
    expect(await keypost(`orders release '${key}'`)).toMatchObject({
      code: 0,
      out: 'no line is left to mail\n',
    });
    expect(await shown(key)).toMatchObject({ held: [], lines: [], acts: [{ what: 'release' }] });
    expect((await heldNow()).map((one) => one.key)).not.toContain(key);
  });

  test('a notification that still cannot be parsed stays held, and release says why', async () => {
    const { key } = await unreadable(sale(newId(), { items: [] }));
    const { code, err } = await keypost(`orders release '${key}'`);
    expect(code).toBe(1);
    expect(err).toBe(
      `its notification still cannot be parsed: not as documented at items\n1 of 1 lines of ${key} still held\n`,
    );
    expect((await heldNow()).map((one) => one.key)).toContain(key);
  });

  test('the buyer is fetched from the provider once its API key is set', async () => {
    const key = await transaction('txn_desk2');
    expect((await shown(key)).held).toEqual(['no_buyer']);
    const url = `${running.page}/local/paddle`;
    await keypost(`keys set paddle --api-url ${url}`, { typed: 'pdl_api' });
    expect(await keypost(`orders release '${key}'`)).toMatchObject({ code: 0, err: '' });
    expect(await mailed('joerg.mueller@example.com')).toEqual([
      { name: 'Jörg Müller', opened: 'Jörg Müller' },
    ]);
  });

  test('an SKU that was added to the catalogue is released under the name in the licensee field', async () => {
    const id = newId();
    const key = await order({ items: [{ sku: 'old' }], licensee: 'Núñez GmbH' }, id);
    expect((await shown(key)).held).toEqual(['unknown_product']);
    const item = await store.get(key);
    if (item?.kind !== 'order') throw new Error('there is no order');
    const lines = item.lines.map((line) => ({ ...line, sku: 'new' }));
    await store.put({ ...item, version: item.version + 1, lines, raw: undefined }, item.version);
    expect((await keypost(`orders release '${key}'`)).code).toBe(0);
    expect(await mailed(`${id.toLowerCase()}@buyers.example.com`)).toEqual([
      { name: 'Núñez GmbH', opened: 'Núñez GmbH' },
    ]);
  });

  describe('an event of a FastSpring batch', () => {
    const addressOf = (id: string) => `${id.toLowerCase()}@batch.example.com`;
    const event = (id: string, change: object = {}) => ({
      id,
      type: 'order.completed',
      live: true,
      data: {
        order: `O-${id}`,
        reference: `R-${id}`,
        changed: Date.now(),
        total: 30,
        currency: 'EUR',
        customer: { first: 'Nora', last: 'Quist', email: addressOf(id) },
        items: [{ product: 'w', quantity: 1, subtotal: 30 }],
        ...change,
      },
    });
    async function send(...events: object[]): Promise<void> {
      const body = JSON.stringify({ events });
      const headers = {
        'content-type': 'application/json',
        'x-fs-signature': createHmac('sha256', FASTSPRING).update(body).digest('base64'),
      };
      const answer = await fetch(`${running.page}/orders/fastspring`, { method: 'POST', headers, body });
      expect(answer.status).toBe(200);
    }
    const kept = (key: string, ...events: object[]) => unreadable({ events }, {}, 'fastspring', key);
    const correction = (id: string) => `--name 'Anna Berg' --email ${addressOf(`corrected-${id}`)}`;
    const toBuyer = [{ name: 'Nora Quist', opened: 'Nora Quist' }];
    const toCorrected = [{ name: 'Anna Berg', opened: 'Anna Berg' }];

    test('that still cannot be parsed stays held with its reason until a person corrects it', async () => {
      const id = newId();
      const key = `held#fastspring#R-${id}`;
      await send(event(id, { items: null }));
      for (const _ of ['once', 'and again']) {
        expect(await keypost(`orders release '${key}'`)).toMatchObject({
          code: 1,
          err: `its notification still cannot be parsed: not as documented at items\n1 of 1 lines of ${key} still held\n`,
        });
      }
      expect(await shown(key)).toMatchObject({ key, held: ['bad_body'], raw: expect.anything() });
      // FastSpring sends it again.
      await send(event(id, { items: null }));
      const { code } = await keypost(`orders release '${key}' --product w=widget ${correction(id)}`);
      expect(code).toBe(0);
      expect(await mailed(addressOf(`corrected-${id}`))).toEqual(toCorrected);
      // The parser is fixed, and FastSpring sends the order once more.
      await send(event(id));
      expect((await shown(key)).lines).toHaveLength(1);
      expect(await mailed(addressOf(id))).toEqual([]);
    });

    test.each([
      ['has no list of items', { items: null }],
      ['has 101 lines', { items: Array(101).fill({ product: 'w', quantity: 1, subtotal: 30 }) }],
    ])('that %s is held alone, and a correction changes that event only', async (_, change) => {
      const [good, bad, last] = [newId(), newId(), newId()];
      await send(event(good), event(bad, change), event(last));
      const others = () => Promise.all([good, last].map((id) => shown(`fastspring#R-${id}`)));
      const before = await others();
      expect(before.map(({ held }) => held)).toEqual([[], []]);
      const first = await keypost(`orders release 'held#fastspring#R-${bad}' ${correction(bad)}`);
      expect(first).toMatchObject({ code: 1, err: expect.stringContaining('still cannot be parsed') });
      expect(await shown(`held#fastspring#R-${bad}`)).toMatchObject({ held: ['bad_body'] });
      const again = `orders release 'held#fastspring#R-${bad}' --product w=widget ${correction(bad)}`;
      expect(await keypost(again)).toMatchObject({ code: 0 });
      expect(await mailed(addressOf(`corrected-${bad}`))).toEqual(toCorrected);
      for (const id of [good, last]) expect(await mailed(addressOf(id))).toEqual(toBuyer);
      const ignoreMail = ({ mail: _, version: __, ...rest }: z.infer<typeof Item>) => rest;
      expect((await others()).map(ignoreMail)).toEqual(before.map(ignoreMail));
    });

    test('that can now be parsed becomes its own order, and a correction changes that order only', async () => {
      const [good, bad] = [newId(), newId()];
      const nameless = { customer: { email: 'nobody' } };
      const key = `fastspring#${bad}`; // the key of earlier versions
      await kept(key, event(good, nameless), event(bad, nameless));
      expect(await keypost(`orders release '${key}' ${correction(bad)}`)).toMatchObject({
        code: 0,
        err: `the notification was for fastspring#R-${bad}, which is paid\n`,
      });
      expect(await store.get(key)).toEqual({ kind: 'alias', key, aliasOf: `fastspring#R-${bad}` });
      expect(await mailed(addressOf(`corrected-${bad}`))).toEqual(toCorrected);
      expect(await store.get(`fastspring#R-${good}`)).toBeUndefined();
    });

    test('that is now ignored is closed, and the others of its batch do not change', async () => {
      const [good, bad] = [newId(), newId()];
      const key = `fastspring#${bad}`;
      await kept(key, event(good), { ...event(bad), type: 'order.reimagined' });
      expect(await keypost(`orders release '${key}'`)).toMatchObject({ code: 0 });
      expect(await store.get(key)).toMatchObject({ key, state: 'closed', audit: [{ what: 'release' }] });
      expect(await store.get(`fastspring#R-${good}`)).toBeUndefined();
    });

    test('a batch that could not be parsed as a whole becomes all of its orders; a correction needs one order', async () => {
      const [good, bad, odd] = [newId(), newId(), newId()];
      const key = `held#fastspring#${newId()}`;
      await kept(key, event(good), event(bad, { items: null }), event(odd, { customer: {} }));
      const { code, err } = await keypost(`orders release '${key}' ${correction(good)}`);
      expect(code).toBe(1);
      expect(err).toContain('its notification still cannot be parsed: not as documented at items\n');
      expect(err).toContain(`the notification was for fastspring#R-${good}, which is paid\n`);
      expect(err).toContain(`held#fastspring#R-${bad} still cannot be parsed\n`);
      expect(err).toContain('the corrections are not applied');
      expect(await mailed(addressOf(good))).toEqual(toBuyer);
      expect(await mailed(addressOf(`corrected-${good}`))).toEqual([]);
      expect(await shown(`held#fastspring#R-${bad}`)).toMatchObject({
        held: ['bad_body'],
        raw: expect.anything(),
      });
      expect(await shown(`fastspring#R-${odd}`)).toMatchObject({ held: ['no_name'] });
      expect(await shown(key)).toMatchObject({ held: [], lines: [], acts: [{ what: 'release' }] });
      expect((await keypost(`orders release '${key}'`)).err).toContain(`${key} is not held`);
    });

    test.each(['show', 'release', 'resend', 'reissue --name X', 'list --order'])(
      '%s of an alias that leads in a circle is an error',
      async (command) => {
        const [one, other] = [newId(), newId()].map((id) => `fastspring#${id}`);
        await store.put({ kind: 'alias', key: one ?? '', aliasOf: other ?? '' }, undefined);
        await store.put({ kind: 'alias', key: other ?? '', aliasOf: one ?? '' }, undefined);
        const { code, err } = await keypost(`orders ${command} '${one}'`);
        expect([code, err]).toEqual([
          1,
          expect.stringContaining(`${one} leads to no order through 4 aliases`),
        ]);
      },
    );
  });
});

describe('list', () => {
  test('prints the orders of GET /local/orders, the newest first', async () => {
    await order();
    await expect.poll(async () => (await listed('--state sent')).items).toEqual([]);
    const { items, cursor } = await listed('--limit 9999');
    const all = z.array(Item).parse(await local('orders'));
    expect(cursor).toBeNull();
    expect(items).toEqual(expect.arrayContaining(all));
    expect(items).toHaveLength(all.length);
    expect(items.map(({ receivedAt }) => receivedAt)).toEqual(
      items
        .map(({ receivedAt }) => receivedAt)
        .sort()
        .reverse(),
    );
  });

  test('pages return each order once', async () => {
    for (const args of [
      '',
      '--state paid',
      '--state held',
      `--date ${new Date().toISOString().slice(0, 10)}`,
    ]) {
      const whole = (await listed(`${args} --limit 9999`)).items.map(({ key }) => key);
      const found: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: z.output<typeof Page> = await listed(
          `${args} --limit 8 ${cursor && `--cursor ${cursor}`}`,
        );
        expect(page.items.length).toBeLessThanOrEqual(8);
        found.push(...page.items.map(({ key }) => key));
        cursor = page.cursor;
      }
      expect(found).toEqual(whole);
    }
  }, 20_000);

  test('finds an order by its address in any case, by its ID and by its state', async () => {
    const key = await order({ buyer: { name: 'Lia', email: 'Lia@Lists.example.com' } });
    expect((await listed('--email lia@lists.EXAMPLE.com')).items.map((one) => one.key)).toEqual([key]);
    expect((await listed(`--order ${key.slice('shop#'.length)}`)).items.map((one) => one.key)).toEqual([key]);
    await deliver({ type: 'order.refunded', data: { id: key.slice('shop#'.length) } });
    expect((await listed('--state refunded')).items.map((one) => one.key)).toContain(key);
    expect((await listed('--state refunded --email lia@lists.example.com')).items).toHaveLength(1);
    expect((await listed('--state held --email lia@lists.example.com')).items).toEqual([]);
    await ses('throttle');
    const due = await order();
    await ses('down');
    const unknown = await order();
    await ses(null);
    expect((await listed('--state due')).items.map((one) => one.key)).toEqual([due]);
    expect((await listed('--state unknown')).items.map((one) => one.key)).toEqual([unknown]);
    await local('redeliver', 'POST');
    expect((await listed('--state due')).items).toEqual([]);
  });

  test('finds the orders of the given days, and by default those of the last 90 days', async () => {
    const days = ['2024-02-28', '2024-02-29', '2024-03-01'];
    for (const day of days) {
      const now = Date.parse(`${day}T12:00:00Z`);
      const paidAt = new Date(now).toISOString();
      const past = { ...emptyOrder(`shop#past-${day}`, 'shop', false, now), version: 1, paidAt };
      await store.put(past, undefined);
    }
    const keysOf = async (args: string) => (await listed(args)).items.map(({ key }) => key.slice(-10));
    expect(await keysOf('--since 2024-02-28 --until 2024-03-01')).toEqual([...days].reverse());
    expect(await keysOf('--date 2024-02-29')).toEqual(['2024-02-29']);
    expect(await keysOf('--since 2024-02-29 --until 2024-02-29')).toEqual(['2024-02-29']);
    expect(await keysOf('--limit 9999')).not.toContain('2024-03-01');
  });

  test('leaves out stubs and aliases, and never scans the table', async () => {
    await deliver({ type: 'order.refunded', data: { id: 'never-sold' } });
    const asked: string[] = [];
    const aws = new URL(running.aws);
    const proxy = await startServer((request, response) => {
      asked.push(String(request.headers['x-amz-target']).split('.')[1] ?? '');
      const { method, url, headers } = request;
      const onward = httpRequest({ port: aws.port, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      });
      request.pipe(onward);
    });
    const env = { AWS_PORT: new URL(proxy.url).port };
    for (const args of ['', '--state held', '--state due', '--state refunded', '--email a@example.com'])
      expect((await keypost(`orders list ${args} --json`, { env })).out).not.toContain('never-sold');
    await keypost('orders show never-sold', { env });
    await keypost('orders held', { env });
    expect([...new Set(asked)].sort()).toEqual(['BatchGetItem', 'GetItem', 'Query']);
    // Ten empty years are skipped: the days with orders are read from the keys of the index.
    asked.length = 0;
    await keypost('orders list --since 2010-01-01 --limit 9999', { env });
    await proxy.stop();
    expect(asked.filter((operation) => operation === 'Query').length).toBeLessThan(250);
  });

  test('prints a table without the control characters that a buyer sent', async () => {
    const key = await order({ buyer: { name: 'Eve\u001b[31m', email: 'eve@tables.example.com' } });
    const { out } = await keypost('orders list --email eve@tables.example.com');
    expect(out.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
      'RECEIVED | ORDER | BUYER | PRODUCTS | SERIAL | STATUS | MAIL | HELD',
      expect.stringMatching(
        new RegExp(
          `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC \\| ${key} \\| Eve\ufffd\\[31m <eve@tables.example.com> \\| widget \\| paid \\| none \\| unmappable_name$`,
        ),
      ),
      '',
    ]);
    expect((await keypost('orders list --email nobody@example.com')).out).toBe('no such orders\n');
  });

  test.each([
    ['--date 2026-02-30', 2],
    ['--date 2026-01-01 --since 2026-01-01', 2],
    ['--state shipped', 2],
    ['--limit 0', 2],
    ['--cursor nonsense', 1],
    [`--cursor ${Buffer.from('["held","a","b"]').toString('base64url')}`, 1],
    ['--order x --email a@example.com', 1],
  ])('%s is refused', async (args, code) => {
    expect(await keypost(`orders list ${args}`)).toMatchObject({ code, out: '', err: expect.any(String) });
  });
});

describe('show', () => {
  test('prints the whole order, found by its key, by an alias or by its ID alone', async () => {
    const id = newId();
    const key = await order({ currency: 'EUR', total: '48.75', items: [{ sku: 'w', price: '48.75' }] }, id);
    await expect.poll(async () => (await shown(key)).mail.state).toBe('delivered');
    await store.put({ kind: 'alias', key: `shop#other-${id}`, aliasOf: key }, undefined);
    await keypost(`orders reissue ${id} --name 'José Núñez II' --why 'a generation off'`);
    await deliver({ type: 'order.refunded', data: { id, refundId: 'R-1', amount: '1.00', currency: 'EUR' } });
    const { out } = await keypost(`orders show '${key}'`);
    for (const part of [
      key,
      'partly_refunded',
      '48.75 EUR',
      'José Núñez II',
      `${id.toLowerCase()}@buyers.example.com`,
      `, licensee José Núñez, key version 1`,
      'reversal R-1',
      '1.00 EUR',
      `reissue by ${userInfo().username}@`,
      'a generation off',
      'José Núñez → José Núñez II',
    ])
      expect(out).toContain(part);
    expect(out).not.toContain('undefined');
    for (const name of [id, `shop#other-${id}`, `other-${id}`])
      expect((await keypost(`orders show '${name}'`)).out).toBe(out);
    expect(await json(`orders show '${key}'`)).toEqual({
      ...z
        .array(Item)
        .parse(await local('orders'))
        .find((one) => one.key === key),
      raw: null,
    });
  });

  test('prints the body of a notification that cannot be parsed, without its signature', async () => {
    await deliver({ type: 'order.paid', data: { id: 'unread', items: 'none\u001b[2J' } });
    const held = (await heldNow()).at(-1);
    const { out } = await keypost(`orders show '${held?.key}'`);
    expect(out).toContain('\n      "id": "unread",\n      "items": "none\\u001b[2J"\n');
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect((await json(`orders show '${held?.key}'`)).raw).toMatchObject({
      provider: 'shop',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'order.paid', data: { id: 'unread', items: 'none\u001b[2J' } }),
    });
    expect(out).not.toMatch(/webhook-signature/);
  });

  test('an ID that several orders have is refused, with their keys', async () => {
    const key = await order({}, 'twice');
    await store.put(
      { ...emptyOrder('paddle#test#twice', 'paddle', true, Date.now()), version: 1 },
      undefined,
    );
    expect(await keypost('orders show twice')).toMatchObject({
      code: 1,
      err: `twice is the ID of several orders; use one of their keys: ${key}, paddle#test#twice\n`,
    });
  });
});

describe('search', () => {
  test('finds orders by a name without accents, by a serial with any separators, and by a product', async () => {
    const key = await order({ buyer: { name: 'Zoë Strüßner', email: 'zoe@search.example.com' } });
    const made = (await shown(key)).lines[0]?.serial ?? '';
    const found = async (text: string) =>
      Page.parse(await json(`orders search '${text}'`)).items.map((one) => one.key);
    for (const text of [
      'strussner',
      'ZOE  STRÜSSNER',
      made,
      made.toLowerCase().replace(/(.{5})/g, '$1-'),
      made.slice(3, 12),
    ])
      expect(await found(text)).toEqual([key]);
    expect(await found('widget')).toContain(key);
    expect(await found('no such thing')).toEqual([]);
    expect(await found(made.slice(0, 5))).toEqual([]);
    for (let n = 0; n < 2; n += 1)
      await order({ buyer: { name: 'Ida Twofold', email: 'ida@search.example.com' } });
    expect(await found('twofold')).toHaveLength(2);
    expect(Page.parse(await json('orders search twofold --limit 1')).items).toHaveLength(1);
    const { out, err, code } = await keypost('orders search strussner');
    expect([code, err]).toEqual([0, 'reads the whole table\n']);
    expect(out).toContain(`${key}  Zoë Strüßner <zoe@search.example.com>  widget`);
  });
});

describe('resend', () => {
  test('mails the same serials again, to the same or to another address', async () => {
    const id = newId();
    const key = await order({ items: [{ sku: 'w' }, { sku: 'g' }] }, id);
    const address = `${id.toLowerCase()}@buyers.example.com`;
    expect(await keypost(`orders resend ${id}`)).toMatchObject({
      code: 0,
      out: `widget  goes to ${address} within a minute\ngadget  goes to ${address} within a minute\n`,
    });
    const again = await mailed(address);
    expect(again).toHaveLength(2);
    expect(again[1]).toEqual(again[0]);
    await keypost(`orders resend ${id} --email new@resent.example.com --why lost`);
    expect(await mailed('new@resent.example.com')).toEqual([again[0]]);
    expect((await shown(key)).acts).toMatchObject([
      { what: 'resend', why: null, before: {}, after: {} },
      { what: 'resend', why: 'lost', before: { email: address }, after: { email: 'new@resent.example.com' } },
    ]);
    expect((await listed('--email new@resent.example.com')).items.map((one) => one.key)).toEqual([key]);
  });

  test('mails a bounced order to a corrected address', async () => {
    const id = newId().toLowerCase();
    const key = await order(
      { buyer: { name: 'Bo', email: `bounce+${id}@example.com` }, items: [{ sku: 'w' }, { sku: 'x' }] },
      id,
    );
    await expect.poll(async () => (await shown(key)).held).toEqual(['bounced', 'unknown_product']);
    expect(await keypost(`orders resend ${id} --email ${id}@resent.example.com`)).toMatchObject({
      code: 1,
      err: `1 of 2 lines of ${key} still held\n`,
    });
    expect(await mailed(`${id}@resent.example.com`)).toEqual([{ name: 'Bo', opened: 'Bo' }]);
  });
});

describe('reissue', () => {
  test('makes and mails a serial for another name, and keeps the old one', async () => {
    const id = newId();
    const key = await order({ items: [{ sku: 'w' }, { sku: 'g' }] }, id);
    const before = await shown(key);
    expect(
      await keypost(`orders reissue '${key}' --name 'José Núñes' --product widget --why typo`),
    ).toMatchObject({ code: 0 });
    const after = await shown(key);
    const [line, other] = after.lines;
    expect(other).toEqual(before.lines[1]);
    expect(decrypt(line?.serial ?? '')).toBe('José Núñes');
    expect(line?.superseded).toEqual([
      {
        licensee: 'José Núñez',
        serial: before.lines[0]?.serial,
        keyVersion: 1,
        at: expect.stringMatching(/^\d{4}-/),
      },
    ]);
    expect(after.buyer.name).toBe('José Núñes');
    expect(await mailed(`${id.toLowerCase()}@buyers.example.com`)).toEqual([
      { name: 'José Núñez', opened: 'José Núñez' },
      { name: 'José Núñes', opened: 'José Núñes' },
    ]);
    expect(after.acts?.[0]).toMatchObject({ what: 'reissue', why: 'typo', after: { name: 'José Núñes' } });
    expect(await keypost(`orders reissue '${key}' --name ' José  Núñes' --sku w`)).toMatchObject({
      code: 0,
      err: `${key} has its serials for this name already; nothing is changed\n`,
    });
    expect((await keypost(`orders search '${before.lines[0]?.serial}'`)).out).toContain(key);
  });

  test('transfers all lines to another person, and tells both', async () => {
    const id = newId();
    const key = await order({ items: [{ sku: 'w' }, { sku: 'g' }] }, id);
    const [before, owner] = [await shown(key), `${id.toLowerCase()}@new.example.com`];
    const transfer = `orders transfer '${key}' --name 'Ida Holm' --email ${owner} --why sold`;
    expect(await keypost(transfer)).toMatchObject({ code: 0 });
    const after = await shown(key);
    expect(after.buyer).toMatchObject({ name: 'Ida Holm', email: owner });
    expect(after.lines.map(({ serial }) => decrypt(serial ?? ''))).toEqual(['Ida Holm', 'Ida Holm']);
    expect(after.lines).toMatchObject(before.lines.map(({ serial }) => ({ superseded: [{ serial }] })));
    expect(after.acts?.[0]).toMatchObject({ what: 'transfer', why: 'sold', after: { email: owner } });
    expect(await mailed(owner)).toHaveLength(1);
    await mailed(owner);
    expect((await mailsTo(owner)).map(({ text }) => text.includes('Ida Holm'))).toEqual([true]);
    const told = (await mailsTo(`${id.toLowerCase()}@buyers.example.com`)).map(({ text }) => text);
    expect(told).toEqual([expect.any(String), expect.stringContaining('now belongs to another person')]);
    expect((await keypost(transfer)).err).toContain('belongs to this person already');
  });

  test('a name that the profile cannot encode changes nothing', async () => {
    const key = await order({ items: [{ sku: 'l' }] });
    const before = (await shown(key)).lines;
    expect(await keypost(`orders reissue '${key}' --name '田中'`)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^l cannot have this name, unmappable_name: /),
    });
    expect((await shown(key)).lines).toEqual(before);
  });
});

describe('issue', () => {
  test('issues a serial once for each ID', async () => {
    const args = `--product widget --name 'Mac Weekly' --email press@hand.example.com --id press-7`;
    expect(await keypost(`orders issue ${args} --quantity 3 --why 'a review'`)).toMatchObject({
      code: 0,
      out: 'hand#press-7\nwidget  goes to press@hand.example.com within a minute\n',
    });
    expect(await mailed('press@hand.example.com')).toEqual([{ name: 'Mac Weekly', opened: 'Mac Weekly' }]);
    expect(await keypost(`orders issue ${args}`)).toMatchObject({
      code: 0,
      out: '',
      err: 'hand#press-7 exists already; nothing is issued\n',
    });
    expect(await keypost(`orders issue ${args} --name Else`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('It is a different order'),
    });
    const other = args.replace('widget', 'gadget');
    expect(await keypost(`orders issue ${other}`)).toMatchObject({ code: 1, out: '' });
    expect(await mailed('press@hand.example.com')).toHaveLength(1);
    expect(await shown('press-7')).toMatchObject({
      provider: 'hand',
      status: 'paid',
      lines: [{ quantity: 3, licensee: 'Mac Weekly' }],
      acts: [
        {
          what: 'issue',
          why: 'a review',
          before: { issued: null },
          after: { name: 'Mac Weekly', issued: '1.1' },
        },
      ],
    });
    expect((await listed('--limit 1')).items.map(({ key }) => key)).toEqual(['hand#press-7']);
  });

  test('without an ID each call issues another order', async () => {
    const args = `--product widget --name 'Gift' --email gift@hand.example.com`;
    for (const _ of [1, 2]) expect((await keypost(`orders issue ${args}`)).code).toBe(0);
    expect((await listed('--email gift@hand.example.com')).items).toHaveLength(2);
  });

  test.each([
    [`--product latin --name '田中' --email t@example.com`, 1, 'nothing is issued, unmappable_name'],
    [`--product widget --name ' ' --email t@example.com`, 1, 'nothing is issued, no_name'],
    [`--product nothing --name T --email t@example.com`, 1, 'the catalogue has no product nothing'],
    [`--product widget --name T --email nobody`, 2, 'error: '],
    [`--product widget --name T`, 2, 'error: '],
    [`--product widget --name T --email t@example.com --quantity 0`, 2, 'error: '],
    [`--product widget --name T --email t@example.com --id 'a b'`, 2, 'error: '],
  ])('%s is refused, and no order is stored', async (args, code, why) => {
    expect(await keypost(`orders issue ${args}`)).toMatchObject({
      code,
      out: '',
      err: expect.stringContaining(why),
    });
    expect((await listed('--email t@example.com')).items).toEqual([]);
  });
});

test.each(['show', 'release', 'resend', 'reissue --name N'])(
  '%s of an unknown order fails with one line',
  async (verb) => {
    const { code, out, err } = await keypost(`orders ${verb} pi_none`);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^there is no order pi_none; `npm run keypost -- orders list --local` [^\n]*\n$/);
  },
);

test.each(['release', 'resend', 'reissue --name N'])(
  '%s of a refunded order mails nothing and is not audited',
  async (verb) => {
    const key = await order({ items: [{ sku: 'w' }, { sku: 'x' }] });
    await deliver({ type: 'order.refunded', data: { id: key.slice('shop#'.length) } });
    const before = await shown(key);
    expect(await keypost(`orders ${verb} '${key}'`)).toEqual({
      code: 1,
      out: '',
      err: `${key} is refunded, so Keypost mails no serial of it\n`,
    });
    expect((await shown(key)).acts).toEqual(before.acts);
  },
);

test('a change of keys is audited without the keys', async () => {
  await keypost('keys set gadget --yes --why rotation', { typed: 'another-16-bytes' });
  await keypost('keys generate gadget --replace');
  await keypost('keys set shop --only', { typed: 'whsec_bmV3' });
  await keypost('keys set shop --add', { typed: SIGNING });
  expect((await shown('keys#gadget')).acts).toMatchObject([
    { what: 'key change', why: 'rotation', before: { versions: '1' }, after: { versions: '1, 2' } },
    { what: 'key change', why: null, before: { versions: '1, 2' }, after: { versions: '1, 2, 3' } },
  ]);
  expect((await shown('keys#shop')).acts).toMatchObject([
    { before: { signing: '1' }, after: { signing: '1' } },
    { before: { signing: '1' }, after: { signing: '2' } },
  ]);
  const { out } = await keypost('orders show keys#gadget');
  expect(out).toContain('1 → 1, 2');
  expect(out).not.toContain('another-16');
  expect((await listed('--limit 9999')).items.map(({ key }) => key)).not.toContain('keys#gadget');
  expect((await keypost('orders search gadget')).out).not.toContain('keys#');
});

test('a change of keys whose audit entry cannot be written is reported', async () => {
  await local('faults', 'PUT', { dynamodb: 'down' });
  const { code, err } = await keypost('keys set widget --yes', { typed: 'Sixteen-byte-key' });
  await local('faults', 'PUT', { dynamodb: null });
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(/^the key of widget is set, but the audit entry could not be written: /),
  ]);
});
