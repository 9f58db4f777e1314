/** The operator: releases held orders, mails serials again and reissues them, and retries until it succeeds. */

import type { ProductKeys } from '../../functions/core/catalogue/keys.ts';
import { reissueLines } from '../../functions/core/operator/reissue.ts';
import { type Corrections, releaseOrder } from '../../functions/core/operator/release.ts';
import { isInForce } from '../../functions/core/order/due.ts';
import { resend } from '../../functions/core/order/manual.ts';
import { change } from '../../functions/core/order/record.ts';
import type { Order } from '../../functions/core/order/types.ts';
import { view } from '../../functions/core/order/view.ts';
import { catalogue } from './catalogue.ts';
import type { OrderScript } from './order-script.ts';
import { nowOf, processOf } from './process.ts';
import { reasonsFor } from './reasons.ts';
import type { Sim } from './sim.ts';
import type { Aws } from './world.ts';

const LATER_MS = 60_000;
const CALL_MS = 3_000;
const BY = { who: 'operator', why: null };

type Action = 'release' | 'resend' | 'reissue';
export type Operator = (script: OrderScript, action: Action) => void;

export function operatorOf(sim: Sim, aws: Aws, products: () => ProductKeys): Operator {
  function acted(script: OrderScript, action: Action, order: Order, now: number) {
    const world = { catalogue, keys: products() };
    switch (action) {
      case 'release':
        return order.heldAt
          ? releaseOrder(world, order, correctionsOf(script, order), undefined, BY, now)
          : 'unchanged';
      case 'resend':
        return resend(order, undefined, BY, now);
      case 'reissue':
        return reissueLines(world, order, { name: newName(script), isChosen: () => true }, BY, now);
    }
  }
  async function act(script: OrderScript, action: Action): Promise<void> {
    const process = processOf(sim, 'd');
    process.verified = true;
    process.ends.push(() => later(script, action));
    const store = aws.storeOf(process, () => CALL_MS);
    try {
      const item = await store.get(script.key);
      if (item?.kind !== 'order' || !isInForce(item)) return;
      const { changed } = await change(store, item.key, item, (found) => {
        const result = found && acted(script, action, found, nowOf(sim, process));
        return result && typeof result !== 'string' && 'key' in result ? result : undefined;
      });
      if (changed) sim.count(`by a person: ${action}`);
    } catch {
      // The operator retries after any failure.
      later(script, action);
    } finally {
      process.ends.length = 0;
    }
  }
  const later = (script: OrderScript, action: Action) =>
    sim.clock.at(sim.clock.now + LATER_MS, () => start(script, action));
  const start = (script: OrderScript, action: Action) => {
    act(script, action).catch((error: unknown) =>
      sim.violation('a manual action does not fail', String(error)),
    );
  };
  return start;
}

export const goodName = ({ id }: OrderScript): string => `Known ${id}`;
export const newName = ({ id }: OrderScript): string => `Renamed ${id}`;

/** Changes the address only if it is wrong, because a new address resends all serials of the order. */
function correctionsOf(script: OrderScript, order: Order): Corrections {
  const reasons = script.lines.flatMap((line) => reasonsFor(script, line));
  const { held } = view(order);
  const wrong = reasons.includes('bad_address') || held.includes('mail_refused') || held.includes('bounced');
  const unknown = script.lines.filter(({ sku }) => sku === 'nobody-knows');
  return {
    name: script.licensee === undefined ? goodName(script) : undefined,
    email: wrong ? `mended-${script.id}@example.com` : undefined,
    products: new Map(unknown.map(({ sku }) => [sku, 'widget'])),
  };
}
