/** Runs `reconcile`: now and then, and once after all faults, so that no sale of these providers is lost. */
import type { PaidOrder, Provider } from '../../../functions/core/inbound/provider.ts';
import { reconcile } from '../../../functions/core/reconcile.ts';
import type { Ports } from '../../../functions/core/world.ts';
import { askApi } from '../aws/calls.ts';
import { type Fact, isSale, type OrderScript } from '../script/order-script.ts';
import { isStopped, statusBy } from '../script/reversals.ts';
import type { ProviderName } from '../script/schedules.ts';
import { type Sim, START } from '../world/sim.ts';
import { PERSON } from './operator.ts';
import { type Process, processOf, sleep } from './process.ts';

/** The providers whose API lists paid orders. */
export const LISTED: readonly ProviderName[] = ['woocommerce', 'gumroad', 'lemonsqueezy', 'polar', 'shopify'];
const LATER_MS = 5 * 60_000;
const HOUR = 3_600_000;

export function scheduleReconcile(
  sim: Sim,
  scripts: readonly OrderScript[],
  portsOf: (process: Process) => Ports,
): void {
  const { clock, random, faultProfile } = sim;

  async function run(name: ProviderName, own: readonly OrderScript[]): Promise<void> {
    const process = processOf(sim, PERSON);
    process.verified = true;
    const again = () => clock.at(clock.now + LATER_MS, () => start(name, own));
    process.ends.push(again);
    const fetched: Fact[] = [];
    const provider: Provider = {
      ...{ name, verify: () => undefined, read: () => [] },
      async *paid() {
        for (const script of own) {
          await askApi(sim, process);
          const paid = paidOrder(script, fetched);
          if (paid) yield paid;
        }
      },
    };
    try {
      const options = { since: START, job: `${name}`, sleep: (ms: number) => sleep(sim, process, ms) };
      for await (const _ of reconcile(portsOf(process), name, provider, options)) {
        for (const fact of fetched.splice(0)) {
          if (isSale(fact) && fact.answeredAt === undefined) sim.count('sales found by reconcile');
          fact.answeredAt ??= clock.now;
        }
      }
      sim.count('by a person: reconcile');
    } catch {
      again();
    } finally {
      process.ends.length = 0;
    }
  }
  const start = (name: ProviderName, own: readonly OrderScript[]) => {
    run(name, own).catch((error: unknown) => sim.violation('reconcile does not fail', String(error)));
  };
  for (const name of LISTED) {
    const own = scripts.filter(({ provider }) => provider === name);
    const times = [faultProfile.quietFrom + random.below(HOUR)];
    if (random.chance(0.3)) times.push(faultProfile.salesUntil + random.below(HOUR));
    for (const at of times) clock.at(at, () => start(name, own));
  }
}

const wasSent = ({ sentAt }: Fact) => sentAt !== undefined;

/** The order as the provider's API shows it; undefined if it is not paid yet. */
function paidOrder(script: OrderScript, fetched: Fact[]): PaidOrder | undefined {
  const known = script.facts.filter(wasSent);
  if (!known.some(isSale)) return undefined;
  const reversals = known.filter(({ event }) => event.kind === 'reversed');
  const isReversed = isStopped(statusBy(script, wasSent, wasSent));
  return {
    ...{ id: script.id, test: script.test, isReversed: reversals.length > 0 ? isReversed : undefined },
    async events() {
      const facts = [...reversals, ...known.filter((fact) => !reversals.includes(fact))];
      fetched.push(...facts);
      return facts.map(({ event }) => event);
    },
  };
}
