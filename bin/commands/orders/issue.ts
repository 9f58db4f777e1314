/** `orders issue`: a serial that nobody paid for. */
import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { issuedByHand } from '../../../functions/core/operator/issue.ts';
import { noted } from '../../../functions/core/order/audit.ts';
import { emptyOrder, type NewOrder, type Order, withSale } from '../../../functions/core/order/order.ts';
import { change } from '../../../functions/core/order/record.ts';
import { actorOf, type WhyOptions, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { type TargetOptions, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { HINTS } from './held-text.ts';
import { mailbox, printOutcome } from './outcome.ts';
import { deskOf, readerOf } from './session.ts';

interface IssueOptions extends TargetOptions, WhyOptions {
  readonly product: string;
  readonly name: string;
  readonly email: string;
  readonly company?: string;
  readonly quantity: number;
  readonly id?: string;
  readonly json?: boolean;
}

export const ordersIssue = (terminal: Terminal) =>
  withWhyOption(withTargetOptions(new Command('issue')))
    .description('a serial by hand, made and mailed: a gift, a copy for the press, a promotion')
    .requiredOption('--product <product>', 'what the catalogue calls it')
    .requiredOption('--name <name>', 'whose serial it is')
    .requiredOption('--email <address>', 'where it goes', mailbox)
    .option('--company <company>', "for a product whose serial is made from the company's name")
    .option('--quantity <copies>', 'how many copies', copies, 1)
    .option('--id <id>', 'a name of yours for the order: a second call with it issues nothing more', id)
    .option('--json', 'for scripts: the order as it now stands')
    .addHelpText('after', ISSUE)
    .action((options: IssueOptions) => issue(terminal, options));

const ISSUE = `
The order is kept like any other, under hand#ID.

Examples:
  npx --no keypost orders issue --product widgetpro-mac --name 'José Núñez' --email jose@example.com
  npx --no keypost orders issue --product widgetpro-mac --name 'Mac Weekly' --email press@example.com --id press-7 --why review`;

async function issue(terminal: Terminal, options: IssueOptions): Promise<void> {
  const desk = await deskOf(options, terminal);
  const products = Object.keys(desk.catalogue.products);
  if (!products.includes(options.product))
    throw new CommandError(`the catalogue has no product ${options.product}; it has ${products.join(', ')}`);
  const keys = (await readerOf(desk)).productKeys;
  const gift = { ...options, id: options.id ?? randomBytes(6).toString('hex') };
  const made = issuedByHand({ catalogue: desk.catalogue, keys }, gift);
  if (typeof made === 'string') throw new CommandError(`nothing is issued, ${made}: ${HINTS[made]}`);
  const hand = await actorOf(desk.target, terminal, 'issue', options);
  const { order, changed } = await change(desk.store, made.key, undefined, (found) => {
    if (found) return undefined;
    const now = Date.now();
    const next = withSale(emptyOrder(made.key, made.provider, false, now), made, now, now);
    return next && noted(hand, {}, Date.now)(next, undefined);
  });
  if (!changed) return toldBefore(terminal, order, made);
  if (!options.json) terminal.print(order.key);
  printOutcome(terminal, order, options.json);
}

/** Whoever asks for the same again has it; what is another may have been meant to be issued. */
function toldBefore({ complain }: Terminal, order: Order, made: NewOrder): void {
  const [line, wanted] = [order.lines[0], made.lines[0]];
  const isSame =
    line?.product === wanted?.product &&
    line?.licensee === wanted?.licensee &&
    order.buyer.email === made.buyer.email;
  const told = `${order.key} is there already; nothing is issued`;
  if (!isSame) throw new CommandError(`${told}. It is another: --id says another name for this one`);
  complain(told);
}

function copies(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A number from 1 on would do.');
}

function id(text: string): string {
  if (/^[\x21-\x7e]{1,100}$/.test(text)) return text;
  throw new InvalidArgumentError('Letters, digits and signs without spaces would do, as in press-7.');
}
