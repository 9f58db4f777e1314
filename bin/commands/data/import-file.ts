/** Imports a file of past orders, row by row. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import { change } from '../../../functions/core/order/change.ts';
import type { Item } from '../../../functions/core/order/types.ts';
import type { Store } from '../../../functions/core/world.ts';
import { CommandError } from '../cli/failure.ts';
import { csvRecords, findDelimiter } from './csv.ts';
import { type Accepting, COLUMNS, keyOfRow, type Row, rowParser, type Wrong, withRow } from './import-row.ts';

const CONCURRENCY = 32;

export interface Import extends Accepting {
  readonly file: string;
  readonly catalogue: Catalogue;
  readonly store: Store;
  readonly who: string;
  /** Shows which part of the file has been read, between 0 and 1. */
  show(part: number): void;
}

/** The result of importing one row of the file. */
export type RowResult = { readonly line: number } & (
  | { readonly kind: 'written' | 'same'; readonly key: string; readonly row: Row }
  | ({ readonly kind: 'wrong' } & Wrong)
);

/** Imports all rows and yields their results in the order of the file. Throws a CommandError if it cannot be read. */
export async function* importRows(input: Import): AsyncGenerator<RowResult> {
  const serialized = serializedByKey();
  yield* mapInOrder(rowsOf(input), CONCURRENCY, async ({ line, row }): Promise<RowResult> => {
    if ('why' in row) return { line, kind: 'wrong', ...row };
    const key = keyOfRow(input.catalogue, row);
    // Rows of the same order are written in the order of the file.
    return { line, ...(await serialized(key, () => writeRow(input, key, row))) };
  });
}

async function writeRow({ store, catalogue, who, now }: Import, key: string, row: Row) {
  let wrong: Wrong | undefined;
  // Most orders are new: the write finds those that are not.
  const { changed } = await change(store, key, undefined, (order) => {
    const next = withRow(catalogue, order, row, who, now);
    wrong = next && 'why' in next ? next : undefined;
    return next && 'why' in next ? undefined : next;
  });
  return wrong
    ? { kind: 'wrong' as const, ...wrong }
    : { kind: changed ? ('written' as const) : ('same' as const), key, row };
}

async function* rowsOf({ file, catalogue, show, ...options }: Import) {
  const size = await sizeOf(file);
  const begin = await readBegin(file);
  requireUtf8(file, begin);
  const text = createReadStream(file, { encoding: 'utf8' });
  let parseRow: ((fields: readonly string[]) => Row | Wrong) | undefined;
  for await (const record of csvRecords(text, findDelimiter(begin.split(/[\r\n]/, 1)[0] ?? ''))) {
    const { line } = record;
    if (parseRow) {
      yield { line, row: 'mistake' in record ? { why: record.mistake } : parseRow(record.fields) };
      show(text.bytesRead / size);
      continue;
    }
    const parser =
      'mistake' in record ? { why: record.mistake } : rowParser(record.fields, catalogue, options);
    if ('why' in parser) throw new CommandError(`${file}: ${parser.why}`);
    parseRow = parser;
  }
  if (!parseRow) throw new CommandError(`${file} is empty; write ${COLUMNS.join(',')} in its first line`);
}

/** Text in UTF-16 begins with a byte order mark, or has a zero in each Latin character. */
function requireUtf8(file: string, begin: string): void {
  const hasMark = begin.startsWith('\xff\xfe') || begin.startsWith('\xfe\xff');
  if (hasMark || begin.includes('\0'))
    throw new CommandError(`${file} is in UTF-16; save it as "CSV UTF-8" and import it again`);
}

async function readBegin(file: string): Promise<string> {
  for await (const chunk of createReadStream(file, { encoding: 'latin1', end: 999 })) return String(chunk);
  return '';
}

async function sizeOf(file: string): Promise<number> {
  try {
    const stats = await stat(file);
    if (!stats.isDirectory()) return stats.size;
  } catch (error) {
    throw new CommandError(
      `${file} cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`,
    );
  }
  throw new CommandError(`${file} is a folder; write the name of a CSV file`);
}

/** Keeps writes in memory, for a dry run. Later rows of the same order see them. */
export function dryStore(store: Store): Store {
  const unsaved = new Map<string, Item>();
  return {
    get: async (key) => unsaved.get(key) ?? (await store.get(key)),
    async put(item, expected) {
      const known =
        expected === undefined ? (unsaved.get(item.key) ?? (await store.get(item.key))) : undefined;
      if (known) return known;
      unsaved.set(item.key, item);
      return undefined;
    },
  };
}

/** Processes at most `most` values at a time and yields the results in the order of the source. */
export async function* mapInOrder<Value, Result>(
  source: AsyncIterable<Value>,
  most: number,
  work: (value: Value) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  try {
    for await (const value of source) {
      const result = work(value);
      // A rejection is thrown below, when it is the result's turn. Until then it must not end the process.
      result.catch(() => undefined);
      running.push(result);
      const first = running.length < most ? undefined : running.shift();
      if (first) yield await first;
    }
    for (const result of running) yield await result;
  } finally {
    // After a rejection, the others that have begun end before the caller goes on.
    await Promise.allSettled(running);
  }
}

/** Runs work under the same key one after the other. */
function serializedByKey() {
  const last = new Map<string, Promise<unknown>>();
  return async <Result>(key: string, work: () => Promise<Result>): Promise<Result> => {
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
