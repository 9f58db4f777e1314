/** The lists of claim codes. Their items are read one after the other by number, because no index has them. */

import { LOCAL_NAMES } from '../../../functions/aws/local-names.ts';
import { type KeypostKeys, keypostKeys } from '../../../functions/core/catalogue/keys.ts';
import type { Batch } from '../../../functions/core/order/types.ts';
import { batchKey, MOST_BATCHES } from '../../../functions/core/pages/codes.ts';
import type { Store } from '../../../functions/core/world.ts';
import { readSecret } from '../cli/secret.ts';
import type { Target } from '../cli/target.ts';
import { CommandError } from '../cli/terminal.ts';

const AT_ONCE = 25;

/** Returns the lists in the order in which they were made. */
export async function readBatches({ get }: Store): Promise<Batch[]> {
  const found: Batch[] = [];
  while (found.length < MOST_BATCHES) {
    const keys = Array.from({ length: AT_ONCE }, (_, at) => batchKey(found.length + at));
    const items = await Promise.all(keys.map((key) => get(key)));
    const batches = items.flatMap((item) => (item?.kind === 'batch' ? item : []));
    found.push(...batches);
    if (batches.length < AT_ONCE) break;
  }
  return found;
}

export async function readKeypostKeys(target: Target): Promise<KeypostKeys> {
  const names = await target.names();
  const secret = target.local ? LOCAL_NAMES.keypostKeys : names.output('KeypostKeysSecret');
  const keys = keypostKeys(await readSecret(target, secret));
  if (keys.length > 0) return keys;
  throw new CommandError(
    `the secret ${secret} has no key, so no code can be made; add \`pages: {}\` to the catalogue, then ${target.local ? 'run `npm start` again' : 'deploy'}`,
  );
}
