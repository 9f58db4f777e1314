/** Why a manual action is not possible. */
import type { HeldReason } from '../inbound/event.ts';
import { HINTS } from '../inbound/hints.ts';
import { change } from '../order/change.ts';
import { basis, type Result } from '../order/manual.ts';
import type { KeyChange, Order } from '../order/types.ts';
import { asOrder, type OrderView, type Shown, view } from '../order/view.ts';
import type { Store } from '../world.ts';

/** The message is for the person. Commands in it, such as `orders held`, are completed by the command line. */
export class Refusal extends Error {
  /** Set if the person has to look at it again. */
  readonly order: OrderView | undefined;
  /** The field of the request that the person has to change. */
  readonly field: string | undefined;
  constructor(message: string, { item, field }: { item?: Seen; field?: string } = {}) {
    super(message);
    this.order = item && view(item);
    this.field = field;
  }
}

export type Seen = Exclude<Shown, KeyChange>;
export type Refused = { readonly sku: string; readonly why: HeldReason };

/** A digest of what a manual action is decided on. */
export const basisOf = (item: Seen): string => basis(item.kind === 'order' ? item : asOrder(item));

/** Throws a Refusal if another change came between the decision and the action. */
export function requireUnchanged(decided: string, current: Seen): void {
  if (basisOf(current) === decided) return;
  throw new Refusal(`${current.key} has changed since you saw it, so nothing is done; look at it again`, {
    item: current,
  });
}

/** Changes the order, unless another change came between the decision and the action. */
export const changeSeen = (
  store: Store,
  found: Order,
  decided: string | undefined,
  step: (current: Order) => Result | Refused,
) =>
  change(store, found.key, found, (current) => {
    if (!current) return undefined;
    if (decided !== undefined) requireUnchanged(decided, current);
    return requireResult(step(current), current);
  });

/** Returns the changed order; undefined if nothing changes. Throws a Refusal if the action is not possible. */
export function requireResult(result: Result | Refused, { key }: Order): Order | undefined {
  if (result === 'unchanged') return undefined;
  if (typeof result === 'object') {
    if (!('why' in result)) return result;
    throw new Refusal(`${result.sku} cannot have this name, ${result.why}: ${HINTS[result.why]}`);
  }
  throw new Refusal(
    result === 'too_large'
      ? `${key} has as many audit entries or replaced serials as an order may have; nothing is changed`
      : `${key} is ${result}, so Keypost mails no serial of it`,
  );
}
