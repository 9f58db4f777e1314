/** Programs and inputs for the tests of generators. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import * as z from 'zod/mini';
import { type Output, programInput, readOutput } from '../../functions/core/serial/program.ts';
import { programProcess } from '../../functions/generator/process.ts';

export const read = (file: string) => readFileSync(`test/fixtures/generators/${file}`);

export const ORDER = {
  product: 'widgetpro',
  order: 'shop#1',
  quantity: 1,
  address: 'jane@example.com',
} as const;
export const inputFor = (name: string) => programInput('utf8', { name, ...ORDER }) ?? Buffer.alloc(0);

/** The defaults of the catalogue. */
export const NAMES = {
  charset: 'utf8',
  name: { form: 'nfc', trim: true, collapse: true, fold: 'none', repair: false, maxBytes: 256 },
} as const;

/** Runs a program in its child process until the test ends. */
export function started(module: Uint8Array) {
  const program = programProcess(module);
  onTestFinished(() => program.stop());
  return { run: async (input: Uint8Array) => readOutput(await program.run(input)), stop: program.stop };
}

const KILLED_MS = 2_000;

/** A child that takes one program after the other. It is killed if it does not answer. */
export function mutantChild() {
  let child: ChildProcess | undefined;
  return {
    async run(program: Uint8Array, inputs: readonly Uint8Array[]): Promise<Output[]> {
      child ??= fork('test/generator/mutant-child.mjs', {
        ...{ env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: 'advanced' },
      });
      const over = new AbortController();
      const { signal } = over;
      const timer = setTimeout(() => over.abort(), KILLED_MS);
      try {
        child.send({ program, inputs });
        const ended = once(child, 'exit', { signal });
        const [answer] = await Promise.race([once(child, 'message', { signal }), ended]);
        return Answers.parse(answer);
      } catch {
        child.kill('SIGKILL');
        child = undefined;
        return inputs.map(() => ({ fault: 'killed' }));
      } finally {
        clearTimeout(timer);
        over.abort();
      }
    },
    stop: () => void child?.kill('SIGKILL'),
  };
}

const Answers = z.array(z.union([z.object({ output: z.string() }), z.object({ fault: z.string() })]));
