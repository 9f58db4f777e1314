/** Every provider over HTTP, on one machine, as its simulator plays it: a sale, told again, and what goes back. */
import { createDecipheriv } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type ProviderKeys, providerKeys } from '../functions/core/keys.ts';
import demo from '../keypost.config.ts';
import { catalogueFile } from '../lib/bundle.ts';
import { notification, posted } from '../local/simulate-order.ts';
import { simulators } from '../local/simulators/index.ts';
import { type Running, start } from '../local/start.ts';

let running: Running;
beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: catalogueFile(undefined) });
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
async function simulate(wish: Parameters<typeof notification>[1]) {
  const address = `${running.page}/orders/${wish.provider}`;
  const request = notification(running.catalogue, wish, keys[wish.provider]?.signing[0] ?? '', address);
  return { orderId: request.orderId, status: (await posted(address, request)).status };
}
const ordersOf = async (provider: string) =>
  Orders.parse(await local('orders')).filter((order) => order.provider === provider);

/** By node's own padding, not ours. */
function decrypted(serial: string): string {
  const decipher = createDecipheriv('aes-128-ecb', '1234567890123456', null);
  return Buffer.concat([decipher.update(serial, 'hex'), decipher.final()]).toString('utf8');
}

describe.each(Object.keys(demo.providers))('%s', (provider) => {
  const wish = {
    provider,
    product: 'widgetpro-mac',
    name: 'Renée D’Angelo',
    email: `${provider}@example.com`,
    company: '',
    test: false,
    event: 'paid',
  };

  test('a sale is one order and one mail with the right serial, however often it is told', async () => {
    const sold = await simulate(wish);
    expect(sold.status).toBe(200);
    for (let n = 0; n < 3; n += 1) expect((await simulate({ ...wish, id: sold.orderId })).status).toBe(200);
    const orders = await ordersOf(provider);
    expect(orders).toMatchObject([{ status: 'paid', test: false, lines: [{ licensee: wish.name }] }]);
    expect(decrypted(orders[0]?.lines[0]?.serial ?? '')).toBe(wish.name);
    const mails = Mails.parse(await local('mails')).filter(({ to }) => to.includes(wish.email));
    expect(mails.map(({ text }) => text.includes(orders[0]?.lines[0]?.serial ?? '?'))).toEqual([true]);

    if (simulators[provider]?.events.includes('refunded')) {
      expect((await simulate({ ...wish, event: 'refunded', id: sold.orderId })).status).toBe(200);
      expect((await ordersOf(provider)).map(({ status }) => status)).toEqual(['refunded']);
    }
  });
});
