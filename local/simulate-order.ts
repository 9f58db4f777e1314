/** A test order from the page, sent to our own webhook over HTTP as a provider sends it. */
import * as z from 'zod/mini';
import type { Catalogue } from '../functions/core/catalogue.ts';
import { BadRequest, wish } from './bad-request.ts';
import { simulators } from './simulate.ts';

const Wish = z.object({
  provider: z.string(),
  product: z.string(),
  name: z.string(),
  email: z.string(),
  company: z._default(z.string(), ''),
  test: z._default(z.boolean(), false),
});

/** Answers what the provider would hear. `secretOf` knows the active signing key of a provider. */
export async function simulateOrder(
  { products }: Catalogue,
  page: string,
  secretOf: (provider: string) => string | undefined,
  body: unknown,
) {
  const { provider, product: id, ...buyer } = wish(Wish, body);
  const product = Object.hasOwn(products, id) ? products[id] : undefined;
  const simulator = Object.hasOwn(simulators, provider) ? simulators[provider] : undefined;
  const sku = product?.skus[provider]?.[0];
  if (!sku || !simulator) throw new BadRequest(`${provider} sells no ${id} in this catalogue`);
  const secret = secretOf(provider);
  if (!secret)
    throw new BadRequest(`${provider} has no signing key: npx --no keypost keys set ${provider} --local`);
  const signed = simulator({ ...buyer, sku, floor: Number(product?.floor?.EUR ?? 0) }, secret, Date.now());
  const answer = await fetch(`${page}/orders/${provider}`, { method: 'POST', ...signed });
  return { status: answer.status, body: await answer.text() };
}
