/** What every part of a simulated world shares. */
import type { Clock } from './clock.ts';
import { type Random, traceHash } from './random.ts';
import type { Weather } from './weather.ts';

export interface Sim {
  readonly random: Random;
  readonly clock: Clock;
  readonly weather: Weather;
  /** What has happened; part of the hash. */
  note(what: string): void;
  /** A promise that was broken. */
  broke(promise: string, where: string): void;
  count(what: string): void;
  /** The next whole number. */
  number(): number;
}

export interface Broken {
  readonly promise: string;
  readonly where: string;
  /** Milliseconds after the start. */
  readonly at: number;
}

export const START = Date.parse('2026-11-23T03:00:00Z');

export function simulated(
  { random, clock, weather }: Pick<Sim, 'random' | 'clock' | 'weather'>,
  print?: (line: string) => void,
) {
  const hash = traceHash();
  const counts = new Map<string, number>();
  const broken: Broken[] = [];
  let numbers = 0;
  const sim: Sim = {
    random,
    clock,
    weather,
    note(what) {
      const line = `${clock.now - START} ${what}`;
      hash.add(line);
      print?.(line);
    },
    broke(promise, where) {
      broken.push({ promise, where, at: clock.now - START });
      print?.(`${clock.now - START} BROKEN ${promise}: ${where}`);
    },
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    number() {
      numbers += 1;
      return numbers;
    },
  };
  return { sim, counts, broken, hash: hash.value };
}
