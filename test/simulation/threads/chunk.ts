/** Runs one chunk: one simulated world from its first order to the quiet period after its last. */

import { memoryAws } from '../aws/memory-aws.ts';
import { checkInvariants } from '../checks/invariants.ts';
import { orderScript } from '../script/order-script.ts';
import { clockFrom } from '../world/clock.ts';
import { drawFaultProfile } from '../world/fault-profile.ts';
import { randomOf } from '../world/random.ts';
import { createSim, START, type Violation } from '../world/sim.ts';
import { worldOf } from '../world/world.ts';

export interface ChunkResult {
  readonly chunk: number;
  readonly hash: string;
  readonly counts: readonly (readonly [string, number])[];
  readonly violations: readonly Violation[];
}

const LONGEST_MS = 30 * 86_400_000;

/** @param print receives each step, to investigate a violation. */
export async function runChunk(
  { seed, chunk, orders }: { readonly seed: number; readonly chunk: number; readonly orders: number },
  print?: (line: string) => void,
): Promise<ChunkResult> {
  const random = randomOf(seed, chunk);
  const clock = clockFrom(START, random);
  const { sim, counts, violations, hash } = createSim(
    { random, clock, faultProfile: drawFaultProfile(random, START) },
    print,
  );
  const scripts = Array.from({ length: orders }, (_, n) => orderScript(sim, n));
  const world = worldOf(sim, scripts, memoryAws);
  await clock.run(() => clock.now - START > LONGEST_MS);
  checkInvariants({ sim, scripts, ...world });
  return { chunk, hash: hash(), counts: [...counts], violations };
}
