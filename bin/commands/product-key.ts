/** Adding a product's key, wherever it comes from. */
import type { Catalogue, Product } from '../../functions/core/catalogue.ts';
import { CommandError } from './failure.ts';
import { withProductKey } from './key-change.ts';
import type { Place } from './place.ts';
import { changeSecret } from './secret.ts';
import type { Terminal } from './terminal.ts';

export async function addVersion(terminal: Terminal, place: Place, name: string, key: string): Promise<void> {
  let told = `${name} has this key already; nothing is changed`;
  await changeSecret(place, (await place.names()).productKeys, (entries) => {
    const changed = withProductKey(entries, name, key);
    if (changed)
      told = `the key of ${name} is set, as version ${changed.version}; within five minutes every new serial is made with it`;
    return changed?.entries;
  });
  terminal.print(told);
}

/** The product, or undefined for a provider. Throws a CommandError where the name is neither, or both. */
export function productOrProvider({ products, providers }: Catalogue, name: string): Product | undefined {
  const product = Object.hasOwn(products, name) ? products[name] : undefined;
  const provider = Object.hasOwn(providers, name);
  if (product && provider)
    throw new CommandError(`${name} is both a product and a provider; call the product otherwise`);
  if (product || provider) return product;
  throw new CommandError(
    // The name is not said again: it may be a key in the wrong place.
    `the catalogue has neither a product nor a provider of this name; it has ${[products, providers].flatMap(Object.keys).join(', ')}`,
  );
}
