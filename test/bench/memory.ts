/** Measures the memory of the local system over 100,000 orders, or `--orders N`: `node --import tsx test/bench/memory.ts`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withBarOf } from '../../bin/commands/cli/progress.ts';
import { playersAt } from '../load/players.ts';
import { startSystem } from '../load/system.ts';
import { orders } from './local-system.ts';
import { machine, print, type Row } from './report/report.ts';

const { orders: count } = parseArgs({ options: { orders: { type: 'string', default: '100000' } } }).values;
const PARTS = 10;
const AT_ONCE = 16;

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
const dataDir = mkdtempSync(join(tmpdir(), 'keypost-memory-'));
const system = await startSystem(dataDir);
try {
  const players = await playersAt(system);
  const rows: Row[] = [
    { what: 'before the first order', found: `${(await system.megabytes()).toFixed(0)} MB` },
  ];
  await withBarOf(async (show) => {
    const each = Number(count) / PARTS;
    for (let part = 0; part < PARTS; part += 1) {
      const { perSecond } = await orders(players, each, AT_ONCE, (done) => show((part + done) / PARTS));
      const found = `${(await system.megabytes()).toFixed(0)} MB, ${perSecond.toFixed(0)} orders a second`;
      rows.push({ what: `after ${each * (part + 1)} orders`, found });
    }
  }, process.stdout);
  const title = `memory of the local system, ${AT_ONCE} orders at once`;
  print({ sections: [{ title, rows }], notes: [`${machine()}.`] });
} finally {
  await system.stop();
  rmSync(dataDir, { recursive: true });
}
