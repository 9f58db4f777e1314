/** Where local state is kept: small files, each written whole or not at all, and logs that only grow. */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type * as z from 'zod/mini';
import { StartError } from './settings.ts';

export interface Files {
  /** For messages. */
  path(name: string): string;
  /** Undefined where there is none. */
  read(name: string): string | undefined;
  /** Once it returns, no kill of this process can undo it. */
  write(name: string, text: string): void;
  log(name: string): Log;
}

/** Lines, oldest first, of which nothing but their places is in memory. */
export interface Log {
  count(): number;
  /** Undefined where there is none. */
  line(at: number): string | undefined;
  /** Once it returns, no kill of this process can undo it. */
  append(line: string): void;
  /** Nothing is left of the line but its place, which is blank. */
  wipe(at: number): void;
}

/** @param root exists. */
export const diskFiles = (root: string): Files => ({
  path: (name) => join(root, name),
  read: (name) => (existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8') : undefined),
  write(name, text) {
    const path = join(root, name);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  },
  log: (name) => diskLog(join(root, name)),
});

export function memoryFiles(): Files {
  const texts = new Map<string, string>();
  const lines: string[] = [];
  return {
    path: (name) => name,
    read: (name) => texts.get(name),
    write: (name, text) => void texts.set(name, text),
    log: () => ({
      count: () => lines.length,
      line: (at) => lines[at],
      append: (line) => void lines.push(line),
      wipe(at) {
        lines[at] = '';
      },
    }),
  };
}

/** @param place of the text. Throws a StartError that does not quote the text. */
export function parseJson<Value>(schema: z.ZodMiniType<Value>, text: string, place: string): Value {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    const fix = 'Stop Keypost; restore it from a copy, or delete it to start without what it held.';
    throw new StartError(`${place} is damaged: expected the JSON that Keypost wrote. ${fix}`);
  }
}

/** Opens and locks a LevelDB folder. Throws a StartError if another process has it, or if it is damaged. */
export async function openLevel(path: string, createIfMissing: boolean, fix: string): Promise<ClassicLevel> {
  const level = new ClassicLevel(path, { createIfMissing });
  await level.open().catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause : error;
    if ('code' in cause && cause.code === 'LEVEL_LOCKED')
      throw new StartError(
        'Keypost is running on this data already; another place: DATA_DIR=.data2 npm start',
      );
    throw new StartError(`${path} cannot be opened: ${cause.message}. ${fix}`);
  });
  return level;
}

const NEW_LINE = 0x0a;

function diskLog(path: string): Log {
  const file = openSync(path, 'a+', 0o600);
  const starts = [0];
  const start = (at: number) => starts[at] ?? 0;
  const chunk = Buffer.alloc(1024 * 1024);
  let size = 0;
  for (;;) {
    const bytes = chunk.subarray(0, readSync(file, chunk, 0, chunk.length, size));
    if (bytes.length === 0) break;
    for (let end = bytes.indexOf(NEW_LINE); end >= 0; end = bytes.indexOf(NEW_LINE, end + 1))
      starts.push(size + end + 1);
    size += bytes.length;
  }
  // What a kill left unfinished was never answered for.
  if (size > start(starts.length - 1)) ftruncateSync(file, starts.at(-1));
  return {
    count: () => starts.length - 1,
    line(at) {
      if (starts[at + 1] === undefined) return undefined;
      const bytes = Buffer.alloc(start(at + 1) - start(at));
      readSync(file, bytes, 0, bytes.length, start(at));
      return bytes.toString('utf8');
    },
    append(line) {
      starts.push(start(starts.length - 1) + writeSync(file, `${line}\n`));
    },
    wipe(at) {
      // Whatever is written to the file above goes to its end.
      const writer = openSync(path, 'r+');
      const blank = Buffer.alloc(start(at + 1) - start(at) - 1, ' ');
      writeSync(writer, blank, 0, blank.length, start(at));
      closeSync(writer);
    },
  };
}
