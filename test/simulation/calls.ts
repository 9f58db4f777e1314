/** The calls of a process, each of which may fail in every way. */
import { goOn, kill, type Process } from './process.ts';
import type { Sim } from './sim.ts';
import type { Outage, Service } from './weather.ts';

/** What the SDK throws: whether it tries again, and whether the service surely did nothing. */
export class Fault extends Error {
  readonly kind: 'error' | 'lost' | 'hang' | 'throttled' | 'denied';
  constructor(kind: Fault['kind']) {
    super(kind);
    this.name = `Simulated_${kind}`;
    this.kind = kind;
  }
}

/** One of each, since a stack costs more than the rest of a call. */
const FAULTS = {
  error: new Fault('error'),
  lost: new Fault('lost'),
  hang: new Fault('hang'),
  throttled: new Fault('throttled'),
  denied: new Fault('denied'),
};

type Fate =
  | 'ok'
  | Outage
  | 'lost'
  | 'hang, done'
  | 'hang, done late'
  | 'die'
  | 'die, done'
  | 'die, done late';
const FATES: readonly [Fate, ...Fate[]] = [
  'error',
  'lost',
  'throttled',
  'denied',
  'hang',
  'hang, done',
  'hang, done late',
  'die',
  'die, done',
  'die, done late',
];
/** What is still on the wire when nobody waits for it any more. */
const LATEST_MS = 5_000;

/** One call, at most `limit` ms long: what it does, it does at one moment, or never. */
export function call<Result>(
  sim: Sim,
  process: Process,
  { service, what, limit }: { readonly service: Service; readonly what: string; readonly limit: number },
  effect: () => Result,
): Promise<Result> {
  const { random, clock } = sim;
  return new Promise((resolve, reject) => {
    if (!process.alive) return;
    const fate = fateOf(sim, service);
    sim.note(`${process.id} ${what} ${fate}`);
    if (fate !== 'ok') sim.count(`fault ${service} ${fate}`);
    const took = random.chance(0.97) ? 2 + random.below(20) : random.below(900);
    const after = (ms: number, then: () => void) => clock.at(clock.now + ms, () => goOn(process, then));
    const happens = (ms: number) => clock.at(clock.now + ms, () => quietly(effect));
    const settle = () => {
      try {
        resolve(effect());
      } catch (error) {
        reject(error);
      }
    };
    switch (fate) {
      case 'ok':
        if (took <= limit) return after(took, settle);
        happens(took);
        return after(limit, () => reject(FAULTS.hang));
      case 'lost':
        happens(took);
        return after(took, () => reject(FAULTS[fate]));
      case 'error':
      case 'throttled':
      case 'denied':
        return after(took, () => reject(FAULTS[fate]));
      case 'hang':
        return after(limit, () => reject(FAULTS[fate]));
      case 'hang, done':
      case 'hang, done late':
        happens(fate === 'hang, done' ? random.below(limit) : limit + random.below(LATEST_MS));
        return after(limit, () => reject(FAULTS.hang));
      case 'die':
        return kill(sim, process);
      case 'die, done':
      case 'die, done late':
        happens(random.below(fate === 'die, done' ? 20 : LATEST_MS));
        return kill(sim, process);
    }
  });
}

function fateOf({ weather, random, clock }: Sim, service: Service): Fate {
  const outage = weather.outage(service, clock.now);
  if (outage) return outage;
  return random.chance(weather.faults(clock.now)) ? random.pick(FATES) : 'ok';
}

/** Nobody waits for the answer, whatever it is. */
function quietly(effect: () => unknown): void {
  try {
    effect();
  } catch (error) {
    if (error !== NO) throw error;
  }
}

/** An answer, no fault: a condition does not hold, an address is refused. */
class No extends Error {}
export const NO = new No('no');

const ATTEMPTS = 3;
const ATTEMPT_MS = 1_000;

/** As the SDK does for DynamoDB: three attempts, each with its own limit, all within `limit`. */
export async function attempts<Result>(
  sim: Sim,
  process: Process,
  what: string,
  limit: number,
  effect: () => Result,
): Promise<Result> {
  const end = sim.clock.now + limit;
  for (let n = 1; ; n += 1) {
    try {
      const left = Math.max(1, Math.min(ATTEMPT_MS, end - sim.clock.now));
      return await call(sim, process, { service: 'dynamodb', what, limit: left }, effect);
    } catch (error) {
      const again = error instanceof Fault && error.kind !== 'denied';
      if (!again || n === ATTEMPTS || sim.clock.now >= end) throw error;
    }
  }
}
