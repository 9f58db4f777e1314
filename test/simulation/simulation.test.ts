/** A short run of `npm run simulate`; see docs/reliability.md. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { simulateOverHttp } from './http/http.ts';
import { MUTANTS } from './mutants/mutants.ts';
import { detect } from './mutants/run-mutants.ts';
import { bundle, findCode, loadBundle } from './threads/bundle.ts';
import { mergeResults } from './threads/parallel.ts';

const CHUNK = 100;
const CHUNKS = 10;

// Computing, not waiting: on a machine with other work it takes several times as long.
vi.setConfig({ testTimeout: 600_000 });

/** vitest's own modules run at a third of the speed. */
const folder = mkdtempSync(join(tmpdir(), 'keypost-simulation-'));
afterAll(() => rmSync(folder, { recursive: true }));
const bundled = bundle(folder).then(loadBundle);

async function run(seed: number, chunks: number, orders = CHUNK) {
  const { runChunk } = await bundled;
  const results = [];
  for (let chunk = 0; chunk < chunks; chunk += 1) results.push(await runChunk({ seed, chunk, orders }));
  return mergeResults(results);
}

test('every invariant holds under every fault', async () => {
  const { violations, counts } = await run(5, CHUNKS);
  expect(violations).toEqual([]);
  expect(counts.get('orders')).toBe(CHUNKS * CHUNK);
  // A run without these events would prove little.
  for (const what of ['deaths', 'mails', 'forged requests', 'replayed requests', 'by a person: release'])
    expect(counts.get(what), what).toBeGreaterThan(0);
});

test('the same seed gives the same run, and another seed another', async () => {
  const [first, again, other] = [await run(3, 1, 40), await run(3, 1, 40), await run(4, 1, 40)];
  expect(again).toEqual(first);
  expect(other.hash).not.toBe(first.hash);
});

test('every invariant holds over HTTP, with the real adapters', async () => {
  const { violations, counts } = await simulateOverHttp({ seed: 1, orders: 40 }, () => undefined);
  expect(violations).toEqual([]);
  expect(counts.get('orders')).toBe(40);
  expect([...counts.keys()].some((what) => what.startsWith('fault dynamodb'))).toBe(true);
  expect(counts.get('mails')).toBeGreaterThan(20);
});

describe('a mutant', () => {
  test.each(MUTANTS)('$name: its code is in the source once', ({ file, from }) => {
    expect(findCode(readFileSync(file, 'utf8'), from)).toHaveLength(1);
  });

  const quick = [
    'claim after the mail',
    'every delivery mails, without a lease',
    'aliases are not claimed',
    'a write without the condition on its version',
    'a reversal does not stop the mail',
    'unknown is treated as sent',
    'any signature is accepted',
    'the last event wins',
  ];
  test.each(MUTANTS.filter(({ name }) => quick.includes(name)))(
    '$name: the simulation detects it',
    async (mutant) => {
      expect(await detect(mutant, 1, { most: 1_000, orders: 40 })).toBeDefined();
    },
  );
});
