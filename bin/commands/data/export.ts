/** `export`: writes all orders for a spreadsheet, another program, or `import`. */
import { open, rename } from 'node:fs/promises';
import { Command, Option } from '@commander-js/extra-typings';
import { type Item, idIn, keyOf } from '../../../functions/core/order/types.ts';
import { isListed, isUnpaid, type OrderView, view } from '../../../functions/core/order/view.ts';
import { json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { parseCount } from '../cli/option-values.ts';
import { withBarOf } from '../cli/progress.ts';
import { targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { everyItem, openTable } from '../orders/table.ts';
import { csvLine } from './csv.ts';
import { COLUMNS } from './import-row.ts';

export const exportCommand = (terminal: Terminal) =>
  withTargetOptions(new Command('export'))
    .description('write all orders as CSV or JSON lines')
    .addOption(new Option('--format <format>', 'the format').choices(['csv', 'jsonl']).default('csv'))
    .option('--limit <count>', 'end after so many orders', parseCount(9_999_999))
    .option('--out <file>', 'write to this file instead of standard output')
    .addHelpText('after', HELP)
    .action(async ({ format, out, limit = Number.POSITIVE_INFINITY, ...options }) => {
      const target = targetFrom(options, terminal.env);
      const { table } = await openTable(target);
      terminal.complain('reading the whole table');
      const chunks = async function* (show?: (part: number) => void) {
        if (format === 'csv') yield HEADER;
        let left = limit;
        for await (const items of everyItem(table, show && { show })) {
          const orders = items.map(LINES[format]).filter((lines) => lines.length > 0);
          if (orders.length > 0) yield orders.slice(0, left).flat().join('\n');
          left -= orders.length;
          if (left <= 0) return;
        }
      };
      if (out === undefined) return await output(terminal, out, chunks());
      await withBarOf((show) => output(terminal, out, chunks(show)), process.stderr);
    });

const HELP = `
The command reads the whole table, which DynamoDB bills. The orders are not sorted.

csv    one line per product sold, in the columns of \`import\`, then status and mail.
       Test orders are left out. A cell that a spreadsheet would take for a formula
       begins with an apostrophe, which \`import\` removes.
jsonl  one line per order, with everything that \`orders show\` shows. Test orders are
       included.

Examples:
  npm run keypost -- export --out orders.csv
  npm run keypost -- export --format jsonl --local`;

const LINES: Readonly<Record<'csv' | 'jsonl', (item: Item) => readonly string[]>> = {
  csv: csvLines,
  jsonl: (item) => (isListed(item) || isUnpaid(item) ? [json(view(item), 0)] : []),
};

const HEADER = csvLine([...COLUMNS, 'status', 'mail']);

/** Returns one line per product sold. Test orders and unreadable notifications have none. */
function csvLines(item: Item): string[] {
  if (!isListed(item) && !isUnpaid(item)) return [];
  const shown = view(item);
  const { provider, buyer, status, mail, lines, placedAt = '' } = shown;
  const order = orderId(shown);
  if (order === undefined) return [];
  return lines.map(({ received, product, quantity, serial }) =>
    csvLine([
      provider,
      order,
      placedAt,
      received ?? buyer.name ?? '',
      buyer.email ?? '',
      product ?? '',
      String(quantity),
      serial ?? '',
      status,
      mail.state,
    ]),
  );
}

/** Returns the provider's id of a genuine sale, undefined for any other item. */
function orderId({ key, provider }: OrderView): string | undefined {
  const id = idIn(key);
  return keyOf(provider, false, id) === key ? id : undefined;
}

/** Prints the chunks, or writes a file completely or not at all, which only the current user can read. */
export async function output(
  { print }: Terminal,
  path: string | undefined,
  chunks: AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  if (path === undefined) {
    for await (const chunk of chunks) print(chunk);
    return;
  }
  try {
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      for await (const chunk of chunks) await file.write(`${chunk}\n`);
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  } catch (error) {
    if (!(error instanceof Error && 'path' in error)) throw error;
    throw new CommandError(`${path} cannot be written: ${error.message}`);
  }
}
