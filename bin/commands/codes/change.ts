/** `codes list`, `stop`, `extend` and `revoke`. */
import { Command } from '@commander-js/extra-typings';
import type { Batch } from '../../../functions/core/order/types.ts';
import { codeOrderKey } from '../../../functions/core/pages/claim.ts';
import { batchKey, parseCode } from '../../../functions/core/pages/codes.ts';
import { CommandError } from '../cli/failure.ts';
import { parseDay } from '../cli/option-values.ts';
import { type TargetOptions, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { openSession } from '../orders/session.ts';
import { everyItem, type Table } from '../orders/table.ts';
import { findBatch, printBatches, readBatches, readKeypostKeys, viewBatch } from './batches.ts';

const define = (verb: string, description: string, example: string) =>
  withTargetOptions(new Command(verb))
    .description(description)
    .option('--json', 'for scripts')
    .addHelpText('after', `\nExample:\n  npm run keypost -- codes ${verb}${example}`);

type Options = TargetOptions & { readonly json?: true | undefined };

export const codesList = (terminal: Terminal) =>
  define('list', 'the lists of codes, and how many codes are redeemed; reads the whole table', '').action(
    (options) => changeBatch(terminal, options),
  );

export const codesStop = (terminal: Terminal) =>
  define('stop', 'redeem no more codes of a list', ' bundle-2027')
    .argument('<batch>', 'the name of the list')
    .action((name, options) =>
      changeBatch(terminal, options, name, (batch) => ({ ...batch, stopped: true })),
    );

export const codesExtend = (terminal: Terminal) =>
  define('extend', 'change the last valid day of a list', ' bundle-2027 --until 2027-06-30')
    .argument('<batch>', 'the name of the list')
    .requiredOption('--until <date>', 'the last day on which the codes are valid, in UTC', parseDay)
    .action((name, options) =>
      changeBatch(terminal, options, name, (batch) => ({ ...batch, until: options.until })),
    );

export const codesRevoke = (terminal: Terminal) =>
  define('revoke', 'make one code invalid that is not redeemed', ' 0R3D-9S4K-WX2M-7HQA')
    .argument('<code>', 'the code')
    .action((code, options) => revoke(terminal, code, options));

/** Changes one list if it is named, and shows it, or all. */
async function changeBatch(
  terminal: Terminal,
  options: Options,
  name?: string,
  change = (batch: Batch): Batch => batch,
): Promise<void> {
  const { store, target, table } = await openSession(options, terminal);
  if (name === undefined) {
    const redeemed = await countRedeemed(table);
    const views = (await readBatches(store)).map((batch) => viewBatch(batch, redeemed.get(batch.name) ?? 0));
    return printBatches(terminal, views, options.json);
  }
  for (;;) {
    const batch = await findBatch(store, target, name);
    const next = { ...change(batch), version: batch.version + 1 };
    if (await store.put(next, batch.version)) continue;
    return printBatches(
      terminal,
      [viewBatch(next, (await countRedeemed(table)).get(name) ?? 0)],
      options.json,
    );
  }
}

async function countRedeemed(table: Table): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for await (const items of everyItem(table))
    for (const { kind, key } of items) {
      const name = /^codes#(.+)-\d+$/.exec(key)?.[1];
      if (kind === 'order' && name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
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
