/** `orders resend`: the serials of an order once more. */
import { Command } from '@commander-js/extra-typings';
import { toMailbox } from '../../../functions/core/mail/address.ts';
import { resent } from '../../../functions/core/operator/resend.ts';
import { noted } from '../../../functions/core/order/audit.ts';
import type { Order } from '../../../functions/core/order/order.ts';
import { change } from '../../../functions/core/order/record.ts';
import { actorOf, type WhyOptions, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { type TargetOptions, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { mailbox, printOutcome } from './outcome.ts';
import { deskOf, orderMeant, requireLive } from './session.ts';

interface ResendOptions extends TargetOptions, WhyOptions {
  readonly email?: string;
  readonly json?: boolean;
}

export const ordersResend = (terminal: Terminal) =>
  withWhyOption(withTargetOptions(new Command('resend')))
    .argument('<key>', 'of the order, or the id that the provider has for it')
    .description('mail all serials of an order once more')
    .option('--email <address>', 'where to from now on, if not to where they went before', mailbox)
    .option('--json', 'for scripts: the order as it now stands')
    .addHelpText('after', RESEND)
    .action((key: string, options: ResendOptions) => resend(terminal, key, options));

const RESEND = `
A line that was held because its mail did not arrive goes out too; a line that has
no serial yet stays held. The mail of a test order goes to the seller.

Examples:
  npx --no keypost orders resend 'stripe#pi_123'
  npx --no keypost orders resend pi_123 --email jose@example.com --why 'mistyped gmal.com'`;

async function resend(terminal: Terminal, text: string, options: ResendOptions): Promise<void> {
  const desk = await deskOf(options, terminal);
  const found = await orderMeant(desk, text);
  const release = desk.target.command(`orders release '${found.key}'`);
  requireSendable(found, options, release);
  const hand = await actorOf(desk.target, terminal, 'resend', options);
  const { order } = await change(desk.store, found.key, found, (current) => {
    if (!current) return undefined;
    requireSendable(current, options, release);
    return noted(hand, {}, Date.now)(resent(current, options.email, Date.now()), current);
  });
  printOutcome(terminal, order, options.json);
}

function requireSendable(order: Order, { email }: ResendOptions, release: string): void {
  requireLive(order);
  if (order.lines.every(({ serial }) => serial === null))
    throw new CommandError(`${order.key} has no serial yet; \`${release}\` makes it`);
  if (!order.test && !toMailbox(email ?? order.buyer.email))
    throw new CommandError(`${order.key} has no address that SES could take; --email says another`);
}
