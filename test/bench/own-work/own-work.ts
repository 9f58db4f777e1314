/** Measures the CPU time of an order in milliseconds, from the event to AWS and back. */
import crypto, { type KeyObject } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { Bench } from 'tinybench';
import { threeCalls } from '../contest/three-calls.ts';
import { type Spread, spreadOf } from '../report/stats.ts';
import { PROVIDERS } from './every-provider.ts';
import { callsOf, deafClients, loopedClients, oneOrder } from './one-order.ts';

export interface OwnWork {
  readonly orders: readonly {
    readonly provider: string;
    readonly own: Spread;
    /** With the SDK's work on the three calls, which are answered at once and never leave the process. */
    readonly withSdk: Spread;
  }[];
  /** The SDK's work on three such calls, and nothing else. */
  readonly bare: Spread;
}

export async function ownWork(orders: number): Promise<OwnWork> {
  keepKeys();
  const bench = new Bench({
    now: () => cpuMs(),
    iterations: orders,
    time: 0,
    warmupIterations: orders,
    warmupTime: 0,
    retainSamples: true,
    throws: true,
  });
  for (const provider of PROVIDERS) {
    bench.add(`${provider} own`, oneOrder(provider, deafClients()));
    bench.add(`${provider} with SDK`, oneOrder(provider, loopedClients()));
  }
  const [clients, calls] = [loopedClients(), await callsOf('stripe')];
  bench.add('bare', () => threeCalls(clients, calls));
  await bench.run();
  const spread = (task: string): Spread => {
    const result = bench.getTask(task)?.result;
    if (result?.state !== 'completed') throw new Error(`${task} was not measured`);
    return spreadOf(result.latency.samples ?? []);
  };
  return {
    orders: PROVIDERS.map((provider) => ({
      provider,
      own: spread(`${provider} own`),
      withSdk: spread(`${provider} with SDK`),
    })),
    bare: spread('bare'),
  };
}

/** On AWS PayPal's certificate is read once; the bare key of the fake API would be parsed for each order. */
function keepKeys(): void {
  const { createPublicKey } = crypto;
  const kept = new Map<unknown, KeyObject>();
  const once: typeof createPublicKey = (key) => {
    const known = kept.get(key) ?? createPublicKey(key);
    kept.set(key, known);
    return known;
  };
  Object.assign(crypto, { createPublicKey: once });
  syncBuiltinESMExports();
}

/** User and system time of all threads, the garbage collector's too. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
