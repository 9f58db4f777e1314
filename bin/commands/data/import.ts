/** `import`: past orders of another store, so that Keypost knows every serial that is out. */
import { Command } from '@commander-js/extra-typings';
import { productKeys } from '../../../functions/core/catalogue/keys.ts';
import { actor } from '../cli/audit.ts';
import { harmless, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { withBarOf } from '../cli/progress.ts';
import { readSecret } from '../cli/secret.ts';
import { readCatalogue, type TargetOptions, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { ordersOf } from '../orders/held-text.ts';
import { dryStore, type Import, importedRows, type Taken } from './import-file.ts';

interface ImportOptions extends TargetOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export const importCommand = (terminal: Terminal) =>
  withTargetOptions(new Command('import'))
    .argument('<file>', 'a CSV in UTF-8, a row for each product of an order')
    .description('take past orders from a CSV; no mail goes out')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('--json', 'for scripts: how many rows are what, and which are wrong')
    .addHelpText('after', HELP)
    .action((file: string, options: ImportOptions) => take(terminal, file, options));

const HELP = `
The first line names the columns, in any order; others are left alone:

  provider,order,date,name,email,product,quantity,serial
  stripe,pi_123,2024-05-31,José Núñez,jose@example.com,widgetpro-mac,1,B05F…

order is the id by which the provider's notifications are kept (docs/providers), so
that none of them issues a second serial. date is ISO 8601, in UTC where no zone is
told. serial must be that of name, under any key version of the product.

A row that is there already counts as same, and so does one of an erased order. A
wrong row is listed with its line, nothing of it is written, and the exit code is 1.

Examples:
  npx --no keypost import orders.csv --dry-run --local
  npx --no keypost import orders.csv`;

async function take(terminal: Terminal, file: string, options: ImportOptions): Promise<void> {
  const { dryRun = false } = options;
  const catalogue = await readCatalogue(terminal);
  const target = targetFrom(options, terminal.env);
  const keys = productKeys(await readSecret(target, (await target.names()).productKeys));
  const { store } = await ordersOf(target);
  const what = {
    file,
    catalogue,
    keys,
    store: dryRun ? dryStore(store) : store,
    who: dryRun ? '' : await actor(target, terminal),
    now: Date.now(),
  };
  const diff = dryRun && !options.json ? (taken: Taken) => terminal.print(changeOf(taken)) : undefined;
  const count = diff
    ? await counted({ ...what, show: () => undefined }, diff)
    : await withBarOf((show) => counted({ ...what, show }), process.stderr);
  terminal.print(options.json ? json(count) : inWords(count, dryRun));
  if (count.wrong.length > 0)
    throw new CommandError(
      `${count.wrong.length} of ${count.read} rows are wrong; nothing of them is written`,
    );
}

type Count = Awaited<ReturnType<typeof counted>>;

async function counted(what: Import, tell?: (taken: Taken) => void) {
  const count = { written: 0, same: 0 };
  const wrong: { line: number; why: string }[] = [];
  for await (const taken of importedRows(what)) {
    if (taken.kind === 'wrong') wrong.push({ line: taken.line, why: taken.why });
    else count[taken.kind] += 1;
    if (taken.kind !== 'same') tell?.(taken);
  }
  return { read: count.written + count.same + wrong.length, ...count, wrong };
}

function changeOf(taken: Taken): string {
  if (taken.kind === 'wrong') return wrongLine(taken);
  const { row, key, line } = taken;
  const { name, email, product, quantity, serial } = row;
  return harmless(`+ line ${line}: ${key}, ${quantity} × ${product} for ${name} <${email}>, ${serial}`);
}

const wrongLine = ({ line, why }: { readonly line: number; readonly why: string }) =>
  `! line ${line}: ${why}`;

/** The dry run has listed the wrong rows among the others. */
function inWords({ read, written, same, wrong }: Count, dryRun: boolean): string {
  const sum = `${read} rows: ${written} ${dryRun ? 'would be written' : 'written'}, ${same} the same, ${wrong.length} wrong`;
  return [...(dryRun ? [] : wrong.map(wrongLine)), sum].join('\n');
}
