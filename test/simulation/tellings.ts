/** The providers' side: each notification is repeated until success is heard or its schedule ends. */
import type { WebhookRequest } from '../../functions/core/inbound/request.ts';
import type { Fact } from './plot.ts';
import { bodyOf, signed } from './requests.ts';
import { type ProviderName, scheduleOf } from './schedules.ts';
import { FORGED } from './secrets.ts';
import type { Sim } from './sim.ts';

export interface Telling {
  readonly id: string;
  readonly provider: ProviderName;
  readonly facts: readonly Fact[];
  /** In place of the facts: authentic, and not as documented. */
  readonly text?: string;
  answered?: boolean;
  heard?: boolean;
  gaveUp?: boolean;
}

type Post = (name: ProviderName, request: WebhookRequest, answered: (status: number) => void) => void;

/** Longer ago than any clock here can hide. */
const STALE_MS = 400_000;

export function tellerOf(sim: Sim, post: Post, signingKey: () => string) {
  const { random, clock } = sim;
  const after = (ms: number, then: () => void) => clock.at(clock.now + ms, then);

  /** One try; calls back once, with our status, or undefined where no answer came in time. */
  function attempt(
    telling: Telling,
    request: WebhookRequest,
    over: (status: number | undefined) => void,
  ): void {
    let open = true;
    const end = (status: number | undefined) => {
      if (open) over(status);
      open = false;
    };
    const { provider } = telling;
    const lost = () =>
      sim.weather.outage('network', clock.now) !== undefined || random.chance(sim.weather.faults(clock.now));
    after(scheduleOf(provider).limitMs, () => end(undefined));
    const copies = random.chance(0.05) ? 2 : 1;
    for (let n = 0; n < copies; n += 1) {
      if (lost()) continue;
      after(delay(), () =>
        post(provider, request, (status) => {
          if (status === 200) succeeded(telling);
          if (status === 401) sim.broke('what is authentic is not refused', telling.id);
          if (!lost()) after(delay(), () => end(status));
        }),
      );
    }
  }
  const delay = () => (random.chance(0.99) ? random.between(5, 200) : random.between(200, 200_000));

  function succeeded(telling: Telling): void {
    telling.answered = true;
    for (const fact of telling.facts) fact.answeredAt ??= clock.now;
  }

  function tell(telling: Telling, tries = 0): void {
    const { provider, facts, text } = telling;
    const body =
      text ??
      bodyOf(
        provider,
        facts.map(({ event }) => event),
        clock.now,
      );
    const request = signed(provider, body, signingKey(), { at: clock.now, id: telling.id });
    for (const fact of facts) fact.toldAt ??= clock.now;
    sim.count('deliveries');
    sim.note(`${provider} tells ${telling.id} ${tries}`);
    if (random.chance(0.02))
      after(STALE_MS + random.below(STALE_MS), () => refusedOnly(provider, request, 'replayed'));
    attempt(telling, request, (status) => {
      if (status === 200) heard(telling);
      else again(telling, status, tries);
    });
  }

  function heard(telling: Telling): void {
    telling.heard = true;
    if (random.chance(0.1)) after(random.below(random.chance(0.5) ? 5_000 : 90_000_000), () => tell(telling));
  }

  function again(telling: Telling, status: number | undefined, tries: number): void {
    const { waits, jitter = 1, retriesOnly } = scheduleOf(telling.provider);
    const wait = waits[tries];
    const worth = retriesOnly === undefined || (status !== undefined && retriesOnly.includes(status));
    if (wait !== undefined && worth)
      after(Math.round(wait * 1_000 * (1 + random.next() * (jitter - 1))), () => tell(telling, tries + 1));
    else if (!telling.heard) telling.gaveUp = true;
  }

  function refusedOnly(provider: ProviderName, request: WebhookRequest, what: string): void {
    sim.count(`${what} requests`);
    post(provider, request, (status) => {
      if (status === 200) sim.broke(`what is ${what} is refused`, provider);
    });
  }

  return {
    tell,
    /** Somebody else's: an order that nobody has placed. */
    forge(provider: ProviderName, fact: Fact): void {
      const body = bodyOf(provider, [fact.event], clock.now);
      refusedOnly(provider, signed(provider, body, FORGED, { at: clock.now, id: 'forged' }), 'forged');
    },
  };
}
