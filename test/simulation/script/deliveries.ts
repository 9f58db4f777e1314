/** The providers' side: a notification is retried until it is acknowledged or its schedule ends. */
import type { WebhookRequest } from '../../../functions/core/inbound/request.ts';
import { FORGED } from '../aws/secrets.ts';
import type { Sim } from '../world/sim.ts';
import type { Fact } from './order-script.ts';
import { bodyOf, signed } from './requests.ts';
import { type ProviderName, scheduleOf } from './schedules.ts';

export interface Delivery {
  readonly id: string;
  readonly provider: ProviderName;
  readonly facts: readonly Fact[];
  /** An authentic body that does not follow the documentation. It replaces the facts. */
  readonly text?: string;
  /** The key of the notice that the text makes. */
  readonly notice?: string;
  answered?: boolean;
  acknowledged?: boolean;
  gaveUp?: boolean;
}

type Post = (name: ProviderName, request: WebhookRequest, answered: (status: number) => void) => void;

/** Older than any clock drift in the simulation. */
const STALE_MS = 400_000;

export function deliverySender(sim: Sim, post: Post, signingKey: () => string) {
  const { random, clock } = sim;
  const after = (ms: number, then: () => void) => clock.at(clock.now + ms, then);

  /** Makes one attempt. Calls back once, with our status, or with undefined if no answer arrived in time. */
  function attempt(
    delivery: Delivery,
    request: WebhookRequest,
    over: (status: number | undefined) => void,
  ): void {
    let open = true;
    const end = (status: number | undefined) => {
      if (open) over(status);
      open = false;
    };
    const { provider } = delivery;
    const lost = () =>
      sim.faultProfile.outage('network', clock.now) !== undefined ||
      random.chance(sim.faultProfile.faults(clock.now));
    after(scheduleOf(provider).limitMs, () => end(undefined));
    const copies = random.chance(0.05) ? 2 : 1;
    for (let n = 0; n < copies; n += 1) {
      if (lost()) continue;
      after(delay(), () =>
        post(provider, request, (status) => {
          if (status === 200) succeeded(delivery);
          if (status === 401) sim.violation('no authentic request is refused', delivery.id);
          if (!lost()) after(delay(), () => end(status));
        }),
      );
    }
  }
  const delay = () => (random.chance(0.99) ? random.between(5, 200) : random.between(200, 200_000));

  function succeeded(delivery: Delivery): void {
    delivery.answered = true;
    for (const fact of delivery.facts) fact.answeredAt ??= clock.now;
  }

  function deliver(delivery: Delivery, tries = 0): void {
    const { provider, facts, text } = delivery;
    const body = text ?? bodyOf(provider, facts, clock.now);
    const request = signed(provider, body, signingKey(), { at: clock.now, id: delivery.id });
    for (const fact of facts) fact.sentAt ??= clock.now;
    sim.count('deliveries');
    sim.note(`${provider} tells ${delivery.id} ${tries} ${facts.map(({ script }) => script.id).join()}`);
    if (random.chance(0.02))
      after(STALE_MS + random.below(STALE_MS), () => refusedOnly(provider, request, 'replayed'));
    attempt(delivery, request, (status) => {
      if (status === 200) acknowledged(delivery);
      else retry(delivery, status, tries);
    });
  }

  function acknowledged(delivery: Delivery): void {
    delivery.acknowledged = true;
    if (random.chance(0.1))
      after(random.below(random.chance(0.5) ? 5_000 : 90_000_000), () => deliver(delivery));
  }

  function retry(delivery: Delivery, status: number | undefined, tries: number): void {
    const { waits, jitter = 1, retriesOnly } = scheduleOf(delivery.provider);
    const wait = waits[tries];
    const worth = retriesOnly === undefined || (status !== undefined && retriesOnly.includes(status));
    if (wait !== undefined && worth)
      after(Math.round(wait * 1_000 * (1 + random.next() * (jitter - 1))), () =>
        deliver(delivery, tries + 1),
      );
    else if (!delivery.acknowledged) delivery.gaveUp = true;
  }

  function refusedOnly(provider: ProviderName, request: WebhookRequest, what: string): void {
    sim.count(`${what} requests`);
    post(provider, request, (status) => {
      if (status === 200) sim.violation(`each ${what} request is refused`, provider);
    });
  }

  return {
    deliver,
    /** Sends an order that does not exist, signed with an attacker's key. */
    forge(provider: ProviderName, fact: Fact): void {
      const body = bodyOf(provider, [fact], clock.now);
      refusedOnly(provider, signed(provider, body, FORGED, { at: clock.now, id: 'forged' }), 'forged');
    },
  };
}
