/** Processes that may die, or be frozen, between any two steps. */

import type { Sim } from './sim.ts';

export interface Process {
  readonly id: string;
  /** How far its clock is ahead. */
  readonly drift: number;
  alive: boolean;
  /** A Lambda that has answered stands still until its next request; what it had begun goes on then. */
  frozen: boolean;
  readonly parked: (() => void)[];
  /** Whether what it works on was found authentic. */
  verified: boolean;
  readonly ends: (() => void)[];
}

export function processOf(sim: Sim, kind: string): Process {
  const { drift } = sim.weather;
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

/** Goes on with a process's work, if it lives; a frozen one's waits. */
export function goOn(process: Process, then: () => void): void {
  if (!process.alive) return;
  if (process.frozen) process.parked.push(then);
  else then();
}

export function thaw(process: Process): void {
  process.frozen = false;
  for (const then of process.parked.splice(0)) then();
}

/** @param ms of real time; what a process sleeps through it never knows. */
export const sleep = (sim: Sim, process: Process, ms: number): Promise<void> =>
  new Promise((resolve) => sim.clock.at(sim.clock.now + Math.ceil(ms), () => goOn(process, resolve)));
