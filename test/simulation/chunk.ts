/** A chunk of a run: one simulated world from its first order to the quiet after its last. */
import { clockFrom } from './clock.ts';
import { memoryAws } from './memory-aws.ts';
import { plotOf } from './plot.ts';
import { randomOf } from './random.ts';
import { type Broken, START, simulated } from './sim.ts';
import { judge } from './verdict.ts';
import { weatherOf } from './weather.ts';
import { worldOf } from './world.ts';

export interface ChunkResult {
  readonly chunk: number;
  readonly hash: string;
  readonly counts: readonly (readonly [string, number])[];
  readonly broken: readonly Broken[];
}

const LONGEST_MS = 30 * 86_400_000;

/** @param print is handed each step, to look at what failed. */
export async function runChunk(
  { seed, chunk, orders }: { readonly seed: number; readonly chunk: number; readonly orders: number },
  print?: (line: string) => void,
): Promise<ChunkResult> {
  const random = randomOf(seed, chunk);
  const clock = clockFrom(START, random);
  const { sim, counts, broken, hash } = simulated(
    { random, clock, weather: weatherOf(random, START) },
    print,
  );
  const plots = Array.from({ length: orders }, (_, n) => plotOf(sim, n));
  const world = worldOf(sim, plots, memoryAws);
  await clock.run(() => clock.now - START > LONGEST_MS);
  judge({ sim, plots, ...world });
  return { chunk, hash: hash(), counts: [...counts], broken };
}
