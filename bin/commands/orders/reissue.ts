/** `orders reissue`: a new serial for the corrected name. */

import { Command } from '@commander-js/extra-typings';
import { HINTS } from '../../../functions/core/inbound/hints.ts';
import { reissueLines } from '../../../functions/core/operator/reissue.ts';
import { change } from '../../../functions/core/order/record.ts';
import type { Line, Order } from '../../../functions/core/order/types.ts';
import { fetchAnswers } from '../../../functions/core/serial/lines.ts';
import { actorOf, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { type OptionsOf, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { printOutcome } from './print.ts';
import {
  findOrder,
  type OrderSession,
  openSession,
  readerOf,
  requireLive,
  requireResult,
} from './session.ts';
import { requireUnchanged } from './show.ts';

const command = () =>
  withWhyOption(withTargetOptions(new Command('reissue')))
    .argument('<key>', "the order's key, or the provider's ID of it")
    .description('correct the name: a new serial is mailed, and the old one is kept as superseded')
    .requiredOption('--name <name>', 'the name as the buyer must type it into the app')
    .option('--sku <sku>', 'only the line with this SKU of the provider')
    .option('--product <product>', 'only the lines with this product of the catalogue')
    .option('--json', 'for scripts: the order after the change')
    .addHelpText('after', HELP);

const HELP = `
The app does not learn of it: it still accepts the old serial.

Examples:
  npm run keypost -- orders reissue 'stripe#pi_123' --name 'José Núñez' --why 'asked for it'
  npm run keypost -- orders reissue pi_123 --name 'José Núñez' --product widgetpro-mac`;

export const ordersReissue = (terminal: Terminal) =>
  command().action((key, options) => reissue(terminal, key, options));

async function reissue(terminal: Terminal, text: string, options: OptionsOf<typeof command>): Promise<void> {
  const session = await openSession(options, terminal);
  const { catalogue, store, target } = session;
  const found = await findOrder(session, text);
  const isChosen = ({ sku, product }: Line) =>
    (options.sku ?? sku) === sku && (options.product ?? product) === product;
  requireSerial(session, found, isChosen);
  const { productKeys: keys, generate } = await readerOf(session);
  const actor = await actorOf(target, terminal, options);
  const chosen = { name: options.name, isChosen };
  const answers = await fetchAnswers(generate, (some) =>
    reissueLines({ catalogue, keys, answers: some }, found, chosen, actor, Date.now()),
  );
  const { order, changed } = await change(store, found.key, found, (current) => {
    if (!current) return undefined;
    requireUnchanged(terminal, found, current);
    const next = reissueLines({ catalogue, keys, answers }, current, chosen, actor, Date.now());
    if (typeof next === 'object' && 'why' in next)
      throw new CommandError(`${next.sku} cannot have this name, ${next.why}: ${HINTS[next.why]}`);
    return requireResult(next, current);
  });
  if (changed) printOutcome(terminal, order, options.json);
  else terminal.complain(`${order.key} has its serials for this name already; nothing is changed`);
}

function requireSerial({ target }: OrderSession, order: Order, isChosen: (line: Line) => boolean): void {
  requireLive(order);
  const { key } = order;
  const lines = order.lines.filter(isChosen);
  if (lines.some(({ state }) => state === 'issued')) return;
  if (lines.length === 0) {
    const all = order.lines.map(({ sku, product }) => `${sku} (${product})`).join(', ');
    throw new CommandError(`${key} has no such line; it has ${all}`);
  }
  const release = target.command(`orders release '${key}' --name NAME`);
  throw new CommandError(`${key} has no serial yet; \`${release}\` makes it`);
}
