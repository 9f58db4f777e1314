/** Orders of products whose serials a program makes: in time, late, or not at all. */
import { expect, it, test } from 'vitest';
import { releaseOrder } from '../../functions/core/operator/release.ts';
import type { Generate, Output } from '../../functions/core/serial/program.ts';
import { compile, runTwice } from '../../functions/generator/run.mjs';
import { catalogueWith, serial } from '../fixtures/catalogue.ts';
import { memoryWorld } from '../fixtures/memory.ts';
import { read } from './programs.ts';

const program = {
  kind: 'program' as const,
  file: './moody.wasm',
  vectors: [
    { name: 'Jane Q. Sample', serial: 'M-14-OK' },
    { name: 'Joe', serial: 'M-3-OK' },
  ],
};
const CATALOGUE = catalogueWith({
  providers: { plain: { testOrders: 'seller' } },
  products: {
    moody: { name: 'Moody', serial: program, skus: { plain: ['m'] } },
    widget: { name: 'Widget', serial, skus: { plain: ['w'] } },
  },
});
const moody = compile(read('moody.wasm'));
const answering: Generate = async (_, input) => runTwice(moody, input);

const sale = (name: string, more: object = {}) => ({
  ...{ kind: 'paid', id: '1', test: false, buyer: { name, email: 'jane@example.com' } },
  lines: [
    { sku: 'm', quantity: 1 },
    { sku: 'w', quantity: 1 },
  ],
  ...more,
});
const linesOf = (world: ReturnType<typeof memoryWorld>) =>
  world.stored()[0]?.lines.map((line) => {
    if (line.state === 'issued') return line.product === 'moody' ? line.issued.serial : line.state;
    return line.state === 'held' ? `held: ${line.reason}` : line.state;
  });

it('mails the serial of the program with the other serials of the order', async () => {
  const world = memoryWorld(CATALOGUE, new Map(), { generate: answering });
  expect(await world.deliver([sale('Joe')])).toBe(true);
  expect(linesOf(world)).toEqual(['M-3-OK', 'issued']);
  expect(world.state.log).toEqual(['put', 'send', 'put']);
  expect(world.mails.map(({ text }) => text.includes('M-3-OK'))).toEqual([true]);
});

test.each(['Silent', 'Nul', 'Lines', 'Large', 'Exit', 'Accent'])(
  'holds the line for which the program misbehaves (%s), and mails the others',
  async (name) => {
    const world = memoryWorld(CATALOGUE, new Map(), { generate: answering });
    await world.deliver([sale(name)]);
    expect(linesOf(world)).toEqual(['held: generator', 'issued']);
    expect(world.mails).toHaveLength(1);
    expect(world.reports).toContainEqual({
      name: 'line_held',
      details: { order: 'plain#1', reason: 'generator' },
    });
  },
);

it('releases such a line with a name that works', async () => {
  const world = memoryWorld(CATALOGUE, new Map(), { generate: answering });
  await world.deliver([sale('Silent')]);
  const [order] = world.stored();
  const inputs = {
    catalogue: CATALOGUE,
    keys: await world.ports.productKeys.read(),
    answers: () => ({ serial: 'M-3-OK' }),
  };
  const released =
    order &&
    releaseOrder(inputs, order, { name: 'Joe', products: new Map() }, undefined, { who: 'me', why: null }, 0);
  expect(released).toMatchObject({
    lines: [{ issued: { serial: 'M-3-OK', licensee: 'Joe' } }, { state: 'issued' }],
  });
});

it('leaves a late serial to redeliver, which asks again later and later', async () => {
  const answers: (Output | 'late')[] = ['late', 'late', { output: 'M-3-OK\n' }];
  const world = memoryWorld(CATALOGUE, new Map(), { generate: async () => answers.shift() ?? 'late' });
  await world.deliver([sale('Joe')]);
  expect(linesOf(world)).toEqual(['to_make', 'issued']);
  expect(world.mails).toHaveLength(1);
  await world.redeliver();
  expect(world.stored()[0]?.lines[0]).toMatchObject({ state: 'to_make', tries: 1 });
  await world.redeliver();
  expect(answers).toHaveLength(1);
  world.state.now += 60_000;
  await world.redeliver();
  expect(linesOf(world)).toEqual(['M-3-OK', 'issued']);
  expect(world.mails).toHaveLength(2);
});

it('holds a line whose program is out of reach for hours', async () => {
  const world = memoryWorld(CATALOGUE, new Map(), { generate: async () => 'late' });
  await world.deliver([sale('Joe')]);
  for (let run = 0; run < 20; run++) {
    await world.redeliver();
    world.state.now += 3_600_000;
  }
  expect(linesOf(world)).toEqual(['held: generator', 'issued']);
  expect(world.reports.filter(({ name }) => name === 'line_held')).toHaveLength(1);
});

it('gives all programs of a request one second together', async () => {
  const times: (number | undefined)[] = [];
  const world = memoryWorld(CATALOGUE, new Map(), {
    generate: async (_product, _input, ms) => {
      times.push(ms);
      world.state.now += 600;
      return 'late';
    },
  });
  await world.deliver([sale('Joe'), sale('Jane', { id: '2' }), sale('Max', { id: '3' })]);
  expect(times).toEqual([1_000, 400, 0]);
});

it('makes no serial of the app for a test order', async () => {
  const world = memoryWorld(CATALOGUE, new Map(), { generate: answering });
  await world.deliver([sale('Joe', { test: true })]);
  expect(linesOf(world)?.[0]).toMatch(/^TEST-[0-9A-F]{16}$/);
});

it('passes the facts of the order and no product key', async () => {
  const inputs: string[] = [];
  const world = memoryWorld(CATALOGUE, new Map(), {
    generate: async (_, input) => {
      inputs.push(Buffer.from(input).toString());
      return { output: 'X' };
    },
  });
  await world.deliver([sale('Joe')]);
  expect(inputs).toEqual(['Joe\nmoody\nplain#1\n1\njane@example.com\n']);
});
