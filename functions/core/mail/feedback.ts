/** What becomes of a mail after SES has taken it, as SES tells it later: in any order, late, and more than once. */
import { type Fate, isAlias, type Order, withFate } from '../order/order.ts';
import { change } from '../order/record.ts';
import type { Ports } from '../world.ts';

/** `suppressed`: SES took the mail and did not send it, for the address is on a list of those that bounced before. */
const FATES = {
  send: { state: 'sent' },
  delay: { state: 'sent', code: 'delayed' },
  // SES has given up for now; or an answer from a robot, of which the buyer's mail is none the worse.
  soft_bounce: { state: 'sent', code: 'soft_bounce' },
  delivery: { state: 'delivered' },
  complaint: { state: 'complained' },
  bounce: { state: 'bounced', code: 'bounced' },
  suppressed: { state: 'bounced', code: 'suppressed' },
  // A virus was found in it: it went nowhere.
  reject: { state: 'sent', code: 'rejected' },
} as const satisfies Record<string, Fate>;

export interface MailEvent {
  readonly kind: keyof typeof FATES;
  readonly messageId: string;
  /** From the mail's tags; missing where the key is too long for one. */
  readonly orderKey?: string | undefined;
  /** That of the order when the send began, from the mail's tags. */
  readonly version: number;
}

/** The order with what the event tells, or undefined where that is nothing new. */
export const withMailEvent = (order: Order, event: MailEvent, now: number): Order | undefined =>
  withFate(order, FATES[event.kind], event, now);

/** Stores what the event tells, and answers whether that was new. Throws where the store does: the event comes again. */
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
