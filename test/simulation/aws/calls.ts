/** A process's calls to AWS. Each call can fail in every way. */

import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import { goOn, kill, type Process } from '../processes/process.ts';
import type { Outage, Service } from '../world/fault-profile.ts';
import type { Sim } from '../world/sim.ts';

/** The error that the SDK throws. Its kind decides whether the SDK retries. */
export class Fault extends Error {
  readonly kind: 'error' | 'lost' | 'hang' | 'throttled' | 'denied';
  constructor(kind: Fault['kind']) {
    super(kind);
    this.name = `Simulated_${kind}`;
    this.kind = kind;
  }
}

/** Each error is created once, because a stack trace costs more than the rest of a call. */
const FAULTS = {
  error: new Fault('error'),
  lost: new Fault('lost'),
  hang: new Fault('hang'),
  throttled: new Fault('throttled'),
  denied: new Fault('denied'),
};

/** The API of a provider. A call may fail midway; then the notification is answered with 503 and sent again. */
export async function askApi(sim: Sim, process: Process): Promise<string> {
  try {
    return await call(sim, process, { service: 'network', what: 'ask', limit: API_MS }, () => '{}');
  } catch {
    throw new Rejection('provider_unavailable', 'the API of the provider has not answered');
  }
}
const API_MS = 1_500;

type Outcome =
  | 'ok'
  | Outage
  | 'lost'
  | 'hang, done'
  | 'hang, done late'
  | 'die'
  | 'die, done'
  | 'die, done late';
const OUTCOMES: readonly [Outcome, ...Outcome[]] = [
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
/** A request can still take effect this long after its caller has timed out. */
const LATEST_MS = 5_000;

/** Makes one call of at most `limit` ms. Its effect happens at one moment or never. */
export function call<Result>(
  sim: Sim,
  process: Process,
  { service, what, limit }: { readonly service: Service; readonly what: string; readonly limit: number },
  effect: () => Result,
): Promise<Result> {
  const { random, clock } = sim;
  return new Promise((resolve, reject) => {
    if (!process.alive) return;
    const outcome = outcomeOf(sim, service);
    sim.note(`${process.id} ${what} ${outcome}`);
    if (outcome !== 'ok') sim.count(`fault ${service} ${outcome}`);
    const took = random.chance(0.97) ? 2 + random.below(20) : random.below(900);
    const after = (ms: number, then: () => void) => clock.at(clock.now + ms, () => goOn(process, then));
    const happens = (ms: number) => clock.at(clock.now + ms, () => quietly(effect));
    const finish = () => {
      try {
        resolve(effect());
      } catch (error) {
        reject(error);
      }
    };
    switch (outcome) {
      case 'ok':
        if (took <= limit) return after(took, finish);
        happens(took);
        return after(limit, () => reject(FAULTS.hang));
      case 'lost':
        happens(took);
        return after(took, () => reject(FAULTS[outcome]));
      case 'error':
      case 'throttled':
      case 'denied':
        return after(took, () => reject(FAULTS[outcome]));
      case 'hang':
        return after(limit, () => reject(FAULTS[outcome]));
      case 'hang, done':
      case 'hang, done late':
        happens(outcome === 'hang, done' ? random.below(limit) : limit + random.below(LATEST_MS));
        return after(limit, () => reject(FAULTS.hang));
      case 'die':
        return kill(sim, process);
      case 'die, done':
      case 'die, done late':
        happens(random.below(outcome === 'die, done' ? 20 : LATEST_MS));
        return kill(sim, process);
    }
  });
}

function outcomeOf({ faultProfile, random, clock }: Sim, service: Service): Outcome {
  const outage = faultProfile.outage(service, clock.now);
  if (outage) return outage;
  return random.chance(faultProfile.faults(clock.now)) ? random.pick(OUTCOMES) : 'ok';
}

/** Runs an effect whose result is discarded. */
function quietly(effect: () => unknown): void {
  try {
    effect();
  } catch (error) {
    if (error !== NO) throw error;
  }
}

/** A negative answer, not a fault: a condition does not hold, or an address is refused. */
class No extends Error {}
export const NO = new No('no');

const ATTEMPTS = 3;
const ATTEMPT_MS = 1_000;

/** Retries like the SDK for DynamoDB: three attempts, each with its own limit, all within `limit`. */
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
