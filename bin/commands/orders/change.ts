/** `orders release`, `resend`, `reissue`, `transfer` and `issue`: the Lambda `operator` performs them. */
import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import * as z from 'zod/mini';
import type { OrderView } from '../../../functions/core/order/view.ts';
import { fetchCaller, type WhyOptions, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { operatorOf } from '../cli/operator.ts';
import { parseAddress, parseCount } from '../cli/option-values.ts';
import { type OptionsOf, type Target, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { completed, printOutcome } from './session.ts';
import { formatOrder } from './show.ts';

const define = (name: string) =>
  withWhyOption(withTargetOptions(new Command(name))).option(
    '--json',
    'for scripts: the order after the change',
  );
const ofOrder = (name: string) =>
  define(name).argument('<key>', "the order's key, or the provider's ID of it");

export const ordersRelease = (terminal: Terminal) =>
  ofOrder('release')
    .description('correct a held order, and mail every line that has all it needs')
    .option('--name <name>', 'the name for the lines that have no serial yet')
    .option(
      '--email <address>',
      "the buyer's address; all serials of the order are mailed to it",
      parseAddress,
    )
    .option(
      '--product <sku=product>',
      'the product of the catalogue for an unknown SKU; may be repeated',
      parsePair,
    )
    .option('--order <id>', "the provider's ID of an unreadable order whose notification has none")
    .option('--refuse', "refuse a buyer's request, or reject the order: it gets no serial")
    .addHelpText('after', RELEASE)
    .action((key, { name, email, product: products, order, refuse, ...options }) =>
      act(
        terminal,
        options,
        refuse ? { action: 'reject', key } : { action: 'release', key, name, email, products, order },
      ),
    );

const RELEASE = `
The cause may be fixed by now, so Keypost first parses the order's notification
again, with the deployed code, catalogue and keys. An unreadable notification that
can be parsed becomes the order that it describes. The release of an order below
its price floor approves the price. With --product, an unreadable notification becomes
the order that you describe; it needs the order's ID, so that a repeated notification
is no second order. A line that still lacks something stays held,
and then the exit code is 1. A line whose SKU the catalogue ignores by now is dropped.
The release of a buyer's request, and its refusal, send the buyer a mail.

Examples:
  npm run keypost -- orders release 'stripe#pi_123' --name 'José Núñez'
  npm run keypost -- orders release 'shop#1042' --email jose@example.com --local
  npm run keypost -- orders release 'shop#1042' --product widget-old=widgetpro-mac`;

export const ordersResend = (terminal: Terminal) =>
  ofOrder('resend')
    .description('mail all serials of an order again')
    .option('--email <address>', "the buyer's new address; the stored one unless given", parseAddress)
    .addHelpText('after', RESEND)
    .action((key, { email, ...options }) => act(terminal, options, { action: 'resend', key, email }));

const RESEND = `
A line that was held because its mail did not arrive is mailed too; a line without
a serial stays held. The mail of a test order goes to the seller.

Examples:
  npm run keypost -- orders resend 'stripe#pi_123'
  npm run keypost -- orders resend pi_123 --email jose@example.com --why 'mistyped gmal.com'`;

export const ordersReissue = (terminal: Terminal) =>
  ofOrder('reissue')
    .description('correct the name: a new serial is mailed, and the old one is kept as superseded')
    .requiredOption('--name <name>', 'the name as the buyer must type it into the app')
    .option('--sku <sku>', 'only the line with this SKU of the provider')
    .option('--product <product>', 'only the lines with this product of the catalogue')
    .addHelpText('after', REISSUE)
    .action((key, { name, sku, product, ...options }) =>
      act(terminal, options, { action: 'reissue', key, name, sku, product }),
    );

const REISSUE = `
The app still accepts the old serial.

Examples:
  npm run keypost -- orders reissue 'stripe#pi_123' --name 'José Núñez' --why 'asked for it'
  npm run keypost -- orders reissue pi_123 --name 'José Núñez' --product widgetpro-mac`;

export const ordersTransfer = (terminal: Terminal) =>
  ofOrder('transfer')
    .description('pass the licence to another person: new serials are mailed, the old ones are superseded')
    .requiredOption('--name <name>', "the new owner's name, as it must be typed into the app")
    .requiredOption('--email <address>', "the new owner's address", parseAddress)
    .addHelpText('after', TRANSFER)
    .action((key, { name, email, ...options }) =>
      act(terminal, options, { action: 'transfer', key, name, email }),
    );

const TRANSFER = `
All lines of the order pass on together. The new owner gets the serials by mail, and
the previous owner gets a mail that says so. The app still accepts the old serials.

Example:
  npm run keypost -- orders transfer 'stripe#pi_123' --name 'Ida Holm' --email ida@example.com --why 'sold'`;

export const ordersIssue = (terminal: Terminal) =>
  define('issue')
    .description('make and mail a serial by hand: a gift, a press copy, a promotion')
    .requiredOption('--product <product>', 'a product of the catalogue')
    .requiredOption('--name <name>', 'the name that the serial is made for')
    .requiredOption('--email <address>', 'the address that the serial is mailed to', parseAddress)
    .option('--company <company>', "for a product whose serial is made from the company's name")
    .option('--quantity <copies>', 'the number of copies', parseCount(999_999), 1)
    .option('--id <id>', 'your own ID of the order: a second call with it issues nothing more', parseId)
    .addHelpText('after', ISSUE)
    .action(
      ({ product, name, email, company, quantity, id = randomBytes(6).toString('hex'), ...options }) => {
        const issued = { product, name, email, company, quantity, id };
        return act(terminal, options, { action: 'issue', ...issued });
      },
    );

const ISSUE = `
The order is stored like any other, with the key hand#ID.

Examples:
  npm run keypost -- orders issue --product widgetpro-mac --name 'José Núñez' --email jose@example.com
  npm run keypost -- orders issue --product widgetpro-mac --name 'Mac Weekly' --email press@example.com --id press-7 --why review`;

/** Performs an action on one order and prints the order as it is afterwards. */
async function act(terminal: Terminal, options: OptionsOf<typeof define>, request: Action): Promise<void> {
  const target = targetFrom(options, terminal.env);
  const { kind, order, changed, notes } = await perform(terminal, target, options, request, Outcome);
  notes.forEach(terminal.complain);
  const same = changed ? undefined : UNCHANGED[request.action];
  if (same) return terminal.complain(`${order.key} ${same}`);
  if (kind === 'request' && !options.json)
    return terminal.print('the request is closed, and its buyer gets a mail within a minute');
  if (request.action === 'issue' && !options.json) terminal.print(order.key);
  printOutcome(terminal, order, options.json);
}

const UNCHANGED: Readonly<Record<string, string>> = {
  reissue: 'has its serials for this name already; nothing is changed',
  transfer: 'belongs to this person already; nothing is changed',
  issue: 'exists already; nothing is issued',
};

interface Action {
  readonly action: string;
  readonly [field: string]: unknown;
}

const Outcome = z.object({
  ...{ done: z.literal(true), kind: z.string(), order: z.custom<OrderView>() },
  ...{ changed: z.boolean(), notes: z.array(z.string()) },
});

const Refused = z.object({
  ...{ done: z.literal(false), message: z.string(), field: z.optional(z.string()) },
  order: z.optional(z.custom<OrderView>()),
});

/**
 * Performs a manual action as the person who runs the command. Throws a CommandError if the operator refuses it. If the order
 * has changed since the person saw it, it is shown again before.
 */
export async function perform<Done extends z.ZodMiniType>(
  terminal: Terminal,
  target: Target,
  { why }: WhyOptions,
  request: Action,
  done: Done,
): Promise<z.output<Done>> {
  const operate = operatorOf(target, await target.names());
  const who = await fetchCaller(target, terminal);
  let answer = await operate({ ...request, who, why });
  let refused = Refused.safeParse(answer).data;
  if (refused?.field === 'order' && terminal.ask) {
    const order = (await terminal.ask("The provider's ID of the order: ")).trim();
    if (order) answer = await operate({ ...request, order, who, why });
    refused = Refused.safeParse(answer).data;
  }
  if (!refused) return done.parse(answer);
  if (refused.order) terminal.print(formatOrder(refused.order, null));
  const option = refused.field ? ` (--${refused.field})` : '';
  throw new CommandError(completed(refused.message, target) + option);
}

function parsePair(text: string, known: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, sku, product] = /^(.+)=([^=]+)$/.exec(text) ?? [];
  if (sku && product) return { ...known, [sku]: product };
  throw new InvalidArgumentError('Expected SKU=product, such as widget-old=widgetpro-mac.');
}

function parseId(text: string): string {
  if (/^[\x21-\x7e]{1,100}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected letters, digits and signs without spaces, such as press-7.');
}
