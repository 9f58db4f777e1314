/** The lists of claim codes: read one after the other by number, because no index has them. */

import { LOCAL_NAMES } from '../../../functions/aws/local-names.ts';
import { type KeypostKeys, keypostKeys } from '../../../functions/core/catalogue/keys.ts';
import type { Batch } from '../../../functions/core/order/types.ts';
import { batchKey, MOST_BATCHES } from '../../../functions/core/pages/codes.ts';
import type { Store } from '../../../functions/core/world.ts';
import { columns, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { readSecret } from '../cli/secret.ts';
import type { Target } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';

const AT_ONCE = 25;

/** Returns the lists in the order in which they were made. */
export async function readBatches({ get }: Store): Promise<Batch[]> {
  const found: Batch[] = [];
  while (found.length < MOST_BATCHES) {
    const keys = Array.from({ length: AT_ONCE }, (_, at) => batchKey(found.length + at));
    const batches = (await Promise.all(keys.map((key) => get(key)))).flatMap((item) =>
      item?.kind === 'batch' ? item : [],
    );
    found.push(...batches);
    if (batches.length < AT_ONCE) break;
  }
  return found;
}

/** Throws a CommandError if there is no such list. */
export async function findBatch(store: Store, target: Target, name: string): Promise<Batch> {
  const batch = (await readBatches(store)).find((one) => one.name === name);
  if (batch) return batch;
  throw new CommandError(`there is no list ${name}; \`${target.command('codes list')}\` shows all`);
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

export type BatchView = ReturnType<typeof viewBatch>;

export function viewBatch({ name, products, count, until, stopped }: Batch, redeemed: number) {
  const isOver = until !== undefined && until < new Date().toISOString().slice(0, 10);
  const state = stopped ? 'stopped' : isOver ? 'expired' : 'active';
  return {
    batch: name,
    product: products.join(','),
    made: count,
    redeemed,
    until: until ?? null,
    state,
  } as const;
}

export const printBatches = ({ print }: Terminal, batches: readonly BatchView[], asJson?: boolean): void =>
  print(asJson ? json(batches) : batches.length === 0 ? 'there is no list of codes' : tableOf(batches));

const tableOf = (batches: readonly BatchView[]): string =>
  columns([
    ['BATCH', 'PRODUCT', 'MADE', 'REDEEMED', 'UNTIL', 'STATE'],
    ...batches.map(({ batch, product, made, redeemed, until, state }) => [
      ...[batch, product, String(made), String(redeemed), until ?? '', state],
    ]),
  ]);
