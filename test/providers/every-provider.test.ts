/** Each simulator sends a sale, the same sale again, and a refund over HTTP to the local system. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type ProviderKeys, providerKeys } from '../../functions/core/catalogue/keys.ts';
import { providers } from '../../functions/providers/index.ts';
import {
  postRequest,
  requireSimulator,
  type SimulatedOrder,
  signOrder,
} from '../../functions/providers/simulate.ts';
import demo from '../../local/demo-shop.ts';
import { type Running, start } from '../../local/start.ts';
import { decrypt } from '../fixtures/catalogue.ts';
import { deliveriesOf } from '../fixtures/deliveries.ts';
import { simulators } from '../fixtures/simulators.ts';

let running: Running;
beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'local/demo-shop.ts' });
});
let keys: ProviderKeys = {};
beforeAll(async () => {
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const client = new SecretsManagerClient({ endpoint: running.aws, region: 'us-east-1', credentials });
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: 'provider-keys' }));
  keys = providerKeys(JSON.parse(SecretString));
});
afterAll(() => running.stop());

const Orders = z.array(
  z.object({
    provider: z.string(),
    test: z.boolean(),
    status: z.string(),
    lines: z.array(z.object({ licensee: z.string().nullable(), serial: z.string().nullable() })),
  }),
);
const Mails = z.array(z.object({ to: z.array(z.string()), subject: z.string(), text: z.string() }));
const local = async (path: string, init?: RequestInit) =>
  (await fetch(`${running.page}/local/${path}`, init)).json();
async function simulate(order: SimulatedOrder) {
  const address = `${running.page}/orders/${order.provider}`;
  const secret = keys[order.provider]?.signing[0] ?? '';
  const { catalogue } = running;
  const simulator = await requireSimulator(catalogue, order.provider);
  const request = signOrder(simulator, order, { catalogue, secret, address });
  return { orderId: request.orderId, status: (await postRequest(address, request)).status };
}
const ordersOf = async (provider: string) =>
  Orders.parse(await local('orders')).filter((order) => order.provider === provider);

describe.each(Object.keys(demo.providers))('%s', (provider) => {
  const order = {
    provider,
    product: 'widgetpro-mac',
    name: 'Renée D’Angelo',
    email: `${provider}@example.com`,
    company: '',
    test: false,
    event: 'paid',
  };

  test('a repeated sale is one order and one mail with the right serial', async () => {
    const sold = await simulate(order);
    expect(sold.status).toBe(200);
    for (let n = 0; n < 3; n += 1) expect((await simulate({ ...order, id: sold.orderId })).status).toBe(200);
    const orders = await ordersOf(provider);
    expect(orders).toMatchObject([{ status: 'paid', test: false, lines: [{ licensee: order.name }] }]);
    expect(decrypt(orders[0]?.lines[0]?.serial)).toBe(order.name);
    const mails = Mails.parse(await local('mails')).filter(({ to }) => to.includes(order.email));
    expect(mails.map(({ text }) => text.includes(orders[0]?.lines[0]?.serial ?? '?'))).toEqual([true]);

    if (simulators[provider]?.events.includes('refunded')) {
      expect((await simulate({ ...order, event: 'refunded', id: sold.orderId })).status).toBe(200);
      expect((await ordersOf(provider)).map(({ status }) => status)).toEqual(['refunded']);
    }
  });
});

/** A signature that names a URL needs the provider's API; those sales are repeated over HTTP above. */
const retrying = Object.entries(simulators).filter(([name, { retries, sign }]) => {
  const values = Object.values(sign?.('', '', 0).headers ?? {});
  return retries && demo.providers[name] && !values.some((value) => value.startsWith('http'));
});

test.each(retrying)(
  '%s: repeating a sale on the whole retry schedule, newly signed each time, changes nothing',
  async (name, simulator) => {
    const provider = providers[name];
    if (!provider) throw new Error(name);
    const { options } = demo.providers[name] ?? { options: {} };
    const signing = keys[name]?.signing ?? [];
    const sku = demo.products['widgetpro-mac']?.skus[name]?.[0] ?? '';
    const ask = async (path: string) => simulator.api?.({ method: 'POST', path, headers: {} }).body ?? '';
    const shop = deliveriesOf(name, provider, { settings: { options }, skus: [sku], signing, ask });
    const send = async (event: string, id?: string) => {
      const order = {
        event,
        id,
        sku,
        name: 'Zoë',
        email: 'zoe@example.com',
        company: '',
        test: false,
        floor: 0,
        address: '',
      };
      const made = simulator.request(order, signing[0] ?? '', options, shop.state.now);
      const headers = Object.fromEntries(
        Object.entries(made.headers).map(([header, value]) => [header.toLowerCase(), value]),
      );
      const { method, query, orderId } = made;
      const answer = await shop.post({ method, query, headers, body: Buffer.from(made.body) });
      expect(answer.status).toBe(200);
      return orderId;
    };
    const id = await send('paid');
    const first = structuredClone(shop.orders());
    expect(first).toMatchObject([{ status: 'paid', mail: { state: 'sent' } }]);
    for (const wait of simulator.retries ?? []) {
      shop.state.now += wait * 1_000;
      await send('paid', id);
      await shop.redeliver();
    }
    expect(shop.orders()).toEqual(first);
    expect(shop.mails.length).toBe(1);
  },
);
