/** The simulation as one file, built from the sources as they stand, or with one fault planted in them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { runChunk } from './chunk.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A line of a source that is replaced, so that something a test must notice goes wrong. */
export interface Plant {
  readonly name: string;
  /** From the root of the project. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

export async function bundled(folder: string, plant?: Plant): Promise<string> {
  const outfile = join(folder, `${plant?.name.replaceAll(/\W+/g, '-') ?? 'simulation'}.mjs`);
  await build({
    entryPoints: [join(root, 'test/simulation/worker.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
    plugins: plant ? [planting(plant)] : [],
  });
  return outfile;
}

/** Throws where the file has no such line, more than one, or is no part of the simulation. */
const planting = ({ name, file, from, to }: Plant): Plugin => ({
  name: 'planting',
  setup({ onLoad, onEnd }) {
    let planted = false;
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path !== join(root, file)) return undefined;
      const parts = readFileSync(path, 'utf8').split(from);
      if (parts.length !== 2) throw new Error(`${name}: ${file} has the line ${parts.length - 1} times`);
      planted = true;
      return { contents: parts.join(to), loader: 'ts' };
    });
    onEnd(() => {
      if (!planted) throw new Error(`${name}: ${file} is no part of the simulation`);
    });
  },
});

export async function loaded(file: string): Promise<{ readonly runChunk: typeof runChunk }> {
  return await import(pathToFileURL(file).href);
}
