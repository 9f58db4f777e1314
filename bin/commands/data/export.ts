/** `export`: all orders, for a spreadsheet, another program, or `import`. */
import { open, rename } from 'node:fs/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Command, Option } from '@commander-js/extra-typings';
import { type Item, isListed, view } from '../../../functions/core/order/order.ts';
import { json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { withBarOf } from '../cli/progress.ts';
import { type TargetOptions, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { everyItem } from '../orders/scan.ts';
import { HEADER, rowsOf } from './export-rows.ts';

interface ExportOptions extends TargetOptions {
  readonly format: 'csv' | 'jsonl';
  readonly out?: string;
}

export const exportCommand = (terminal: Terminal) =>
  withTargetOptions(new Command('export'))
    .description('all orders, as CSV or as lines of JSON')
    .addOption(new Option('--format <format>', 'of the lines').choices(['csv', 'jsonl']).default('csv'))
    .option('--out <file>', 'where to, if not to standard output')
    .addHelpText('after', HELP)
    .action((options: ExportOptions) => write(terminal, options));

const HELP = `
The whole table is read, which DynamoDB bills, and the orders come in no order.

csv    a line for each product sold, in the columns of \`import\`, then status and
       mail. Without test orders. What a spreadsheet would take for a formula has an
       apostrophe before it, which \`import\` takes away.
jsonl  a line for each order, with all that \`orders show\` knows; test orders too.

Examples:
  npx --no keypost export --out orders.csv
  npx --no keypost export --format jsonl --local`;

const LINES: Readonly<Record<ExportOptions['format'], (item: Item) => readonly string[]>> = {
  csv: rowsOf,
  jsonl: (item) => (isListed(item) ? [json(view(item), 0)] : []),
};

async function write(terminal: Terminal, { format, out, ...options }: ExportOptions): Promise<void> {
  const target = targetFrom(options, terminal.env);
  const table = { client: new DynamoDBClient(target.config), name: (await target.names()).table };
  terminal.complain('reads the whole table');
  const chunks = async function* (show?: (part: number) => void) {
    if (format === 'csv') yield HEADER;
    for await (const items of everyItem(table, show)) {
      const lines = items.flatMap(LINES[format]);
      if (lines.length > 0) yield lines.join('\n');
    }
  };
  if (out === undefined) {
    for await (const chunk of chunks()) terminal.print(chunk);
    return;
  }
  await withBarOf((show) => saved(out, chunks(show)), process.stderr);
}

/** Whole or not at all, and for nobody else's eyes. */
export async function saved(out: string, chunks: AsyncIterable<string> | Iterable<string>): Promise<void> {
  try {
    const file = await open(`${out}.new`, 'w', 0o600);
    try {
      for await (const chunk of chunks) await file.write(`${chunk}\n`);
    } finally {
      await file.close();
    }
    await rename(`${out}.new`, out);
  } catch (error) {
    if (!(error instanceof Error && 'path' in error)) throw error;
    throw new CommandError(`${out} cannot be written: ${error.message}`);
  }
}
