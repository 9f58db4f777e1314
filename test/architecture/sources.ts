/** Reads source files and separates their code from their comments and strings. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Text by path from the root. A rule takes such a map, so that a test can add a file that violates it. */
export type Sources = ReadonlyMap<string, string>;

export interface Import {
  /** A path from the root for our own files, otherwise the name of the package. */
  readonly path: string;
  readonly isType: boolean;
  readonly isLazy: boolean;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export function sourcesIn(...folders: readonly string[]): Sources {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|m?js|css|html)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length)),
  );
  return new Map(files.sort().map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

/** A comment, a string, a template or a regular expression: the first of them from any position in the code. */
const TOKEN = new RegExp(
  [
    String.raw`(?<comment>/\*[\s\S]*?\*/|//[^\n]*(?:\n[^\S\n]*//[^\n]*)*)`,
    String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"`,
    '(?<template>`(?:\\\\[\\s\\S]|\\$\\{(?:[^{}`]|`[^`]*`|\\{[^{}]*\\})*\\}|[^`\\\\])*`)',
    String.raw`(?<=(?:[(,=:[!&|?{};>]|\breturn)\s*)/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+/[a-z]*`,
  ].join('|'),
  'g',
);

/** The text of each comment. Consecutive `//` lines are one comment. */
export const commentsIn = (text: string): string[] =>
  [...text.matchAll(TOKEN)].flatMap(({ groups }) =>
    groups?.comment === undefined
      ? []
      : [groups.comment.replace(/^[^\S\n]*(?:\/\*\*?|\*\/|\*|\/\/)|\*\/$/gm, '').trim()],
  );

export const withoutComments = (text: string): string =>
  text.replace(TOKEN, (found) => (/^\/[/*]/.test(found) ? ' ' : found));

/** The code without comments and strings. The expressions in a template stay. */
export const codeIn = (text: string): string =>
  text.replace(TOKEN, (found) =>
    found.startsWith('`')
      ? [...found.matchAll(/\$\{((?:[^{}`]|`[^`]*`|\{[^{}]*\})*)\}/g)]
          .map(([, code = '']) => codeIn(code))
          .join(';')
      : found.startsWith('/') && !found.startsWith('//') && !found.startsWith('/*')
        ? '/regex/'
        : found.startsWith('/')
          ? ' '
          : "''",
  );

export function importsIn(file: string, text: string): Import[] {
  const found = withoutComments(text).matchAll(
    /^(?<clause>import|export)\b(?<names>[^;'"`]*?)\bfrom '(?<from>[^']+)'|^import '(?<bare>[^']+)'|\bimport\('(?<lazy>[^']+)'\)/gm,
  );
  return [...found].map(({ groups = {} }) => {
    const from = groups.from ?? groups.bare ?? groups.lazy ?? '';
    const names = groups.names?.trim() ?? '';
    return {
      path: from.startsWith('.') ? normalize(join(dirname(file), from)) : from,
      isType: names.startsWith('type ') || /^\{(?:\s*type [^,}]+,?)+\s*\}$/.test(names),
      isLazy: groups.lazy !== undefined,
    };
  });
}
