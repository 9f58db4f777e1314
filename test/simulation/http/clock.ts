/** The clock of a run over HTTP. It runs in real time during work and otherwise jumps to the next event. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Process } from '../processes/process.ts';
import { type Entry, pop, push } from '../world/clock.ts';
import type { Random } from '../world/random.ts';

/** The clock does not skip shorter waits, so that orders in quick succession overlap. */
const SOON_MS = 20;

export function httpClock(start: number, random: Random) {
  const heap: Entry[] = [];
  const working = new Set<{ readonly process: Process }>();
  const began = Date.now();
  let leapt = 0;
  const now = () => start + Date.now() - began + leapt;
  /** The work of a dead process never ends and is not awaited. */
  const isIdle = () => {
    for (const one of working) if (!one.process.alive) working.delete(one);
    return working.size === 0;
  };
  return {
    get now() {
      return now();
    },
    at: (time: number, run: () => void) => push(heap, { time, order: random.next(), run }),
    /** The clock does not jump before the work is done or its process is dead. */
    async during<Result>(process: Process, work: () => Promise<Result>): Promise<Result> {
      const one = { process };
      working.add(one);
      try {
        return await work();
      } finally {
        working.delete(one);
      }
    },
    /** @param quiet runs the work of components that have timers of their own. */
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
