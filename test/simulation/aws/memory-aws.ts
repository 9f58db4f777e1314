/** AWS in memory, on a virtual clock. Each call can fail in every way. */
import type { Queue } from '../../../functions/core/mail/redeliver.ts';
import { type Process, sleep } from '../processes/process.ts';
import type { Sim } from '../world/sim.ts';
import type { Aws, Parts } from '../world/world.ts';
import { attempts, call } from './calls.ts';
import { eventsOf } from './events.ts';
import { sesOf } from './ses.ts';
import { type Table, tableOf } from './table.ts';

const CALL_MS = 3_000;

export function memoryAws(sim: Sim, { watcher, history, keys, handle }: Parts): Aws {
  const table = tableOf(sim, watcher);
  return {
    ...table,
    takesMails: true,
    mailerOf: sesOf(sim, history, eventsOf(sim, handle)),
    secretsOf: keys.secretsOf,
    queueOf: queues(sim, table),
  };
}

/** A queue like that of functions/aws/dynamodb/queue.ts, with one lease for all runs. */
function queues(sim: Sim, table: Table) {
  const lease = { owner: '', until: 0 };
  const rate = sim.random.pick([1, 14, 100]);
  return (process: Process): Queue => {
    const hold = (now: number, until: number) =>
      attempts(sim, process, 'hold', CALL_MS, () => {
        if (lease.until >= now && lease.owner !== process.id) return false;
        Object.assign(lease, { owner: process.id, until });
        return true;
      });
    return {
      hold,
      release: async (now) => void (await hold(now, 0)),
      due: (now, limit) => attempts(sim, process, 'due', CALL_MS, () => table.dueKeys(now, limit)),
      // Falls back to a low rate if SES does not answer.
      rate: () =>
        call(sim, process, { service: 'ses', what: 'quota', limit: CALL_MS }, () => rate).catch(() => 1),
      sleep: (ms) => sleep(sim, process, ms),
    };
  };
}
