/** `codes make`, `list`, `stop`, `extend` and `revoke`. */
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { LOCAL_NAMES } from '../../../functions/aws/local-names.ts';
import { type KeypostKeys, keypostKeys } from '../../../functions/core/catalogue/keys.ts';
import type { Batch } from '../../../functions/core/order/types.ts';
import { codeOrderKey } from '../../../functions/core/pages/claim.ts';
import {
  batchKey,
  codeMaker,
  MOST_BATCHES,
  MOST_CODES,
  parseCode,
} from '../../../functions/core/pages/codes.ts';
import type { Store } from '../../../functions/core/world.ts';
import { columns, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { parseCount, parseDay } from '../cli/option-values.ts';
import { readSecret } from '../cli/secret.ts';
import { type OptionsOf, type Target, type TargetOptions, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { openSession } from '../orders/session.ts';
import { keysOfOrders, type Table } from '../orders/table.ts';

const define = (verb: string, description: string, example: string) =>
  withTargetOptions(new Command(verb))
    .description(description)
    .option('--json', 'for scripts')
    .addHelpText('after', `\nExample:\n  npm run keypost -- codes ${verb}${example}`);

type Options = TargetOptions & { readonly json?: true | undefined };

export const codesList = (terminal: Terminal) =>
  define('list', 'the lists of codes, and how many codes are redeemed', '').action(async (options) => {
    const { table, store } = await openSession(options, terminal);
    await print(terminal, table, await readBatches(store), options);
  });

export const codesStop = (terminal: Terminal) =>
  define('stop', 'redeem no more codes of a list', ' bundle-2027')
    .argument('<batch>', 'the name of the list')
    .action((name, options) => changeBatch(terminal, name, options, { stopped: true }));

export const codesExtend = (terminal: Terminal) =>
  define('extend', 'change the last valid day of a list', ' bundle-2027 --until 2027-06-30')
    .argument('<batch>', 'the name of the list')
    .requiredOption('--until <date>', 'the last day on which the codes are valid, in UTC', parseDay)
    .action((name, options) => changeBatch(terminal, name, options, { until: options.until }));

export const codesRevoke = (terminal: Terminal) =>
  define('revoke', 'make one code invalid that is not redeemed', ' 0R3D-9S4K-WX2M-7HQA')
    .argument('<code>', 'the code')
    .action((code, options) => revoke(terminal, code, options));

async function changeBatch(
  terminal: Terminal,
  name: string,
  options: Options,
  change: Pick<Batch, 'stopped' | 'until'>,
): Promise<void> {
  const { store, target, table } = await openSession(options, terminal);
  for (;;) {
    const batch = (await readBatches(store)).find((one) => one.name === name);
    if (!batch)
      throw new CommandError(`there is no list ${name}; \`${target.command('codes list')}\` shows all`);
    const next = { ...batch, ...change, version: batch.version + 1 };
    if (!(await store.put(next, batch.version))) return print(terminal, table, [next], options);
  }
}

async function print(
  terminal: Terminal,
  table: Table,
  batches: readonly Batch[],
  options: Options,
): Promise<void> {
  const redeemed = batches.length > 0 ? await countRedeemed(table) : new Map<string, number>();
  const today = new Date().toISOString().slice(0, 10);
  const rows = batches.map(({ name: batch, products, count: made, until = null, stopped }) => {
    const state = stopped ? 'stopped' : until !== null && until < today ? 'expired' : 'active';
    return { batch, product: products.join(','), made, redeemed: redeemed.get(batch) ?? 0, until, state };
  });
  const [first] = rows;
  const texts = rows.map((row) => Object.values(row).map((value) => String(value ?? '')));
  const head = Object.keys(first ?? {}).map((name) => name.toUpperCase());
  terminal.print(options.json ? json(rows) : first ? columns([head, ...texts]) : 'there is no list of codes');
}

/** Reads the keys of the orders, and no order. */
async function countRedeemed(table: Table): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for await (const keys of keysOfOrders(table, 'codes#'))
    for (const key of keys) {
      const name = key.slice('codes#'.length, key.lastIndexOf('-'));
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  return counts;
}

async function revoke(terminal: Terminal, text: string, options: Options): Promise<void> {
  const { store, target } = await openSession(options, terminal);
  const number = parseCode(await readKeypostKeys(target), text);
  const batch = number && (await store.get(batchKey(number.batch)));
  if (!number || batch?.kind !== 'batch' || number.n >= batch.count)
    throw new CommandError('found no code of yours; check it for typing errors');
  const key = codeOrderKey(batch, number.n);
  const notice = { kind: 'notice', key, version: 1, receivedAt: new Date().toISOString() } as const;
  const found = await store.put(notice, undefined);
  if (found?.kind === 'order')
    throw new CommandError(
      `the code is redeemed; \`${target.command(`orders show '${key}'`)}\` shows its order, and the serial stays valid`,
    );
  const result = { code: text, batch: batch.name, state: 'revoked' };
  terminal.print(options.json ? JSON.stringify(result) : `the code of ${batch.name} is revoked`);
}

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

const AT_ONCE = 25;

/** Returns the lists in the order in which they were made: one after the other by number, because no index has them. */
async function readBatches({ get }: Store): Promise<Batch[]> {
  const found: Batch[] = [];
  while (found.length < MOST_BATCHES) {
    const keys = Array.from({ length: AT_ONCE }, (_, at) => batchKey(found.length + at));
    const items = await Promise.all(keys.map((key) => get(key)));
    const batches = items.flatMap((item) => (item?.kind === 'batch' ? item : []));
    found.push(...batches);
    if (batches.length < AT_ONCE) break;
  }
  return found;
}

export async function readKeypostKeys(target: Target): Promise<KeypostKeys> {
  const names = await target.names();
  const secret = target.local ? LOCAL_NAMES.keypostKeys : names.output('KeypostKeysSecret');
  const keys = keypostKeys(await readSecret(target, secret));
  if (keys.length > 0) return keys;
  throw new CommandError(
    `the secret ${secret} has no key, so no code can be made; add \`pages: {}\` to the catalogue, then ${target.local ? 'run `npm start` again' : 'deploy'}`,
  );
}
