/** The histories as one file, built from the sources or with one mutant in them: vitest's own modules run at a third of the speed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { Mutant } from './mutants.ts';
import type { firstBroken } from './run-histories.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export async function loadHistories(mutant?: Mutant): Promise<{ readonly firstBroken: typeof firstBroken }> {
  const folder = mkdtempSync(join(tmpdir(), 'keypost-histories-'));
  const outfile = join(folder, 'histories.mjs');
  try {
    await build({
      entryPoints: [join(root, 'test/core/order/run-histories.ts')],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'error',
      plugins: mutant ? [mutating(mutant)] : [],
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const mutating = ({ name, file, from, to }: Mutant): Plugin => ({
  name: 'mutating',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path !== join(root, file)) return undefined;
      const parts = readFileSync(path, 'utf8').split(from);
      if (parts.length !== 2) throw new Error(`${name}: ${file} has the text ${parts.length - 1} times`);
      return { contents: parts.join(to), loader: 'ts' };
    });
  },
});
