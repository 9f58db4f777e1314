/** Adding a product's key, wherever it comes from. */
import type { Catalogue, Product } from '../../../functions/core/catalogue/catalogue.ts';
import { actorOf, type WhyOptions } from '../cli/audit.ts';
import { CommandError } from '../cli/failure.ts';
import { changeSecret } from '../cli/secret.ts';
import type { Target } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { factsOfProduct, noteKeyChange } from './audit.ts';
import { withProductKey } from './change.ts';

export async function addVersion(
  terminal: Terminal,
  target: Target,
  name: string,
  key: string,
  options: WhyOptions,
): Promise<void> {
  const hand = await actorOf(target, terminal, 'key change', options);
  let version: number | undefined;
  const changed = await changeSecret(target, (await target.names()).productKeys, (entries) => {
    const change = withProductKey(entries, name, key);
    version = change?.version;
    return change?.entries;
  });
  if (!changed) return terminal.print(`${name} has this key already; nothing is changed`);
  terminal.print(
    `the key of ${name} is set, as version ${version}; within five minutes every new serial is made with it`,
  );
  const { before, after } = changed;
  await noteKeyChange(target, name, hand, factsOfProduct(before, name), factsOfProduct(after, name));
}

/** The product, or undefined for a provider. Throws a CommandError where the name is neither, or both. */
export function productOrProvider({ products, providers }: Catalogue, name: string): Product | undefined {
  const product = Object.hasOwn(products, name) ? products[name] : undefined;
  const provider = Object.hasOwn(providers, name);
  if (product && provider)
    throw new CommandError(`${name} is both a product and a provider; call the product otherwise`);
  if (product || provider) return product;
  throw new CommandError(
    // The name is not said again: it may be a key in the wrong target.
    `the catalogue has neither a product nor a provider of this name; it has ${[products, providers].flatMap(Object.keys).join(', ')}`,
  );
}
