/** The page's form for a simulated order: signs it with the provider's newest key and posts it to the webhook. */
import * as z from 'zod/mini';
import { parseBody } from '../bin/commands/cli/http.ts';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';
import { needsSigningKey } from '../functions/providers/all.ts';
import {
  addressAt,
  postRequest,
  requireSimulator,
  SimulationError,
  signOrder,
} from '../functions/providers/simulate.ts';

const Order = z.object({
  provider: z.string(),
  event: z._default(z.string(), 'paid'),
  product: z.string(),
  id: z.optional(z.string()),
  name: z.string(),
  email: z.string(),
  company: z._default(z.string(), ''),
  test: z._default(z.boolean(), false),
});

/** @param secretOf returns the newest signing key of a provider. */
export async function simulateOrder(
  catalogue: Catalogue,
  page: string,
  secretOf: (provider: string) => string | undefined,
  body: unknown,
  now: number,
) {
  const order = parseBody(Order, body);
  const simulator = await requireSimulator(catalogue, order.provider);
  const secret = secretOf(order.provider);
  if (!secret && needsSigningKey(catalogue, order.provider))
    throw new SimulationError(
      `${order.provider} has no signing key: npm run keypost -- keys set ${order.provider} --local`,
    );
  const address = addressAt(page, catalogue, order.provider);
  return await postRequest(
    address,
    signOrder(simulator, order, { catalogue, secret: secret ?? '', address, now }),
  );
}
