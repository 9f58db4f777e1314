/** How often calls fail, and when a whole service is out: drawn once for each world. */
import type { Random } from './random.ts';

export type Service = 'dynamodb' | 'ses' | 'secrets' | 'network';
export type Outage = 'throttled' | 'error' | 'hang' | 'denied';

export interface Weather {
  /** The share of calls that fail, at that time. */
  faults(time: number): number;
  outage(service: Service, time: number): Outage | undefined;
  /** How far a process's clock may be off, in milliseconds. */
  readonly drift: number;
  /** How much later than it happened a write may be seen, by who looks on. */
  readonly seenWithin: number;
  /** From then on nothing fails. */
  readonly quietFrom: number;
  /** Orders come until then. */
  readonly salesUntil: number;
  /** When the product keys are replaced, the signing keys doubled, and the old one dropped. */
  readonly keysRenewed: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Spell {
  readonly service: Service;
  readonly from: number;
  readonly until: number;
  readonly how: Outage;
}

export function weatherOf(random: Random, start: number): Weather {
  const rate = random.pick([0.002, 0.002, 0.02, 0.02, 0.02, 0.05, 0.1, 0.3]);
  const salesUntil = start + random.pick([20 * MINUTE, 2 * HOUR, 6 * HOUR]);
  const spells: Spell[] = [];
  const add = (service: Service, from: number, length: number, hows: readonly [Outage, ...Outage[]]) =>
    spells.push({ service, from, until: from + length, how: random.pick(hows) });
  const spell = (service: Service, p: number, longest: number, hows: readonly [Outage, ...Outage[]]) => {
    if (random.chance(p))
      add(service, start + random.below(salesUntil - start), random.between(MINUTE, longest), hows);
  };
  spell('ses', 0.2, HOUR, ['throttled', 'error', 'hang', 'denied']);
  spell('ses', 0.04, 10 * HOUR, ['throttled', 'error', 'denied']);
  spell('dynamodb', 0.1, 20 * MINUTE, ['throttled', 'error', 'hang', 'denied']);
  spell('dynamodb', 0.02, 8 * HOUR, ['throttled', 'error']);
  spell('secrets', 0.1, 2 * HOUR, ['error', 'hang', 'denied']);
  spell('network', 0.05, HOUR, ['error', 'hang']);
  // Longer than a mail may wait. It hits the last tenth of the orders: each of them is tried some three hundred times.
  const last = salesUntil - (salesUntil - start) / 10;
  if (random.chance(0.02)) add('ses', last, random.between(60 * HOUR, 100 * HOUR), ['throttled', 'denied']);
  const quietFrom = Math.max(salesUntil + 4 * HOUR, ...spells.map(({ until }) => until));
  return {
    faults: (time) => (time < quietFrom ? rate : 0),
    outage: (service, time) =>
      spells.find((one) => one.service === service && one.from <= time && time < one.until)?.how,
    drift: random.chance(0.15) ? 45_000 : 2_000,
    seenWithin: 0,
    quietFrom,
    salesUntil,
    keysRenewed: start + random.below(salesUntil - start),
  };
}
