import type * as z from 'zod/mini';
import { json } from './body.ts';
import type { Context, PaidOrder } from './provider.ts';
import { Rejection } from './rejection.ts';

/**
 * Calls the provider's own API with the seller's API key and parses the answer. Throws `provider_unavailable` if a
 * later call may succeed, `provider_refused` if it will not (also without an API key), `bad_body` for any other answer.
 * @param init replaces parts of a GET with the key as bearer token, which an empty `authorization` leaves out.
 */
export async function askApi<Schema extends z.ZodMiniType>(
  { api, ask }: Pick<Context, 'api' | 'ask'>,
  schema: Schema,
  path: string,
  { headers = {}, ...init }: Parameters<Context['ask']>[1] = {},
): Promise<z.output<Schema>> {
  if (!api) throw new Rejection('provider_refused', 'found no API key; store it with keys set --api-key');
  const { authorization = `Bearer ${api.key}`, ...others } = headers;
  const authorized = authorization ? { authorization, ...others } : others;
  return json(schema, await ask(`${api.url.replace(/\/$/, '')}${path}`, { ...init, headers: authorized }));
}

/** The same, but returns undefined if there is no API key or the API refuses to answer. */
export async function findInApi<Schema extends z.ZodMiniType>(
  ...call: Parameters<typeof askApi<Schema>>
): Promise<z.output<Schema> | undefined> {
  if (!call[0].api) return undefined;
  try {
    return await askApi(...call);
  } catch (error) {
    if (error instanceof Rejection && error.code === 'provider_refused') return undefined;
    throw error;
  }
}

/**
 * Yields the orders of a list page by page. `fetchPage` returns those at a position, and the position of the next page; the
 * same position, or none, ends the list.
 */
export async function* listPages(
  from: string,
  fetchPage: (
    at: string,
  ) => Promise<{ readonly orders: readonly PaidOrder[]; readonly next: string | undefined }>,
): AsyncGenerator<PaidOrder> {
  for (let at: string | undefined = from; at !== undefined; ) {
    const { orders, next } = await fetchPage(at);
    for (const order of orders) yield order === orders.at(-1) ? { ...order, resume: next } : order;
    at = next === at ? undefined : next;
  }
}
