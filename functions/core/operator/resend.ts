import { type Order, withRelease } from '../order/order.ts';

/** Every serial of the order goes out once more, at once, whatever has kept the mail from arriving. */
export function resent(order: Order, email: string | undefined, now: number): Order {
  const buyer = email === undefined ? order.buyer : { ...order.buyer, email };
  // What the provider had printed is mailed: the buyer has lost it.
  const lines = order.lines.map((line) =>
    line.serial === null ? line : { ...line, delivery: 'mail' as const, held: null, sent: undefined },
  );
  return withRelease(order, { buyer, lines }, now);
}
