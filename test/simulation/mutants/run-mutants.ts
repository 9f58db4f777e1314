/** `npm run simulate -- --mutants`: applies each mutant and simulates until an invariant is violated. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, loadBundle, type Mutant } from '../threads/bundle.ts';
import { CHUNK } from '../threads/parallel.ts';
import { MUTANTS } from './mutants.ts';

/** The number of orders after which a mutant counts as not detected. */
const MOST = 200_000;

export interface Detection {
  /** The number of simulated orders until then, in whole worlds. */
  readonly orders: number;
  readonly invariant: string;
}

export async function detect(
  mutant: Mutant,
  seed: number,
  { most = MOST, orders = CHUNK } = {},
): Promise<Detection | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'keypost-mutant-'));
  try {
    const { runChunk } = await loadBundle(await bundle(folder, mutant));
    for (let chunk = 0; chunk * orders < most; chunk += 1) {
      const { violations } = await runChunk({ seed, chunk, orders });
      const [first] = violations;
      if (first) return { orders: (chunk + 1) * orders, invariant: first.invariant };
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Prints a table for docs/reliability.md. Returns true if every mutant was detected. */
export async function runMutants(seed: number, print: (line: string) => void): Promise<boolean> {
  print('| mutant | orders until it was detected | the violated invariant |\n| --- | ---: | --- |');
  let all = true;
  for (const mutant of MUTANTS) {
    const found = await detect(mutant, seed);
    print(
      `| ${mutant.name} | ${found?.orders.toLocaleString('en') ?? 'NOT DETECTED'} | ${found?.invariant ?? ''} |`,
    );
    all &&= found !== undefined;
  }
  return all;
}
