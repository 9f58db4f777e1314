/** Injects faults into the SDK's middleware, inside its retries: before the request or after the response. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '../aws/calls.ts';
import { kill, type Process } from '../processes/process.ts';
import type { Sim } from '../world/sim.ts';

/** The process that makes the call. All processes share the clients. */
export const caller = new AsyncLocalStorage<Process>();

const OUTCOMES = ['error', 'lost', 'throttled', 'hang', 'hang, done', 'die', 'die, done'] as const;
/** The errors of Node's HTTP and of the services. The SDK decides by name and code whether it retries. */
const ERRORS = {
  error: { name: 'Error', code: 'ECONNRESET' },
  lost: { name: 'Error', code: 'ECONNRESET' },
  throttled: { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } },
  hang: { name: 'TimeoutError' },
};
/** A request hangs this long before it times out. Real limits would be longer and slow the run. */
const HANG_MS = 100;

const forever = <Result>() => new Promise<Result>(() => undefined);

/**
 * @param go sends the request and reads the answer.
 * @param done is called for each request that took effect, even if its response is lost.
 */
export async function withFaults<Result>(
  sim: Sim,
  service: string,
  go: () => Promise<Result>,
  done: (process: Process) => void,
): Promise<Result> {
  const process = caller.getStore();
  if (!process) return await go();
  if (!process.alive) return await forever();
  const { random, faultProfile, clock } = sim;
  const outcome = random.chance(faultProfile.faults(clock.now)) ? random.pick(OUTCOMES) : 'ok';
  if (outcome !== 'ok') sim.count(`fault ${service} ${outcome}`);
  const [how, isDone] = [
    outcome.replace(', done', ''),
    outcome === 'ok' || outcome === 'lost' || outcome.endsWith('done'),
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
