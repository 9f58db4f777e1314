/** Bundles the simulation into one file, from the unchanged sources or with one mutant. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { withoutComments } from '../../architecture/sources.ts';
import { simulators } from '../../fixtures/simulators.ts';
import type { runChunk } from './chunk.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** One replacement in a source file. It breaks a rule that the simulation must detect. */
export interface Mutant {
  readonly name: string;
  /** A path from the root of the project. */
  readonly file: string;
  /** The file contains this text exactly once. */
  readonly from: string;
  readonly to: string;
}

export async function bundle(folder: string, mutant?: Mutant): Promise<string> {
  const outfile = join(folder, `${mutant?.name.replaceAll(/\W+/g, '-') ?? 'simulation'}.mjs`);
  await build({
    entryPoints: [join(root, 'test/simulation/threads/worker.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
    // Where the templates of the simulators are.
    define: {
      'import.meta.url': JSON.stringify(pathToFileURL(join(root, 'functions/providers/simulator.ts')).href),
    },
    plugins: mutant ? [retries, mutate(mutant)] : [retries],
  });
  return outfile;
}

/** A bundle cannot load the simulators, because their paths are computed and they read files. */
const retries: Plugin = {
  name: 'retries',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]test[/\\]fixtures[/\\]simulators\.ts$/ }, () => {
      const known = Object.entries(simulators).map(([name, { retries: waits }]) => [
        name,
        { retries: waits },
      ]);
      return { contents: `export const simulators = ${JSON.stringify(Object.fromEntries(known))};` };
    });
  },
};

/** Throws if the file does not contain the text exactly once, or is not part of the bundle. */
const mutate = ({ name, file, from, to }: Mutant): Plugin => ({
  name: 'planting',
  setup({ onLoad, onEnd }) {
    let isApplied = false;
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path !== join(root, file)) return undefined;
      const [found, ...others] = findCode(readFileSync(path, 'utf8'), from);
      if (!found || others.length > 0)
        throw new Error(
          `${name}: ${file} has the code ${found ? others.length + 1 : 0} times; expected once`,
        );
      isApplied = true;
      return { contents: found.before + to + found.after, loader: 'ts' };
    });
    onEnd(() => {
      if (!isApplied) throw new Error(`${name}: ${file} is no part of the simulation`);
    });
  },
});

/**
 * Finds a piece of code and returns the code around each occurrence. Comments and line breaks do not count, so that a
 * reworded comment or the formatter does not break a mutant.
 */
export function findCode(
  source: string,
  piece: string,
): { readonly before: string; readonly after: string }[] {
  const code = withoutComments(source);
  const tokens = withoutComments(piece).match(/[\w$]+|\S/g) ?? [];
  const pattern = new RegExp(tokens.map((token) => token.replace(/\W/g, '\\$&')).join('\\s*'), 'g');
  return [...code.matchAll(pattern)].map(({ index, 0: { length } }) => ({
    before: code.slice(0, index),
    after: code.slice(index + length),
  }));
}

export async function loadBundle(file: string): Promise<{ readonly runChunk: typeof runChunk }> {
  return await import(pathToFileURL(file).href);
}
