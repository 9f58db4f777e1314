/** `codes list`, `stop`, `extend` and `revoke`. */
import { Command } from '@commander-js/extra-typings';
import type { Batch } from '../../../functions/core/order/types.ts';
import { codeOrderKey } from '../../../functions/core/pages/claim.ts';
import { batchKey, parseCode } from '../../../functions/core/pages/codes.ts';
import { parseDay } from '../cli/option-values.ts';
import { type TargetOptions, withTargetOptions } from '../cli/target.ts';
import { CommandError, columns, json, type Terminal } from '../cli/terminal.ts';
import { openSession } from '../orders/session.ts';
import { keysOfOrders, type Table } from '../orders/table.ts';
import { readBatches, readKeypostKeys } from './batches.ts';

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
