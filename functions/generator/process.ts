/**
 * Runs a program in a child process that can be killed, for `npm start` and the commands. Neither the process of the
 * caller nor a worker thread is a sandbox: a loop of `memory.fill` outlives `terminate()`, and a loop of `table.grow`
 * aborts the whole process.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import type { Catalogue } from '../core/catalogue/catalogue.ts';
import type { Generate, Output } from '../core/serial/program.ts';

const BOOT_MS = 2_000;
const RUN_MS = 250;
const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));

export interface ProgramProcess {
  /** Runs one input after the other. Does not throw. */
  run(input: Uint8Array): Promise<Output>;
  stop(): void;
}

/** Starts the child at the first input. It does not keep the caller's process alive. */
export function programProcess(program: Uint8Array): ProgramProcess {
  let booting: ReturnType<typeof boot> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const attempt = async (input: Uint8Array) => {
    booting ??= boot(program);
    const { child, ready } = await booting;
    if (ready.fault !== undefined || hasEnded(child)) booting = undefined;
    if (ready.fault !== undefined) return ready;
    if (!booting) return attempt(input);
    const answer = await exchange(child, { input }, RUN_MS);
    // A child that was killed is started again now, so that the next order does not wait for it.
    if (hasEnded(child)) booting = boot(program);
    return answer;
  };
  return {
    run(input) {
      const answer = last.then(() => attempt(input));
      last = answer;
      return answer;
    },
    stop: () => void booting?.then(({ child }) => child.kill('SIGKILL')),
  };
}

/** Runs the programs of a catalogue on this machine. Each starts at its first order. */
export function localGenerator({ products }: Catalogue): Generate | undefined {
  if (!Object.values(products).some(({ serial }) => serial.kind === 'program')) return undefined;
  const running = new Map<string, ProgramProcess>();
  return async (product, input, ms = 5_000) => {
    const serial = products[product]?.serial;
    if (serial?.kind !== 'program') return 'late';
    const program = running.get(product) ?? programProcess(readFileSync(serial.file));
    running.set(product, program);
    const over = new AbortController();
    const late = sleep(ms, 'late' as const, { signal: over.signal });
    try {
      return await Promise.race([program.run(input), late]);
    } finally {
      late.catch(() => undefined);
      over.abort();
    }
  };
}

const hasEnded = ({ killed, exitCode, signalCode }: ChildProcess) =>
  killed || exitCode !== null || signalCode !== null;

async function boot(program: Uint8Array) {
  const child = fork(CHILD, {
    env: {},
    execArgv: ['--max-old-space-size=64'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
  child.unref();
  child.channel?.unref();
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  return { child, ready: await exchange(child, { program }, BOOT_MS) };
}

/** Sends a message and returns the answer. Kills a child that does not answer within `ms`, or answers nonsense. */
function exchange(child: ChildProcess, message: object, ms: number): Promise<Output> {
  return new Promise((resolve) => {
    const end = (answer: unknown, fault = CRASH) => {
      clearTimeout(timer);
      clearImmediate(overtime);
      child.off('message', end).off('exit', crash).off('error', crash);
      const { data } = Answer.safeParse(answer);
      if (!data) child.kill('SIGKILL');
      resolve(data ?? { fault });
    };
    const crash = () => end(undefined);
    let overtime: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      // An answer that has arrived while this process was busy counts.
      overtime = setImmediate(end, undefined, `it does not end within ${ms} ms`);
    }, ms);
    child.on('message', end).on('exit', crash).on('error', crash);
    child.send(message, () => undefined);
  });
}

const CRASH = 'it crashes its process';
const Answer = z.union([z.strictObject({ output: z.string() }), z.strictObject({ fault: z.string() })]);
