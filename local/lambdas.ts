/**
 * The Lambdas as they are deployed: built, and each in a thread of its own, with the environment that the stack would
 * give it. So the embedded AWS has another CPU than they have, as AWS itself.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { WebhookEnv } from '../functions/env.ts';
import { bundleLambda, type LambdaName } from '../lib/bundle.ts';
import type { Lambda } from './gateway.ts';

/** The AWS they talk to must be answering already: they warm their connections while they load. */
export async function loadLambdas(catalogue: string, env: WebhookEnv) {
  const folder = await mkdtemp(join(tmpdir(), 'keypost-'));
  const threads: Worker[] = [];
  const load = async (name: LambdaName): Promise<Lambda> => {
    const file = join(await bundleLambda(name, catalogue, folder), 'index.mjs');
    const thread = new Worker(new URL('./lambda-thread.mjs', import.meta.url), {
      workerData: pathToFileURL(file).href,
      env: { ...process.env, ...env },
      execArgv: [],
      stdout: true,
    });
    threads.push(thread);
    createInterface(thread.stdout).on('line', (line) => console.log(line));
    await once(thread, 'message');
    return callable(thread);
  };
  // Not before: a Lambda may ask for a part of its bundle at any time.
  const stop = async () => {
    await Promise.all(threads.map((thread) => thread.terminate()));
    await rm(folder, { recursive: true });
  };
  try {
    const [webhook, redeliver, mailEvents] = await Promise.all([
      load('webhook'),
      load('redeliver'),
      load('mail-events'),
    ]);
    return { webhook, redeliver, mailEvents, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

function callable(thread: Worker): Lambda {
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  thread.on('message', ({ id, answer, error }) => {
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (error === undefined) resolve?.(answer);
    else reject?.(error);
  });
  return (event) =>
    new Promise((resolve, reject) => {
      calls += 1;
      waiting.set(calls, { resolve, reject });
      thread.postMessage({ id: calls, event });
    });
}
