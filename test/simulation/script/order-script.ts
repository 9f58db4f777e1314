/** The script of one order: the purchase, the notifications with their times, and the expected result. */
import type {
  Buyer,
  HeldReason,
  Reversal,
  Reversed,
  Sale,
  SoldLine,
} from '../../../functions/core/inbound/event.ts';
import { MANUAL } from '../../../functions/core/operator/issue.ts';
import { keyOf } from '../../../functions/core/order/types.ts';
import { IGNORES_TESTS } from '../world/catalogue.ts';
import type { Random } from '../world/random.ts';
import { type Sim, START } from '../world/sim.ts';
import { type ProviderName, SCHEDULES } from './schedules.ts';

/** One event of an order that its provider delivers. */
export interface Fact {
  readonly script: OrderScript;
  readonly event: Sale | Reversed;
  /** The time of the first attempt. */
  sentAt?: number;
  /** The time of the first successful response. */
  answeredAt?: number;
}

export interface OrderScript {
  readonly id: string;
  readonly alias: string | undefined;
  readonly provider: ProviderName;
  readonly key: string;
  readonly test: boolean;
  readonly buyer: Buyer;
  /** The expected licensee; undefined if the name is unusable. */
  readonly licensee: string | undefined;
  readonly lines: readonly SoldLine[];
  readonly saleAt: number;
  readonly facts: Fact[];
  /** SES refuses the address. */
  readonly refused: boolean;
  /** A subscription that starts with a trial. Its `renewed` event is the sale. */
  readonly isTrial: boolean;
  /** The deployed code cannot parse its sale before this time: the whole request, or one event of it. */
  readonly unreadable: Unreadable | undefined;
  /** What people do with the order, besides releasing it. */
  readonly acts: Acts;
}

export interface Unreadable {
  readonly what: 'request' | 'event';
  readonly until: number;
  /** The order's ID is found in the request all the same. */
  readonly hasId: boolean;
}

interface Acts {
  /** Its line is imported with a serial made elsewhere, before the provider reports the sale or after. */
  readonly import: 'verified' | 'unverified' | undefined;
  readonly erase: boolean;
  /** It is resent and reissued until it reaches the limits of an order. */
  readonly manyActions: boolean;
}

/** Names as typed, each with the expected licensee or the reason for which it is held. */
export const NAMES: readonly [received: string, licensee: string | undefined, held?: HeldReason][] = [
  ['', undefined, 'no_name'],
  ['A\u0007B', undefined, 'unmappable_name'],
  ['x'.repeat(300), undefined, 'name_too_long'],
  ['  Ann   Lee ', 'Ann Lee'],
  ['Zoe\u0308 Lindqvist', 'Zoë Lindqvist'],
  ['Ann\u00a0Lee', 'Ann Lee'],
];

/** The local part of an address decides how SES treats it. */
const ADDRESSES = ['refused', 'bounce', 'suppressed', 'complain', 'nowhere'] as const;

const first: readonly [ProviderName, ...ProviderName[]] = ['stripe', 'shop'];
const others = Object.keys(SCHEDULES).filter((name): name is ProviderName => name in SCHEDULES);

function providerOf(random: Random): ProviderName {
  return random.chance(0.06) ? random.pick(first) : (others[random.below(others.length)] ?? 'paddle');
}

export function orderScript(sim: Sim, n: number): OrderScript {
  const { random, faultProfile, clock } = sim;
  const provider = providerOf(random);
  const test = random.chance(0.05);
  const odd = random.chance(0.08) ? NAMES[random.below(NAMES.length)] : undefined;
  const [name, licensee] = odd ?? [`Zoë Lindqvist ${n}`, `Zoë Lindqvist ${n}`];
  const where = random.chance(0.1) ? random.pick(ADDRESSES) : 'buyer';
  const isReal = hasRealBody(provider);
  const id = !isReal && random.chance(0.03) ? `o${n}${random.pick(ODD_IDS)}` : `o${n}`;
  const isTrial = !isReal && provider !== 'paypal' && random.chance(0.05);
  const lines = isTrial ? [{ sku: 'w', quantity: 1, paid: EUROS }] : linesOf(random, provider);
  const script: OrderScript = {
    id,
    alias: isReal || (!isTrial && random.chance(0.4)) ? undefined : `c${n}`,
    provider,
    key: keyOf(provider, test, id),
    test,
    buyer: { name, email: where === 'nowhere' ? `no-address${n}` : `${where}${n}@example.com` },
    licensee,
    lines,
    saleAt: clock.now + random.below(faultProfile.salesUntil - clock.now),
    facts: [],
    refused: where === 'refused' && !test,
    isTrial,
    unreadable: isReal || isTrial || test || provider === 'paypal' ? undefined : unreadableOf(sim),
    acts: actsOf(random, {
      canImport: !test && licensee !== undefined && lines.some(({ sku }) => sku === 'w'),
    }),
  };
  for (const event of eventsOf(random, script)) script.facts.push({ script, event });
  return script;
}

/** IDs that a provider could invent. */
const ODD_IDS = ['#1', '%23', '/ü', ' ', '"'] as const;
export const EUROS = { value: '39.00', currency: 'EUR' } as const;

function actsOf(random: Random, { canImport }: { readonly canImport: boolean }): Acts {
  const act = random.next();
  return {
    import: canImport && act < 0.03 ? (act < 0.015 ? 'verified' : 'unverified') : undefined,
    erase: act >= 0.03 && act < 0.06,
    manyActions: act >= 0.06 && act < 0.065,
  };
}

function unreadableOf({ random, faultProfile }: Sim): Unreadable | undefined {
  if (!random.chance(0.04)) return undefined;
  const what: Unreadable['what'] = random.chance(0.5) ? 'request' : 'event';
  return { what, until: faultProfile.keysRenewed, hasId: what === 'event' || random.chance(0.5) };
}

/** A gift that a person issues. No provider knows it. */
export function giftScript({ random, clock, faultProfile }: Sim, n: number): OrderScript {
  const name = `Gift ${n}`;
  return {
    ...{ id: `g${n}`, alias: undefined, provider: 'shop', key: keyOf(MANUAL, false, `g${n}`), test: false },
    buyer: { name, email: `gift${n}@example.com` },
    licensee: name,
    lines: [{ sku: 'widget', quantity: 1 }],
    saleAt: clock.now + random.below(faultProfile.salesUntil - clock.now),
    ...{ facts: [], refused: false, isTrial: false, unreadable: undefined, acts: NO_ACTS },
  };
}
export const isGift = ({ facts }: OrderScript): boolean => facts.length === 0;
const NO_ACTS: Acts = { import: undefined, erase: false, manyActions: false };

/** The most lines that a notification may have. */
const MOST_LINES = 100;

function linesOf(random: Random, provider: ProviderName): SoldLine[] {
  const isReal = hasRealBody(provider);
  const most = provider !== 'stripe' && random.chance(0.25) ? random.between(2, 4) : 1;
  const currency = isReal || random.chance(0.9) ? 'EUR' : random.pick(['USD', 'JPY']);
  const euros = () => ({ value: random.chance(0.1) ? '5.00' : '39.00', currency });
  if (!isReal && random.chance(0.002))
    return Array.from({ length: MOST_LINES }, (_, n) => ({
      ...{ sku: `unlisted-${n}`, quantity: 1, paid: euros() },
    }));
  const skus = new Set(
    Array.from({ length: most }, () =>
      random.chance(0.75) ? 'w' : random.pick(['g', 'l', 'k', 'w-old', 'unlisted', 'consulting']),
    ),
  );
  return [...skus].map((sku) => ({ sku, quantity: 1, paid: euros() }));
}

function* eventsOf(random: Random, script: OrderScript): Generator<Fact['event']> {
  const { id, alias, test, buyer, lines, provider } = script;
  const of = { id, aliases: alias ? [alias] : [], test };
  // PayPal announces the buyer and the lines before or after the payment.
  const apart = provider === 'paypal' && lines.some(({ sku }) => sku !== 'consulting') && random.chance(0.4);
  const total = lines.reduce((sum, { paid }) => sum + Number(paid?.value ?? 0), 0);
  // PayPal states the total. An event of Stripe has a single line.
  const { currency } = lines[0]?.paid ?? EUROS;
  const amount = apart || lines.length === 1 ? { value: total.toFixed(2), currency } : undefined;
  if (apart) yield { kind: 'announced', ...of, amount, buyer, lines };
  const sale = { kind: 'paid', ...of, amount, buyer } as const;
  const [line, ...rest] = lines;
  const { isTrial } = script;
  if (isTrial) yield { ...sale, kind: 'trial', amount: undefined, lines };
  const isSplit = lines.every(({ sku }) => sku !== 'consulting') && provider !== 'shop' && random.chance(0.5);
  if (isTrial) {
    // The first payment names the subscription, which is an alias of the order.
    if (random.chance(0.7)) yield { ...sale, kind: 'renewed', id: alias ?? id, buyer: {}, lines: [] };
  } else if (apart) {
    if (random.chance(0.9)) yield { ...sale, buyer: {}, lines: [] };
  } else if (line && rest.length > 0 && isSplit) {
    yield { ...sale, lines: [line] };
    yield { ...sale, lines: rest };
  } else yield { ...sale, lines };
  for (const [n, reversal] of reversalsOf(random, provider, currency).entries()) {
    const name = alias && random.chance(0.6) ? alias : id;
    // A dispute keeps its ID; each refund has its own.
    const reversalId = reversal.kind === 'chargeback' ? 'd1' : `r${n}`;
    // The sale does not name this ID.
    const aliases = hasRealBody(provider) || random.chance(0.7) ? undefined : [id, receiptOf(script)];
    yield { kind: 'reversed', id: name, aliases, test, reversalId, reversal };
  }
}

/** The body of these providers has one ID of the order. */
const hasRealBody = (provider: ProviderName) => provider === 'stripe' || provider === 'shop';

/** An ID that only reversals name. */
export const receiptOf = ({ id }: OrderScript): string => `receipt-${id}`;

const refund: Reversal = { kind: 'refund', state: 'done', part: 'full' };
const dispute = (state: Reversal['state'], minute?: number): Reversal => ({
  ...{ kind: 'chargeback', state, part: 'full' },
  at: minute === undefined ? undefined : new Date(START + minute * 60_000).toISOString(),
});

function reversalsOf(random: Random, provider: ProviderName, currency: string): Reversal[] {
  if (!random.chance(0.25)) return [];
  const some = { ...refund, part: 'partial', amount: { value: '9.00', currency } } as const;
  const cases: readonly [Reversal[], ...Reversal[][]] = [
    [refund],
    [refund],
    [dispute('open')],
    [dispute('open'), dispute('lost')],
    [dispute('open'), dispute('won')],
    [dispute('open'), dispute('won')],
  ];
  if (provider === 'stripe') return random.pick(cases);
  if (provider === 'shop') return [random.chance(0.5) ? refund : some];
  return random.pick([...cases, WON_AND_LOST, [some], [some, { ...some }]]);
}

/** A dispute that is won, reopened and lost. The provider states the times, and its events arrive in any order. */
const WON_AND_LOST = [dispute('open', 1), dispute('won', 2), dispute('lost', 3)];

export const isSale = ({ event }: Fact): boolean => event.kind === 'paid' || event.kind === 'renewed';

/** True if a person can describe the order that cannot be parsed. */
export const isDescribable = ({ unreadable, facts, lines }: OrderScript): boolean =>
  unreadable !== undefined && facts.length === 1 && lines.every(({ sku }) => sku === 'w');

/** Test orders of the provider that ignores them, and orders with ignored SKUs only. */
export const isIgnored = ({ provider, test, lines }: OrderScript): boolean =>
  (test && provider === IGNORES_TESTS) || lines.every(({ sku }) => sku === 'consulting');
