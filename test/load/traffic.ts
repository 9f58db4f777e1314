/** Mixed traffic: what providers and strangers send next, in fixed proportions, each provider in its turn. */
import type { Played, Players } from './players.ts';

export type Kind = 'sale' | 'repeat' | 'refund' | 'test' | 'forged' | 'garbage';

export interface Shot extends Played {
  readonly kind: Kind;
  /** The expected status. */
  readonly expected: number;
}

/** The number of requests of each kind among fifty, spread evenly so that no two kinds coincide. */
const SHARES: readonly (readonly [Kind, number])[] = [
  ['sale', 30],
  ['repeat', 6],
  ['refund', 4],
  ['test', 4],
  ['forged', 3],
  ['garbage', 3],
];
const PLAN = SHARES.flatMap(([kind, times]) =>
  Array.from({ length: times }, (_, at) => ({ kind, position: (at + 0.5) / times })),
)
  .sort((one, other) => one.position - other.position)
  .map(({ kind }) => kind);

/** A refund and every second repeat refer to a sale this far back, within the five minutes of a signature. */
const BACK = 200;

/** The notifications of these providers do not mark test orders. */
const UNMARKED = ['paddle', 'polar', 'woocommerce'];

/** @param page where the local system listens. */
export function traffic(players: Players, page: string) {
  const sales: (Shot & { readonly provider: string })[] = [];
  const count = { shots: 0, sale: 0, repeat: 0, refund: 0, test: 0, forged: 0, garbage: 0 };
  const sellers = players.whoSay('paid');
  const takers = players.whoSay('refunded');
  const testers = sellers.filter((name) => !UNMARKED.includes(name));
  const turn = (names: readonly string[], at: number) => names[at % names.length] ?? '';
  const sale = (kind: 'sale' | 'test' | 'forged'): Shot => {
    const provider = turn(kind === 'test' ? testers : sellers, count[kind]);
    const expected = kind === 'forged' ? 401 : 200;
    const part = { event: 'paid', buyer: count.shots, test: kind === 'test', forged: kind === 'forged' };
    const shot = { kind, provider, expected, ...players.play(provider, part) };
    if (kind === 'sale') sales.push(shot);
    return shot;
  };
  const MAKE: Readonly<Record<Kind, () => Shot>> = {
    sale: () => sale('sale'),
    test: () => sale('test'),
    forged: () => sale('forged'),
    /** Picks an old sale, or the newest, which may still be in flight. */
    repeat() {
      const again = sales.at(count.repeat % 2 ? -1 : -BACK) ?? sales[0];
      return again ? { ...again, kind: 'repeat' } : sale('sale');
    },
    refund() {
      const sold = sales.slice(-BACK).find(({ provider }) => provider === turn(takers, count.refund));
      if (!sold) return sale('sale');
      const part = { event: 'refunded', buyer: count.shots, id: sold.request.orderId };
      return { kind: 'refund', expected: 200, ...players.play(sold.provider, part) };
    },
    garbage: () => garbage(page, count.garbage),
  };
  return {
    next(): Shot {
      const kind = PLAN[count.shots % PLAN.length] ?? 'sale';
      const shot = MAKE[kind]();
      count.shots += 1;
      count[kind] += 1;
      return shot;
    },
  };
}

const GARBAGE: readonly (readonly [path: string, method: 'GET' | 'POST', body: string, expected: number])[] =
  [
    ['stripe', 'POST', '{}', 401],
    ['shop', 'POST', '\u0000\u0001 no JSON', 401],
    ['nobody', 'POST', '{"type":"order.paid"}', 404],
    ['__proto__', 'POST', '{}', 404],
    ['%E0%A4%A', 'POST', '{}', 404],
    ['shop/../../etc/passwd', 'POST', '', 404],
    ['stripe', 'GET', '', 405],
    ['polar', 'POST', 'x'.repeat(256 * 1024 + 1), 413],
    ['paddle', 'POST', '['.repeat(10_000), 401],
  ];

function garbage(page: string, at: number): Shot {
  const [path, method, body, expected] = GARBAGE[at % GARBAGE.length] ?? ['nobody', 'POST', '', 404];
  const headers = { 'content-type': 'application/json' };
  const request = { method, query: '', headers, body, orderId: '' };
  return { kind: 'garbage', expected, address: `${page}/orders/${path}`, request, key: '' };
}
