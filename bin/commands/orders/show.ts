/** `orders show`: all that is known of one order. */
import { Command } from '@commander-js/extra-typings';
import { view } from '../../../functions/core/order/order.ts';
import { json } from '../cli/columns.ts';
import { type TargetOptions, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { deskOf, orderMeant } from './session.ts';
import { inFull, opened } from './show-text.ts';

interface ShowOptions extends TargetOptions {
  readonly json?: boolean;
}

export const ordersShow = (terminal: Terminal) =>
  withTargetOptions(new Command('show'))
    .argument('<key>', 'of the order, or the id that the provider has for it')
    .description('all that is known of an order: its serials, its mail, what was done by hand')
    .option('--json', 'for scripts; `raw` is the notification of a held order, null of others')
    .addHelpText('after', SHOW)
    .action((key: string, options: ShowOptions) => show(terminal, key, options));

const SHOW = `
keys#NAME is what was done to the keys of a product or a provider.

Examples:
  npx --no keypost orders show 'stripe#pi_123'
  npx --no keypost orders show pi_123 --json --local
  npx --no keypost orders show 'keys#widgetpro-mac'`;

async function show(terminal: Terminal, text: string, options: ShowOptions): Promise<void> {
  const order = await orderMeant(await deskOf(options, terminal), text);
  const raw = order.raw ? opened(order.raw) : null;
  terminal.print(options.json ? json({ ...view(order), raw }) : inFull(order, raw));
}
