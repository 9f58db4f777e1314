import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import { CommandError } from '../cli/failure.ts';
import { type Entries, readSecret } from '../cli/secret.ts';
import type { Names, Target } from '../cli/target.ts';

/** Everything a check may look at. Each part is fetched once, when the first check needs it. */
export interface DoctorContext {
  readonly catalogue: Catalogue;
  readonly target: Target;
  names(): Promise<Names>;
  productKeys(): Promise<Entries>;
  providerKeys(): Promise<Entries>;
}

/** Returns what is wrong and how to fix it, or undefined if all is well. Throws if it cannot find out. */
export type Check = (context: DoctorContext) => Promise<string | undefined>;
export type Checks = Readonly<Record<string, Check>>;

/** Runs a check. Returns `cure` if what it looks at does not exist. */
export async function ifExists(
  Missing: abstract new (...args: never) => Error,
  cure: string,
  check: () => ReturnType<Check>,
): ReturnType<Check> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof Missing) return cure;
    throw error;
  }
}

/** @param catalogue undefined in a folder without one: a check that needs it then throws. */
export function doctorContext(catalogue: Catalogue | undefined, target: Target): DoctorContext {
  const names = once(() => target.names());
  const productKeys = once(async () => readSecret(target, (await names()).productKeys));
  const providerKeys = once(async () => readSecret(target, (await names()).providerKeys));
  return {
    get catalogue() {
      if (catalogue) return catalogue;
      throw new CommandError('it needs the catalogue; run it in the folder of `keypost.config.ts`');
    },
    ...{ target, names, productKeys, providerKeys },
  };
}

function once<Value>(fetchValue: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => {
    value ??= fetchValue();
    return value;
  };
}
