/** Runs `redeliver` every minute, as EventBridge does, and on request; one run at a time. */
import * as z from 'zod/mini';
import type { Lambda } from './gateway.ts';

const Counts = z.object({ due: z.number(), sent: z.number(), failed: z.number() });

export type RedeliverRuns = ReturnType<typeof redeliverRuns>;

const MINUTE = 60_000;

export function redeliverRuns(redeliver: Lambda) {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  /** Runs as if `ahead` seconds had passed, after the runs before it have ended. */
  const run = (ahead: number) => {
    waiting += 1;
    const one = async () => {
      const result = Counts.safeParse(await redeliver({ ahead }));
      if (result.success) return result.data;
      // Runs do not overlap here, so the lease belongs to a run that failed.
      throw new Error('A failed run still holds its lease. Wait two minutes and try again.');
    };
    const counts = last.then(one).finally(() => {
      waiting -= 1;
    });
    last = counts.catch(() => undefined); // the caller of this run gets the error
    return counts;
  };
  const timer = setInterval(() => {
    // The next minute's run tries again.
    if (waiting === 0) run(0).catch((error: unknown) => console.error('redeliver failed:', error));
  }, MINUTE);
  return { run, stop: () => clearInterval(timer) };
}
