import { type Order, withRelease } from '../order/order.ts';

/** Makes the mail with every serial of the order due again. */
export function resendOrder(order: Order, email: string | undefined, now: number): Order {
  const buyer = email === undefined ? order.buyer : { ...order.buyer, email };
  // A serial that the provider printed is mailed too, because the buyer has lost it.
  const lines = order.lines.map((line) =>
    line.serial === null ? line : { ...line, delivery: 'mail' as const, held: null, sent: undefined },
  );
  return withRelease(order, { buyer, lines }, now);
}
