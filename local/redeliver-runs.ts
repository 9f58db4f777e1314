/** Runs of `redeliver`: each minute as EventBridge would, and whenever somebody asks. One at a time. */
import * as z from 'zod/mini';
import type { Lambda } from './gateway.ts';

const Counts = z.object({ due: z.number(), sent: z.number(), failed: z.number() });
export type Counts = z.output<typeof Counts>;

const MINUTE = 60_000;

export interface RedeliverRuns {
  /** Runs as of so many seconds later, once the run before is over. */
  run(ahead: number): Promise<Counts>;
  stop(): void;
}

export function redeliverRuns(redeliver: Lambda): RedeliverRuns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const run = (ahead: number) => {
    waiting += 1;
    const counts = last
      .then(async () => Counts.parse(await redeliver({ ahead })))
      .finally(() => {
        waiting -= 1;
      });
    last = counts.catch(() => undefined); // whoever asked for the run hears of it
    return counts;
  };
  const timer = setInterval(() => {
    // The next minute tries again.
    if (waiting === 0) run(0).catch((error: unknown) => console.error('redeliver failed:', error));
  }, MINUTE);
  return { run, stop: () => clearInterval(timer) };
}
