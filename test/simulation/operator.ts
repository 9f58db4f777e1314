/** The operator: releases held orders like `orders release`, and retries until it succeeds. */

import type { ProductKeys } from '../../functions/core/catalogue/keys.ts';
import { type Corrections, releaseOrder } from '../../functions/core/operator/release.ts';
import { isAlias, type Order } from '../../functions/core/order/order.ts';
import { change } from '../../functions/core/order/record.ts';
import { catalogue } from './catalogue.ts';
import type { OrderScript } from './order-script.ts';
import { nowOf, processOf } from './process.ts';
import { reasonsFor } from './reasons.ts';
import type { Sim } from './sim.ts';
import type { Aws } from './world.ts';

const LATER_MS = 60_000;
const CALL_MS = 3_000;

export function operatorOf(sim: Sim, aws: Aws, products: () => ProductKeys) {
  async function release(script: OrderScript): Promise<void> {
    const process = processOf(sim, 'd');
    process.verified = true;
    process.ends.push(() => later(script));
    const store = aws.storeOf(process, () => CALL_MS);
    try {
      const item = await store.get(script.key);
      if (!item || isAlias(item) || !releasable(item)) return;
      await change(store, item.key, item, (found) =>
        found && releasable(found)
          ? releaseOrder(
              { catalogue, keys: products() },
              found,
              correctionsOf(script, found),
              nowOf(sim, process),
            )
          : undefined,
      );
      sim.count('released by a person');
    } catch {
      // The operator retries after any failure.
      later(script);
    }
    process.ends.length = 0;
  }
  const later = (script: OrderScript) => sim.clock.at(sim.clock.now + LATER_MS, () => void start(script));
  const start = (script: OrderScript) => {
    release(script).catch((error: unknown) => sim.violation('a release does not fail', String(error)));
  };
  return start;
}

const releasable = ({ heldAt, status }: Order) =>
  heldAt !== undefined && (status === 'paid' || status === 'partly_refunded');

export const goodName = ({ id }: OrderScript): string => `Known ${id}`;

/** Changes the address only if it is wrong, because a new address resends all serials of the order. */
function correctionsOf(script: OrderScript, { lines }: Order): Corrections {
  const reasons = script.lines.flatMap((line) => reasonsFor(script, line));
  const held = lines.flatMap((line) => line.held ?? []);
  const wrong = reasons.includes('bad_address') || held.includes('mail_refused') || held.includes('bounced');
  const unknown = script.lines.filter(({ sku }) => sku === 'nobody-knows');
  return {
    name: script.licensee === undefined ? goodName(script) : undefined,
    email: wrong ? `mended-${script.id}@example.com` : undefined,
    products: new Map(unknown.map(({ sku }) => [sku, 'widget'])),
  };
}
