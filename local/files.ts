/** Where local state is kept: small files, each written whole or not at all. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Files {
  /** Undefined where there is none. */
  read(name: string): string | undefined;
  /** Once it returns, no kill of this process can undo it. */
  write(name: string, text: string): void;
  remove(name: string): void;
  /** Names in a folder, in order. */
  names(folder: string): readonly string[];
}

export function diskFiles(root: string): Files {
  return {
    read: (name) => (existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8') : undefined),
    write(name, text) {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.new`, text, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
    remove: (name) => rmSync(join(root, name), { force: true }),
    names(folder) {
      const path = join(root, folder);
      const found = existsSync(path) ? readdirSync(path) : [];
      // What a kill left unfinished was never answered for.
      return found.filter((name) => !name.endsWith('.new')).sort();
    },
  };
}

export function memoryFiles(): Files {
  const texts = new Map<string, string>();
  return {
    read: (name) => texts.get(name),
    write: (name, text) => void texts.set(name, text),
    remove: (name) => void texts.delete(name),
    names: (folder) =>
      [...texts.keys()]
        .flatMap((name) => (name.startsWith(`${folder}/`) ? [name.slice(folder.length + 1)] : []))
        .sort(),
  };
}
