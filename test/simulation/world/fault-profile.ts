/** The fault rate and the outages of a world, drawn once for each. */
import type { Random } from './random.ts';

export type Service = 'dynamodb' | 'ses' | 'secrets' | 'network';
export type Outage = 'throttled' | 'error' | 'hang' | 'denied';

export interface FaultProfile {
  /** The share of calls that fail at `time`. */
  faults(time: number): number;
  outage(service: Service, time: number): Outage | undefined;
  /** The largest drift of a process's clock, in milliseconds. */
  readonly drift: number;
  /** The longest delay before the simulation sees a write, in milliseconds. */
  readonly seenWithin: number;
  /** The end of all faults. */
  readonly quietFrom: number;
  /** The end of all sales. */
  readonly salesUntil: number;
  /** The time at which the product keys are renewed and the signing keys are rotated. */
  readonly keysRenewed: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface OutagePeriod {
  readonly service: Service;
  readonly from: number;
  readonly until: number;
  readonly how: Outage;
}

export function drawFaultProfile(random: Random, start: number): FaultProfile {
  const rate = random.pick([0.002, 0.002, 0.02, 0.02, 0.02, 0.05, 0.1, 0.3]);
  const salesUntil = start + random.pick([20 * MINUTE, 2 * HOUR, 6 * HOUR]);
  const periods: OutagePeriod[] = [];
  const add = (service: Service, from: number, length: number, hows: readonly [Outage, ...Outage[]]) =>
    periods.push({ service, from, until: from + length, how: random.pick(hows) });
  const maybeAdd = (service: Service, p: number, longest: number, hows: readonly [Outage, ...Outage[]]) => {
    if (random.chance(p))
      add(service, start + random.below(salesUntil - start), random.between(MINUTE, longest), hows);
  };
  maybeAdd('ses', 0.2, HOUR, ['throttled', 'error', 'hang', 'denied']);
  maybeAdd('ses', 0.04, 10 * HOUR, ['throttled', 'error', 'denied']);
  maybeAdd('dynamodb', 0.1, 20 * MINUTE, ['throttled', 'error', 'hang', 'denied']);
  maybeAdd('dynamodb', 0.02, 8 * HOUR, ['throttled', 'error']);
  maybeAdd('secrets', 0.1, 2 * HOUR, ['error', 'hang', 'denied']);
  maybeAdd('network', 0.05, HOUR, ['error', 'hang']);
  // An outage longer than a mail may wait. It covers only the last tenth of the orders, and SES is tried thousands of times.
  const last = salesUntil - (salesUntil - start) / 10;
  if (random.chance(0.005)) add('ses', last, random.between(60 * HOUR, 100 * HOUR), ['throttled', 'denied']);
  const quietFrom = Math.max(salesUntil + 4 * HOUR, ...periods.map(({ until }) => until));
  return {
    faults: (time) => (time < quietFrom ? rate : 0),
    outage: (service, time) =>
      periods.find((one) => one.service === service && one.from <= time && time < one.until)?.how,
    drift: random.chance(0.15) ? 45_000 : 2_000,
    seenWithin: 0,
    quietFrom,
    salesUntil,
    keysRenewed: start + random.below(salesUntil - start),
  };
}
