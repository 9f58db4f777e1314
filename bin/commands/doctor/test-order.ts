/** The proof of the whole: a test order, signed as the provider signs, through the public address to a mail to the seller. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Catalogue, findProvider, ownerOf } from '../../../functions/core/catalogue/catalogue.ts';
import { type ProviderKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import { isAlias, keyOf, type Order } from '../../../functions/core/order/order.ts';
import { contextFrom } from '../../../functions/core/request-world.ts';
import type { Store } from '../../../functions/core/world.ts';
import { providers } from '../../../functions/providers/index.ts';
import { findSimulator, postRequest, signOrder } from '../../../functions/providers/simulate.ts';
import type { SignedRequest } from '../../../functions/providers/simulator.ts';
import { CommandError } from '../cli/failure.ts';
import { ordersOf } from '../orders/held-text.ts';
import type { Check, Desk } from './checks.ts';

const WAIT_MS = 15_000;
const LOOK_MS = 250;

export const testOrder: Check = async (desk) => {
  const { target, catalogue } = desk;
  const { provider, url, request } = await signedOrder(desk);
  const { status } = await postRequest(url, request);
  const log = target.local ? 'what `npm start` prints says why' : 'its log says why';
  if (status === 401)
    return `${url} does not accept a test order signed with the newest key of ${provider}; a key that was set in the last minutes is known soon, after that ${log}`;
  if (status < 200 || status > 299) return `${url} answers ${status} to a test order; ${log}`;
  const key = keyOf(ownerOf(catalogue, provider), true, request.orderId);
  const order = await settled((await ordersOf(target)).store, key);
  if (!order)
    return `${url} takes a test order and does not keep it: it was deployed with other testOrders; ${target.local ? 'start `npm start` again' : '`npx cdk deploy`'} puts it right`;
  const reason = order.lines.find(({ held }) => held)?.held;
  if (reason)
    return `a test order is held (${reason}); \`${target.command('orders held')}\` says what would do`;
  if (SENT.has(order.mail.state)) return undefined;
  const { state, lastError = 'no error is known' } = order.mail;
  return `the mail of a test order is ${state} after ${WAIT_MS / 1_000} s (${lastError}); it is tried again, docs/runbook.md has an article for each such word`;
};

const SENT = new Set(['sent', 'delivered', 'bounced', 'complained']);

/** Looked at until its mail is out, or until patience ends. */
async function settled(store: Store, key: string): Promise<Order | undefined> {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const item = await store.get(key);
    const order = item && !isAlias(item) ? item : undefined;
    const done = !order || order.heldAt !== undefined || SENT.has(order.mail.state);
    if (done || Date.now() > until) return order;
    await sleep(LOOK_MS);
  }
}

interface Asked {
  readonly provider: string;
  readonly url: string;
  readonly request: SignedRequest;
}

/** Of the first provider that can be asked for one. Throws a CommandError where none can. */
async function signedOrder({ catalogue, names, providerKeys: entries }: Desk): Promise<Asked> {
  const keys = providerKeys(await entries());
  const { webhook } = await names();
  for (const [provider, { testOrders }] of Object.entries(catalogue.providers)) {
    const [product] = Object.entries(catalogue.products).find(([, { skus }]) => skus[provider]?.length) ?? [];
    const secret = keys[provider]?.signing[0];
    const url = webhook(provider);
    if (testOrders !== 'seller' || !product || !secret || !url) continue;
    const simulator = await findSimulator(catalogue, provider);
    if (!simulator) continue;
    const order = {
      provider,
      product,
      event: 'paid',
      name: 'Keypost Doctor',
      email: catalogue.seller.alarms,
      company: '',
      test: true,
      id: undefined,
    };
    const request = signOrder(simulator, order, { catalogue, secret, address: url });
    if (await isTest(catalogue, provider, keys, request)) return { provider, url, request };
  }
  throw new CommandError(
    "no provider of the catalogue takes test orders; with `testOrders: 'seller'` for one, doctor has a test order mailed to you",
  );
}

/** What has no flag for a test would make a genuine serial: read before it is sent, as the webhook will read it. */
async function isTest(catalogue: Catalogue, provider: string, keys: ProviderKeys, request: SignedRequest) {
  const nobody = () => Promise.reject(new Rejection('provider_refused', 'doctor asks nobody'));
  const context = contextFrom({ catalogue, now: Date.now, ask: nobody }, provider, keys);
  const { method, query, headers, body } = request;
  const events = await findProvider(catalogue, provider, providers)?.read(
    { method, query, headers, body: Buffer.from(body) },
    context,
  );
  return events !== undefined && events.length > 0 && events.every(({ test }) => test);
}
