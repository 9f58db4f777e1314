/** `npm run simulate`, described in docs/reliability.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withBarOf } from '../../bin/commands/cli/progress.ts';
import { simulateOverHttp } from './http/http.ts';
import { monthInAShop, printMonth } from './month/month.ts';
import { runMutants } from './mutants/run-mutants.ts';
import { print } from './report.ts';
import { bundle, loadBundle } from './threads/bundle.ts';
import { CHUNK, mergeResults, runAll } from './threads/parallel.ts';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    /** Runs only this chunk and prints each step. */
    chunk: { type: 'string' },
    http: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    month: { type: 'boolean', default: false },
  },
});
const [orders, seed] = [Number(values.orders), Number(values.seed)];
const started = performance.now();
const seconds = () => (performance.now() - started) / 1000;

async function simulated() {
  if (values.http) return await withBarOf((show) => simulateOverHttp({ orders, seed }, show), process.stderr);
  const folder = mkdtempSync(join(tmpdir(), 'keypost-simulation-'));
  try {
    const file = await bundle(folder);
    if (values.chunk !== undefined) {
      // The same bundle as in a complete run, since another compilation orders concurrent work differently.
      const { runChunk } = await loadBundle(file);
      const chunk = { seed, chunk: Number(values.chunk), orders: CHUNK };
      return mergeResults([await runChunk(chunk, (line) => console.log(line))]);
    }
    return await withBarOf((show) => runAll(file, { seed, orders }, show), process.stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (values.month) {
  if (!printMonth(await monthInAShop(seed), console.log)) process.exitCode = 1;
} else if (values.mutants) {
  if (!(await runMutants(seed, console.log))) process.exitCode = 1;
} else {
  const result = await simulated();
  print(result, seed, seconds());
  if (result.violations.length > 0) process.exitCode = 1;
}
