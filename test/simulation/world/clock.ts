/** A virtual clock. Time advances to the next event when all work is done. */
import type { Random } from './random.ts';

export interface Clock {
  /** The true time in milliseconds since 1970. A process's clock drifts from it. */
  readonly now: number;
  /** Runs `run` at `time`. The seed decides the order of events at the same time. */
  at(time: number, run: () => void): void;
}

/** An event in the heap. */
export interface Entry {
  readonly time: number;
  readonly order: number;
  readonly run: () => void;
}

export function clockFrom(start: number, random: Random) {
  const heap: Entry[] = [];
  let now = start;
  return {
    get now() {
      return now;
    },
    at: (time: number, run: () => void) =>
      push(heap, { time: Math.max(time, now), order: random.next(), run }),
    /** Runs until no event is left, or until `enough` returns true. */
    async run(enough: () => boolean) {
      while (!enough()) {
        const first = pop(heap);
        if (!first) return;
        now = first.time;
        first.run();
        // Node's next tick runs after the continuations of all promises that this event has resolved.
        await new Promise<void>((resolve) => process.nextTick(resolve));
      }
    },
  };
}

const sooner = (one: Entry, other: Entry) =>
  one.time < other.time || (one.time === other.time && one.order < other.order);

export function push(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up];
    if (!parent || !sooner(entry, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = entry;
}

export function pop(heap: Entry[]): Entry | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
    const child = right && left && sooner(right, left) ? right : left;
    if (!child || !sooner(child, last)) break;
    heap[at] = child;
    at = child === left ? 2 * at + 1 : 2 * at + 2;
  }
  heap[at] = last;
  return first;
}
