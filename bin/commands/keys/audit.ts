/** What was done to the keys of a product or a provider, and by whom; never a key. `orders show keys#NAME` shows it. */

import { productKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import type { Hand } from '../../../functions/core/order/audit.ts';
import { type Act, emptyOrder, withAct } from '../../../functions/core/order/order.ts';
import { change } from '../../../functions/core/order/record.ts';
import { CommandError, explain } from '../cli/failure.ts';
import type { Entries } from '../cli/secret.ts';
import type { Target } from '../cli/target.ts';
import { ordersOf } from '../orders/held-text.ts';

type Facts = Act['before'];

export const factsOfProduct = (entries: Entries, name: string): Facts => ({
  versions:
    productKeys(entries)
      [name]?.map(({ version }) => version)
      .join(', ') ?? null,
});

export function factsOfProvider(entries: Entries, name: string): Facts {
  const { signing = [], api } = providerKeys(entries)[name] ?? {};
  return { signing: String(signing.length), api: api?.url ?? null };
}

/** For a key that has been changed already: throws a CommandError that says so where it cannot be noted. */
export async function noteKeyChange(
  target: Target,
  name: string,
  hand: Hand,
  before: Facts,
  after: Facts,
): Promise<void> {
  const key = `keys#${name}`;
  const act = { at: new Date().toISOString(), ...hand, before, after };
  try {
    const { store } = await ordersOf(target);
    // No order: it is never paid, so it is in no index and in no list.
    await change(store, key, undefined, (found) =>
      withAct(found ?? emptyOrder(key, 'keys', false, Date.now()), act),
    );
  } catch (error) {
    throw new CommandError(
      `the key of ${name} is set, but who did it could not be noted: ${explain(error, target.local)}`,
    );
  }
}
