/** `import`: takes past orders of another store, so that Keypost knows every serial in use. */
import { Command } from '@commander-js/extra-typings';
import { productKeys } from '../../../functions/core/catalogue/keys.ts';
import { fetchCaller } from '../cli/audit.ts';
import { harmless, json } from '../cli/columns.ts';
import { CommandError, explain } from '../cli/failure.ts';
import { withBarOf } from '../cli/progress.ts';
import { readSecret } from '../cli/secret.ts';
import { readCatalogue, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { openTable } from '../orders/table.ts';
import { dryStore, type Import, importRows, type RowResult } from './import-file.ts';

export const importCommand = (terminal: Terminal) =>
  withTargetOptions(new Command('import'))
    .argument('<file>', 'a CSV in UTF-8 with one row per product of an order')
    .description('import past orders from a CSV without sending mail')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option(
      '--as-issued',
      "keep serials that the product's settings do not make, word for word and marked as unverified",
    )
    .option('--json', 'print JSON for scripts: the counts, and the wrong rows')
    .addHelpText('after', HELP)
    .action(async (file, options) => {
      const { dryRun = false, asIssued = false } = options;
      const catalogue = await readCatalogue(terminal);
      const target = targetFrom(options, terminal.env);
      const keys = productKeys(await readSecret(target, (await target.names()).productKeys));
      // A long import survives a service that does not answer for half a minute.
      const { store } = await openTable({ ...target, config: { ...target.config, maxAttempts: 6 } });
      const input = {
        file,
        catalogue,
        keys,
        store: dryRun ? dryStore(store) : store,
        who: dryRun ? '' : await fetchCaller(target, terminal),
        now: Date.now(),
        asIssued,
        local: target.local,
      };
      const printResult = (result: RowResult) => terminal.print(resultLine(result));
      const summary =
        dryRun && !options.json
          ? await summarize({ ...input, show: () => undefined }, printResult)
          : await withBarOf((show) => summarize({ ...input, show }), process.stderr);
      terminal.print(options.json ? json(summary) : summaryText(summary, dryRun));
      if (summary.wrong.length > 0)
        throw new CommandError(
          `${summary.wrong.length} of ${summary.read} rows are wrong and are not written; correct them and import the file again`,
        );
    });

const HELP = `
The first line names the columns, in any order. Other columns are ignored:

  provider,order,date,name,email,product,quantity,serial
  stripe,pi_123,2024-05-31,José Núñez,jose@example.com,widgetpro-mac,1,B05F…

order is the order id of the provider's notifications (docs/providers), so that no
notification issues a second serial. date is ISO 8601; a time without a zone is UTC.
serial must be the serial of name, under any key version of the product. With
--as-issued, any other serial is kept as it is, is marked as unverified, and is never
made again; the counts say how many are verified.

A row that is already stored counts as "same", and so does a row of an erased order.
A wrong row is listed with its line and is not written, and the exit code is 1.

Examples:
  npm run keypost -- import orders.csv --dry-run --local
  npm run keypost -- import orders.csv`;

type Summary = Awaited<ReturnType<typeof summarize>>;

async function summarize(
  input: Import & { readonly local: boolean },
  onChange?: (result: RowResult) => void,
) {
  const count = { written: 0, same: 0, ...(input.asIssued && { verified: 0, unverified: 0 }) };
  const wrong: { line: number; why: string }[] = [];
  const read = () => count.written + count.same + wrong.length;
  try {
    for await (const result of importRows(input)) {
      if (result.kind === 'wrong') wrong.push({ line: result.line, why: result.why });
      else {
        count[result.kind] += 1;
        if (count.verified !== undefined) count[result.row.unverified ? 'unverified' : 'verified'] += 1;
      }
      if (result.kind !== 'same') onChange?.(result);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      `${explain(error, input.local)}\nthe import has stopped after ${read()} rows; import the file again to go on`,
    );
  }
  return { read: read(), ...count, wrong };
}

function resultLine(result: RowResult): string {
  if (result.kind === 'wrong') return wrongLine(result);
  const { row, key, line } = result;
  const { name, email, product, quantity, serial } = row;
  const mark = row.unverified ? ' (unverified)' : '';
  return harmless(
    `+ line ${line}: ${key}, ${quantity} × ${product} for ${name} <${email}>, ${serial}${mark}`,
  );
}

const wrongLine = ({ line, why }: { readonly line: number; readonly why: string }) =>
  `! line ${line}: ${why}`;

/** A dry run has already printed the wrong rows. */
function summaryText(summary: Summary, dryRun: boolean): string {
  const { read, written, same, wrong, verified, unverified } = summary;
  const counts = `${read} rows: ${written} ${dryRun ? 'would be written' : 'written'}, ${same} the same, ${wrong.length} wrong`;
  const checked = verified === undefined ? [] : [`${verified} verified, ${unverified} unverified`];
  return [...(dryRun ? [] : wrong.map(wrongLine)), counts, ...checked].join('\n');
}
