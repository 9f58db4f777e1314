/** Applies SES's events about accepted mails. They arrive late, in any order, and more than once. */
import { applyDeliveryStatus, type DeliveryStatus, isAlias, type Order } from '../order/order.ts';
import { change } from '../order/record.ts';
import type { Ports } from '../world.ts';

/** `suppressed`: SES accepted the mail and did not send it, because the address has bounced before. */
const DELIVERY_STATUS = {
  send: { state: 'sent' },
  delay: { state: 'sent', code: 'delayed' },
  // SES has given up for now, or an auto-responder answered. Neither says that the address is wrong.
  soft_bounce: { state: 'sent', code: 'soft_bounce' },
  delivery: { state: 'delivered' },
  complaint: { state: 'complained' },
  bounce: { state: 'bounced', code: 'bounced' },
  suppressed: { state: 'bounced', code: 'suppressed' },
  // SES found a virus in the mail and did not send it.
  reject: { state: 'sent', code: 'rejected' },
} as const satisfies Record<string, DeliveryStatus>;

export interface MailEvent {
  readonly kind: keyof typeof DELIVERY_STATUS;
  readonly messageId: string;
  /** From the mail's tags. Missing if the key is too long for a tag. */
  readonly orderKey?: string | undefined;
  /** The order's version when the send started, from the mail's tags. */
  readonly version: number;
}

/** Returns the order with the event applied, or undefined if nothing changes. */
export const withMailEvent = (order: Order, event: MailEvent, now: number): Order | undefined =>
  applyDeliveryStatus(order, DELIVERY_STATUS[event.kind], event, now);

/** Records the event. Throws if the store does; SNS then delivers the event again. */
export async function recordMailEvent(
  { store, report, now }: Pick<Ports, 'store' | 'report' | 'now'>,
  event: MailEvent,
): Promise<'recorded' | 'nothing new' | 'unknown order'> {
  const { kind, orderKey } = event;
  const found = orderKey === undefined ? undefined : await store.get(orderKey);
  if (!found || isAlias(found)) {
    report('mail_event_unknown', { kind });
    return 'unknown order';
  }
  let before: Order = found;
  const { order, changed } = await change(store, found.key, found, (known) => {
    before = known ?? before;
    return withMailEvent(before, event, now());
  });
  report('mail_event', { order: order.key, kind, new: changed });
  const held = order.heldAt ? order.lines.filter((line, at) => line.held && !before.lines[at]?.held) : [];
  for (const { held: reason } of held) report('line_held', { order: order.key, reason: reason ?? '' });
  return changed ? 'recorded' : 'nothing new';
}
