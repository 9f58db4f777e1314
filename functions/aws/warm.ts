import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SESClient } from '@aws-sdk/client-ses';
import { fulfil } from '../core/fulfil.ts';
import type { Provider } from '../core/inbound/provider.ts';
import { requestWorld } from '../core/request-world.ts';
import type { Ports } from '../core/world.ts';
import { within } from './client.ts';
import { orderStore } from './dynamodb/orders.ts';
import { fixedSecret } from './secrets.ts';
import { connect, sesMailer } from './ses/mailer.ts';

/** INIT runs at full CPU and is limited to 10 s; the first order must not wait for an unavailable service. */
const MAX_MS = 2_500;

/**
 * Opens the connections that the first order needs while the Lambda starts. An error here is ignored: the order that
 * needs the connection tries again and reports it. A failing INIT would lose orders that a slow one serves.
 */
export async function warm(reads: readonly Promise<unknown>[], ses: SESClient): Promise<void> {
  await within(MAX_MS, Promise.allSettled([connect(ses), ...reads])).catch(() => undefined);
}

/**
 * Runs an invented test order through the pipeline and the SDK without a call to AWS, and has each enabled provider parse a
 * body. This compiles the code at full CPU; the first order would otherwise compile it at a fraction of a CPU
 * (docs/performance.md).
 */
export async function rehearse(
  shared: Ports,
  importProviders: () => Promise<{ readonly providers: Readonly<Record<string, Provider>> }>,
): Promise<void> {
  const { catalogue } = shared;
  const [name = ''] = Object.keys(catalogue.providers);
  const settings = catalogue.providers[name];
  const sku = Object.values(catalogue.products).flatMap(({ skus }) => skus[name] ?? [])[0];
  if (!settings || sku === undefined) return;
  const dryPorts: Ports = {
    ...shared,
    catalogue: { ...catalogue, providers: { [name]: { ...settings, testOrders: 'seller' } } },
    providerKeys: fixedSecret({ [name]: { signing: ['none'] } }),
    productKeys: fixedSecret({}),
    generate: undefined,
    ask: () => Promise.reject(new Error('a rehearsal asks nothing')),
    mailer: sesMailer(new SESClient(answering(SENT)), 'none'),
    store: orderStore(new DynamoDBClient(answering('{}')), 'none'),
    report: () => undefined,
  };
  const request = { method: 'POST', headers: {}, query: '', body: Buffer.from('{}') };
  for await (const _ of fulfil(requestWorld(dryPorts, name, request), sellerOf(sku), request));
  const { providers } = await importProviders();
  for (const [enabled, { as = enabled }] of Object.entries(catalogue.providers)) {
    try {
      await providers[as]?.read(request, await requestWorld(dryPorts, enabled, request).context());
    } catch {
      // A provider refuses this body, after it has set up its schemas.
    }
  }
}

const sellerOf = (sku: string): Provider => ({
  name: 'warm',
  verify() {},
  read: () => [
    {
      kind: 'paid',
      id: 'rehearsal',
      test: true,
      buyer: { name: 'Zoë Example', email: 'zoe@example.com' },
      lines: [{ sku, quantity: 1 }],
    },
  ],
});

/** The settings of a client whose calls end before the network, with this answer. */
const answering = (body: string) => ({
  region: 'none',
  credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  requestHandler: {
    handle: async () => ({ response: { statusCode: 200, headers: {}, body: Buffer.from(body) } }),
  },
});
const SENT = '<R><SendRawEmailResult><MessageId>none</MessageId></SendRawEmailResult></R>';
