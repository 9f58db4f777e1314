/** The state that all parts of a simulated world share. */
import type { Clock } from './clock.ts';
import type { FaultProfile } from './fault-profile.ts';
import { type Random, traceHash } from './random.ts';

export interface Sim {
  readonly random: Random;
  readonly clock: Clock;
  readonly faultProfile: FaultProfile;
  /** Adds a step to the trace, which the hash covers. */
  note(what: string): void;
  /** Records a violated invariant. */
  violation(invariant: string, where: string): void;
  count(what: string): void;
  /** Returns the next whole number. */
  number(): number;
}

export interface Violation {
  readonly invariant: string;
  readonly where: string;
  /** Milliseconds after the start. */
  readonly at: number;
}

export const START = Date.parse('2026-11-23T03:00:00Z');

export function createSim(
  { random, clock, faultProfile }: Pick<Sim, 'random' | 'clock' | 'faultProfile'>,
  print?: (line: string) => void,
) {
  const hash = traceHash();
  const counts = new Map<string, number>();
  const violations: Violation[] = [];
  let numbers = 0;
  const sim: Sim = {
    random,
    clock,
    faultProfile,
    note(what) {
      const line = `${clock.now - START} ${what}`;
      hash.add(line);
      print?.(line);
    },
    violation(invariant, where) {
      violations.push({ invariant, where, at: clock.now - START });
      print?.(`${clock.now - START} VIOLATED ${invariant}: ${where}`);
    },
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    number() {
      numbers += 1;
      return numbers;
    },
  };
  return { sim, counts, violations, hash: hash.value };
}
