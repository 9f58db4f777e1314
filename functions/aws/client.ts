/** The options that all AWS clients of the Lambdas share. */

/** Removes the SDK's logger, which copies input and output of each call although no logger is set. */
export function withoutLogger<Client extends { readonly middlewareStack: { remove(name: string): boolean } }>(
  client: Client,
): Client {
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}

/**
 * Runs a call whose signal aborts after `ms`. `AbortSignal.timeout` would keep its timer after the call and costs more
 * CPU (docs/performance.md).
 */
export async function within<Result>(
  ms: number,
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  try {
    return await call(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
