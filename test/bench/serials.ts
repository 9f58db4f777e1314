/** Measures serials a second, from the received name, and profiles a second in the search for an app's profile. */
import { findProfiles } from '../../functions/core/find-profile/find-profile.ts';
import { keyBytes, serialOf } from '../../functions/core/serial/aes-128.ts';
import { licenseeOf } from '../../functions/core/serial/name.ts';
import { SerialProfile } from '../../functions/core/serial/profile.ts';
import { type Row, spread } from './report/report.ts';
import { spreadOf } from './report/stats.ts';

const ROUNDS = 31;
const SERIALS = 2_000;
const MOST_SEARCH_MS = 2_000;
const KEY = '1234567890123456';
const NAMES = [
  'Jane Q. Sample',
  'Fifteen Letters',
  'Sixteen Byte Nam',
  'Alexandra Featherstone',
  'José D’Angelo',
];
const profile = SerialProfile.parse({
  kind: 'aes-128',
  mode: 'ecb',
  padding: 'pkcs7',
  text: { alphabet: 'HEX' },
});

export function serialRows(): Row[] {
  const key = keyBytes(profile, KEY);
  if (!key) throw new Error('no key');
  const serialFor = (name: string): string => {
    const result = licenseeOf(name, profile);
    const serial = 'licensee' in result ? serialOf(profile, key, result.licensee) : undefined;
    if (serial === undefined) throw new Error('a name without a serial is not what is measured here');
    return serial;
  };
  const pairs = NAMES.map((name) => ({ name, serial: serialFor(name) }));
  const serials = measured(() => {
    for (let at = 0; at < SERIALS; at++) serialFor(NAMES[at % NAMES.length] ?? '');
    return SERIALS;
  });
  const search = measured(() => Math.max(...[...findProfiles(KEY, pairs)].map(({ of }) => of)));
  const whole = spreadOf(search.map(({ ms }) => ms));
  return [
    { what: 'serials a second', found: rate(serials) },
    { what: `profiles a second, on ${pairs.length} pairs`, found: rate(search) },
    {
      what: `… all ${search[0]?.count} of them`,
      found: spread(whole, 0),
      promised: `at most ${MOST_SEARCH_MS} ms`,
      kept: whole.p50 <= MOST_SEARCH_MS,
    },
  ];
}

interface Sample {
  readonly count: number;
  readonly ms: number;
}

/** Warms up first. */
function measured(work: () => number): Sample[] {
  for (let pass = 0; pass < 5; pass++) work();
  return Array.from({ length: ROUNDS }, () => {
    const before = performance.now();
    const count = work();
    return { count, ms: performance.now() - before };
  });
}

function rate(samples: readonly Sample[]): string {
  const { p25, p50, p75, n } = spreadOf(samples.map(({ count, ms }) => (count / ms) * 1_000));
  const [low, middle, high] = [p25, p50, p75].map((each) => Math.round(each).toLocaleString('en'));
  return `${middle} (${low}–${high}, n = ${n})`;
}
