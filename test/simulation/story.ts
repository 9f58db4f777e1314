/** When everything is told: sales, what comes of them sooner or later, batches, forgeries, and what nobody can read. */
import type { Fact, Plot } from './plot.ts';
import { isSale } from './plot.ts';
import type { ProviderName } from './schedules.ts';
import type { Sim } from './sim.ts';
import type { Telling, tellerOf } from './tellings.ts';

const MINUTE = 60_000;
/** FastSpring tells of several orders at once. */
const BATCHES = 'fastspring';
const LONGEST_BATCH = 6;

export function tellAll(
  sim: Sim,
  plots: readonly Plot[],
  teller: ReturnType<typeof tellerOf>,
): readonly Telling[] {
  const { random, clock } = sim;
  const tellings: Telling[] = [];
  const telling = (at: number, provider: ProviderName, facts: readonly Fact[], text?: string) => {
    const one = { id: `t${sim.number()}`, provider, facts, ...(text === undefined ? {} : { text }) };
    tellings.push(one);
    clock.at(at, () => teller.tell(one));
  };
  let batch: Fact[] = [];
  for (const plot of plots) {
    const { provider, facts } = plot;
    for (const fact of facts) {
      if (isSale(fact) && provider === BATCHES && random.chance(0.3)) batch.push(fact);
      else telling(timeOf(sim, fact), provider, [fact]);
      // Two events of one sale, at once, of an order that gives them much to agree on.
      if (isSale(fact) && plot.alias && facts.length > 1 && random.chance(0.5))
        telling(plot.saleAt, provider, [fact]);
    }
    if (batch.length === LONGEST_BATCH || (batch.length > 0 && random.chance(0.3))) {
      telling(plot.saleAt, BATCHES, batch);
      batch = [];
    }
    if (random.chance(0.02)) forge(sim, plot, teller);
    if (random.chance(0.01)) telling(plot.saleAt, provider, [], `{"what": "is this, ${plot.id}"}`);
  }
  if (batch.length > 0) telling(sim.weather.salesUntil, BATCHES, batch);
  return tellings;
}

function forge({ clock }: Sim, plot: Plot, teller: ReturnType<typeof tellerOf>): void {
  const [fact] = plot.facts;
  if (fact)
    clock.at(plot.saleAt, () =>
      teller.forge(plot.provider, { ...fact, event: { ...fact.event, id: `f${plot.id}` } }),
    );
}

/** A reversal may come before its sale, while its mail is being sent, or much later. */
function timeOf({ random, weather }: Sim, fact: Fact): number {
  const { saleAt } = fact.plot;
  if (isSale(fact)) return saleAt;
  if (fact.event.kind === 'announced') return saleAt + random.between(-MINUTE, MINUTE);
  const how = random.next();
  if (how < 0.15) return saleAt - random.below(10 * MINUTE);
  if (how < 0.45) return saleAt + random.below(1_500);
  if (how < 0.7) return saleAt + random.below(20 * MINUTE);
  return saleAt + random.below(Math.max(1, weather.quietFrom - saleAt));
}
