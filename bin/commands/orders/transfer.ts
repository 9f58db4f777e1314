/** `orders transfer`: the licence passes to another person. */

import { Command } from '@commander-js/extra-typings';
import { HINTS } from '../../../functions/core/inbound/hints.ts';
import { transferOrder } from '../../../functions/core/operator/reissue.ts';
import { change } from '../../../functions/core/order/record.ts';
import { fetchAnswers } from '../../../functions/core/serial/lines.ts';
import { actorOf, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { parseAddress } from '../cli/option-values.ts';
import { type OptionsOf, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { printOutcome } from './print.ts';
import { findOrder, openSession, readerOf, requireLive, requireResult } from './session.ts';
import { requireUnchanged } from './show.ts';

const command = () =>
  withWhyOption(withTargetOptions(new Command('transfer')))
    .argument('<key>', "the order's key, or the provider's ID of it")
    .description('pass the licence to another person: new serials are mailed, the old ones are superseded')
    .requiredOption('--name <name>', "the new owner's name, as it must be typed into the app")
    .requiredOption('--email <address>', "the new owner's address", parseAddress)
    .option('--json', 'for scripts: the order after the change')
    .addHelpText('after', HELP);

const HELP = `
All lines of the order pass on together. The new owner gets the serials by mail, and
the previous owner gets a mail that says so. The app still accepts the old serials.

Example:
  npm run keypost -- orders transfer 'stripe#pi_123' --name 'Ida Holm' --email ida@example.com --why 'sold'`;

export const ordersTransfer = (terminal: Terminal) =>
  command().action((key, options) => transfer(terminal, key, options));

async function transfer(terminal: Terminal, text: string, options: OptionsOf<typeof command>): Promise<void> {
  const session = await openSession(options, terminal);
  const { catalogue, store, target } = session;
  const found = await findOrder(session, text);
  requireLive(found);
  if (found.lines.some(({ state }) => state !== 'issued'))
    throw new CommandError(
      `${found.key} has a line without a serial; \`${target.command(`orders release '${found.key}'`)}\` makes it first`,
    );
  const { productKeys: keys, generate } = await readerOf(session);
  const actor = await actorOf(target, terminal, options);
  const owner = { name: options.name, email: options.email };
  const answers = await fetchAnswers(generate, (some) =>
    transferOrder({ catalogue, keys, answers: some }, found, owner, actor, Date.now()),
  );
  const { order, changed } = await change(store, found.key, found, (current) => {
    if (!current) return undefined;
    requireUnchanged(terminal, found, current);
    const next = transferOrder({ catalogue, keys, answers }, current, owner, actor, Date.now());
    if (typeof next === 'object' && 'why' in next)
      throw new CommandError(`${next.sku} cannot have this name, ${next.why}: ${HINTS[next.why]}`);
    return requireResult(next, current);
  });
  if (changed) printOutcome(terminal, order, options.json);
  else terminal.complain(`${order.key} belongs to this person already; nothing is changed`);
}
