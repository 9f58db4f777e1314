/** What a provider can tell us, in our words. */
import { reasonOf } from './rejection.ts';

/** A decimal string and an ISO 4217 code in upper case: 48.75 EUR, 4900 JPY. */
export interface Money {
  readonly value: string;
  readonly currency: string;
}

/** The buyer as received; whoever is missing is left out. */
export interface Buyer {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly company?: string | undefined;
  /** The name the buyer typed for the licence. */
  readonly registration?: string | undefined;
  /** ISO 3166, two letters. */
  readonly country?: string | undefined;
  /** BCP 47. */
  readonly locale?: string | undefined;
}

/** Why a line waits for a person. A closed set; each has its article in docs/runbook.md. */
export const HELD_REASONS = [
  'bad_body',
  'unknown_product',
  'no_name',
  'unmappable_name',
  'name_too_long',
  'bad_address',
  'below_floor',
  'price_unknown',
  'wrong_payee',
  'no_buyer',
  'product_key',
  'mail_refused',
  'mail_age',
  'bounced',
] as const;
export type HeldReason = (typeof HELD_REASONS)[number];

/** One thing sold. Copies of one product are one line with a quantity. */
export interface SoldLine {
  readonly sku: string;
  readonly quantity: number;
  /** What the buyer paid for the whole line, tax included; left out where the provider does not say. */
  readonly paid?: Money | undefined;
  /** The same amount in the currency in which the provider pays the seller, where the signed body states it. */
  readonly settled?: Money | undefined;
  /** How the serial reaches the buyer: our mail, or our answer, printed by the provider. `mail` where not said. */
  readonly delivery?: 'mail' | 'answer' | undefined;
  /** Set where the provider could not find out what a line needs, and asking again will not help. */
  readonly held?: HeldReason | undefined;
}

interface OfOneOrder {
  /** The one id that every sale-making event of the provider carries; for a reversal the best one known. */
  readonly id: string;
  /** Other ids of the provider for the same order. */
  readonly aliases?: readonly string[] | undefined;
  readonly test: boolean;
  /** The provider's ID of the event, where one request carries several. */
  readonly event?: string | undefined;
}

/** `paid`: money has changed hands. `announced`: the buyer and the lines of an order that may be paid later. */
export interface Sale extends OfOneOrder {
  readonly kind: 'paid' | 'announced';
  /** ISO 8601 in UTC. */
  readonly placedAt?: string | undefined;
  /** What was paid; of an announced order, what the buyer agreed to pay. */
  readonly amount?: Money | undefined;
  readonly buyer: Buyer;
  readonly lines: readonly SoldLine[];
  /** Why the event could not be parsed; then it has one line, which is held as `bad_body`. */
  readonly unparsed?: string | undefined;
}

/** Money goes back, or may. One fact for each id; it is in force unless `won`. */
export interface Reversal {
  readonly kind: 'refund' | 'chargeback';
  readonly state: ReversalState;
  readonly part: 'full' | 'partial';
  /** Lets several partial refunds add up to a full one. */
  readonly amount?: Money | undefined;
}
export type ReversalState = 'open' | 'lost' | 'done' | 'won';

export interface Reversed extends OfOneOrder {
  readonly kind: 'reversed';
  /** The provider's id of the refund or dispute. */
  readonly reversalId: string;
  readonly reversal: Reversal;
}

/** Authentic, and not as documented: kept as it came, for a person. */
export interface Unreadable {
  readonly kind: 'unreadable';
  /** SHA-256 of the body, hex. */
  readonly id: string;
}

export type OrderEvent = Sale | Reversed;

/** An event of a batch that could not be parsed. It is held under its own ID, so that the other events are not affected. */
export const unparsedEvent = (event: string, test: boolean, error: unknown): Sale => ({
  kind: 'paid',
  id: event,
  event,
  test,
  buyer: {},
  lines: [{ sku: '', quantity: 1, held: 'bad_body' }],
  unparsed: reasonOf(error),
});
