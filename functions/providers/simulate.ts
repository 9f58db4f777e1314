/** Orders as a provider would send them, sent to a webhook over HTTP: for the page and for the command line. */
import * as z from 'zod/mini';
import { BadRequest, wish } from '../../local/page/bad-request.ts';
import { type Catalogue, findProvider } from '../core/catalogue/catalogue.ts';
import type { SignedRequest, Simulator } from './simulator.ts';
import { simulators } from './simulators.ts';

/** What is to be said, in the catalogue's names. */
export interface Wish {
  /** The name under which the catalogue enables it. */
  readonly provider: string;
  readonly event: string;
  readonly product: string;
  /** The provider's id of an order that is there already. */
  readonly id?: string | undefined;
  readonly name: string;
  readonly email: string;
  readonly company: string;
  readonly test: boolean;
}

/** How the provider is played, whatever its name in the catalogue; undefined where it is not enabled, or not known. */
export const simulatorOf = (catalogue: Catalogue, provider: string): Simulator | undefined =>
  findProvider(catalogue, provider, simulators);

/** The notification, signed. Throws a BadRequest that says what would do. */
export function notification(
  catalogue: Catalogue,
  { provider, product: name, ...order }: Wish,
  secret: string,
  address: string,
): SignedRequest {
  const simulator = simulatorOf(catalogue, provider);
  const product = Object.hasOwn(catalogue.products, name) ? catalogue.products[name] : undefined;
  const sku = product?.skus[provider]?.[0];
  if (!sku || !simulator) throw new BadRequest(`${provider} sells no ${name} in this catalogue`);
  if (!simulator.events.includes(order.event))
    throw new BadRequest(`${provider} says no ${order.event}; it says ${simulator.events.join(', ')}`);
  const floor = Number(product?.floor?.EUR ?? 0);
  const options = catalogue.providers[provider]?.options ?? {};
  return simulator.request({ ...order, sku, floor, address }, secret, options, Date.now());
}

/** What the provider hears of it. */
export async function posted(
  address: string,
  { before, method, query, headers, body }: SignedRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  if (before) await posted(address, before);
  const answer = await fetch(query ? `${address}?${query}` : address, {
    method,
    headers,
    ...(method === 'GET' ? {} : { body }),
    redirect: 'manual',
    signal: AbortSignal.timeout(15_000),
  });
  return { status: answer.status, body: await answer.text() };
}

const PageWish = z.object({
  provider: z.string(),
  event: z._default(z.string(), 'paid'),
  product: z.string(),
  id: z.optional(z.string()),
  name: z.string(),
  email: z.string(),
  company: z._default(z.string(), ''),
  test: z._default(z.boolean(), false),
});

/** From the page. `secretOf` knows the active signing key of a provider. */
export async function simulateOrder(
  catalogue: Catalogue,
  page: string,
  secretOf: (provider: string) => string | undefined,
  body: unknown,
) {
  const order = wish(PageWish, body);
  if (!simulatorOf(catalogue, order.provider))
    throw new BadRequest(`${order.provider} is no provider of this catalogue`);
  const secret = secretOf(order.provider);
  if (!secret)
    throw new BadRequest(
      `${order.provider} has no signing key: npx --no keypost keys set ${order.provider} --local`,
    );
  const address = `${page}/orders/${order.provider}`;
  return await posted(address, notification(catalogue, order, secret, address));
}
