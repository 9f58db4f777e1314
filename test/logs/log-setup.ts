/** Keeps the output of a test file and of every process it starts; log-scan.ts searches it at the end. */
import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { format } from 'node:util';
import { expect } from 'vitest';

const { testPath = 'unknown' } = expect.getState();
const file = join(
  process.env.KEYPOST_TEST_LOGS ?? tmpdir(),
  relative('test', testPath).replaceAll(/[\\/]/g, '-'),
);

for (const level of ['debug', 'error', 'info', 'log', 'warn'] as const) {
  const write = console[level];
  console[level] = (...args: unknown[]) => {
    appendFileSync(file, `${format(...args)}\n`);
    write(...args);
  };
}

// Threads write to these.
for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream);
  stream.write = (chunk: Uint8Array | string, ...rest: never[]) => {
    appendFileSync(file, chunk);
    return write(chunk, ...rest);
  };
}

process.env.KEYPOST_TEST_LOG = file;
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import ${new URL('log-tee.mjs', import.meta.url)}`;
