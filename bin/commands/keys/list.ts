/** `keys list`: which keys there are. */
import { Command } from '@commander-js/extra-typings';
import { columns, json } from '../cli/columns.ts';
import { readSecret } from '../cli/secret.ts';
import { readCatalogue, type TargetOptions, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { productKeyStates, providerKeyStates } from './state.ts';

interface ListOptions extends TargetOptions {
  readonly json?: boolean;
}

export const keysList = (terminal: Terminal) =>
  withTargetOptions(new Command('list'))
    .description('which keys there are, and whether they can be used')
    .option('--json', 'for scripts')
    .addHelpText('after', '\nExample:\n  npx --no keypost keys list --local')
    .action((options: ListOptions) => list(terminal, options));

async function list(terminal: Terminal, options: ListOptions): Promise<void> {
  const target = targetFrom(options, terminal.env);
  const catalogue = await readCatalogue(terminal);
  const names = await target.names();
  const products = productKeyStates(target, catalogue, await readSecret(target, names.productKeys));
  const providers = providerKeyStates(target, catalogue, await readSecret(target, names.providerKeys));
  if (options.json) return terminal.print(json({ products, providers }));
  const versions = (state: (typeof products)[number]) =>
    state.versions.map(({ version }) => version).join(', ') || 'none';
  const table = [
    columns([
      ['PRODUCT', 'KEY VERSIONS', 'STATE'],
      ...products.map((state) => [state.product, versions(state), state.fault ?? 'ok']),
    ]),
    columns([
      ['PROVIDER', 'SIGNING KEYS', 'API KEY', 'STATE'],
      ...providers.map(({ provider, signing, api, fault }) => [
        provider,
        String(signing),
        api ? 'yes' : 'no',
        fault ?? 'ok',
      ]),
    ]),
  ];
  terminal.print(table.join('\n\n'));
}
