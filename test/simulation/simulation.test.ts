/** A short run of what `npm run simulate` does at length: docs/reliability.md. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runChunk } from './chunk.ts';
import { simulateOverHttp } from './http.ts';
import { ALL_PLANTS, caught } from './planted.ts';
import { merged } from './pool.ts';

const CHUNK = 100;

async function run(seed: number, chunks: number) {
  const results = [];
  for (let chunk = 0; chunk < chunks; chunk += 1)
    results.push(await runChunk({ seed, chunk, orders: CHUNK }));
  return merged(results);
}

test('no promise breaks, whatever fails', async () => {
  const { broken, counts } = await run(5, 15);
  expect(broken).toEqual([]);
  expect(counts.get('orders')).toBe(15 * CHUNK);
  // What is not there shows nothing.
  for (const what of ['deaths', 'mails', 'forged requests', 'replayed requests', 'released by a person'])
    expect(counts.get(what), what).toBeGreaterThan(0);
});

test('a seed gives the same run again, another one another', async () => {
  const [first, again, other] = [await run(3, 2), await run(3, 2), await run(4, 2)];
  expect(again).toEqual(first);
  expect(other.hash).not.toBe(first.hash);
});

test('nor over HTTP, with the real adapters', async () => {
  const { broken, counts } = await simulateOverHttp({ seed: 1, orders: 60 }, () => undefined);
  expect(broken).toEqual([]);
  expect(counts.get('orders')).toBe(60);
  expect([...counts.keys()].some((what) => what.startsWith('fault dynamodb'))).toBe(true);
  expect(counts.get('mails')).toBeGreaterThan(30);
});

describe('a planted fault', () => {
  test.each(ALL_PLANTS)('$name: its line is there', ({ file, from }) => {
    expect(readFileSync(file, 'utf8').split(from)).toHaveLength(2);
  });

  const quick = [
    'claim after the mail',
    'lost lease: every delivery mails',
    'an error is read as a duplicate',
    'other names are forgotten',
    'a write without the condition on its version',
    'a reversal does not stop the mail',
    'unknown is treated as sent',
    'any signature will do',
    'the last event wins',
  ];
  test.each(ALL_PLANTS.filter(({ name }) => quick.includes(name)))('$name: caught', async (plant) => {
    expect(await caught(plant, 1, 1_000)).toBeDefined();
  });
});
