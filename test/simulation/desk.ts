/** The person at the desk: puts right what is held, as `orders release` does, until it has worked. */

import type { ProductKeys } from '../../functions/core/catalogue/keys.ts';
import { type Corrections, released } from '../../functions/core/operator/release.ts';
import { isAlias, type Order } from '../../functions/core/order/order.ts';
import { change } from '../../functions/core/order/record.ts';
import { catalogue } from './goods.ts';
import type { Plot } from './plot.ts';
import { nowOf, processOf } from './process.ts';
import { reasonsFor } from './reasons.ts';
import type { Sim } from './sim.ts';
import type { Aws } from './world.ts';

const LATER_MS = 60_000;
const CALL_MS = 3_000;

export function deskOf(sim: Sim, aws: Aws, products: () => ProductKeys) {
  async function release(plot: Plot): Promise<void> {
    const process = processOf(sim, 'd');
    process.verified = true;
    process.ends.push(() => later(plot));
    const store = aws.storeOf(process, () => CALL_MS);
    try {
      const item = await store.get(plot.key);
      if (!item || isAlias(item) || !releasable(item)) return;
      await change(store, item.key, item, (found) =>
        found && releasable(found)
          ? released({ catalogue, keys: products() }, found, correctionsOf(plot, found), nowOf(sim, process))
          : undefined,
      );
      sim.count('released by a person');
    } catch {
      // Whatever failed, the person tries again.
      later(plot);
    }
    process.ends.length = 0;
  }
  const later = (plot: Plot) => sim.clock.at(sim.clock.now + LATER_MS, () => void start(plot));
  const start = (plot: Plot) => {
    release(plot).catch((error: unknown) => sim.broke('a release does not fail', String(error)));
  };
  return start;
}

const releasable = ({ heldAt, status }: Order) =>
  heldAt !== undefined && (status === 'paid' || status === 'partly_refunded');

export const goodName = ({ id }: Plot): string => `Known ${id}`;

/** Another address only where the first is at fault: it sends all of the order's serials again. */
function correctionsOf(plot: Plot, { lines }: Order): Corrections {
  const reasons = plot.lines.flatMap((line) => reasonsFor(plot, line));
  const held = lines.flatMap((line) => line.held ?? []);
  const wrong = reasons.includes('bad_address') || held.includes('mail_refused') || held.includes('bounced');
  const unknown = plot.lines.filter(({ sku }) => sku === 'nobody-knows');
  return {
    name: plot.licensee === undefined ? goodName(plot) : undefined,
    email: wrong ? `mended-${plot.id}@example.com` : undefined,
    products: new Map(unknown.map(({ sku }) => [sku, 'widget'])),
  };
}
