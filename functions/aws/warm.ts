import type { SESClient } from '@aws-sdk/client-ses';
import { fulfil } from '../core/fulfil.ts';
import type { Provider } from '../core/inbound/provider.ts';
import { requestWorld } from '../core/request-world.ts';
import type { LambdaPorts, Mailer, Secret, Store } from '../core/world.ts';
import { connect, mime } from './ses.ts';

/** INIT runs at full CPU and is cut at 10 s; the first order must not wait for what cannot be had. */
const MOST_MS = 2_500;

/**
 * Opens what the first order needs while the Lambda starts. Whatever fails here is tried again, and told, by the order
 * that needs it: a failing INIT would lose orders that a slow one serves.
 */
export async function warm(reads: readonly Promise<unknown>[], ses: SESClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise((resolve) => {
    timer = setTimeout(resolve, MOST_MS);
  });
  await Promise.race([Promise.allSettled([connect(ses), mime(), ...reads]), enough]);
  clearTimeout(timer);
}

/**
 * Takes a test order that nobody has placed the whole way to its mail, and keeps, sends and tells nothing: what has run
 * once is compiled, which the first order would pay at a fraction of a CPU (docs/performance.md).
 */
export async function rehearse(shared: LambdaPorts): Promise<void> {
  const { catalogue } = shared;
  const [name = ''] = Object.keys(catalogue.providers);
  const settings = catalogue.providers[name];
  const sku = Object.values(catalogue.products).flatMap(({ skus }) => skus[name] ?? [])[0];
  if (!settings || sku === undefined) return;
  const stage: LambdaPorts = {
    ...shared,
    catalogue: { ...catalogue, providers: { [name]: { ...settings, testOrders: 'seller' } } },
    providerKeys: known({ [name]: { signing: ['none'] } }),
    productKeys: known({}),
    mailer: dropped,
    store: () => nowhere,
    report: () => undefined,
  };
  const request = { method: 'POST', headers: {}, query: '', body: Buffer.alloc(0) };
  for await (const _ of fulfil(requestWorld(stage, name, request), placing(sku), request));
}

const placing = (sku: string): Provider => ({
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

const known = <Value>(value: Value): Secret<Value> => ({
  read: async () => value,
  newer: async () => undefined,
});
const nowhere: Store = { get: async () => undefined, put: async () => undefined };
const dropped: Mailer = async (message) => {
  (await mime()).toMime(message);
  return { kind: 'sent', messageId: 'none' };
};
