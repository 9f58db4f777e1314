/** The Lambdas as they are deployed: built, and loaded with the environment that the stack would give them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { WebhookEnv } from '../functions/env.ts';
import { bundleLambda, type LambdaName } from '../lib/bundle.ts';
import type { Lambda } from './gateway.ts';

/** The AWS they talk to must be answering already: they warm their connections while they load. */
export async function loadLambdas(catalogue: string, env: WebhookEnv): Promise<Record<LambdaName, Lambda>> {
  Object.assign(process.env, env);
  const folder = await mkdtemp(join(tmpdir(), 'keypost-'));
  const load = async (name: LambdaName): Promise<Lambda> => {
    const file = join(await bundleLambda(name, catalogue, folder), 'index.mjs');
    const { handler }: { readonly handler: Lambda } = await import(pathToFileURL(file).href);
    return handler;
  };
  try {
    const [webhook, redeliver] = await Promise.all([load('webhook'), load('redeliver')]);
    return { webhook, redeliver };
  } finally {
    await rm(folder, { recursive: true });
  }
}
