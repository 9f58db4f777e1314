/** The input and the answer of a program, with well-behaved programs. */
import { createHash } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import { type Output, programInput, readOutput } from '../../functions/core/serial/program.ts';
import { moduleFaults } from '../../functions/generator/check.ts';
import { compile, runTwice } from '../../functions/generator/run.mjs';
import { programFaults } from '../../functions/generator/vectors.ts';
import { inputFor, NAMES, ORDER, read, started } from './programs.ts';

describe('keygen.cpp, compiled unmodified', () => {
  const GIVEN = ['Jane', 'José', 'Zoë', 'Søren', 'Renée', 'Łukasz', '李', 'Ünal', 'Max', "D'Arcy"];
  const FAMILY = [
    'Sample',
    'Núñez',
    'Featherstone',
    'Ångström',
    'O’Neil',
    'Müller',
    'Š',
    'van der Berg',
    'X',
    'Émile Ōta',
  ];
  const nameOf = (at: number) =>
    `${GIVEN[at % 10]} ${FAMILY[Math.floor(at / 10) % 10]}${at < 100 ? '' : ` ${at}`}`;
  /** SHA-256 of all the output of the native build, by the number of names. */
  const NATIVE: Readonly<Record<number, string>> = {
    1000: '2ad18fe56eab4cd1822175c612dfca6021949bc3fd1a68cc423c9e5c23a58e2f',
    10000: '31e1889b0c12c6ecb6c9e8fdf19b6a48df37ed834ec333d38c07b28ef6518eaf',
  };
  const names = Number(process.env.KEYPOST_GENERATOR_NAMES ?? 1000);

  it(`writes the bytes of the native build for ${names} names`, { timeout: 120_000 }, () => {
    const keygen = compile(read('keygen.wasm'));
    const hash = createHash('sha256');
    for (let at = 0; at < names; at++) {
      const { output, fault } = { output: '', ...runTwice(keygen, inputFor(nameOf(at))) };
      expect(fault).toBeUndefined();
      hash.update(output, 'latin1');
    }
    expect(hash.digest('hex')).toBe(NATIVE[names]);
  });

  it('passes the check and makes a serial in the child process', async () => {
    expect(moduleFaults(read('keygen.wasm'))).toEqual([]);
    expect(await started(read('keygen.wasm')).run(inputFor('Jane Q. Sample'))).toEqual({
      serial: 'DWB6-BG45-5W7W-0A76',
    });
  });
});

test.each([
  ['Jane Q. Sample', { serial: 'M-14-OK' }],
  ['Zoë', { serial: 'M-4-OK' }],
  ['Silent', { fault: expect.stringContaining('no text') }],
  ['Nul', { fault: expect.stringContaining('a character that is not printable') }],
  ['Lines', { fault: expect.stringContaining('several lines') }],
  ['Large', { fault: expect.stringContaining('more than 4096 bytes') }],
  ['Exit', { fault: expect.stringContaining('exit code 1') }],
  ['Accent', { fault: expect.stringContaining('not printable ASCII') }],
])('a program that misbehaves for some names answers %s', async (name, expected) => {
  expect(await started(read('moody.wasm')).run(inputFor(name))).toEqual(expected);
});

test.each<[string, Output, object]>([
  ['a line', { output: 'AB-12\n' }, { serial: 'AB-12' }],
  ['a line without its end', { output: 'AB 12' }, { serial: 'AB 12' }],
  ['512 characters', { output: 'x'.repeat(512) }, { serial: 'x'.repeat(512) }],
  ['513 characters', { output: 'x'.repeat(513) }, { fault: expect.stringContaining('513 characters') }],
  ['an empty line', { output: '\n' }, { fault: expect.stringContaining('no text') }],
  ['a Windows line end', { output: 'AB\r\n' }, { fault: expect.any(String) }],
  ['two lines', { output: 'AB\nCD\n' }, { fault: expect.stringContaining('several lines') }],
  ['two line ends', { output: 'AB\n\n' }, { fault: expect.any(String) }],
  ['space before the serial', { output: ' AB\n' }, { fault: expect.any(String) }],
  ['space after the serial', { output: 'AB \n' }, { fault: expect.any(String) }],
  ['a fault', { fault: 'it fails' }, { fault: 'it fails' }],
])('reads %s', (_, output, expected) => {
  expect(readOutput(output)).toEqual(expected);
});

describe('the input', () => {
  it('has a line for each fact', () => {
    const input = programInput('utf8', { ...ORDER, name: 'José', quantity: 3 });
    expect(input?.toString()).toBe('José\nwidgetpro\nshop#1\n3\njane@example.com\n');
  });

  it('has the bytes of the charset', () => {
    const order = { ...ORDER, name: 'é' };
    expect(programInput('windows-1252', order)?.[0]).toBe(0xe9);
    expect(programInput('windows-1252', { ...order, name: 'Š李' })).toBeUndefined();
  });

  it('has no further line for a line end in a fact', () => {
    const input = programInput('utf8', { ...ORDER, name: 'J', order: 'shop#1\n9' });
    expect(input?.toString().split('\n')).toHaveLength(6);
  });
});

describe('vectors', () => {
  const vector = { name: 'Jane Q. Sample', serial: 'M-14-OK', product: 'widgetpro' };
  test.each<[string, object, RegExp | undefined]>([
    ['a reproduced serial', {}, undefined],
    ['a name that is normalised first', { name: ' Jane  Q. Sample' }, undefined],
    ['another serial', { serial: 'M-14-KO' }, /vectors\[1\]: found another serial/],
    ['a name that Keypost holds', { name: '' }, /vectors\[1\]: Keypost holds/],
    ['a name for which the program fails', { name: 'Silent' }, /vectors\[1\]: it writes no text/],
  ])('say what is wrong with %s', async (_, change, expected) => {
    const faults = await programFaults(read('moody.wasm'), NAMES, [vector, { ...vector, ...change }]);
    expect(faults).toEqual(expected ? [expect.stringMatching(expected)] : []);
  });
});

it('is a fault if two runs write different output', () => {
  // The program reads the input in one call of its own, so this input has another name in each run.
  const input = inputFor('Jane');
  let calls = 0;
  input.subarray = (from, to) => Buffer.from(calls++ === 0 ? 'Jane\n' : 'Joe\n').subarray(from, to);
  expect(runTwice(compile(read('moody.wasm')), input)).toEqual({
    fault: expect.stringContaining('two runs'),
  });
});
