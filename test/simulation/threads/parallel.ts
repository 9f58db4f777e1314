/** Runs all chunks on all CPUs. The result does not depend on the number of threads. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ChunkResult } from './chunk.ts';

export const CHUNK = 100;

export interface RunResult {
  /** Undefined if the run cannot be repeated exactly. */
  readonly hash: string | undefined;
  readonly counts: ReadonlyMap<string, number>;
  readonly violations: readonly (ChunkResult['violations'][number] & { readonly chunk: number })[];
}

export async function runAll(
  file: string,
  { seed, orders }: { readonly seed: number; readonly orders: number },
  show: (part: number) => void,
): Promise<RunResult> {
  const chunks = Math.ceil(orders / CHUNK);
  const results: ChunkResult[] = [];
  let next = 0;
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(file, { resourceLimits: { maxYoungGenerationSizeMb: 96 } });
      const give = () => {
        if (next === chunks) return worker.postMessage('over');
        worker.postMessage({ seed, chunk: next, orders: Math.min(CHUNK, orders - next * CHUNK) });
        next += 1;
      };
      worker.on('message', (result: ChunkResult) => {
        results[result.chunk] = result;
        show(next / chunks);
        give();
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
      give();
    });
  await Promise.all(Array.from({ length: Math.min(chunks, availableParallelism()) }, work));
  return mergeResults(results);
}

export function mergeResults(results: readonly ChunkResult[]): RunResult {
  const hash = createHash('sha256');
  const counts = new Map<string, number>();
  for (const result of results) {
    hash.update(result.hash);
    for (const [what, n] of result.counts) counts.set(what, (counts.get(what) ?? 0) + n);
  }
  const violations = results.flatMap((result) =>
    result.violations.map((one) => ({ ...one, chunk: result.chunk })),
  );
  return { hash: hash.digest('hex').slice(0, 16), counts, violations };
}
