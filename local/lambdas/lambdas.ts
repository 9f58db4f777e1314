/**
 * Runs the Lambdas as they are deployed: from their bundles, each in its own thread, with the environment that the stack
 * sets. The embedded AWS so runs on a CPU of its own, as AWS does.
 */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Catalogue, hasMailStore } from '../../functions/core/catalogue/catalogue.ts';
import type { OrderMailEnv, PagesEnv } from '../../functions/env.ts';
import type { LambdaName } from '../../lib/build/bundle.ts';
import { builtLambdas } from './built-lambdas.ts';
import type { Lambda } from './gateway.ts';

/** The embedded AWS must answer already, because the Lambdas open their connections while they load. */
export async function loadLambdas(catalogue: Catalogue, env: OrderMailEnv & PagesEnv) {
  const optional = [
    ...(hasMailStore(catalogue) ? (['order-mail'] as const) : []),
    ...(catalogue.pages ? (['pages'] as const) : []),
  ];
  const folder = await builtLambdas(catalogue, [
    ...(['webhook', 'redeliver', 'mail-events', 'operator'] as const),
    ...optional,
  ]);
  // A thread that starts later must not see what has changed meanwhile.
  const shared = { ...process.env, ...env };
  const threads: Worker[] = [];
  const load = async (name: LambdaName): Promise<Lambda> => {
    const file = join(folder, name, 'index.mjs');
    const thread = new Worker(new URL('./lambda-thread.mjs', import.meta.url), {
      workerData: pathToFileURL(file).href,
      env: shared,
      execArgv: [],
      stdout: true,
      // A Lambda of 512 MB has less: code, buffers and the runtime are beside the heap.
      resourceLimits: { maxOldGenerationSizeMb: 384, maxYoungGenerationSizeMb: 16 },
    });
    threads.push(thread);
    createInterface(thread.stdout).on('line', (line) => console.log(line));
    await once(thread, 'message');
    return callable(thread);
  };
  const stop = async () => {
    await Promise.all(threads.map((thread) => thread.terminate()));
    await rm(folder, { recursive: true });
  };
  try {
    const [webhook, mailEvents] = await Promise.all([load('webhook'), load('mail-events')]);
    let ahead = 0;
    const setClock = (next: number) => {
      ahead = next;
      for (const thread of threads) thread.postMessage({ ahead });
    };
    /** Many starts never call it, so its thread starts with its first event. */
    const onDemand = (name: LambdaName): Lambda => {
      let started: Promise<Lambda> | undefined;
      return async (event, context) => {
        started ??= load(name).finally(() => setClock(ahead));
        return await (await started)(event, context);
      };
    };
    const ifBuilt = (name: (typeof optional)[number]) =>
      optional.includes(name) ? onDemand(name) : undefined;
    const [redeliver, operator] = [onDemand('redeliver'), onDemand('operator')];
    const [orderMail, pages] = [ifBuilt('order-mail'), ifBuilt('pages')];
    return { webhook, redeliver, mailEvents, orderMail, pages, operator, setClock, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface PendingCall {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

function callable(thread: Worker): Lambda {
  const pending = new Map<number, PendingCall>();
  let calls = 0;
  thread.on('message', ({ id, answer, error }) => {
    const { resolve, reject } = pending.get(id) ?? {};
    pending.delete(id);
    if (error === undefined) resolve?.(answer);
    else reject?.(error);
  });
  return (event, context) =>
    new Promise((resolve, reject) => {
      calls += 1;
      pending.set(calls, { resolve, reject });
      thread.postMessage({ id: calls, event, context });
    });
}
