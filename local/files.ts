/** The files of the local data: small files, each replaced in one step, and logs to which lines are appended. */
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
import { StartError } from '../bin/commands/cli/http.ts';

export interface Files {
  /** Returns the path to show in messages. */
  path(name: string): string;
  /** Returns undefined if there is no such file. */
  read(name: string): string | undefined;
  /** A kill of this process after the return cannot undo it. */
  write(name: string, text: string): void;
  log(name: string): Log;
}

/** Lines, oldest first. Only their offsets are in memory. */
export interface Log {
  count(): number;
  /** Returns undefined if there is no such line. */
  line(at: number): string | undefined;
  /** A kill of this process after the return cannot undo it. */
  append(line: string): void;
  /** Overwrites the line with blanks and keeps its position. */
  wipe(at: number): void;
}

/** Stores files in `root`, which must exist. */
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
  return {
    path: (name) => name,
    read: (name) => texts.get(name),
    write: (name, text) => void texts.set(name, text),
    log() {
      const lines: string[] = [];
      return {
        count: () => lines.length,
        line: (at) => lines[at],
        append: (line) => void lines.push(line),
        wipe(at) {
          lines[at] = '';
        },
      };
    },
  };
}

/** Parses the content of `source`. Throws a StartError that does not quote the text, because it may hold a secret. */
export function parseJson<Value>(schema: z.ZodMiniType<Value>, text: string, source: string): Value {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    const fix = 'Stop Keypost; restore it from a copy, or delete it to start without its content.';
    throw new StartError(`${source} is damaged: expected the JSON that Keypost wrote. ${fix}`);
  }
}

/** Opens and locks a LevelDB folder. Throws a StartError if another process has it, or if it is damaged. */
export async function openLevel(path: string, createIfMissing: boolean, fix: string): Promise<ClassicLevel> {
  const level = new ClassicLevel(path, { createIfMissing });
  await level.open().catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause : error;
    if ('code' in cause && cause.code === 'LEVEL_LOCKED')
      throw new StartError(
        'Another Keypost is using this data. Stop it, or use another folder: DATA_DIR=.data2 npm start',
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
  // A kill may leave a last line unfinished. Its append never returned, so it may be cut off.
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
      // The file above is open for appending, so this needs a descriptor of its own.
      const writer = openSync(path, 'r+');
      const blank = Buffer.alloc(start(at + 1) - start(at) - 1, ' ');
      writeSync(writer, blank, 0, blank.length, start(at));
      closeSync(writer);
    },
  };
}
