import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import type { ProductKeys } from '../../../functions/core/catalogue/keys.ts';
import type { Item } from '../../../functions/core/order/order.ts';
import { change } from '../../../functions/core/order/record.ts';
import type { Store } from '../../../functions/core/world.ts';
import { CommandError } from '../cli/failure.ts';
import { csvRows } from './csv-rows.ts';
import { keyOfRow, withRow } from './import-order.ts';
import { COLUMNS, type Row, readerOf, type Wrong } from './import-row.ts';
import { inOrder } from './in-order.ts';

const AT_ONCE = 32;

export interface Import {
  readonly file: string;
  readonly catalogue: Catalogue;
  readonly keys: ProductKeys;
  readonly store: Store;
  readonly who: string;
  readonly now: number;
  /** Is told how much of the file has been read, between 0 and 1. */
  show(part: number): void;
}

/** What became of one row of the file. */
export type Taken = { readonly line: number } & (
  | { readonly kind: 'written' | 'same'; readonly key: string; readonly row: Row }
  | ({ readonly kind: 'wrong' } & Wrong)
);

/** Takes row after row, in the order of the file. Throws a CommandError where it is no such file. */
export async function* importedRows(what: Import): AsyncGenerator<Taken> {
  const { catalogue } = what;
  const alone = oneAtATime();
  yield* inOrder(rowsOf(what), AT_ONCE, async ({ line, row }): Promise<Taken> => {
    if ('why' in row) return { line, kind: 'wrong', ...row };
    const key = keyOfRow(catalogue, row);
    // Of two rows of one order the first in the file comes first.
    return { line, ...(await alone(key, () => recorded(what, key, row))) };
  });
}

async function recorded({ store, catalogue, who, now }: Import, key: string, row: Row) {
  let wrong: Wrong | undefined;
  const { changed } = await change(store, key, await store.get(key), (order) => {
    const next = withRow(catalogue, order, row, who, now);
    wrong = next && 'why' in next ? next : undefined;
    return next && 'why' in next ? undefined : next;
  });
  return wrong
    ? { kind: 'wrong' as const, ...wrong }
    : { kind: changed ? ('written' as const) : ('same' as const), key, row };
}

async function* rowsOf({ file, catalogue, keys, now, show }: Import) {
  const size = await sizeOf(file);
  const text = createReadStream(file, { encoding: 'utf8' });
  let read: ((fields: readonly string[]) => Row | Wrong) | undefined;
  for await (const record of csvRows(text)) {
    const { line } = record;
    if (read) {
      yield { line, row: 'mistake' in record ? { why: record.mistake } : read(record.fields) };
      show(text.bytesRead / size);
      continue;
    }
    const header =
      'mistake' in record ? { why: record.mistake } : readerOf(record.fields, catalogue, keys, now);
    if ('why' in header) throw new CommandError(`${file}: ${header.why}`);
    read = header;
  }
  if (!read) throw new CommandError(`${file} is empty; write ${COLUMNS.join(',')} in its first line`);
}

async function sizeOf(file: string): Promise<number> {
  try {
    const found = await stat(file);
    if (!found.isDirectory()) return found.size;
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`);
  }
  throw new CommandError(`${file} is a folder; write the name of a CSV file`);
}

/** What would be written is remembered, and nothing is written. */
export function dryStore(store: Store): Store {
  const written = new Map<string, Item>();
  return {
    get: async (key) => written.get(key) ?? (await store.get(key)),
    async put(item) {
      written.set(item.key, item);
      return undefined;
    },
  };
}

/** Work under one key waits for what came before under that key. */
function oneAtATime() {
  const last = new Map<string, Promise<unknown>>();
  return async <Answer>(key: string, work: () => Promise<Answer>): Promise<Answer> => {
    const before = last.get(key);
    const mine = before ? before.then(work) : work();
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}
