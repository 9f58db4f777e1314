/** Samples the memory of a running process. */
import type { System } from './system.ts';

const SAMPLE_MS = 1_000;

export function watchMemory({ megabytes }: Pick<System, 'megabytes'>) {
  const samples: number[] = [];
  const timer = setInterval(() => {
    // The process has ended, so there is no more to sample.
    megabytes().then(
      (now) => samples.push(now),
      () => undefined,
    );
  }, SAMPLE_MS);
  return {
    stop: () => clearInterval(timer),
    /** The one in the middle of the second quarter, and of the second half. */
    plateau() {
      const half = Math.floor(samples.length / 2);
      return { before: median(samples.slice(half / 2, half)), after: median(samples.slice(half)) };
    },
    most: () => Math.max(...samples),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
