/** Runs `redeliver` in each minute in which an order is due. As on AWS, runs can overlap. */
import { RUN_MS, redeliver } from '../../../functions/core/mail/redeliver.ts';
import type { Ports } from '../../../functions/core/world.ts';
import { type Sim, START } from '../world/sim.ts';
import type { Aws } from '../world/world.ts';
import { kill, nowOf, type Process, processOf } from './process.ts';

const MINUTE = 60_000;
const LAMBDA_MS = 15 * MINUTE;

export function startRuns(sim: Sim, aws: Aws, portsOf: (process: Process) => Ports): void {
  const planned = new Set<number>();
  function run(): void {
    const process = processOf(sim, 'r');
    process.verified = true;
    sim.count('runs of redeliver');
    const ports = portsOf(process);
    let over = false;
    const end = (how: string) => {
      over = true;
      sim.note(`${process.id} ${how}`);
    };
    sim.clock.at(sim.clock.now + LAMBDA_MS, () => {
      if (!over) kill(sim, process);
    });
    // The run of the next minute continues after a failed run.
    redeliver(ports, aws.queueOf(process), nowOf(sim, process) + RUN_MS).then(
      () => end('is done'),
      () => end('has failed'),
    );
  }

  function plan(at: number): void {
    const minute = Math.ceil((Math.max(at, sim.clock.now + 1) - START) / MINUTE);
    if (planned.has(minute)) return;
    planned.add(minute);
    sim.clock.at(START + minute * MINUTE, () => {
      planned.delete(minute);
      const earliest = Math.min(...[...aws.due.values()].map((entry) => entry.at));
      if (earliest <= sim.clock.now + sim.faultProfile.drift) run();
      if (earliest < Number.POSITIVE_INFINITY) plan(earliest);
    });
  }
  aws.onDue(plan);
}
