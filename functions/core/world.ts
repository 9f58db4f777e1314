/** What the core is handed instead of doing I/O. Lambdas join the real ones, tests hand in object literals. */
import type { Catalogue } from './catalogue/catalogue.ts';
import type { ProductKeys } from './catalogue/keys.ts';
import type { Reversed } from './inbound/event.ts';
import type { Context } from './inbound/provider.ts';
import type { Message } from './mail/message.ts';
import type { Claim, Item, NewOrder, Order } from './order/order.ts';

/** Where orders are kept. A call that throws may or may not have taken effect. */
export interface Store {
  /** Sees every write that was answered before. */
  get(key: string): Promise<Item | undefined>;
  /**
   * Writes if the stored version is `expected` (undefined: if there is none), and answers undefined; otherwise
   * answers what stands in the way. Knows its own write again where only the answer was lost.
   */
  put(item: Item, expected: number | undefined): Promise<Item | undefined>;
}

/** What became of one try to send. */
export type SendOutcome =
  | { readonly kind: 'sent'; readonly messageId: string }
  /** Surely not accepted; soon again. */
  | { readonly kind: 'throttled'; readonly code: string }
  /** Accepted or not: nobody knows. */
  | { readonly kind: 'unknown'; readonly code: string }
  /** SES will never take this address. */
  | { readonly kind: 'refused'; readonly code: string }
  /** The seller's account or settings are at fault; every mail would fare alike. */
  | { readonly kind: 'account'; readonly code: string };

/** Sends once, within 1.5 s, and never throws. */
export type Mailer = (message: Message) => Promise<SendOutcome>;

/** What is counted. A closed set: each is a log line, and some are metrics (aws/reports.ts). */
export type ReportName =
  | 'order_recorded'
  | 'order_duplicate'
  | 'reversal_recorded'
  | 'line_held'
  | 'ignored'
  | 'mail_sent'
  | 'mail_deferred'
  | 'mail_unmarked'
  | 'account_fault'
  | 'alias_conflict'
  | 'refused'
  | 'signature_refused'
  | 'too_large'
  | 'unanswered'
  | 'failed'
  | 'reconciled'
  | 'mail_event'
  | 'mail_event_unknown'
  | 'gauges';

/** Details are codes, numbers and order keys: never a secret, a signature, a serial, a name or an address. */
export type Report = (name: ReportName, details: Readonly<Record<string, string | number | boolean>>) => void;

/** The world as recording and delivering see it. */
export interface Ports {
  readonly catalogue: Catalogue;
  readonly store: Store;
  readonly mailer: Mailer;
  readonly report: Report;
  /** Milliseconds since 1970. */
  now(): number;
}

/** A secret, cached. Both throw `keys_unavailable` where nobody can tell what it is. */
export interface Secret<Value> {
  /** Stale while it cannot be read anew. */
  read(): Promise<Value>;
  /** Something newer than `used`; undefined where there is nothing, or where that was asked less than 30 s ago. */
  newer(used: Value): Promise<Value | undefined>;
}

/** The world as one request sees it. */
export interface World {
  readonly catalogue: Catalogue;
  /** The name under which the catalogue enables the provider. */
  readonly provider: string;
  readonly report: Report;
  /** What the provider may know of us, with the signing keys as cached. Throws `no_signing_key`, `keys_unavailable`. */
  context(): Promise<Context>;
  /** The same with keys read anew, or undefined where they were read so lately that it would be abuse. */
  refreshedContext(): Promise<Context | undefined>;
  /** The products' keys. Throws where they cannot be read and none are cached. */
  keys(): Promise<ProductKeys>;
  record(event: NewOrder | Reversed): Promise<Claim>;
  /** Sends and marks; whatever fails leaves the order due. Never throws. */
  mail(order: Order): Promise<void>;
}
