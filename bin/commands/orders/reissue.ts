/** `orders reissue`: a serial for the name as it should have been. */
import { Command } from '@commander-js/extra-typings';
import { reissued } from '../../../functions/core/operator/reissue.ts';
import { noted } from '../../../functions/core/order/audit.ts';
import type { Line, Order } from '../../../functions/core/order/order.ts';
import { change } from '../../../functions/core/order/record.ts';
import { actorOf, type WhyOptions, withWhyOption } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { type TargetOptions, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { HINTS } from './held-text.ts';
import { printOutcome } from './outcome.ts';
import { type Desk, deskOf, orderMeant, readerOf, requireLive } from './session.ts';

interface ReissueOptions extends TargetOptions, WhyOptions {
  readonly name: string;
  readonly sku?: string;
  readonly product?: string;
  readonly json?: boolean;
}

export const ordersReissue = (terminal: Terminal) =>
  withWhyOption(withTargetOptions(new Command('reissue')))
    .argument('<key>', 'of the order, or the id that the provider has for it')
    .description('correct the name: a new serial, mailed; the old one is kept as superseded')
    .requiredOption('--name <name>', 'as it must be typed into the app')
    .option('--sku <sku>', 'only the line that the provider calls so, if not all of them')
    .option('--product <product>', 'only the lines of this product of the catalogue')
    .option('--json', 'for scripts: the order as it now stands')
    .addHelpText('after', REISSUE)
    .action((key: string, options: ReissueOptions) => reissue(terminal, key, options));

const REISSUE = `
An app cannot be told: it goes on taking the old serial.

Examples:
  npx --no keypost orders reissue 'stripe#pi_123' --name 'José Núñez' --why 'asked for it'
  npx --no keypost orders reissue pi_123 --name 'José Núñez' --product widgetpro-mac`;

async function reissue(terminal: Terminal, text: string, options: ReissueOptions): Promise<void> {
  const desk = await deskOf(options, terminal);
  const found = await orderMeant(desk, text);
  const chosen = ({ sku, product }: Line) =>
    (options.sku ?? sku) === sku && (options.product ?? product) === product;
  requireSerial(desk, found, chosen);
  const keys = (await readerOf(desk)).productKeys;
  const hand = await actorOf(desk.target, terminal, 'reissue', options);
  const { order, changed } = await change(desk.store, found.key, found, (current) => {
    if (!current) return undefined;
    requireSerial(desk, current, chosen);
    const next = reissued({ catalogue: desk.catalogue, keys }, current, options.name, chosen, Date.now());
    if (next && 'why' in next)
      throw new CommandError(`${next.sku} cannot have this name, ${next.why}: ${HINTS[next.why]}`);
    return next && noted(hand, {}, Date.now)(next, current);
  });
  if (changed) printOutcome(terminal, order, options.json);
  else terminal.complain(`${order.key} has its serials for this name already; nothing is changed`);
}

function requireSerial({ target }: Desk, order: Order, chosen: (line: Line) => boolean): void {
  requireLive(order);
  const lines = order.lines.filter(chosen);
  if (lines.some(({ serial }) => serial !== null)) return;
  const { key } = order;
  throw new CommandError(
    lines.length > 0
      ? `${key} has no serial yet; \`${target.command(`orders release '${key}' --name NAME`)}\` makes it`
      : `${key} has no such line; it has ${order.lines.map(({ sku, product }) => `${sku} (${product})`).join(', ')}`,
  );
}
