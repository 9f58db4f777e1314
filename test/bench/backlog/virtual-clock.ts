/** A virtual clock: it advances when all work waits for a timer, and gives the same result each time. */
export type VirtualClock = ReturnType<typeof virtualClock>;

/** @param start milliseconds since 1970. */
export function virtualClock(start: number) {
  let time = start;
  const timers: { readonly at: number; then(): void }[] = [];
  /** Two timers of the same time run in the order of their creation. */
  const after = (ms: number, then: () => void) => {
    const at = time + Math.max(0, ms);
    timers.splice(timers.findLastIndex((timer) => timer.at <= at) + 1, 0, { at, then });
  };
  return {
    now: () => time,
    after,
    sleep: (ms: number) => new Promise<void>((resolve) => after(ms, resolve)),
    /** Goes on from one timer to the next until `work` is done. */
    async run<Result>(work: Promise<Result>): Promise<Result> {
      let over = false;
      const end = () => {
        over = true;
      };
      work.then(end, end);
      for (;;) {
        // Waits until all promises that the last timer started have settled.
        await new Promise(setImmediate);
        if (over) return await work;
        const next = timers.shift();
        if (!next) throw new Error('the work waits for something that is not this clock');
        time = next.at;
        next.then();
      }
    },
  };
}
