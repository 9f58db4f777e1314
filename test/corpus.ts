/** Inputs that have hurt somebody once: files of bytes, and lists of text. Whatever a property finds is put among them. */
import { readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod';

const corpora = new URL('./corpus/', import.meta.url);

/** The files of a folder, as they are. */
export const filesOf = (folder: string): { name: string; bytes: Buffer }[] =>
  readdirSync(new URL(`${folder}/`, corpora))
    .sort()
    .map((name) => ({ name, bytes: readFileSync(new URL(`${folder}/${name}`, corpora)) }));

/** The entries of a list, as JSON has them: it can write what no file of text can. */
export const listOf = (name: string): unknown[] =>
  z.array(z.unknown()).parse(JSON.parse(readFileSync(new URL(`${name}.json`, corpora), 'utf8')));

export const textsOf = (name: string): string[] => z.array(z.string()).parse(listOf(name));
