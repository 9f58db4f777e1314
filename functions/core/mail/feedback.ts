/** What SES tells of a mail after it has accepted it: in any order, late, and more than once. */
import { needOf } from '../order/due.ts';
import { change } from '../order/record.ts';
import { type MailEventKind, mailEvent } from '../order/sends.ts';
import type { Line, Order } from '../order/types.ts';
import type { Ports } from '../world.ts';

export interface MailEvent {
  readonly kind: MailEventKind;
  readonly messageId: string;
  /** From the mail's tags; missing if the key is too long for one. */
  readonly orderKey?: string | undefined;
  readonly send?: number | undefined;
  /** The tag that mails had before they named their send. */
  readonly version?: number | undefined;
}

/** Stores what the event tells, and returns whether that was new. Throws where the store does: the event comes again. */
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
    return mailEvent(before, event, now());
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
