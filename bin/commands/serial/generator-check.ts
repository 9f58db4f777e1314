/** `generator check` says whether a program may run, and whether it makes the right serials. Needs no server. */
import { Command } from '@commander-js/extra-typings';
import { parse } from 'csv-parse/sync';
import * as z from 'zod/mini';
import { NAMES } from '../../../functions/core/serial/profile.ts';
import { LEAST_VECTORS, programFaults, type Vector } from '../../../functions/generator/vectors.ts';
import { json } from '../cli/columns.ts';
import { CommandError, readNamedFile } from '../cli/failure.ts';
import type { Terminal } from '../cli/terminal.ts';

export const generatorCheck = (terminal: Terminal) =>
  new Command('check')
    .argument('<file.wasm>', 'the program, compiled to a WASI command')
    .description('check a third-party program that makes serials')
    .option('--vectors <pairs.csv>', 'genuine pairs, name,serial or name,serial,product in each line')
    .option('--json', 'print JSON for scripts')
    .addHelpText('after', HELP)
    .action(async (file, options) => {
      const module = await readNamedFile(file);
      const vectors = options.vectors === undefined ? [] : await readVectors(options.vectors);
      const faults = await programFaults(module, NAMES, vectors);
      if (options.json) terminal.print(json({ ok: faults.length === 0, faults }));
      if (faults.length > 0) throw new CommandError(faults.map((fault) => `${file}: ${fault}`).join('\n'));
      if (!options.json)
        terminal.print(
          `${file} may run${vectors.length > 0 ? ` and makes all ${vectors.length} serials` : ''}`,
        );
    });

const HELP = `
A program reads name, product, order, quantity and address as lines from its standard
input and writes the serial to its standard output. docs/generators.md says how to
compile C++ and Rust. The exit code is 0 if the program may run, and 1 if it is refused.

Examples:
  npm run keypost -- generator check generators/acme.wasm
  npm run keypost -- generator check generators/acme.wasm --vectors pairs.csv --json`;

async function readVectors(file: string): Promise<readonly Vector[]> {
  const text = (await readNamedFile(file)).toString();
  const { data } = Rows.safeParse(parseRows(file, text));
  if (!data)
    throw new CommandError(
      `${file}: expected lines like "Jane Q. Sample",DWB6-BG45 or with a product after them`,
    );
  const vectors = data
    .filter(([name, serial], line) => line > 0 || name !== 'name' || serial !== 'serial')
    .map(([name, serial, product = '']) => ({ name, serial, product }));
  if (vectors.length >= LEAST_VECTORS) return vectors;
  throw new CommandError(
    `${file}: found ${vectors.length} pairs, expected at least ${LEAST_VECTORS}; add genuine pairs`,
  );
}

function parseRows(file: string, text: string): unknown {
  try {
    return parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    throw new CommandError(`${file}: ${error instanceof Error ? error.message : 'it is not CSV'}`);
  }
}

const Rows = z.array(
  z.union([z.tuple([z.string(), z.string()]), z.tuple([z.string(), z.string(), z.string()])]),
);
