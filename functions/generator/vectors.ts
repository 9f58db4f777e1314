/** Checks that a program reproduces serials that its seller knows to be right. */
import { licenseeOf, type NameOptions } from '../core/serial/name.ts';
import {
  callFunction,
  type MakeSerial,
  type Output,
  type ProgramOrder,
  programInput,
  readOutput,
} from '../core/serial/program.ts';
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
    return await vectorFaults(
      (order) => {
        const input = programInput(names.charset, order);
        return input && program.run(input);
      },
      names,
      vectors,
    );
  } finally {
    program.stop();
  }
}

/** Checks a function of the seller's own: each serial is made twice, with another clock and another `Math.random`. */
export const functionFaults = (make: MakeSerial, names: NameOptions, vectors: readonly Vector[]) =>
  vectorFaults(
    (order) => {
      const first = callFunction(make, order);
      const again = elsewhere(() => callFunction(make, order));
      return (first.fault ?? first.output === (again.fault ?? again.output))
        ? first
        : { fault: 'it is not pure: the same order gives two serials' };
    },
    names,
    vectors,
  );

/** Runs synchronous code at another time. */
function elsewhere<Result>(run: () => Result): Result {
  const { Date: RealDate } = globalThis;
  const { random } = Math;
  const now = RealDate.now() + 40_000_000_000;
  Math.random = () => random() / 2;
  globalThis.Date = new Proxy(RealDate, {
    construct: (date, values) => Reflect.construct(date, values.length > 0 ? values : [now]),
    get: (date, name) => (name === 'now' ? () => now : Reflect.get(date, name)),
  });
  try {
    return run();
  } finally {
    globalThis.Date = RealDate;
    Math.random = random;
  }
}

export async function vectorFaults(
  run: (order: ProgramOrder) => Output | Promise<Output> | undefined,
  names: NameOptions,
  vectors: readonly Vector[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const [index, { name, serial, product }] of vectors.entries()) {
    const named = licenseeOf(name, names);
    const order = { product, order: '', quantity: 1, address: '' };
    const output = 'held' in named ? undefined : await run({ name: named.licensee, ...order });
    const made = output ? readOutput(output) : { fault: 'Keypost holds an order with this name' };
    if ('fault' in made) faults.push(`vectors[${index}]: ${made.fault}; correct the code or the vector`);
    else if (made.serial !== serial)
      faults.push(
        `vectors[${index}]: found another serial than the vector states; correct the vector, or use the code that made it`,
      );
  }
  return faults;
}
