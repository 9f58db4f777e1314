/** What has become of an order that somebody has just changed. */

import { InvalidArgumentError } from '@commander-js/extra-typings';
import { toMailbox } from '../../../functions/core/mail/address.ts';
import { isWaiting, type Order, view } from '../../../functions/core/order/order.ts';
import { columns, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import type { Terminal } from '../cli/terminal.ts';
import { HINTS } from './held-text.ts';

/** Prints it; throws a CommandError where a line is still held. */
export function printOutcome({ print }: Terminal, order: Order, asJson: boolean | undefined): void {
  print(asJson ? json(view(order)) : outcome(order) || 'nothing of it goes out');
  const left = order.lines.filter((line) => line.held).length;
  if (left > 0) throw new CommandError(`${left} of ${order.lines.length} lines of ${order.key} still held`);
}

/** A line for each line of the order. */
const outcome = ({ lines, buyer, test }: Order): string =>
  columns(
    lines.map((line) => {
      const { sku, product, held } = line;
      const to = test ? 'the seller' : (buyer.email ?? '');
      const due = isWaiting(line) ? `goes to ${to} within a minute` : 'is there already';
      return [product ?? sku, held ? `still held, ${held}: ${HINTS[held]}` : due];
    }),
  );

/** An option's value that SES can take. */
export function mailbox(text: string): string {
  const address = toMailbox(text);
  if (address) return address;
  throw new InvalidArgumentError('An address like name@example.com would do.');
}
