/** `npm run simulate -- --planted`: each fault is planted, and the simulation runs until a promise breaks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled, loaded, type Plant } from './bundle.ts';
import { MORE_PLANTS } from './more-plants.ts';
import { PLANTS } from './plants.ts';
import { CHUNK } from './pool.ts';

export const ALL_PLANTS: readonly Plant[] = [...PLANTS, ...MORE_PLANTS];

/** In orders; whatever is not found by then is not found. */
const MOST = 200_000;

export interface Caught {
  /** How many orders had been simulated by then, in whole worlds. */
  readonly orders: number;
  readonly promise: string;
}

export async function caught(plant: Plant, seed: number, most = MOST): Promise<Caught | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'keypost-planted-'));
  try {
    const { runChunk } = await loaded(await bundled(folder, plant));
    for (let chunk = 0; chunk * CHUNK < most; chunk += 1) {
      const { broken } = await runChunk({ seed, chunk, orders: CHUNK });
      const [first] = broken;
      if (first) return { orders: (chunk + 1) * CHUNK, promise: first.promise };
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Prints a table for docs/reliability.md; answers whether all were caught. */
export async function plantAll(seed: number, print: (line: string) => void): Promise<boolean> {
  print('| planted | orders until it was caught | the promise that broke |\n| --- | ---: | --- |');
  let all = true;
  for (const plant of ALL_PLANTS) {
    const found = await caught(plant, seed);
    print(
      `| ${plant.name} | ${found?.orders.toLocaleString('en') ?? 'NOT CAUGHT'} | ${found?.promise ?? ''} |`,
    );
    all &&= found !== undefined;
  }
  return all;
}
