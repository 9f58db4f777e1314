/**
 * Each provider's retry schedule. If only the number and the span of the retries are published, the waits grow
 * evenly; if no time limit is published, 20 s is assumed. docs/providers has the sources.
 */
export interface Schedule {
  /** The provider's time limit for a response. */
  readonly limitMs: number;
  /** Seconds before each retry. */
  readonly waits: readonly number[];
  /** Each wait is multiplied by a random factor from 1 to this. */
  readonly jitter?: number;
  /** The provider retries only these statuses, and not a missing response. */
  readonly retriesOnly?: readonly number[];
}

const HOUR = 3_600;
const UNPUBLISHED = 20_000;

/** Waits that double until `tries` of them fill `seconds`. */
function doubling(tries: number, seconds: number): number[] {
  const whole = 2 ** tries - 1;
  return Array.from({ length: tries }, (_, n) => (seconds * 2 ** n) / whole);
}
const evenly = (tries: number, seconds: number) => Array.from({ length: tries }, () => seconds / tries);

export const SCHEDULES = {
  stripe: { limitMs: UNPUBLISHED, waits: doubling(16, 72 * HOUR) },
  shop: {
    limitMs: 15_000,
    waits: [5, 300, 1_800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
  },
  paddle: {
    limitMs: 5_000,
    waits: [...evenly(20, HOUR), ...evenly(27, 23 * HOUR), ...evenly(13, 48 * HOUR)],
  },
  fastspring: {
    limitMs: UNPUBLISHED,
    waits: [1, 2, 4, 6, 6, 6, 24, 24, 24, 24, 24, 24].map((hours) => hours * HOUR),
  },
  polar: { limitMs: 10_000, waits: [4, 8, 16, 32, 64, 128, 256, 512, 600], jitter: 2 },
  lemonsqueezy: { limitMs: UNPUBLISHED, waits: [5, 25, 125] },
  gumroad: { limitMs: 5_000, waits: [60, 180, 600], retriesOnly: [499, 500, 502, 503, 504] },
  paypal: { limitMs: UNPUBLISHED, waits: doubling(25, 72 * HOUR) },
  bluesnap: { limitMs: UNPUBLISHED, waits: evenly(11, 44 * HOUR) },
  shopify: { limitMs: 5_000, waits: doubling(8, 4 * HOUR) },
  woocommerce: { limitMs: 60_000, waits: [] },
} as const satisfies Readonly<Record<string, Schedule>>;

export type ProviderName = keyof typeof SCHEDULES;
export const scheduleOf = (name: ProviderName): Schedule => SCHEDULES[name];
