/** `node --import tsx test/core/order/try-mutants.ts [seed] [histories]`: fails unless each mutant breaks a rule. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { MUTANTS, type Mutant } from './mutants.ts';
import type { firstBroken } from './run-histories.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

async function load(folder: string, mutant: Mutant): Promise<{ readonly firstBroken: typeof firstBroken }> {
  const outfile = join(folder, `${mutant.name.replaceAll(/\W+/g, '-')}.mjs`);
  await build({
    entryPoints: [join(root, 'test/core/order/run-histories.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
    plugins: [mutating(mutant)],
  });
  return await import(pathToFileURL(outfile).href);
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

const [seed = 1, count = 20_000] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'keypost-mutants-'));
try {
  for (const mutant of MUTANTS) {
    const { firstBroken } = await load(folder, mutant);
    const broken = firstBroken(seed * 1_000_000, count);
    if (!broken) process.exitCode = 1;
    const [rule] = (broken?.rule ?? '').split('\n');
    process.stdout.write(`${mutant.name}: ${broken ? `after ${broken.after}, ${rule}` : 'NOT CAUGHT'}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
