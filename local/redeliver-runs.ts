/** Runs of `redeliver`: each minute as EventBridge would, and whenever somebody asks. One at a time. */
import * as z from 'zod/mini';
import type { Lambda } from './gateway.ts';

const Counts = z.object({ due: z.number(), sent: z.number(), failed: z.number() });

export type RedeliverRuns = ReturnType<typeof redeliverRuns>;

const MINUTE = 60_000;

export function redeliverRuns(redeliver: Lambda) {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  /** Runs as of so many seconds later, once the run before is over. */
  const run = (ahead: number) => {
    waiting += 1;
    const one = async () => {
      const result = Counts.safeParse(await redeliver({ ahead }));
      if (result.success) return result.data;
      // Runs here never overlap, so the lease is that of one that died.
      throw new Error('a run that failed still holds its lease: two minutes at most');
    };
    const counts = last.then(one).finally(() => {
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
