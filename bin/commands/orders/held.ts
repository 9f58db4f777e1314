/** `orders held`: what waits for a person. */
import { Command } from '@commander-js/extra-typings';
import { type Order, view } from '../../../functions/core/order/order.ts';
import { columns, json } from '../cli/columns.ts';
import { type TargetOptions, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { HINTS, heldOrders, ordersOf } from './held-text.ts';

interface HeldOptions extends TargetOptions {
  readonly json?: boolean;
}

export const ordersHeld = (terminal: Terminal) =>
  withTargetOptions(new Command('held'))
    .description('the orders that wait for you, and what would do')
    .option('--json', 'for scripts')
    .addHelpText('after', '\nExample:\n  npx --no keypost orders held --local')
    .action((options: HeldOptions) => held(terminal, options));

async function held(terminal: Terminal, options: HeldOptions): Promise<void> {
  const target = targetFrom(options, terminal.env);
  const orders = await heldOrders((await ordersOf(target)).table);
  if (options.json) return terminal.print(json(orders.map(view)));
  if (orders.length === 0) return terminal.print('no order is held');
  const lines = orders.flatMap((order) =>
    order.lines.flatMap((line) => (line.held ? [{ ...line, reason: line.held, order }] : [])),
  );
  const table = columns([
    ['ORDER', 'HELD SINCE', 'BUYER', 'PRODUCT', 'REASON'],
    ...lines.map(({ order, sku, product, reason }) => [
      order.key,
      order.heldAt?.slice(0, 16).replace('T', ' ') ?? '',
      `${order.buyer.name ?? '?'} <${order.buyer.email ?? '?'}>`,
      product ?? `${sku || '?'} (unknown)`,
      [reason, ...meant(order)].join(': '),
    ]),
  ]);
  const hints = [...new Set(lines.map(({ reason }) => reason))].map((reason) => [reason, HINTS[reason]]);
  terminal.print(
    `${table}\n\n${target.command('orders release KEY')} lets one go. What would do:\n${columns(hints)}`,
  );
}

/** The address that the buyer may have meant. */
function meant(order: Order): string[] {
  const { suggestion } = view(order);
  return suggestion ? [`${suggestion} meant?`] : [];
}
