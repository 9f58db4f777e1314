/** `codes make`: a list of claim codes. */
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { batchKey, codeMaker, MOST_BATCHES, MOST_CODES } from '../../../functions/core/pages/codes.ts';
import { parseCount, parseDay } from '../cli/option-values.ts';
import { type OptionsOf, withTargetOptions } from '../cli/target.ts';
import { CommandError, type Terminal } from '../cli/terminal.ts';
import { openSession } from '../orders/session.ts';
import { readBatches, readKeypostKeys } from './batches.ts';

const command = () =>
  withTargetOptions(new Command('make'))
    .description('make claim codes: each is good for one serial of each product')
    .requiredOption('--product <product>', 'a product of the catalogue; may be repeated', append)
    .requiredOption('--batch <name>', 'a name for the list', parseName)
    .requiredOption('--count <codes>', 'the number of codes', parseCount(MOST_CODES))
    .option('--until <date>', 'the last day on which the codes are valid, in UTC', parseDay)
    .option('--json', 'for scripts: { "batch", "count", "codes" }')
    .addHelpText('after', HELP);

const HELP = `
The codes are printed once, as CSV. Keypost stores the list only, not the codes.

Examples:
  npm run -s keypost -- codes make --product widgetpro-mac --batch bundle-2027 --count 5000 --until 2027-02-28 > codes.csv
  npm run -s keypost -- codes make --product widgetpro-mac --batch press --count 20 --local`;

export const codesMake = (terminal: Terminal) => command().action((options) => make(terminal, options));

async function make(terminal: Terminal, options: OptionsOf<typeof command>): Promise<void> {
  const session = await openSession(options, terminal);
  const { catalogue, store, target } = session;
  const known = Object.keys(catalogue.products);
  const missing = options.product.find((product) => !known.includes(product));
  if (missing) throw new CommandError(`the catalogue has no product ${missing}; it has ${known.join(', ')}`);
  if (!catalogue.pages?.codes)
    throw new CommandError('the catalogue has no claim page; add `pages: {}` to it, and deploy');
  const code = codeMaker(await readKeypostKeys(target));
  const { batch: name, count, until, product: products } = options;
  const receivedAt = new Date().toISOString();
  for (;;) {
    const batches = await readBatches(store);
    if (batches.some((one) => one.name === name))
      throw new CommandError(`the list ${name} exists already; choose another name with --batch`);
    const batch = batches.length;
    if (batch >= MOST_BATCHES)
      throw new CommandError(`there are ${MOST_BATCHES} lists already, the most possible`);
    const item = { kind: 'batch', version: 1, receivedAt, name, products, count, until } as const;
    // Another call may take the number first.
    if (await store.put({ ...item, key: batchKey(batch) }, undefined)) continue;
    if (options.json) terminal.print(`{ "batch": ${JSON.stringify(name)}, "count": ${count}, "codes": [`);
    else terminal.print('code');
    const [before, after, end] = options.json ? ['"', '"', ','] : ['', '', ''];
    const line = (n: number) => `${before}${code({ batch, n })}${after}${n < count - 1 ? end : ''}`;
    // A million codes at once would be a text of 20 MB.
    for (let n = 0; n < count; n += PART)
      terminal.print(Array.from({ length: Math.min(PART, count - n) }, (_, at) => line(n + at)).join('\n'));
    if (options.json) terminal.print('] }');
    return;
  }
}

const PART = 10_000;

const append = (text: string, known: readonly string[] = []): readonly string[] => [
  ...new Set([...known, text]),
];

function parseName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected letters, digits, dots and hyphens, such as bundle-2027.');
}
