/** Faults in the SDK's middleware, inside its retries: before the request is sent, or once it has been answered. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from './calls.ts';
import { kill, type Process } from './process.ts';
import type { Sim } from './sim.ts';

/** Whose call it is: all processes share their clients. */
export const caller = new AsyncLocalStorage<Process>();

const FATES = ['error', 'lost', 'throttled', 'hang', 'hang, done', 'die', 'die, done'] as const;
/** As node's HTTP and the services name them: by the name and the code the SDK decides whether to try again. */
const ERRORS = {
  error: { name: 'Error', code: 'ECONNRESET' },
  lost: { name: 'Error', code: 'ECONNRESET' },
  throttled: { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } },
  hang: { name: 'TimeoutError' },
};
/** For how long a request hangs before its limit is said to be over: short of any real one, so that a run goes on. */
const HANG_MS = 100;

const forever = <Result>() => new Promise<Result>(() => undefined);

/**
 * @param go sends the request and reads the answer.
 * @param done is told of each request that had its effect, whoever heard of it.
 */
export async function harmed<Result>(
  sim: Sim,
  service: string,
  go: () => Promise<Result>,
  done: (process: Process) => void,
): Promise<Result> {
  const process = caller.getStore();
  if (!process) return await go();
  if (!process.alive) return await forever();
  const { random, weather, clock } = sim;
  const fate = random.chance(weather.faults(clock.now)) ? random.pick(FATES) : 'ok';
  if (fate !== 'ok') sim.count(`fault ${service} ${fate}`);
  const [how, isDone] = [
    fate.replace(', done', ''),
    fate === 'ok' || fate === 'lost' || fate.endsWith('done'),
  ];
  const result = isDone ? await go() : undefined;
  if (isDone) done(process);
  if (how === 'die') kill(sim, process);
  if (!process.alive) return await forever();
  if (how === 'hang') await wait(HANG_MS);
  if (how === 'error' || how === 'lost' || how === 'throttled' || how === 'hang')
    throw Object.assign(new Fault(how), ERRORS[how]);
  return result ?? (await go());
}
