/** `provider test` runs the checks of our own suite on a provider of the seller's own. Needs no server. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { isProvider } from '../../../functions/core/catalogue/schema.ts';
import { loadModule } from '../../../lib/build/load-catalogue.ts';
import { json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import type { Terminal } from '../cli/terminal.ts';

const HELP = `
The file exports one provider. samples/evidence.json beside it has the bodies that the
provider sends, with the signatures and the events in them: docs/own-code.md. The exit
code is 0 if the provider passes every check, and 1 if it does not.

Example:
  npm run keypost -- provider test providers/acme/provider.ts`;

export const providerTest = (terminal: Terminal) =>
  new Command('test')
    .argument('<file>', 'the module that exports the provider')
    .description('check a provider against the samples beside it')
    .option('--json', 'print JSON for scripts')
    .addHelpText('after', HELP)
    .action(async (file, options) => {
      const evidence = join(dirname(file), 'samples/evidence.json');
      for (const path of [file, evidence])
        if (!existsSync(path))
          throw new CommandError(
            `${path}: there is no such file; docs/own-code.md says what it has to contain`,
          );
      const exported = new Set(Object.values(await loadModule(file)));
      const [provider, ...others] = [...exported].filter(isProvider);
      if (!provider || others.length > 0)
        throw new CommandError(
          `${file}: found ${others.length > 0 ? 'several providers' : 'no provider'}; export one: { name, verify(request, context), read(request, context) }`,
        );
      const { checksOf } = await import('./checks.ts');
      const results = [];
      for (const { name, run } of readChecks(() => checksOf(provider, dirname(file)), evidence))
        results.push({ name, fault: await run().then(() => null, faultOf) });
      const failed = results.filter(({ fault }) => fault !== null);
      if (options.json) terminal.print(json({ ok: failed.length === 0, checks: results }));
      else
        for (const { name, fault } of results)
          terminal.print(fault === null ? `ok      ${name}` : `FAILED  ${name}: ${fault}`);
      if (failed.length > 0)
        throw new CommandError(`${file} fails ${failed.length} of ${results.length} checks; correct it`);
    });

function readChecks<Checks>(read: () => Checks, evidence: string): Checks {
  try {
    return read();
  } catch (error) {
    throw new CommandError(`${evidence} cannot be used: ${faultOf(error)}`);
  }
}

/** The message of fast-check has further lines with the request that fails. */
const faultOf = (error: unknown): string =>
  error instanceof Error ? error.message.replaceAll(/\s*\n\s*/g, ' ').slice(0, 400) : 'unknown error';
