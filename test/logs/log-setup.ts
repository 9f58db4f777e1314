/**
 * Runs before each test file. Keeps the output of the file and of every process it starts; log-scan.ts searches it at the end.
 * The next file of the process starts in the same folder and with the same environment.
 */
import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { format } from 'node:util';
import { afterAll, expect } from 'vitest';

const [cwd, env] = [process.cwd(), { ...process.env }];
afterAll(() => {
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
});

const { testPath = 'unknown' } = expect.getState();
const file = join(
  process.env.KEYPOST_TEST_LOGS ?? tmpdir(),
  relative('test', testPath).replaceAll(/[\\/]/g, '-'),
);

process.env.KEYPOST_TEST_LOG = file;
const keep = (chunk: Uint8Array | string) => appendFileSync(process.env.KEYPOST_TEST_LOG ?? file, chunk);

// Files that share a process run this again: the name tells what is wrapped already.
for (const level of ['debug', 'error', 'info', 'log', 'warn'] as const) {
  const write = console[level];
  if (write.name === 'keptLine') continue;
  console[level] = function keptLine(...args: unknown[]) {
    const line = format(...args);
    keep(`${line}\n`);
    // Printing what the Lambdas log would send each line to vitest's own process.
    if (!line.startsWith('{"report"')) write(...args);
  };
}

// Threads write to these.
for (const stream of [process.stdout, process.stderr]) {
  if (stream.write.name === 'keptChunk') continue;
  const write = stream.write.bind(stream);
  stream.write = function keptChunk(chunk: Uint8Array | string, ...rest: never[]) {
    keep(chunk);
    return write(chunk, ...rest);
  };
}

const tee = ` --import ${new URL('log-tee.mjs', import.meta.url)}`;
process.env.NODE_OPTIONS = `${(process.env.NODE_OPTIONS ?? '').replace(tee, '')}${tee}`;
