/** `keys list`: shows which products and providers have keys. */
import { Command } from '@commander-js/extra-typings';
import { columns, json } from '../cli/columns.ts';
import { readSecret } from '../cli/secret.ts';
import { type OptionsOf, readCatalogue, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { productKeyStates, providerKeyStates } from './state.ts';

export const keysList = (terminal: Terminal) => define().action((options) => list(terminal, options));

const define = () =>
  withTargetOptions(new Command('list'))
    .description('list all keys, and say whether they can be used')
    .option('--json', 'print JSON for scripts')
    .addHelpText('after', '\nExample:\n  npm run keypost -- keys list --local');

type ListOptions = OptionsOf<typeof define>;

async function list(terminal: Terminal, options: ListOptions): Promise<void> {
  const target = targetFrom(options, terminal.env);
  const catalogue = await readCatalogue(terminal);
  const names = await target.names();
  const products = productKeyStates(target, catalogue, await readSecret(target, names.productKeys));
  const providers = providerKeyStates(target, catalogue, await readSecret(target, names.providerKeys));
  if (options.json) return terminal.print(json({ products, providers }));
  const productTable = columns([
    ['PRODUCT', 'KEY VERSIONS', 'STATE'],
    ...products.map(({ product, versions, fault }) => [
      product,
      versions.map(({ version }) => version).join(', ') || 'none',
      fault ?? 'ok',
    ]),
  ]);
  const providerTable = columns([
    ['PROVIDER', 'SIGNING KEYS', 'API KEY', 'STATE'],
    ...providers.map(({ provider, signing, api, fault }) => [
      provider,
      String(signing),
      api ? 'yes' : 'no',
      fault ?? 'ok',
    ]),
  ]);
  terminal.print(`${productTable}\n\n${providerTable}`);
}
