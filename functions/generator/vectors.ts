/** Checks that a program reproduces serials that its seller knows to be right. */
import { licenseeOf, type NameOptions } from '../core/serial/name.ts';
import { type Output, programInput, readOutput } from '../core/serial/program.ts';
import { moduleFaults } from './check.ts';
import { programProcess } from './process.ts';

export interface Vector {
  readonly name: string;
  readonly serial: string;
  /** The line `product` of the input. */
  readonly product: string;
}

export const LEAST_VECTORS = 2;

/** Checks the module and, if it may run, runs it. Returns one line for each fault. */
export async function programFaults(
  module: Uint8Array,
  names: NameOptions,
  vectors: readonly Vector[],
): Promise<string[]> {
  const faults = moduleFaults(module);
  if (faults.length > 0) return faults;
  const program = programProcess(module);
  try {
    return await vectorFaults(program.run, names, vectors);
  } finally {
    program.stop();
  }
}

export async function vectorFaults(
  run: (input: Uint8Array) => Promise<Output>,
  names: NameOptions,
  vectors: readonly Vector[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const [index, { name, serial, product }] of vectors.entries()) {
    const named = licenseeOf(name, names);
    const order = { product, order: '', quantity: 1, address: '' };
    const input =
      'held' in named ? undefined : programInput(names.charset, { name: named.licensee, ...order });
    const made = input ? readOutput(await run(input)) : { fault: 'Keypost holds an order with this name' };
    if ('fault' in made) faults.push(`vectors[${index}]: ${made.fault}; correct the program or the vector`);
    else if (made.serial !== serial)
      faults.push(
        `vectors[${index}]: the program writes another serial than the vector states; correct the vector, or compile the program that made it`,
      );
  }
  return faults;
}
