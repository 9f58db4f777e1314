/** `orders issue`: a serial without a payment. */

import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { HINTS } from '../../../functions/core/inbound/hints.ts';
import { issueManually } from '../../../functions/core/operator/issue.ts';
import { change } from '../../../functions/core/order/record.ts';
import type { Order } from '../../../functions/core/order/types.ts';
import { fetchAnswers } from '../../../functions/core/serial/lines.ts';
import { actorOf, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { parseAddress, parseCount } from '../cli/option-values.ts';
import { type OptionsOf, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { printOutcome } from './print.ts';
import { openSession, readerOf } from './session.ts';

const command = () =>
  withWhyOption(withTargetOptions(new Command('issue')))
    .description('make and mail a serial by hand: a gift, a press copy, a promotion')
    .requiredOption('--product <product>', 'a product of the catalogue')
    .requiredOption('--name <name>', 'the name that the serial is made for')
    .requiredOption('--email <address>', 'the address that the serial is mailed to', parseAddress)
    .option('--company <company>', "for a product whose serial is made from the company's name")
    .option('--quantity <copies>', 'the number of copies', parseCount(999_999), 1)
    .option('--id <id>', 'your own ID of the order: a second call with it issues nothing more', parseId)
    .option('--json', 'for scripts: the order after the change')
    .addHelpText('after', HELP);

const HELP = `
The order is stored like any other, with the key hand#ID.

Examples:
  npm run keypost -- orders issue --product widgetpro-mac --name 'José Núñez' --email jose@example.com
  npm run keypost -- orders issue --product widgetpro-mac --name 'Mac Weekly' --email press@example.com --id press-7 --why review`;

export const ordersIssue = (terminal: Terminal) => command().action((options) => issue(terminal, options));

async function issue(terminal: Terminal, options: OptionsOf<typeof command>): Promise<void> {
  const session = await openSession(options, terminal);
  const { catalogue, store, target } = session;
  const products = Object.keys(catalogue.products);
  if (!products.includes(options.product))
    throw new CommandError(`the catalogue has no product ${options.product}; it has ${products.join(', ')}`);
  const { productKeys: keys, generate } = await readerOf(session);
  const gift = { ...options, products: [options.product], id: options.id ?? randomBytes(6).toString('hex') };
  const actor = await actorOf(target, terminal, options);
  const now = Date.now();
  const answers = await fetchAnswers(generate, (some) =>
    issueManually({ catalogue, keys, answers: some }, gift, actor, now),
  );
  const made = issueManually({ catalogue, keys, answers }, gift, actor, now);
  if (typeof made === 'string') throw new CommandError(`nothing is issued, ${made}: ${HINTS[made]}`);
  const { order, changed } = await change(store, made.key, undefined, (found) => (found ? undefined : made));
  if (!changed) return reportExisting(terminal, order, made);
  if (!options.json) terminal.print(order.key);
  printOutcome(terminal, order, options.json);
}

/** A repeated command succeeds. A different order under the same ID is an error: the person expects another serial. */
function reportExisting({ complain }: Terminal, order: Order, made: Order): void {
  const issued = ({ lines: [line] }: Order) =>
    line?.state === 'issued' ? [line.product, line.issued.licensee] : [];
  const isSame = isDeepStrictEqual(issued(order), issued(made)) && order.buyer.email === made.buyer.email;
  const message = `${order.key} exists already; nothing is issued`;
  if (!isSame)
    throw new CommandError(`${message}. It is a different order: choose another --id for this one`);
  complain(message);
}

function parseId(text: string): string {
  if (/^[\x21-\x7e]{1,100}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected letters, digits and signs without spaces, such as press-7.');
}
