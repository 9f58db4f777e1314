/** Hostile and mutated modules, with the check and with the check switched off. */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { readOutput } from '../../functions/core/serial/program.ts';
import { moduleFaults } from '../../functions/generator/check.ts';
import { vectorFaults } from '../../functions/generator/vectors.ts';
import { randomOf } from '../simulation/world/random.ts';
import { inputFor, mutantChild, NAMES, ORDER, read, started } from './programs.ts';

const FOLDER = 'test/fixtures/generators';
const MOODY = read('moody.wasm');
const [JANE, JOE] = [inputFor('Jane Q. Sample'), inputFor('Joe')];

const leb = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...leb(Math.floor(value / 128))];
const section = (id: number, content: Buffer) =>
  Buffer.concat([Buffer.from([id, ...leb(content.length)]), content]);
const bytes = (...values: readonly number[]) => Buffer.from(values);

/** A module whose `_start` has this body, with `count` functions of the same body. */
function moduleOf(body: Buffer, count = 1): Buffer {
  const code = Buffer.concat([Buffer.from(leb(body.length + 2)), bytes(0), body, bytes(0x0b)]);
  return Buffer.concat([
    Buffer.from('\0asm\x01\0\0\0', 'latin1'),
    section(1, bytes(1, 0x60, 0, 0)),
    section(3, Buffer.concat([Buffer.from(leb(count)), Buffer.alloc(count)])),
    section(5, bytes(1, 1, 1, 16)),
    section(
      7,
      Buffer.concat([bytes(2, 6), Buffer.from('_start'), bytes(0, 0, 6), Buffer.from('memory'), bytes(2, 0)]),
    ),
    section(10, Buffer.concat([Buffer.from(leb(count)), ...Array.from({ length: count }, () => code)])),
  ]);
}

const nested = (depth: number) =>
  Buffer.concat([Buffer.from('\x02\x40'.repeat(depth), 'latin1'), Buffer.alloc(depth, 0x0b)]);

/** Modules that are slow to compile. */
const BOMBS = {
  'bomb: 390,000 functions': moduleOf(bytes(1), 390_000),
  'bomb: blocks nested 600,000 deep': moduleOf(nested(600_000)),
  'bomb: 1.8 MB in one line': moduleOf(Buffer.alloc(1_800_000, 1)),
} as const;

/** What the check finds, and what happens without it. `null`: the module may run. */
const HOSTILE: Readonly<Record<string, readonly [check: RegExp | null, unchecked: RegExp | 'harmless']>> = {
  cxa: [/C\+\+ exceptions/, /fails/],
  'exit-loop': [null, /does not end/],
  exceptions: [/C\+\+ exceptions/, /fails|valid module/],
  externref: [/table without a maximum of/, /no text/],
  fail: [null, /exit code 3/],
  fill0: [null, /does not end/],
  flood: [null, /more than 4096 bytes/],
  gcbomb: [/no function over i32/, /valid module|does not end|crashes/],
  grow: [null, /does not end|fails/],
  hostfn: [/"env\.emscripten_run_script"/, /fails/],
  'iovec-address': [null, /fails/],
  'iovec-count': [null, /fails|does not end/],
  'iovec-length': [null, /fails|more than/],
  loop: [null, /does not end/],
  mem64: [/64-bit memory/, /valid module|fails|no text/],
  'memory-bomb': [/up to 65536 pages/, /does not end|crashes|fails/],
  'memory-import': [/import that is no function/, /fails/],
  'memory-is-a-function': [/no exported `_start` and `memory`/, /no text/],
  nomax: [/memory without a maximum/, /no text/],
  nul: [null, /several lines/],
  oob: [null, /out of bounds/],
  path: [/"wasi_snapshot_preview1\.path_open", which uses files/, /fails/],
  'random-lie': [null, /fails/],
  reactor: [/no exported `_start`/, /fails/],
  readall: [null, 'harmless'],
  recursion: [null, /call stack/],
  shared: [/shared memory/, /does not end|valid module/],
  sock: [/"wasi_snapshot_preview1\.sock_open"/, /fails/],
  start: [/start function/, /does not end/],
  'stdin-loop': [null, /does not end/],
  table: [/table without a maximum/, /fails|valid module/],
  tablegrow0: [null, /does not end|crashes/],
  trap: [null, /unreachable/],
  'two-memories': [/several memories/, /valid module|no text/],
  'wrong-signature': [null, /fails/],
  'bomb: 390,000 functions': [/more than 20000 functions/, /no text|valid module|does not end/],
  'bomb: blocks nested 600,000 deep': [null, /no text|valid module|does not end|crashes/],
  'bomb: 1.8 MB in one line': [null, /no text|does not end/],
};

/** Without what the garbage collector has left for later. */
function memoryUsage() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage();
}

describe('hostile modules', () => {
  const files = readdirSync(`${FOLDER}/hostile`).flatMap((file) =>
    file.endsWith('.wasm') ? file.slice(0, -5) : [],
  );
  const modules = new Map<string, Uint8Array>([
    ...files.map((name) => [name, read(`hostile/${name}.wasm`)] as const),
    ...Object.entries(BOMBS),
  ]);

  it('all have an expectation', () => {
    expect([...modules.keys()].sort()).toEqual(Object.keys(HOSTILE).sort());
  });

  test.each(Object.entries(HOSTILE))('the check judges %s', (name, [check]) => {
    const faults = moduleFaults(modules.get(name) ?? Buffer.alloc(0)).join('\n');
    if (check) expect(faults).toMatch(check);
    else expect(faults).toBe('');
  });

  it('spoil no later order, without the check, and the caller stays small', {
    timeout: 120_000,
  }, async () => {
    const good = started(MOODY);
    await good.run(JANE);
    const before = memoryUsage();
    for (const [name, [, unchecked]] of Object.entries(HOSTILE)) {
      const hostile = started(modules.get(name) ?? Buffer.alloc(0));
      const result = await hostile.run(JANE);
      if (unchecked === 'harmless') expect(result, name).toHaveProperty('serial');
      // A busy machine may also end a harmless run.
      else
        expect(result, name).toEqual({
          fault: expect.stringMatching(RegExp(`${unchecked.source}|does not end`)),
        });
      expect(await good.run(JOE), name).toEqual({ serial: 'M-3-OK' });
      hostile.stop();
    }
    const { heapUsed, external } = memoryUsage();
    expect(heapUsed + external - before.heapUsed - before.external).toBeLessThan(20e6);
  });
});

it('runs the next order of a program that was killed', async () => {
  const moody = started(MOODY);
  const [jane, loop, joe] = await Promise.all([moody.run(JANE), moody.run(inputFor('Loop')), moody.run(JOE)]);
  expect([jane, loop, joe]).toEqual([
    { serial: 'M-14-OK' },
    { fault: 'it does not end within 250 ms' },
    { serial: 'M-3-OK' },
  ]);
});

/** `npm run prove` sets more. */
const MUTANTS = Number(process.env.KEYPOST_MUTANT_MODULES ?? 10_000);

it(`accepts none of ${MUTANTS} mutated modules that makes another serial`, {
  timeout: 1_200_000,
}, async () => {
  const random = randomOf(19, MUTANTS);
  const count = { refused: 0, faulty: 0, other: 0, same: 0 };
  const sandbox = mutantChild();
  onTestFinished(sandbox.stop);
  for (let at = 0; at < MUTANTS; at++) {
    const mutant = Uint8Array.from(MOODY);
    for (let changes = random.between(1, 4); changes > 0; changes--)
      mutant[random.below(mutant.length)] = random.below(256);
    count[moduleFaults(mutant).length > 0 ? 'refused' : await judged(sandbox, mutant)] += 1;
  }
  console.info(`mutated modules: ${JSON.stringify(count)}`);
  if (MUTANTS >= 10_000) for (const number of Object.values(count)) expect(number).toBeGreaterThan(0);
  expect(await judged(sandbox, MOODY)).toBe('same');
});

const SERIALS = ['M-14-OK', 'M-3-OK'] as const;
const VECTORS = SERIALS.map((serial, at) => ({
  name: ['Jane Q. Sample', 'Joe'][at] ?? '',
  serial,
  product: ORDER.product,
}));

/** The types of Node have no functions of it. */
declare const WebAssembly: { readonly validate: (module: Uint8Array) => boolean };

/** Runs a mutant with two names. A serial that differs from the right one has to fail the vectors. */
async function judged(child: ReturnType<typeof mutantChild>, mutant: Uint8Array) {
  // V8 refuses most mutants, which are not sent to the child.
  const outputs = WebAssembly.validate(mutant)
    ? await child.run(mutant, [JANE, JOE])
    : [JANE, JOE].map(() => ({ fault: 'no module' }));
  const made = outputs.map((output) => readOutput(output));
  const serials = made.map((one) => ('serial' in one ? one.serial : undefined));
  const isSame = serials.every((serial, at) => serial === SERIALS[at]);
  const faults = await vectorFaults(async () => outputs.shift() ?? { fault: 'no run' }, NAMES, VECTORS);
  expect(faults.length === 0, 'the mutant passes').toBe(isSame);
  if (isSame) return 'same';
  return serials.includes(undefined) ? 'faulty' : 'other';
}
