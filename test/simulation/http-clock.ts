/** Time for a run over HTTP: it goes as it goes while anybody works, and leaps to the next event where nobody does. */
import { setTimeout as wait } from 'node:timers/promises';
import { type Entry, pop, push } from './clock.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';

/** Nobody leaps over less, so that orders which come soon after each other meet. */
const SOON_MS = 20;

export function httpClock(start: number, random: Random) {
  const heap: Entry[] = [];
  const working = new Set<{ readonly process: Process }>();
  const began = Date.now();
  let leapt = 0;
  const now = () => start + Date.now() - began + leapt;
  /** A dead process's work never ends, and nobody waits for it. */
  const isIdle = () => {
    for (const one of working) if (!one.process.alive) working.delete(one);
    return working.size === 0;
  };
  return {
    get now() {
      return now();
    },
    at: (time: number, run: () => void) => push(heap, { time, order: random.next(), run }),
    /** Time does not leap before the work is done, or its process dead. */
    async during<Result>(process: Process, work: () => Promise<Result>): Promise<Result> {
      const one = { process };
      working.add(one);
      try {
        return await work();
      } finally {
        working.delete(one);
      }
    },
    /** @param quiet has whoever waits for a time of his own do what he waits with. */
    async run(quiet: () => Promise<void>) {
      for (;;) {
        const [first] = heap;
        if (first && first.time <= now()) pop(heap)?.run();
        else if (!isIdle()) await wait(1);
        else if (first && first.time - now() < SOON_MS) await wait(first.time - now());
        else {
          await quiet();
          if (heap[0] !== first || !isIdle()) continue;
          if (!first) return;
          leapt += Math.max(0, first.time - now());
        }
      }
    },
  };
}
