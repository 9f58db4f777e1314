/**
 * `npm run bench`: what was promised of speed, measured here and now. With `--write` the figures go into
 * docs/performance.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll } from './bundles.ts';
import { callsOfAnOrder, firstOrder, moduleLoad } from './cold-starts.ts';
import { ownWork } from './own-work.ts';
import { machine, print, write } from './report.ts';
import { callRows, ratioRows, workRows } from './rows.ts';
import { canPin, stepAside } from './sandbox.ts';
import { serialRows } from './serials.ts';
import { startStubAws } from './stub-aws.ts';

const ORDERS = 2_000;
const COLD_STARTS = 41;
const MEGABYTES = 512;
const MOST_LOAD = 1.25;
const MOST_FIRST = 0.3;

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
// First and unpinned: a compiler that has to share the CPU with what it compiles is not what is measured.
const work = await ownWork(ORDERS);
stepAside();
const folder = mkdtempSync(join(tmpdir(), 'keypost-bench-'));
const aws = await startStubAws(folder);
try {
  const bundles = await buildAll(folder);
  const calls = await callsOfAnOrder(bundles, aws);
  const load = await moduleLoad(COLD_STARTS, bundles);
  const first = await firstOrder(COLD_STARTS, MEGABYTES, bundles, aws);

  const rows = [
    ...workRows(work),
    ...serialRows(),
    ...callRows(calls),
    ...ratioRows(['module load, nothing warmed', 'module load, the three clients alone'], load, MOST_LOAD),
    ...ratioRows(
      [`first order at ${MEGABYTES} MB, warmed`, `first order at ${MEGABYTES} MB, unwarmed`],
      first,
      MOST_FIRST,
    ),
  ];
  const kilobytes = ({ bytes }: { readonly bytes: number }) => `${Math.round(bytes / 1_000)} KB`;
  const notes = [
    `${machine()}.`,
    `Bundles: ours ${kilobytes(bundles.warmed)}, the three clients alone ${kilobytes(bundles.bare)}.`,
    `Cold starts ${canPin ? 'on a CPU of their own' : 'on any CPU (there is no taskset)'}; ` +
      `the share of ${MEGABYTES} MB by ${first.how}; ` +
      `AWS a stub over ${aws.tls ? 'TLS' : 'plain HTTP (there is no openssl)'}.`,
  ];
  print(rows, notes);
  if (process.argv.includes('--write')) write(rows, notes);
} finally {
  aws.stop();
  rmSync(folder, { recursive: true });
}
// The clients of the own work keep their timers.
process.exit(0);
