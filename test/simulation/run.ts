/** `npm run simulate`: what docs/reliability.md tells of. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withBarOf } from '../../bin/commands/cli/progress.ts';
import { bundled } from './bundle.ts';
import { runChunk } from './chunk.ts';
import { simulateOverHttp } from './http.ts';
import { plantAll } from './planted.ts';
import { CHUNK, merged, runAll } from './pool.ts';
import { print } from './report.ts';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    /** Only this one, each of its steps told. */
    chunk: { type: 'string' },
    http: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
  },
});
const [orders, seed] = [Number(values.orders), Number(values.seed)];
const started = performance.now();
const seconds = () => (performance.now() - started) / 1000;

async function simulated() {
  if (values.http) return await withBarOf((show) => simulateOverHttp({ orders, seed }, show), process.stderr);
  if (values.chunk !== undefined) {
    const chunk = { seed, chunk: Number(values.chunk), orders: CHUNK };
    return merged([await runChunk(chunk, (line) => console.log(line))]);
  }
  const folder = mkdtempSync(join(tmpdir(), 'keypost-simulation-'));
  try {
    const file = await bundled(folder);
    return await withBarOf((show) => runAll(file, { seed, orders }, show), process.stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (values.planted) {
  if (!(await plantAll(seed, console.log))) process.exitCode = 1;
} else {
  const result = await simulated();
  print(result, seed, seconds());
  if (result.broken.length > 0) process.exitCode = 1;
}
