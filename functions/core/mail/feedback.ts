/** Applies SES's events about accepted mails. They arrive late, in any order, and more than once. */

import { change } from '../order/change.ts';
import { needOf } from '../order/due.ts';
import { applyMailEvent, type SendEvent } from '../order/sends.ts';
import type { Line, Order } from '../order/types.ts';
import type { Recording } from '../world.ts';

export interface MailEvent extends SendEvent {
  /** From the mail's tags. Missing if the key is too long for a tag. */
  readonly orderKey?: string | undefined;
}

/** Records the event. Throws if the store does; SNS then delivers the event again. */
export async function recordMailEvent(
  { store, report, now }: Recording,
  event: MailEvent,
): Promise<'recorded' | 'nothing new' | 'unknown order'> {
  const { kind, orderKey } = event;
  const found = orderKey === undefined ? undefined : await store.get(orderKey);
  if (found?.kind !== 'order') {
    report('mail_event_unknown', { kind });
    return 'unknown order';
  }
  let before = found;
  const { order, changed } = await change(store, found.key, found, (known) => {
    before = known ?? before;
    return applyMailEvent(before, event, now());
  });
  report('mail_event', { order: order.key, kind, new: changed });
  for (const line of order.lines) {
    const need = needOf(order, line);
    if (need.is === 'failed' && !isFailed(before, line))
      report('line_held', { order: order.key, reason: need.reason });
  }
  return changed ? 'recorded' : 'nothing new';
}

const isFailed = (order: Order, line: Line): boolean => needOf(order, line).is === 'failed';
