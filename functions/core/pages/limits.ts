/** The limits of the buyers' pages. docs/security.md explains them, and a test compares the two tables. */

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 24 * 3_600_000];

/** At most `most` in each window of `per` milliseconds, for each value that the name says. */
export const LIMITS = {
  'requests of a network': { per: HOUR, most: 20 },
  'requests of all': { per: MINUTE, most: 60 },
  'requests for an address': { per: DAY, most: 3 },
  'receipts of all': { per: DAY, most: 100 },
  'wrong codes of a network': { per: HOUR, most: 20 },
  'wrong codes for a link': { per: DAY, most: 10 },
  'claims of a batch': { per: HOUR, most: 2_000 },
} as const;

export type LimitName = keyof typeof LIMITS;

/** A counter: adds `add` unless it has reached `most`, and then returns false. It may be forgotten after `until`. */
export type Count = (key: string, add: 0 | 1, most: number, until: number) => Promise<boolean>;

/** The /24 of an IPv4 address, the /56 of an IPv6 address: what one customer of a provider has. */
export function networkOf(address: string): string {
  const v4 = /(?:^|:)(\d+\.\d+\.\d+)\.\d+$/.exec(address)?.[1];
  if (v4) return v4;
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = (part = '') => part.split(':').filter(Boolean);
  const zeros = Math.max(0, 8 - groups(head).length - groups(tail).length);
  const all =
    tail === undefined ? groups(head) : [...groups(head), ...Array<string>(zeros).fill('0'), ...groups(tail)];
  return all
    .slice(0, 4)
    .map((group) => group.padStart(4, '0'))
    .join('')
    .slice(0, 14);
}
