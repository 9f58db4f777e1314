/** The script of one order: the purchase, the notifications with their times, and the expected result. */
import type {
  Buyer,
  HeldReason,
  Reversal,
  Reversed,
  Sale,
  SoldLine,
} from '../../functions/core/inbound/event.ts';
import { IGNORES_TESTS } from './catalogue.ts';
import type { Random } from './random.ts';
import { type ProviderName, SCHEDULES } from './schedules.ts';
import type { Sim } from './sim.ts';

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
  const id = `o${n}`;
  const script: OrderScript = {
    id,
    alias: hasRealBody(provider) || random.chance(0.4) ? undefined : `c${n}`,
    provider,
    key: test ? `${provider}#test#${id}` : `${provider}#${id}`,
    test,
    buyer: { name, email: where === 'nowhere' ? `nobody${n}` : `${where}${n}@example.com` },
    licensee,
    lines: linesOf(random, provider),
    saleAt: clock.now + random.below(faultProfile.salesUntil - clock.now),
    facts: [],
    refused: where === 'refused' && !test,
  };
  for (const event of eventsOf(random, script)) script.facts.push({ script, event });
  return script;
}

function linesOf(random: Random, provider: ProviderName): SoldLine[] {
  const most = provider !== 'stripe' && random.chance(0.25) ? random.between(2, 4) : 1;
  const euros = () => ({ value: random.chance(0.1) ? '5.00' : '39.00', currency: 'EUR' });
  const skus = new Set(
    Array.from({ length: most }, () =>
      random.chance(0.75) ? 'w' : random.pick(['g', 'l', 'k', 'w-old', 'nobody-knows', 'consulting']),
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
  const amount = apart || lines.length === 1 ? { value: total.toFixed(2), currency: 'EUR' } : undefined;
  if (apart) yield { kind: 'announced', ...of, amount, buyer, lines };
  const sale = { kind: 'paid', ...of, amount, buyer } as const;
  const [line, ...rest] = lines;
  const isSplit = lines.every(({ sku }) => sku !== 'consulting') && provider !== 'shop' && random.chance(0.5);
  if (apart) {
    if (random.chance(0.9)) yield { ...sale, buyer: {}, lines: [] };
  } else if (line && rest.length > 0 && isSplit) {
    yield { ...sale, lines: [line] };
    yield { ...sale, lines: rest };
  } else yield { ...sale, lines };
  for (const [n, reversal] of reversalsOf(random, provider).entries()) {
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
const dispute = (state: Reversal['state']): Reversal => ({ kind: 'chargeback', state, part: 'full' });

function reversalsOf(random: Random, provider: ProviderName): Reversal[] {
  if (!random.chance(0.25)) return [];
  const some = { ...refund, part: 'partial', amount: { value: '9.00', currency: 'EUR' } } as const;
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
  return random.pick([...cases, [some], [some, { ...some }]]);
}

export const isSale = ({ event }: Fact): boolean => event.kind === 'paid';

/** Test orders of the provider that ignores them, and orders with ignored SKUs only. */
export const isIgnored = ({ provider, test, lines }: OrderScript): boolean =>
  (test && provider === IGNORES_TESTS) || lines.every(({ sku }) => sku === 'consulting');
