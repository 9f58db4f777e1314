/** Runs cold starts: each is a fresh process on a CPU of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import * as z from 'zod';
import type { WebhookEnv } from '../../../functions/env.ts';
import type { Share } from './share.ts';

const Measured = z.object({
  ms: z.number(),
  cpuMs: z.number().default(0),
  answer: z.object({ statusCode: z.literal(200) }).optional(),
});

const LAMBDA = {
  TABLE: 'orders',
  CONFIGURATION_SET: 'keypost',
  NAMESPACE: 'Keypost',
  PRODUCT_KEYS: 'product-keys',
  PROVIDER_KEYS: 'provider-keys',
  KEYS_CACHED_SECONDS: '300',
} satisfies WebhookEnv;

/** The environment contains no settings of this machine, which would change the result. */
const MACHINE = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  // For the stub's certificate. A CA file instead would make Node read all of its own at each boot.
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  NODE_NO_WARNINGS: '1',
};

export const canPin = spawnSync('taskset', ['-c', '0,1', 'true']).status === 0;

/** Leaves the first CPU to the cold starts and takes the second, with the stub; before other programs, where it may. */
export function stepAside(): void {
  if (canPin) spawnSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)]);
  spawnSync('renice', ['-n', '-20', '-p', String(process.pid)]);
}

export interface ColdStart {
  readonly load: number;
  /** The duration of each order. */
  readonly orders: readonly number[];
  /** The CPU time of each order in milliseconds. */
  readonly cpu: readonly number[];
}

interface Started {
  readonly cold: string;
  readonly bundles: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** An event, and the index of the bundle that gets it. */
export interface Sent {
  readonly at: number;
  readonly event: object;
}

/** @param share what it gets of its CPU once it is loaded; INIT has a whole one. */
export async function coldStart(
  { cold, bundles, env = {} }: Started,
  events: readonly Sent[] = [],
  share?: Share,
): Promise<ColdStart> {
  const pinned = canPin ? ['taskset', '-c', '0'] : [];
  const [command = '', ...args] = [...pinned, process.execPath, cold, ...bundles];
  const child = spawn(command, args, {
    env: { ...MACHINE, ...LAMBDA, ...env },
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
  });
  const gone = once(child, 'close');
  try {
    const next = measurements(child.stdio[3]);
    const { ms: load } = await next();
    if (child.pid) share?.limit(child.pid);
    const orders: number[] = [];
    const cpu: number[] = [];
    for (const event of events) {
      child.stdin?.write(`${JSON.stringify(event)}\n`);
      const { ms, cpuMs } = await next();
      orders.push(ms);
      cpu.push(cpuMs);
    }
    return { load, orders, cpu };
  } finally {
    share?.release();
    child.kill('SIGKILL');
    await gone;
  }
}

/** Returns the next measurement of `cold.ts`. An order that fails is not a measurement. */
function measurements(stream: unknown): () => Promise<z.output<typeof Measured>> {
  if (!(stream instanceof Readable)) throw new Error('no pipe to the cold start');
  const lines = createInterface(stream)[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('a cold start has ended before it was measured');
    return Measured.parse(JSON.parse(value));
  };
}
