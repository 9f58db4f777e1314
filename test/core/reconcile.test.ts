/** A day without Stripe's webhooks: a stand-in for its API, as https://docs.stripe.com/api describes it, and the whole local Keypost. */
import { readFileSync } from 'node:fs';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import { type Running, start } from '../../local/start.ts';
import { decrypt } from '../fixtures/catalogue.ts';
import { startServer } from '../local/server.ts';

const SECRET = 'whsec_ExampleSecret0001';
const sample = JSON.parse(
  readFileSync(
    new URL('../../functions/providers/stripe/samples/checkout.session.completed.json', import.meta.url),
    'utf8',
  ),
);
const DAY = Date.parse('2026-11-20T00:00:00Z') / 1000;

/** A session of that number, later ones first, as Stripe lists them. */
const session = (n: number, change: object = {}) => ({
  ...sample.data.object,
  id: `cs_live_${n}`,
  payment_intent: `pi_${n}`,
  status: 'complete',
  livemode: true,
  created: DAY + n,
  ...change,
});
let sessions: ReturnType<typeof session>[] = [];
const charges = new Map<string, object>();
let disputes: { id: string; payment_intent: string; status: string }[] = [];
let refunds: object[] = [];
let asked: string[] = [];
let broken: ((path: string) => number | undefined) | undefined;

const api = await startServer(({ url = '', headers }, response) => {
  const { pathname, searchParams: query } = new URL(url, 'http://stripe');
  asked.push(pathname);
  const answer = (status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' });
    response.end(JSON.stringify(body));
  };
  const fault = broken?.(url);
  if (fault) return answer(fault, { error: {} });
  if (headers.authorization !== 'Bearer rk_live_1') return answer(401, { error: {} });
  if (pathname === '/v1/checkout/sessions') {
    const since = Number(query.get('created[gte]') ?? 0);
    const after = query.get('starting_after');
    const found = sessions.filter(({ created }) => created >= since);
    const from = after ? found.findIndex(({ id }) => id === after) + 1 : 0;
    const to = from + Number(query.get('limit') ?? 10);
    return answer(200, { object: 'list', data: found.slice(from, to), has_more: to < found.length });
  }
  // The line items of one session are not as documented.
  if (pathname === '/v1/checkout/sessions/cs_live_401/line_items') return answer(200, { data: 'none' });
  const of = query.get('payment_intent');
  if (pathname === '/v1/disputes' && of)
    return answer(200, { data: disputes.filter(({ payment_intent: id }) => id === of) });
  if (pathname === '/v1/disputes') return answer(200, { data: disputes, has_more: false });
  if (pathname === '/v1/refunds') return answer(200, { data: refunds, has_more: false });
  const intent = /^\/v1\/payment_intents\/(pi_\d+)$/.exec(pathname)?.[1];
  const charge = intent && charges.get(intent);
  if (charge) return answer(200, { id: intent, latest_charge: charge });
  return answer(404, { error: {} });
});

const catalogue = 'local/demo-shop.ts';
let running: Running;
const said: string[] = [];
const keypost = async (...args: string[]) => {
  said.length = 0;
  const { port } = new URL(running.page);
  return await run([...args, '--local'], {
    env: { PORT: port, AWS_PORT: new URL(running.aws).port, KEYPOST_CONFIG: catalogue },
    print: (line) => void said.push(line),
    complain: (line) => void said.push(line),
    readSecret: async () => '',
  });
};
const Counts = z.object({ seen: z.number(), missing: z.number(), fulfilled: z.number(), held: z.number() });
const reconciled = async (...args: string[]) => {
  expect([await keypost('reconcile', 'stripe', '--json', ...args), said]).toEqual([0, [expect.anything()]]);
  return Counts.parse(JSON.parse(said.join('')));
};
const get = async <Shape extends z.ZodType>(path: string, shape: Shape) =>
  z.array(shape).parse(await (await fetch(`${running.page}/local/${path}`)).json());
const mailsWith = async (text: string) =>
  (await get('mails', z.object({ text: z.string() }))).filter((mail) => mail.text.includes(text));
const webhook = async (object: object, type = 'checkout.session.completed') => {
  const payload = JSON.stringify({ ...sample, type, livemode: true, data: { object } });
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET });
  const headers = { 'stripe-signature': signature, 'content-type': 'application/json' };
  return (await fetch(`${running.page}/orders/stripe`, { method: 'POST', headers, body: payload })).status;
};

beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue });
  const secrets = new SecretsManagerClient({ endpoint: running.aws });
  const keys = {
    stripe: { signing: [SECRET], api: { key: 'rk_live_1', url: api.url } },
    shop: { signing: [SECRET] },
  };
  await secrets.send(
    new PutSecretValueCommand({ SecretId: 'provider-keys', SecretString: JSON.stringify(keys) }),
  );
}, 60_000);
beforeEach(() => {
  asked = [];
  broken = undefined;
});
afterAll(async () => {
  await running.stop();
  await api.stop();
});

describe('reconcile stripe', () => {
  it('fulfils a day of orders whose webhooks were dropped, each once, and then finds nothing more', async () => {
    sessions = Array.from({ length: 60 }, (_, at) => session(220 - at, at === 0 ? NAMELESS : {}));
    expect(await webhook(sessions[50] ?? {})).toBe(200);
    const first = await reconciled('--since', '2026-11-20');
    expect(first).toEqual({ seen: 60, missing: 59, fulfilled: 58, held: 1 });
    expect(await reconciled('--since', '2026-11-20')).toEqual({
      seen: 60,
      missing: 0,
      fulfilled: 0,
      held: 0,
    });
    for (const one of sessions.slice(50)) expect(await webhook(one)).toBe(200);
    const mails = await mailsWith('pi_');
    for (const { payment_intent } of sessions.slice(1, 60)) {
      const [mail, ...others] = mails.filter(({ text }) => text.includes(payment_intent));
      expect(others).toEqual([]);
      expect(nameIn(mail?.text ?? '')).toBe(sample.data.object.customer_details.name);
    }
  });

  it('lists only the orders since the given time', async () => {
    sessions = Array.from({ length: 60 }, (_, at) => session(220 - at));
    expect((await reconciled('--since', '2026-11-20T00:03:30Z')).seen).toBe(11);
    expect(asked).toEqual(['/v1/checkout/sessions', '/v1/refunds', '/v1/disputes']);
  });

  it('ignores sessions that are not paid: unpaid, only set up, still open', async () => {
    sessions = [
      session(1, { payment_status: 'unpaid' }),
      session(2, { mode: 'setup', payment_status: 'no_payment_required' }),
      session(3, { status: 'open', payment_status: 'no_payment_required' }),
    ];
    expect(await reconciled('--since', '2026-11-20')).toEqual({ seen: 0, missing: 0, fulfilled: 0, held: 0 });
  });

  it('records a refund with its order, so that no serial is mailed for refunded money', async () => {
    sessions = [session(301), session(302), session(303)];
    charges.set('pi_301', { id: 'ch_301', payment_intent: 'pi_301', refunded: true, disputed: false });
    charges.set('pi_302', { id: 'ch_302', payment_intent: 'pi_302', refunded: false, disputed: true });
    charges.set('pi_303', { id: 'ch_303', payment_intent: 'pi_303', refunded: false, disputed: false });
    expect(await reconciled('--since', '2026-11-20')).toEqual({ seen: 3, missing: 3, fulfilled: 1, held: 0 });
    const orders = await get('orders', z.looseObject({ key: z.string() }));
    expect(orders.filter(({ key }) => /#pi_30\d$/.test(key))).toMatchObject([
      { key: 'stripe#pi_301', status: 'refunded', mail: { state: 'none' } },
      { key: 'stripe#pi_302', status: 'disputed', mail: { state: 'none' } },
      { key: 'stripe#pi_303', status: 'paid' },
    ]);
    expect(await mailsWith('pi_302')).toEqual([]);
  });

  it('fulfils an order whose dispute was won, and records the missed refund of a stored order', async () => {
    sessions = [session(304), session(305)];
    charges.set('pi_304', { id: 'ch_304', payment_intent: 'pi_304', refunded: false, disputed: true });
    disputes = [{ id: 'dp_304', payment_intent: 'pi_304', status: 'won' }];
    expect(await webhook(sessions[1] ?? {})).toBe(200);
    refunds = [
      { id: 're_305', payment_intent: 'pi_305', status: 'succeeded', amount: 4875, currency: 'eur' },
    ];
    const first = await reconciled('--since', '2026-11-20T00:05:04Z');
    expect(first).toMatchObject({ missing: 2, fulfilled: 1 });
    const orders = await get('orders', z.looseObject({ key: z.string() }));
    expect(orders.filter(({ key }) => /#pi_30[45]$/.test(key))).toMatchObject([
      { key: 'stripe#pi_305', status: 'refunded' },
      { key: 'stripe#pi_304', status: 'paid' },
    ]);
    expect(await reconciled('--since', '2026-11-20T00:05:04Z')).toMatchObject({ missing: 0 });
    [disputes, refunds] = [[], []];
  });

  it('fulfils the other orders if one is not as documented, and reports that', async () => {
    sessions = [session(402), session(401), session(400)];
    expect(await keypost('reconcile', 'stripe', '--since', '2020-01-01')).toBe(1);
    expect(said.join()).toContain('1 paid orders of stripe are not as documented');
    expect(await mailsWith('pi_400')).toHaveLength(1);
    expect(await mailsWith('pi_402')).toHaveLength(1);
  });

  it.each([
    ['does not answer', () => 503, /answered 503.*run the command again/, 60],
    ['refuses the key', () => 401, /answered 401.*keys set stripe --api-key/, 60],
    [
      'breaks off',
      (url: string) => (url.includes('starting_after') ? 500 : undefined),
      /has 50 paid orders/,
      10,
    ],
  ])('reports in one line that Stripe %s, and a second run goes on', async (_, fault, says, seenAgain) => {
    sessions = Array.from({ length: 60 }, (_, at) => session(560 - at));
    broken = fault;
    expect(await keypost('reconcile', 'stripe', '--since', '2026-11-20')).toBe(1);
    expect(said).toEqual([expect.stringMatching(says)]);
    broken = undefined;
    expect(await reconciled('--since', '2026-11-20')).toMatchObject({ seen: seenAgain, held: 0 });
    expect(await mailsWith('pi_560')).toHaveLength(1);
  });

  it('finds further sales while the key may not read refunds', async () => {
    sessions = [session(700)];
    broken = (url) => (url.includes('/v1/refunds') ? 403 : undefined);
    for (const number of [700, 701]) {
      sessions = [session(701), session(700)].slice(701 - number);
      expect(await keypost('reconcile', 'stripe', '--since', '2026-11-20')).toBe(1);
      expect(said.join()).toMatch(/answered 403.*keys set stripe --api-key/);
      expect(await mailsWith(`pi_${number}`)).toHaveLength(1);
    }
  });

  it.each([
    [
      'a provider that cannot list its orders',
      'shop',
      /^shop cannot list its paid orders; use one of stripe, paddle/,
    ],
    ['an unknown provider', 'nobody', /^the catalogue enables no provider nobody; use one of stripe, paddle/],
  ])('refuses %s and names those that can', async (_, name, says) => {
    expect(await keypost('reconcile', name)).toBe(1);
    expect(said).toEqual([expect.stringMatching(says)]);
  });
});

const NAMELESS = { customer_details: null, collected_information: null, custom_fields: [] };

/** The name that the serial in a mail was made from, by the demo product's key. */
const nameIn = (text: string) => decrypt(/^[0-9A-F]{32,}$/m.exec(text)?.[0]);
