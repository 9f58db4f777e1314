/** Random histories keep every rule. HISTORIES=200000 runs as many as `npm run prove` does, and SEED others. */
import { describe, expect, test } from 'vitest';
import { agreement, mailAgreement, SCENARIOS } from './agreement.ts';
import { history } from './histories.ts';

const HISTORIES = Number(process.env.HISTORIES ?? 20_000);
const SEED = Number(process.env.SEED ?? 11) * 1_000_000;
const TIMEOUT = 1_200_000;

/** Names the first seed that breaks a rule, to be run alone. */
function everySeed(count: number, check: (seed: number) => void): void {
  for (let seed = SEED; seed < SEED + count; seed += 1) {
    try {
      check(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

test(`${HISTORIES} histories: two actors at once, crashes, every outcome`, { timeout: TIMEOUT }, () => {
  everySeed(HISTORIES, history);
});

test('the same facts lead to the same end in any order', { timeout: TIMEOUT }, () => {
  everySeed(HISTORIES / 10, agreement);
});

test('the same events of SES lead to the same end in any order', { timeout: TIMEOUT }, () => {
  everySeed(HISTORIES / 10, mailAgreement);
});

describe('what random histories hardly meet', () => {
  test.each(Object.entries(SCENARIOS))('%s', (_, scenario) => {
    expect(scenario).not.toThrow();
  });
});
