/** Builds an order as a provider would send it, and posts it to a webhook. The page, the command line and the tests use it. */
import { existsSync } from 'node:fs';
import { type Catalogue, findBuiltIn, floorOf } from '../core/catalogue/catalogue.ts';
import { allProviders as providers } from './all.ts';
import type { SignedRequest, Simulator, TestOrder } from './simulator.ts';

/** An order in the catalogue's names. */
export interface SimulatedOrder
  extends Pick<TestOrder, 'event' | 'id' | 'name' | 'email' | 'company' | 'test'> {
  /** The name under which the catalogue enables the provider. */
  readonly provider: string;
  readonly product: string;
}

/** An order cannot be simulated. The message is for the person who wants to simulate it. */
export class SimulationError extends Error {}

/** Returns the simulator behind a provider's name in the catalogue. Throws a SimulationError. */
export async function requireSimulator(catalogue: Catalogue, provider: string): Promise<Simulator> {
  const kind = findBuiltIn(catalogue, provider, providers)?.name;
  if (!kind && Object.hasOwn(catalogue.providers, provider))
    throw new SimulationError(
      `${provider} is a provider of your own, which has no simulator; post a request to it`,
    );
  if (!kind) {
    const enabled = Object.keys(catalogue.providers).join(', ');
    throw new SimulationError(
      `${provider} is not enabled in the catalogue, which has ${enabled}; name one of these, or add it`,
    );
  }
  const simulator = await loadSimulator(kind);
  if (simulator) return simulator;
  throw new SimulationError(
    `${provider} has no simulator; write functions/providers/${kind}/simulator.ts, or simulate another provider`,
  );
}

/** The same; undefined if the provider cannot be simulated. */
export const findSimulator = (catalogue: Catalogue, provider: string): Promise<Simulator | undefined> =>
  requireSimulator(catalogue, provider).catch((error: unknown) => {
    if (error instanceof SimulationError) return undefined;
    throw error;
  });

/** Returns the simulator of the provider whose folder has this name; undefined if there is none. */
export async function loadSimulator(name: string): Promise<Simulator | undefined> {
  const file = new URL(`./${name}/simulator${import.meta.url.slice(-3)}`, import.meta.url);
  if (!Object.hasOwn(providers, name) || !existsSync(file)) return undefined;
  const { simulator }: { readonly simulator: Simulator } = await import(
    /* @vite-ignore */ `./${name}/simulator.ts`
  );
  return simulator;
}

/** Returns the provider's notification of the order, signed for `address`. Throws a SimulationError. */
export function signOrder(
  simulator: Simulator,
  { provider, product: id, ...order }: SimulatedOrder,
  {
    catalogue,
    secret,
    address,
    now = Date.now(),
  }: { catalogue: Catalogue; secret: string; address: string; now?: number },
): SignedRequest {
  const product = Object.hasOwn(catalogue.products, id) ? catalogue.products[id] : undefined;
  const sku = product?.skus[provider]?.[0];
  if (!sku)
    throw new SimulationError(
      `the catalogue has no SKU of ${id} at ${provider}; write one under products.${id}.skus`,
    );
  if (!simulator.events.includes(order.event))
    throw new SimulationError(
      `${provider} has no event ${order.event}; expected one of ${simulator.events.join(', ')}`,
    );
  const floor = Number((product && floorOf(product, provider, sku))?.EUR ?? 0);
  const options = catalogue.providers[provider]?.options ?? {};
  const { mail } = catalogue.providers[provider] ?? {};
  return simulator.request({ ...order, sku, floor, address, mail }, secret, options, now);
}

/** The address of `npm start` that takes what the provider sends: a webhook, or a mail with the verdicts of SES. */
export function addressAt(page: string, { providers: enabled }: Catalogue, provider: string): string {
  const { mail } = enabled[provider] ?? {};
  if (!mail) return `${page}/orders/${provider}`;
  return `${page}/local/order-mails?${new URLSearchParams({ to: mail.to, dmarc: 'PASS', spam: 'PASS' })}`;
}

/** Posts the request, and the one before it, and returns the webhook's answer. */
export async function postRequest(
  address: string,
  { before, method, query, headers, body }: SignedRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  if (before) await postRequest(address, before);
  const answer = await fetch(query ? `${address}?${query}` : address, {
    method,
    headers,
    ...(method === 'GET' ? {} : { body }),
    redirect: 'manual',
    signal: AbortSignal.timeout(15_000),
  });
  return { status: answer.status, body: await answer.text() };
}
