/** The options that all AWS clients of the Lambdas share. */
import { createHash, createHmac, createSecretKey } from 'node:crypto';

/** The SDK's own class passes the key of a signature as bytes, which takes Node 24 three times as long as a KeyObject. */
class Sha256 {
  readonly #hash;

  constructor(secret?: unknown) {
    const key = secret instanceof Uint8Array ? createSecretKey(secret) : String(secret);
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', key);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

/** With the cache, the SDK sorts its middleware once for each kind of call, unless the call has options. */
export const LEAN = { cacheMiddleware: true, sha256: Sha256 };

interface AwsClient {
  readonly middlewareStack: { remove(name: string): boolean };
  readonly config: { signer: (scheme?: never) => Promise<unknown> };
}

/** Removes the SDK's logger, which copies input and output of each call, and keeps the signer, which is made for each call. */
export function trimClient<Client extends AwsClient>(client: Client): Client {
  client.middlewareStack.remove('loggerMiddleware');
  const { signer } = client.config;
  let made: ReturnType<typeof signer> | undefined;
  client.config.signer = (scheme) => {
    made ??= signer(scheme);
    return made;
  };
  return client;
}

/**
 * Rejects if the call does not end within `ms`. It does not abort the call, which would need options: the client's own
 * limits end it, so it may take effect later.
 */
export async function within<Result>(ms: number, call: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException(`no answer within ${ms} ms`, 'AbortError')), ms);
  });
  try {
    return await Promise.race([call, over]);
  } finally {
    clearTimeout(timer);
  }
}
