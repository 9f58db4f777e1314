/** Processes that can die or be frozen between any two steps. */

import type { Sim } from '../world/sim.ts';

export interface Process {
  readonly id: string;
  /** The drift of its clock in milliseconds. */
  readonly drift: number;
  alive: boolean;
  /** A Lambda is frozen after its response. Unfinished work continues with the next request. */
  frozen: boolean;
  readonly parked: (() => void)[];
  /** True once the request has been verified. */
  verified: boolean;
  readonly ends: (() => void)[];
}

export function processOf(sim: Sim, kind: string): Process {
  const { drift } = sim.faultProfile;
  return {
    id: `${kind}${sim.number()}`,
    drift: sim.random.between(-drift, drift),
    alive: true,
    frozen: false,
    parked: [],
    verified: false,
    ends: [],
  };
}

export function kill(sim: Sim, process: Process): void {
  if (!process.alive) return;
  process.alive = false;
  sim.count('deaths');
  sim.note(`${process.id} dies`);
  for (const end of process.ends) end();
}

export const nowOf = (sim: Sim, { drift }: Process): number => sim.clock.now + drift;

/** Continues a process's work if it is alive. A frozen process continues later. */
export function goOn(process: Process, then: () => void): void {
  if (!process.alive) return;
  if (process.frozen) process.parked.push(then);
  else then();
}

export function thaw(process: Process): void {
  process.frozen = false;
  for (const then of process.parked.splice(0)) then();
}

/** @param ms of true time, which a frozen process does not notice. */
export const sleep = (sim: Sim, process: Process, ms: number): Promise<void> =>
  new Promise((resolve) => sim.clock.at(sim.clock.now + Math.ceil(ms), () => goOn(process, resolve)));
