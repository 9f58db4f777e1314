/** Applies SES's events about accepted mails. They arrive late, in any order, and more than once. */
import { needOf } from '../order/due.ts';
import { change } from '../order/record.ts';
import { applyMailEvent, type MailEventKind } from '../order/sends.ts';
import type { Line, Order } from '../order/types.ts';
import type { Ports } from '../world.ts';

export interface MailEvent {
  readonly kind: MailEventKind;
  readonly messageId: string;
  /** From the mail's tags. Missing if the key is too long for a tag. */
  readonly orderKey?: string | undefined;
  readonly send?: number | undefined;
  /** The tag of mails that started under schema 1; they do not name their send. */
  readonly version?: number | undefined;
}

/** Records the event. Throws if the store does; SNS then delivers the event again. */
export async function recordMailEvent(
  { store, report, now }: Pick<Ports, 'store' | 'report' | 'now'>,
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
