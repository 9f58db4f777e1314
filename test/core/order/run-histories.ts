/** Runs everything that a mutant has to break; answers the first rule that is broken. */
import { agreement, mailAgreement, SCENARIOS } from './agreement.ts';
import { history } from './histories.ts';

export interface Broken {
  readonly rule: string;
  /** How many histories it took; 0: a scenario. */
  readonly after: number;
  readonly seed: number;
}

export function firstBroken(seed: number, count: number): Broken | undefined {
  const attempt = (after: number, check: () => void): Broken | undefined => {
    try {
      check();
      return undefined;
    } catch (error) {
      return { rule: error instanceof Error ? error.message : String(error), after, seed: seed + after };
    }
  };
  for (const scenario of Object.values(SCENARIOS)) {
    const broken = attempt(0, scenario);
    if (broken) return broken;
  }
  for (let at = 1; at <= count; at += 1) {
    const broken =
      attempt(at, () => history(seed + at)) ??
      (at % 10 === 0 ? attempt(at, () => agreement(seed + at)) : undefined) ??
      (at % 10 === 0 ? attempt(at, () => mailAgreement(seed + at)) : undefined);
    if (broken) return broken;
  }
  return undefined;
}
