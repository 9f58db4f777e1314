/** Orders through the whole local system, over HTTP, in a process beside this one: as many at once as asked for. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postRequest } from '../../functions/providers/simulate.ts';
import { type Players, playersAt } from '../load/players.ts';
import { startSystem } from '../load/system.ts';
import type { Row } from './report/report.ts';

const AT_ONCE = [1, 4, 16, 64];
const ORDERS = 1_500;
const MOST_AT_ONCE = 64;
const MOST_MS = 1_000;

/** The contender that has just started is measured first. */
export async function localSystemRows(): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'keypost-local-'));
  const system = await startSystem(dataDir);
  try {
    const players = await playersAt(system);
    const rows = [
      row(`the first ${MOST_AT_ONCE} orders, at once`, await orders(players, MOST_AT_ONCE, MOST_AT_ONCE)),
    ];
    for (const atOnce of AT_ONCE) {
      rows.push(row(`orders, ${atOnce} at once`, await orders(players, ORDERS, atOnce)));
    }
    return rows;
  } finally {
    await system.stop();
    rmSync(dataDir, { recursive: true });
  }
}

export interface Answered {
  readonly perSecond: number;
  /** The response times in ascending order. */
  readonly ms: readonly number[];
}

let buyers = 0;

/** New orders, by turns of two providers that ask nothing of an API. Throws if a response is not a success. */
export async function orders(
  { play }: Players,
  count: number,
  atOnce: number,
  done: (part: number) => void = () => undefined,
): Promise<Answered> {
  const ms: number[] = [];
  let left = count;
  const began = performance.now();
  const one = async () => {
    while (left > 0) {
      left -= 1;
      buyers += 1;
      const { address, request } = play(left % 2 ? 'stripe' : 'shop', { event: 'paid', buyer: buyers });
      const sent = performance.now();
      const { status } = await postRequest(address, request);
      if (status !== 200) throw new Error(`an order heard ${status}`);
      ms.push(performance.now() - sent);
      done(ms.length / count);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  const perSecond = (count * 1_000) / (performance.now() - began);
  return { perSecond, ms: ms.sort((one, other) => one - other) };
}

function row(what: string, { perSecond, ms }: Answered): Row {
  const at = (part: number) => ms[Math.floor((ms.length - 1) * part)] ?? Number.NaN;
  const [p50, p95, p99, most] = [at(0.5), at(0.95), at(0.99), at(1)];
  const times = [`p50 ${p50.toFixed(0)}`, `p95 ${p95.toFixed(0)}`, `p99 ${p99.toFixed(0)}`];
  const found = `${perSecond.toFixed(0)}/s; ${times.join(', ')}, at most ${most.toFixed(0)} ms (n = ${ms.length})`;
  return { what, found, promised: `none over ${MOST_MS / 1_000} s`, kept: most <= MOST_MS };
}
