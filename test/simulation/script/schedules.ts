/** How each provider retries. If no time limit is published, 20 s is assumed. docs/providers has the sources. */
import { simulators } from '../../fixtures/simulators.ts';

interface Response {
  /** The provider's time limit for a response. */
  readonly limitMs: number;
  /** Each wait is multiplied by a random factor from 1 to this. */
  readonly jitter?: number;
  /** The provider retries only these statuses, and not a missing response. */
  readonly retriesOnly?: readonly number[];
}

export interface Schedule extends Response {
  /** Seconds before each retry. */
  readonly waits: readonly number[];
}

const UNPUBLISHED = 20_000;

export const SCHEDULES = {
  stripe: { limitMs: UNPUBLISHED },
  shop: { limitMs: 15_000 },
  paddle: { limitMs: 5_000 },
  fastspring: { limitMs: UNPUBLISHED },
  polar: { limitMs: 10_000, jitter: 2 },
  lemonsqueezy: { limitMs: UNPUBLISHED },
  gumroad: { limitMs: 5_000, retriesOnly: [499, 500, 502, 503, 504] },
  paypal: { limitMs: UNPUBLISHED },
  bluesnap: { limitMs: UNPUBLISHED },
  shopify: { limitMs: 5_000 },
  woocommerce: { limitMs: 60_000 },
} as const satisfies Readonly<Record<string, Response>>;

export type ProviderName = keyof typeof SCHEDULES;
export function scheduleOf(name: ProviderName): Schedule {
  const simulator = simulators[name];
  if (!simulator) throw new Error(`${name} has no simulator that tells its retries`);
  return { ...SCHEDULES[name], waits: simulator.retries ?? [] };
}
