/** The ports: all I/O is passed in. Lambdas pass the adapters of `aws/`, tests pass object literals. */
import type { Catalogue } from './catalogue/catalogue.ts';
import type { ProductKeys, ProviderKeys } from './catalogue/keys.ts';
import type { Ignored, Reversed } from './inbound/event.ts';
import type { Context, Provider } from './inbound/provider.ts';
import type { PageLinks } from './mail/letter.ts';
import type { Message } from './mail/message.ts';
import type { SendOutcome } from './order/sends.ts';
import type { NewSale, NewUnreadable } from './order/transitions.ts';
import type { Claim, Item, Mail, Order } from './order/types.ts';
import type { Generate } from './serial/program.ts';

/** The store of the orders. A call that throws may or may not have taken effect. */
export interface Store {
  /** A consistent read: it sees every completed write. */
  get(key: string): Promise<Item | undefined>;
  /**
   * Writes if the stored version is `expected` (undefined: no item is stored) and returns undefined; otherwise
   * returns the conflicting item. Recognises its own write if only the answer was lost.
   */
  put(item: Item, expected: number | undefined): Promise<Item | undefined>;
  /** The same store, whose calls each end after `ms()`; missing if its own limits cannot be changed. */
  within?(ms: () => number): Store;
}

/** Makes one attempt, within 1.5 s. Does not throw. */
export type Mailer = (message: Message) => Promise<SendOutcome>;

/** A closed set of reports: each is a log line, and some are metrics (aws/reports.ts). */
export type ReportName =
  | 'order_recorded'
  | 'order_duplicate'
  | 'reversal_recorded'
  | 'reversals_without_sale'
  | 'line_held'
  | 'rejudged'
  | 'ignored'
  | 'ignored_amount'
  | 'mail_sent'
  | 'mail_deferred'
  | 'mail_unmarked'
  | 'account_fault'
  | 'alias_conflict'
  | 'mail_changed'
  | 'mails_held'
  | 'seller_mailed'
  | 'refused'
  | 'signature_refused'
  | 'too_large'
  | 'unanswered'
  | 'failed'
  | 'reconciled'
  | 'mail_event'
  | 'mail_event_unknown'
  | 'limit_reached'
  | 'request_mailed'
  | 'gauges';

/** Details are codes, numbers and order keys. They must not contain a secret, signature, serial, name or address. */
export type Report = (name: ReportName, details: Readonly<Record<string, string | number | boolean>>) => void;

/** All ports of the core. */
export interface Ports {
  readonly catalogue: Catalogue;
  readonly store: Store;
  readonly mailer: Mailer;
  readonly report: Report;
  readonly productKeys: Secret<ProductKeys>;
  readonly providerKeys: Secret<ProviderKeys>;
  /** Calls a provider's API. */
  readonly ask: Context['ask'];
  /** Runs third-party programs; undefined if the catalogue has none. */
  readonly generate?: Generate | undefined;
  /** Undefined without buyers' pages. */
  readonly links?: ((order: Order) => Promise<PageLinks>) | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/** The ports that record an event: the Lambda `mail-events` has no others. */
export type Recording = Pick<Ports, 'store' | 'report' | 'now'>;

/** A cached secret. Both functions throw `keys_unavailable` if it cannot be read. */
export interface Secret<Value> {
  /** Returns the cached value, even a stale one if it cannot be fetched again. */
  read(): Promise<Value>;
  /** Returns a value newer than `used`; undefined if there is none, or if it was fetched within the last 30 s. */
  newer(used: Value): Promise<Value | undefined>;
}

/** The ports of a manual action, which sends no mail itself; `redeliver` judges held orders again with them. */
export interface OperatorPorts extends Omit<Ports, 'mailer' | 'links'> {
  readonly providers: Readonly<Record<string, Provider>>;
}

/** The ports of one request, limited to its provider and its time. */
export interface World {
  readonly catalogue: Catalogue;
  /** The name under which the catalogue enables the provider. */
  readonly provider: string;
  readonly report: Report;
  /** Makes the provider's context with the cached signing keys. Throws `keys_unavailable`. */
  context(): Promise<Context>;
  /** Same, with freshly fetched keys; undefined if they were fetched within the last 30 s. */
  refreshedContext(): Promise<Context | undefined>;
  /** Reads them again if one is missing. */
  readonly productKeys: Pick<Secret<ProductKeys>, 'read'>;
  /** Same as in Ports, within a part of the request's time. */
  readonly generate?: Generate | undefined;
  /** Returns the ID of the order that a person made of an unparseable request with this hash. */
  findReleased(hash: string): Promise<string | undefined>;
  record(event: NewSale | Reversed | Ignored | NewUnreadable): Promise<Claim>;
  /** Sends the mail and marks it as sent. A failure leaves the mail due. Does not throw. */
  mail(mail: Mail): Promise<void>;
}
