/** `keys list`: shows which products and providers have keys. */
import { Command } from '@commander-js/extra-typings';
import { columns, json } from '../cli/columns.ts';
import { readSecret } from '../cli/secret.ts';
import { readCatalogue, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { productKeyStates, providerKeyStates } from './state.ts';

export const keysList = (terminal: Terminal) =>
  withTargetOptions(new Command('list'))
    .description('list all keys, and say whether they can be used')
    .option('--json', 'print JSON for scripts')
    .addHelpText('after', '\nExample:\n  npm run keypost -- keys list --local')
    .action(async (options) => {
      const target = targetFrom(options, terminal.env);
      const catalogue = await readCatalogue(terminal);
      const names = await target.names();
      const products = productKeyStates(target, catalogue, await readSecret(target, names.productKeys));
      const providers = providerKeyStates(target, catalogue, await readSecret(target, names.providerKeys));
      if (options.json) return terminal.print(json({ products, providers }));
      const productRows = products.map(({ product, versions, fault }) => {
        const numbers = versions.map(({ version }) => version).join(', ');
        return [product, numbers || 'none', fault ?? 'ok'];
      });
      const providerRows = providers.map(({ provider, signing, api, fault }) => {
        return [provider, String(signing), api ? 'yes' : 'no', fault ?? 'ok'];
      });
      terminal.print(columns([['PRODUCT', 'KEY VERSIONS', 'STATE'], ...productRows]));
      terminal.print('');
      terminal.print(columns([['PROVIDER', 'SIGNING KEYS', 'API KEY', 'STATE'], ...providerRows]));
    });
