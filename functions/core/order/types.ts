/** The items of the table, distinguished by `kind`. An order keeps facts, issued serials and sends. */
import type { Buyer, HeldReason, Money, Reversal, UnreadableReason } from '../inbound/event.ts';

/** ISO 8601 in UTC, so that text order is time order. */
export type At = string;

/** Written to each item. An item of a newer schema is never read, and so never rewritten. */
export const SCHEMA = 2;

export const KINDS = [
  'order',
  'alias',
  'unreadable',
  'keyChange',
  'lease',
  'notice',
  'batch',
  'request',
  'cursor',
] as const;

export type Item = Order | Alias | Unreadable | KeyChange | Lease | Notice | Batch | Request | Cursor;

export interface Order {
  readonly kind: 'order';
  /** `PROVIDER#ID`, or `PROVIDER#test#ID` for a test order. */
  readonly key: string;
  /** The number of writes. Each write but the first is conditional on it. */
  readonly version: number;
  readonly provider: string;
  readonly test: boolean;
  readonly receivedAt: At;
  readonly paidAt?: At | undefined;
  readonly trial?: { readonly at: At; readonly until?: At | undefined } | undefined;
  /** The first payment of a subscription after its trial. It may arrive before the trial does. */
  readonly renewedAt?: At | undefined;
  readonly erasedAt?: At | undefined;
  readonly amount?: Money | undefined;
  /** The number on the store's receipt. It need not be unique. */
  readonly printed?: string | undefined;
  /** By the provider's ID of the refund or dispute. */
  readonly reversals: ReadonlyMap<string, Reversal>;
  readonly buyer: Buyer;
  /** Fields of the buyer that a person has set. No later event changes them. */
  readonly corrected: readonly (keyof Buyer)[];
  /** Keys of the order's other IDs. */
  readonly aliases: readonly string[];
  readonly raw?: Raw | undefined;
  readonly lines: readonly Line[];
  readonly sends: readonly Send[];
  readonly audit: readonly AuditEntry[];
  /** Present while a mail or a serial is to be made, or while mailing is held. */
  readonly outbox?: Outbox | undefined;
  /** Present while a person has to act. */
  readonly heldAt?: At | undefined;
  /** The time at which it was reported that reversals wait here for a sale. */
  readonly reportedAt?: At | undefined;
}

export interface Outbox {
  readonly since: At;
  /** Keeps every mail of the order from starting. `mail_age`: 72 h have passed. `too_large`: a limit was reached. */
  readonly held?: 'mail_age' | 'too_large' | undefined;
}

/** A line is identified by its product, and by its SKU only while the product is unknown. */
export type Line = LineFacts & LineState;

export interface LineFacts {
  /** Stable and never reused: a send names the line by it. */
  readonly id: number;
  /** Empty for a placeholder: the provider did not report what was sold. */
  readonly sku: string;
  /** Other SKUs that turned out to be the same product. An event that names one adds no line. */
  readonly otherSkus?: readonly string[] | undefined;
  readonly quantity: number;
  /** The price of the whole line. A bundle's price is on its first line. */
  readonly paid?: Money | undefined;
  /** The same amount in the currency in which the provider pays the seller. */
  readonly settlement?: Money | undefined;
  /** A person has approved the price although it does not pass the floor. */
  readonly approved?: true | undefined;
  /** `answer`: the provider prints our HTTP answer. `elsewhere`: imported, the buyer has it already. */
  readonly via: 'mail' | 'answer' | 'elsewhere';
}

export type LineState =
  /** `pending`: the order is not paid, so the line is not judged and has no serial. */
  | {
      readonly state: 'pending';
      readonly product: string | null;
      /** The provider lacks data that the line needs. It is held for this reason once it is paid. */
      readonly reason?: HeldReason | undefined;
    }
  /** `held`: a person has to act before there is a serial. */
  | {
      readonly state: 'held';
      readonly product: string | null;
      readonly reason: HeldReason;
      /** The provider gave the reason, so that new data of the buyer does not judge the line again. */
      readonly fromProvider?: true | undefined;
    }
  /** `to_make`: the line is accepted, and the generator of its serial is called (again) at `until`. */
  | {
      readonly state: 'to_make';
      readonly product: string;
      readonly licensee: string;
      readonly tries: number;
      readonly until: At;
    }
  /** `issued`: the line has its serial. It never goes back; only a reissue replaces the serial. */
  | {
      readonly state: 'issued';
      readonly product: string;
      readonly issued: Issued;
      /** Replaced serials, the oldest first. */
      readonly superseded: readonly Superseded[];
    }
  /** `erased`: the person is erased, and nothing is ever made for the line again. */
  | {
      readonly state: 'erased';
      readonly product: string | null;
      /** How many serials the line had: those that were revoked stay revoked. */
      readonly issues?: number | undefined;
    };

export interface Issued {
  /** 1 for the first serial of the line; a reissue adds one. */
  readonly n: number;
  /** The name that the serial was made from, as it must be typed. */
  readonly licensee: string;
  readonly serial: string;
  /** Null for a serial of a program, or one that was made elsewhere. */
  readonly keyVersion: number | null;
  /** Imported word for word: the product's present settings do not make it. */
  readonly unverified?: true | undefined;
}

export interface Superseded extends Issued {
  /** When it was replaced. */
  readonly at: At;
}

/** A mail: content and address. A retry is the same send with one try more. */
export type Send = SendFacts & SendState;

export interface SendFacts {
  /** Ordinal in the order, and the mail's tag `send`. 0 or less: sent before the upgrade to schema 2. */
  readonly n: number;
  /** `buyer.email` as stored, or `seller` for a test order. */
  readonly to: string;
  readonly about: 'serials' | 'trial' | 'moved' | 'held';
  readonly carries: readonly Carried[];
  /** The fencing token: an outcome of an earlier try changes nothing. */
  readonly tries: number;
  /** A person has asked to mail its lines again. Never set while it is in flight. */
  readonly dismissed?: true | undefined;
  /** In send 0 only: a mail whose `version` tag is this or higher is this send. */
  readonly fromVersion?: number | undefined;
}

export interface Carried {
  readonly line: number;
  /** `issued.n` of the line at that time. */
  readonly issue: number;
}

export type SendState =
  /** `waiting`: SES has certainly not accepted the mail; the next try starts at `until`. */
  | { readonly state: 'waiting'; readonly until: At; readonly code?: string | undefined }
  /** `in_flight`: a sender holds the lease until `until`. `doubt`: an earlier try may have been accepted. */
  | { readonly state: 'in_flight'; readonly until: At; readonly doubt?: true | undefined }
  /** `unknown`: SES may have accepted the mail; unless an event says so, the next try starts at `until`. */
  | { readonly state: 'unknown'; readonly until: At; readonly code: string }
  /** `refused`: SES will never accept this mail. */
  | { readonly state: 'refused'; readonly code: string }
  /** `accepted`: SES has the mail, and `delivery` is its latest delivery status. */
  | {
      readonly state: 'accepted';
      readonly at: At;
      readonly messageId?: string | undefined;
      readonly delivery: Delivery;
      readonly trouble?: Trouble | undefined;
    };

export type InFlight = Send & { readonly state: 'in_flight' };

/** A mail to send, with the order as it was when the lease was acquired. */
export interface Mail {
  readonly order: Order;
  readonly send: InFlight;
}

/** The result of recording an event. */
export interface Claim {
  /** The order as it is now. */
  readonly order?: Order | undefined;
  /** Set if the notification is held. */
  readonly unreadable?: { readonly key: string; readonly reason: UnreadableReason } | undefined;
  /** By SKU of the event, the serial that the provider may print. */
  readonly issued?: ReadonlyMap<string, Issued> | undefined;
  /** Set if this call holds the lease of the mail. */
  readonly mail?: Mail | undefined;
}

/** Only rises, in this order, so that events may arrive in any order. */
export const DELIVERIES = ['none', 'delivered', 'complained', 'rejected', 'bounced', 'suppressed'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** Only rises too. */
export const TROUBLES = ['delayed', 'soft_bounce'] as const;
export type Trouble = (typeof TROUBLES)[number];

/** A notification that is kept while a person may need it: everything needed to parse it again, without the proof of its sender. */
export interface Raw {
  /** The name under which the catalogue enables the provider. */
  readonly provider: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  /** gzip. */
  readonly body: Uint8Array;
}

export type Facts = Readonly<Record<string, string | null>>;

export const ACTIONS = [
  'release',
  'reject',
  'resend',
  'issue',
  'reissue',
  'transfer',
  'import',
  'erase',
  'key change',
  'request',
] as const;
export type Action = (typeof ACTIONS)[number];

/** A manual action. `before` and `after` name lines and issue numbers, never serials. */
export interface AuditEntry {
  readonly at: At;
  readonly who: string;
  readonly what: Action;
  readonly why: string | null;
  readonly before: Facts;
  readonly after: Facts;
}

/** Another ID of an order. */
export interface Alias {
  readonly kind: 'alias';
  readonly key: string;
  readonly aliasOf: string;
}

/** A notification that we could not parse (`bad_body`, `mail_changed`), trust (`not_authentic`) or apply (`too_large`). */
export type Unreadable = UnreadableFacts & UnreadableState;

export interface UnreadableFacts {
  readonly kind: 'unreadable';
  readonly key: string;
  readonly version: number;
  readonly provider: string;
  /** Missing if the whole request could not be parsed. */
  readonly test?: boolean | undefined;
  readonly receivedAt: At;
  readonly audit: readonly AuditEntry[];
}

export type UnreadableState =
  /** `held`: a person has to act. */
  | {
      readonly state: 'held';
      readonly heldAt: At;
      readonly reason: UnreadableReason;
      readonly raw?: Raw | undefined;
      /** Further notifications of the same order that could not be parsed. */
      readonly later?: readonly Raw[] | undefined;
      /** The key of the order that a person is making of it. */
      readonly orderKey?: string | undefined;
    }
  /** `closed`: a person found that it concerns no order, or its person is erased. */
  | { readonly state: 'closed' };

/** The audit of a product's or provider's keys; never a key. */
export interface KeyChange {
  readonly kind: 'keyChange';
  readonly key: string;
  readonly version: number;
  readonly receivedAt: At;
  readonly audit: readonly AuditEntry[];
}

/** The run of a job that is allowed to work until `until` (milliseconds since 1970). */
export interface Lease {
  readonly kind: 'lease';
  readonly key: string;
  readonly owner: string;
  readonly until: number;
}

/** Records that something was reported, so that it is reported once. Its key is `notice#` and what it is about. */
export interface Notice {
  readonly kind: 'notice';
  readonly key: string;
  readonly version: number;
  readonly receivedAt: At;
  /** Present until it is in the seller's daily digest. */
  readonly heldAt?: At | undefined;
}

/** A list of claim codes. Its key is `batch#` and the number that each of its codes contains. */
export interface Batch {
  readonly kind: 'batch';
  readonly key: string;
  readonly version: number;
  readonly receivedAt: At;
  readonly name: string;
  readonly products: readonly string[];
  readonly count: number;
  /** The last valid day, UTC. */
  readonly until?: string | undefined;
  readonly stopped?: true | undefined;
}

/** `told` is the mail to the new address of a `move`. The buyer asks for the others. */
export const ABOUTS = ['lost', 'move', 'told', 'rename', 'recover_other_address', 'erasure'] as const;

/** A buyer's request that waits for the redeliver run, for a person, or for both. */
export interface Request {
  readonly kind: 'request';
  readonly key: string;
  readonly version: number;
  readonly receivedAt: At;
  readonly about: (typeof ABOUTS)[number];
  readonly address: string;
  /** The language of its mail. */
  readonly locale: string;
  /** When the redeliver run works on it next. */
  readonly until?: At | undefined;
  /** Present while a person has to act. */
  readonly heldAt?: At | undefined;
  /** The step that is due: the mail that a request is held or answered, or the change of a `move`. */
  readonly step?: 'answered' | 'apply' | undefined;
  /** A `rename` has these: the order, and the name that the buyer asks for. */
  readonly order?: string | undefined;
  readonly name?: string | undefined;
  /** The new address of a `move`. */
  readonly to?: string | undefined;
  /** The number on the store's receipt, for `recover_other_address`. */
  readonly printed?: string | undefined;
}

/** The position at which a paged job continues; without one, at the beginning. */
export interface Cursor {
  readonly kind: 'cursor';
  readonly key: string;
  readonly version: number;
  readonly position?: { readonly since: number; readonly resume?: string | undefined } | undefined;
  /** The digest under which held orders were last judged, the position if that has not finished, and when all are judged again. */
  readonly judged?:
    | { readonly digest: string; readonly after?: string | undefined; readonly again?: At | undefined }
    | undefined;
}
