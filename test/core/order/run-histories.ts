/** Runs everything that a mutant has to break, and returns the first broken rule. */
import { setImmediate } from 'node:timers/promises';
import { agreement, mailAgreement, SCENARIOS } from './agreement.ts';
import { history } from './histories.ts';

export interface Broken {
  readonly rule: string;
  /** The number of histories until then; 0: a scenario broke it. */
  readonly after: number;
  readonly seed: number;
}

export async function firstBroken(seed: number, count: number): Promise<Broken | undefined> {
  const attempt = async (after: number, check: () => void | Promise<void>): Promise<Broken | undefined> => {
    try {
      await check();
      return undefined;
    } catch (error) {
      return { rule: error instanceof Error ? error.message : String(error), after, seed: seed + after };
    }
  };
  for (const scenario of Object.values(SCENARIOS)) {
    const broken = await attempt(0, scenario);
    if (broken) return broken;
  }
  for (let at = 1; at <= count; at += 1) {
    const checks = at % 10 === 0 ? [history, agreement, mailAgreement] : [history];
    for (const check of checks) {
      const broken = await attempt(at, () => check(seed + at));
      if (broken) return broken;
    }
    // Lets timers and messages of the process run.
    if (at % 100 === 0) await setImmediate();
  }
  return undefined;
}
