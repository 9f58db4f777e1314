/** `orders resend`: mails the serials of an order again. */
import { Command } from '@commander-js/extra-typings';
import { toMailbox } from '../../../functions/core/mail/address.ts';
import { resend as resendOrder } from '../../../functions/core/order/manual.ts';
import { change } from '../../../functions/core/order/record.ts';
import type { Order } from '../../../functions/core/order/types.ts';
import { actorOf, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { parseAddress } from '../cli/option-values.ts';
import { type OptionsOf, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { printOutcome } from './print.ts';
import { findOrder, openSession, requireLive, requireResult } from './session.ts';
import { requireUnchanged } from './show.ts';

const command = () =>
  withWhyOption(withTargetOptions(new Command('resend')))
    .argument('<key>', "the order's key, or the provider's ID of it")
    .description('mail all serials of an order again')
    .option('--email <address>', "the buyer's new address; the stored one unless given", parseAddress)
    .option('--json', 'for scripts: the order after the change')
    .addHelpText('after', HELP);

const HELP = `
A line that was held because its mail did not arrive is mailed too; a line without
a serial stays held. The mail of a test order goes to the seller.

Examples:
  npm run keypost -- orders resend 'stripe#pi_123'
  npm run keypost -- orders resend pi_123 --email jose@example.com --why 'mistyped gmal.com'`;

export const ordersResend = (terminal: Terminal) =>
  command().action((key, options) => resend(terminal, key, options));

async function resend(terminal: Terminal, text: string, options: OptionsOf<typeof command>): Promise<void> {
  const { email } = options;
  const session = await openSession(options, terminal);
  const { store, target } = session;
  const found = await findOrder(session, text);
  const release = target.command(`orders release '${found.key}'`);
  requireSendable(found, email, release);
  const actor = await actorOf(target, terminal, options);
  const { order } = await change(store, found.key, found, (current) => {
    if (!current) return undefined;
    requireUnchanged(terminal, found, current);
    return requireResult(resendOrder(current, email, actor, Date.now()), current);
  });
  printOutcome(terminal, order, options.json);
}

function requireSendable(order: Order, email: string | undefined, release: string): void {
  requireLive(order);
  if (order.lines.every(({ state }) => state !== 'issued'))
    throw new CommandError(`${order.key} has no serial yet; \`${release}\` makes it`);
  if (!order.test && !toMailbox(email ?? order.buyer.email))
    throw new CommandError(`${order.key} has no address that SES accepts; give another with --email`);
}
