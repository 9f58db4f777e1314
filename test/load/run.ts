/** `npm run load`: sends ten minutes of mixed traffic to the local system, or `--minutes N`, and checks the result. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withBarOf } from '../../bin/commands/cli/progress.ts';
import { machine, print, type Row } from '../bench/report/report.ts';
import { finishedOrders, ordersRows } from './checks.ts';
import { drive, type Heard } from './drive.ts';
import { watchMemory } from './memory.ts';
import { playersAt } from './players.ts';
import { startSystem } from './system.ts';
import { traffic } from './traffic.ts';

const { minutes } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } }).values;
const seconds = Number(minutes) * 60;
const AT_ONCE = 64;
/** Two thirds of them make a mail, of which a local account may send 200 a second. */
const PER_SECOND = 100;
const MOST_GROWTH = 0.15;

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
const dataDir = mkdtempSync(join(tmpdir(), 'keypost-load-'));
try {
  const system = await startSystem(dataDir);
  const { next } = traffic(await playersAt(system), system.page);
  const memory = watchMemory(system);
  const heard: Heard[] = [];
  const began = Date.now();
  await withBarOf(
    (show) =>
      drive({ perSecond: PER_SECOND, seconds, atOnce: AT_ONCE }, next, (one) => {
        heard.push(one);
        show((Date.now() - began) / (seconds * 1_000));
      }),
    process.stdout,
  );
  memory.stop();
  const orders = await finishedOrders(system.page);
  await system.stop();
  const rows = [...answerRows(heard), ...ordersRows(heard, orders, dataDir), memoryRow(memory)];
  const title = `mixed traffic, ${minutes} minutes at ${PER_SECOND} requests a second`;
  print({ sections: [{ title, rows }], notes: [`${machine()}.`] });
  process.exitCode = rows.every(({ kept }) => kept !== false) ? 0 : 1;
} finally {
  rmSync(dataDir, { recursive: true });
}

function answerRows(heard: readonly Heard[]): Row[] {
  const ms = heard.map((one) => one.ms).sort((one, other) => one - other);
  const at = (part: number) => `${(ms[Math.floor((ms.length - 1) * part)] ?? 0).toFixed(0)} ms`;
  const kinds = new Map<string, number>();
  for (const { kind } of heard) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const wrong = heard.filter(({ status, expected }) => status !== expected);
  const shown = wrong.slice(0, 5).map(({ kind, key, status }) => `${kind} ${key} heard ${status}`);
  return [
    { what: 'requests', found: [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ') },
    { what: 'answered in', found: `p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, at most ${at(1)}` },
    {
      what: 'answers that are not as expected',
      found: [`${wrong.length} of ${heard.length}`, ...shown].join('; '),
      promised: 'none',
      kept: wrong.length === 0 && heard.length > 0,
    },
  ];
}

function memoryRow(memory: ReturnType<typeof watchMemory>): Row {
  const { before, after } = memory.plateau();
  const growth = after / before - 1;
  return {
    what: 'memory, from the second quarter to the second half',
    found: `${before.toFixed(0)} to ${after.toFixed(0)} MB (${(growth * 100).toFixed(0)} %), at most ${memory.most().toFixed(0)} MB`,
    promised: `at most ${MOST_GROWTH * 100} % more`,
    kept: growth <= MOST_GROWTH,
  };
}
