/** An end-to-end check: a test order, signed as the provider signs, must lead to a mail to the seller. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Catalogue, findProvider, ownerOf } from '../../../functions/core/catalogue/catalogue.ts';
import { type ProviderKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import { keyOf } from '../../../functions/core/order/types.ts';
import { type OrderView, view } from '../../../functions/core/order/view.ts';
import { contextFrom } from '../../../functions/core/request-world.ts';
import type { Store } from '../../../functions/core/world.ts';
import { providers } from '../../../functions/providers/index.ts';
import { findSimulator, postRequest, signOrder } from '../../../functions/providers/simulate.ts';
import type { SignedRequest } from '../../../functions/providers/simulator.ts';
import { CommandError } from '../cli/failure.ts';
import { openTable } from '../orders/table.ts';
import type { Check, DoctorContext } from './context.ts';

export const testOrder: Check = async (context) => {
  const { target, catalogue } = context;
  const { provider, url, request } = await signedOrder(context);
  const { status } = await postRequest(url, request);
  const log = target.local
    ? 'look for the reason in the output of `npm start`'
    : 'look for the reason in its log';
  if (status === 401)
    return `${url} rejects a test order signed with the newest key of ${provider}; wait five minutes if the key is new, otherwise ${log}`;
  if (status < 200 || status > 299) return `${url} answers ${status} to a test order; ${log}`;
  const key = keyOf(ownerOf(catalogue, provider), true, request.orderId);
  const order = await waitForMail((await openTable(target)).store, key);
  if (!order)
    return `${url} accepts a test order but does not store it: the catalogue was deployed with other testOrders; ${target.local ? 'restart `npm start`' : 'run `npx cdk deploy`'}`;
  const reason = order.lines.find(({ held }) => held)?.held;
  if (reason)
    return `a test order is held (${reason}); \`${target.command('orders held')}\` shows how to resolve it`;
  if (SENT.has(order.mail.state)) return undefined;
  const { state, lastError = 'no error is recorded' } = order.mail;
  return `the mail of a test order is ${state} after ${TIMEOUT_MS / 1_000} s (${lastError}) and will be retried; docs/runbook.md explains each error`;
};

const SENT = new Set(['sent', 'delivered', 'bounced', 'complained']);
const TIMEOUT_MS = 15_000;
const POLL_MS = 250;

/** Polls the order until its mail is sent, it is held, or the time is up. */
async function waitForMail(store: Store, key: string): Promise<OrderView | undefined> {
  const until = Date.now() + TIMEOUT_MS;
  for (;;) {
    const item = await store.get(key);
    const order = item?.kind === 'order' ? view(item) : undefined;
    const isDone = !order || order.heldAt !== null || SENT.has(order.mail.state);
    if (isDone || Date.now() > until) return order;
    await sleep(POLL_MS);
  }
}

/** Uses the first provider that can send one. Throws a CommandError if there is none. */
async function signedOrder({ catalogue, names, providerKeys: entries }: DoctorContext) {
  const keys = providerKeys(await entries());
  const { webhook } = await names();
  for (const [provider, { testOrders }] of Object.entries(catalogue.providers)) {
    const [product] = Object.entries(catalogue.products).find(([, { skus }]) => skus[provider]?.length) ?? [];
    const secret = keys[provider]?.signing[0];
    const url = webhook(provider);
    if (testOrders !== 'seller' || !product || !secret || !url) continue;
    const simulator = await findSimulator(catalogue, provider);
    if (!simulator) continue;
    const buyer = { name: 'Keypost Doctor', email: catalogue.seller.alarms, company: '' };
    const order = { ...buyer, provider, product, event: 'paid', test: true, id: undefined };
    const request = signOrder(simulator, order, { catalogue, secret, address: url });
    if (await isTest(catalogue, provider, keys, request)) return { provider, url, request };
  }
  throw new CommandError(
    "no provider of the catalogue accepts test orders; set testOrders: 'seller' for one that can mark an order as a test",
  );
}

/** Reads the request as the webhook will. An order without the provider's test flag would make a genuine serial. */
async function isTest(catalogue: Catalogue, provider: string, keys: ProviderKeys, request: SignedRequest) {
  const ask = () => Promise.reject(new Rejection('provider_refused', 'doctor calls no provider'));
  const context = contextFrom({ catalogue, now: Date.now, ask }, provider, keys);
  const { method, query, headers, body } = request;
  const receiver = findProvider(catalogue, provider, providers);
  const events = await receiver?.read({ method, query, headers, body: Buffer.from(body) }, context);
  return events !== undefined && events.length > 0 && events.every(({ test }) => test);
}
