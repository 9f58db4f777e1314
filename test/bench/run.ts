/**
 * `npm run bench`: measures the promised speed on this machine. With `--write` the figures go into
 * docs/performance.md, and those of Lambda's Node into its plot.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drain } from './backlog/drain.ts';
import { buildAll } from './contest/bundles.ts';
import { callsOfAnOrder, moduleLoad } from './contest/cold-starts.ts';
import { starts, textbookCalls, warmOrders } from './contest/contest.ts';
import { firstOrderRows, startRows, textbookCallRows, warmRows } from './contest/contest-rows.ts';
import { canPin, stepAside } from './contest/sandbox.ts';
import { startStubAws } from './contest/stub-aws.ts';
import { localSystemRows } from './local-system.ts';
import { callsOf } from './own-work/one-order.ts';
import { ownWork } from './own-work/own-work.ts';
import { draw } from './report/panels.ts';
import { machine, print, type Report, write } from './report/report.ts';
import { callRows, drainRows, ratioRow, ratioRows, workRows } from './report/rows.ts';
import { serialRows } from './serials.ts';
import { waitingRows } from './waiting.ts';

const ORDERS = 600;
const WARM_ORDERS = 200;
const COLD_STARTS = 31;
const MOST_LOAD = 1.15;
const MOST_OF_UNWARMED = 0.3;
const RATES = [14, 100, 5];
const DUE = 10_000;

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
// First and unpinned: a compiler on the same CPU would distort the measurement.
const work = await ownWork(ORDERS);
const serials = serialRows();
const drains = [];
for (const rate of RATES) drains.push(await drain(DUE, rate));
const local = await localSystemRows();
const waiting = await waitingRows();
stepAside();
const folder = mkdtempSync(join(tmpdir(), 'keypost-bench-'));
const aws = await startStubAws(folder);
try {
  const bundles = await buildAll(folder);
  const stage = { bundles, aws, calls: await callsOf('stripe') };
  const calls = await callsOfAnOrder(bundles, aws);
  const theirs = await textbookCalls(stage);
  const load = await moduleLoad(COLD_STARTS, bundles);
  const at512 = await starts(COLD_STARTS, 512, stage);
  const at256 = await starts(COLD_STARTS, 256, stage);
  const at1024 = await starts(COLD_STARTS, 1_024, stage);
  const warm = await warmOrders(WARM_ORDERS, stage);
  const kilobytes = ({ bytes }: { readonly bytes: number }) => `${Math.round(bytes / 1_000)} KB`;
  const report: Report = {
    sections: [
      { title: 'an order’s own work, CPU', rows: workRows(work) },
      { title: 'serials', rows: serials },
      { title: 'calls to AWS', rows: [...callRows(calls), ...textbookCallRows(calls, theirs)] },
      {
        title: 'cold start',
        rows: [
          ...ratioRows(
            ['module load, nothing warmed', 'module load, the three clients alone'],
            load,
            MOST_LOAD,
          ),
          ratioRow('… and with all that is put off until it is warmed', load.whole, load.others),
          ...firstOrderRows(at256),
          ...firstOrderRows(at512, MOST_OF_UNWARMED),
          ...firstOrderRows(at1024),
          ...startRows(at512),
        ],
      },
      { title: 'warm', rows: warmRows(warm) },
      { title: 'the whole local system, over HTTP', rows: local },
      { title: 'where a person waits or a bill grows', rows: waiting },
      { title: '`redeliver`, a backlog on a virtual clock', rows: drainRows(drains) },
    ],
    notes: [
      `${machine()}.`,
      `Bundles: ours ${kilobytes(bundles.warmed)}, the three clients alone ${kilobytes(bundles.bare)}, the textbook’s ${kilobytes(bundles.textbook)}.`,
      `Cold starts ${canPin ? 'on a CPU of their own' : 'on any CPU (there is no taskset)'}; ` +
        `the share of 512 MB by ${at512.how}; ` +
        `AWS a stub over ${aws.tls ? 'TLS' : 'plain HTTP (there is no openssl)'}.`,
    ],
  };
  print(report);
  if (process.argv.includes('--write')) {
    write(report);
    draw(at512, warm);
  }
} finally {
  aws.stop();
  rmSync(folder, { recursive: true });
}
// The clients of the own work keep their timers.
process.exit(0);
