/** Schedules all deliveries: sales, reversals, batches, forgeries and unreadable bodies. */

import type { Sim } from '../world/sim.ts';
import type { Delivery, deliverySender } from './deliveries.ts';
import { EUROS, type Fact, isSale, type OrderScript } from './order-script.ts';
import type { ProviderName } from './schedules.ts';

const MINUTE = 60_000;
/** FastSpring delivers several orders in one request. */
const BATCHES = 'fastspring';
const LONGEST_BATCH = 6;

export function scheduleDeliveries(
  sim: Sim,
  scripts: readonly OrderScript[],
  sender: ReturnType<typeof deliverySender>,
): readonly Delivery[] {
  const { random, clock } = sim;
  const deliveries: Delivery[] = [];
  const schedule = (
    at: number,
    provider: ProviderName,
    facts: readonly Fact[],
    more: Pick<Delivery, 'text' | 'notice'> = {},
  ) => {
    const one = { id: `t${sim.number()}`, provider, facts, ...more };
    deliveries.push(one);
    clock.at(at, () => sender.deliver(one));
  };
  let batch: Fact[] = [];
  for (const script of scripts) {
    const { provider, facts } = script;
    for (const fact of facts) {
      if (isSale(fact) && provider === BATCHES && random.chance(0.3)) batch.push(fact);
      else schedule(timeOf(sim, fact), provider, [fact]);
      // Delivers the same sale twice at once, for an order with an alias and several facts.
      if (isSale(fact) && script.alias && facts.length > 1 && random.chance(0.5))
        schedule(script.saleAt, provider, [fact]);
    }
    if (batch.length === LONGEST_BATCH || (batch.length > 0 && random.chance(0.3))) {
      schedule(script.saleAt, BATCHES, batch);
      batch = [];
    }
    if (random.chance(0.02)) forge(sim, script, sender);
    if (random.chance(0.01))
      schedule(script.saleAt, provider, [], { text: `{"what": "is this, ${script.id}"}` });
    if (provider === BATCHES && random.chance(0.1)) {
      const money = { kind: 'ignored', id: script.id, type: 'charge', amount: EUROS, test: false };
      const text = JSON.stringify({ events: JSON.stringify([money]) });
      schedule(script.saleAt, provider, [], { text, notice: `notice#${provider}#charge` });
    }
  }
  if (batch.length > 0) schedule(sim.faultProfile.salesUntil, BATCHES, batch);
  return deliveries;
}

function forge({ clock }: Sim, script: OrderScript, sender: ReturnType<typeof deliverySender>): void {
  const [fact] = script.facts;
  if (fact)
    clock.at(script.saleAt, () =>
      sender.forge(script.provider, { ...fact, event: { ...fact.event, id: `f${script.id}` } }),
    );
}

/** A reversal may come before its sale, while its mail is being sent, or much later. */
function timeOf({ random, faultProfile }: Sim, fact: Fact): number {
  const { saleAt } = fact.script;
  if (fact.event.kind === 'renewed') return saleAt + random.between(-MINUTE, faultProfile.quietFrom - saleAt);
  if (isSale(fact) || fact.event.kind === 'trial') return saleAt;
  if (fact.event.kind === 'announced') return saleAt + random.between(-MINUTE, MINUTE);
  const how = random.next();
  if (how < 0.15) return saleAt - random.below(10 * MINUTE);
  if (how < 0.45) return saleAt + random.below(1_500);
  if (how < 0.7) return saleAt + random.below(20 * MINUTE);
  return saleAt + random.below(Math.max(1, faultProfile.quietFrom - saleAt));
}
