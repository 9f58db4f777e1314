/** The events that every provider's notifications are parsed into. */
import { createHash } from 'node:crypto';
import { reasonOf } from './rejection.ts';

/** A decimal string and an ISO 4217 code in upper case: 48.75 EUR, 4900 JPY. */
export interface Money {
  readonly value: string;
  readonly currency: string;
}

/** The buyer as received; missing fields are undefined. */
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
  /** The name of the person who paid, if it is not the buyer, who receives the mail as a gift; empty if unknown. */
  readonly payer?: string | undefined;
}

/** The reasons for holding a line until a person decides. A closed set; docs/runbook.md has an article for each. */
export const HELD_REASONS = [
  'bad_body',
  'mail_changed',
  'not_authentic',
  'unknown_product',
  'no_name',
  'unmappable_name',
  'name_too_long',
  'bad_address',
  'below_floor',
  'price_unknown',
  'wrong_payee',
  'no_buyer',
  'trial_unknown',
  'product_key',
  'mail_refused',
  'mail_age',
  'bounced',
  'too_large',
  'generator',
] as const;
/** The reasons for which a buyer's request waits for a person. */
export const REQUEST_REASONS = ['rename', 'recover_other_address', 'erasure'] as const;
export type RequestReason = (typeof REQUEST_REASONS)[number];
export type HeldReason = (typeof HELD_REASONS)[number] | RequestReason;
/** The reasons for holding a whole notification. `not_authentic`: a person has to find out whether the store sent the mail. */
export const UNREADABLE_REASONS = ['bad_body', 'mail_changed', 'not_authentic', 'too_large'] as const;
export type UnreadableReason = (typeof UNREADABLE_REASONS)[number];

/** A product and its quantity. */
export interface SoldLine {
  readonly sku: string;
  readonly quantity: number;
  /** The price of the whole line, tax included; undefined if the provider does not state it. */
  readonly paid?: Money | undefined;
  /** The same amount in the currency in which the provider pays the seller, if the signed body states it. */
  readonly settlement?: Money | undefined;
  /** How the serial reaches the buyer: by our mail (the default), or by our answer, which the provider prints. */
  readonly delivery?: 'mail' | 'answer' | undefined;
  /** Set if the provider lacks data that the line needs, and another attempt will not help. */
  readonly held?: HeldReason | undefined;
}

interface OrderReference {
  /** The ID that every sale event of the provider carries; a reversal has the best ID known. */
  readonly id: string;
  /** Other IDs of the provider for the same order. */
  readonly aliases?: readonly string[] | undefined;
  readonly test: boolean;
  /** The provider's ID of the event, if one request carries several. */
  readonly event?: string | undefined;
}

/**
 * `paid`: the order is paid. `announced`: the buyer and the lines of an order that may be paid later. `trial`: a
 * subscription starts without a payment. `renewed`: a later payment of a subscription, under its ID or that of its first
 * order; it may have no lines. A subscription's ID is an alias of its first order.
 */
export interface Sale extends OrderReference {
  readonly kind: 'paid' | 'announced' | 'trial' | 'renewed';
  /** ISO 8601 in UTC. */
  readonly placedAt?: string | undefined;
  /** When a trial ends: ISO 8601 in UTC. */
  readonly until?: string | undefined;
  /** The number on the store's receipt, if it is not the ID. It need not be unique. */
  readonly printed?: string | undefined;
  /** The total paid; for an announced order, the total the buyer agreed to pay. */
  readonly amount?: Money | undefined;
  readonly buyer: Buyer;
  readonly lines: readonly SoldLine[];
}

/** A refund or dispute. The last state for each ID counts; it is in force unless `won`. */
export interface Reversal {
  readonly kind: 'refund' | 'chargeback';
  readonly state: ReversalState;
  readonly part: 'full' | 'partial';
  /** Partial refunds that add up to the order's total count as a full one. */
  readonly amount?: Money | undefined;
  /** When the provider says that this state began: ISO 8601 in UTC. */
  readonly at?: string | undefined;
}
export type ReversalState = 'open' | 'lost' | 'done' | 'won';

export interface Reversed extends OrderReference {
  readonly kind: 'reversed';
  /** The provider's ID of the refund or dispute. */
  readonly reversalId: string;
  readonly reversal: Reversal;
}

/** An event that Keypost does not handle. If it carries money, the first one of its type is reported. */
export interface Ignored {
  readonly kind: 'ignored';
  /** The provider's ID of the event or of what it is about. */
  readonly id: string;
  /** The provider's name for the kind of event. */
  readonly type: string;
  readonly amount?: Money | undefined;
  readonly test: boolean;
  readonly event?: string | undefined;
}

/** An authentic request, or one event of it, that could not be parsed. It is held with its raw body. */
export interface Unreadable {
  readonly kind: 'unreadable';
  /** The provider's ID of the order; without one, the SHA-256 in hex of the event's ID, or of query and body of a whole request. */
  readonly id: string;
  /** Set if other events of the request could be parsed. */
  readonly event?: string | undefined;
  readonly test: boolean;
  /** `bad_body` by default. */
  readonly reason?: UnreadableReason | undefined;
  readonly why: string;
}

export type OrderEvent = Sale | Reversed | Ignored | Unreadable;

export const reversed = (
  order: Omit<OrderReference, 'event'>,
  reversalId: string,
  reversal: Reversal,
): Reversed => ({ kind: 'reversed', ...order, reversalId, reversal });

/** True if it is known that nothing is paid. */
export const isFree = (amount: Money | undefined): boolean =>
  amount !== undefined && Number(amount.value) === 0;

/** The event that Keypost does not handle, if it carries money. Its type becomes part of a key. */
export const ignoredEvent = (type: string, event: Omit<Ignored, 'kind' | 'type'>): OrderEvent[] =>
  event.amount && !isFree(event.amount) ? [{ kind: 'ignored', type: type.slice(0, 100), ...event }] : [];

/** Makes a held item of an unparseable event, so that the other events of its batch are not affected. */
export const unparsedEvent = (
  event: string,
  test: boolean,
  error: unknown,
  order: string | undefined,
): Unreadable => ({
  kind: 'unreadable',
  id: order ?? hashOfEvent(event),
  event,
  test,
  why: reasonOf(error),
});

/** A person who releases the event gives the ID of its order, for which the ID of the event must not be taken. */
export const hashOfEvent = (event: string): string => createHash('sha256').update(event).digest('hex');
