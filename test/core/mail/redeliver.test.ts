/** The time for a backlog of mails, compared with the account's rate alone, on a virtual clock. */
import { expect, test } from 'vitest';
import { mixed } from '../../../functions/core/mail/redeliver.ts';
import { drain } from '../../bench/backlog/drain.ts';
import { isProve } from '../../fixtures/prove.ts';

const MOST = 1.05;
/** The start of a run weighs more in the short runs of `npm test`. */
const START_SECONDS = isProve ? 0 : 1;

test.each([
  { orders: isProve ? 1_400 : 700, rate: 14, runs: 1, why: 'as new accounts have it' },
  { orders: isProve ? 3_000 : 1_500, rate: 100, runs: 1, why: 'with a hundred in flight' },
  { orders: isProve ? 10_000 : 3_000, rate: 500, runs: 1, why: 'where a page of keys is done in no time' },
  {
    orders: isProve ? 2_000 : 1_000,
    rate: 1,
    runs: isProve ? 3 : 2,
    why: 'in several runs, each as the minute starts it',
  },
])('$orders mails at $rate a second, $why: none twice, 5 % over the ideal at most', async (wish) => {
  const { seconds, ideal, runs, duplicates, throttled } = await drain(wish.orders, wish.rate);
  expect({ runs, duplicates, throttled }).toEqual({ runs: wish.runs, duplicates: 0, throttled: 0 });
  expect(ideal).toBe(wish.orders / wish.rate);
  expect(seconds).toBeLessThanOrEqual(ideal * MOST + START_SECONDS);
  // No clock of ours runs faster than the account allows.
  expect(seconds).toBeGreaterThan(ideal * 0.99);
});

test.each(['account', 'unknown', 'unreachable'] as const)(
  'while SES answers "%s", one mail is tried each minute, with two writes; then all are sent',
  async (kind) => {
    const [rate, minutes] = [100, 60];
    const { faulty, seconds, ideal, duplicates } = await drain(200, rate, { kind, minutes });
    expect(faulty).toEqual({ sends: minutes, writes: 2 * minutes });
    expect(duplicates).toBe(0);
    // An unknown outcome waits ten minutes for an event.
    expect(seconds - minutes * 60).toBeLessThanOrEqual((kind === 'unknown' ? 660 : 120) + ideal);
  },
);

test('every tenth of a backlog is a request; behind fewer orders come all requests', () => {
  const keysOf = (kind: string, count: number) => Array.from({ length: count }, (_, at) => `${kind}${at}`);
  const requests = keysOf('r', 30);
  const backlog = mixed(keysOf('o', 200), requests);
  expect(backlog.slice(8, 11)).toEqual(['o8', 'r0', 'o9']);
  expect(backlog.filter((key) => key.startsWith('r'))).toEqual(requests.slice(0, 22));
  expect(mixed(keysOf('o', 199), requests).filter((key) => key.startsWith('r'))).toEqual(requests);
  expect(mixed([], requests)).toEqual(requests);
});
