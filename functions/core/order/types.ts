/**
 * The items of the table, distinguished by `kind`. An order keeps facts, issued serials and sends; `stored.ts` has its stored form.
 * The states of lines and sends, and every other kind, are stored as they are, so that the parser is the type.
 */
import {
  type Buyer,
  HELD_REASONS,
  type HeldReason,
  type Money,
  type Reversal,
  UNREADABLE_REASONS,
  type UnreadableReason,
} from '../inbound/event.ts';
import {
  bytes,
  count,
  type Fields,
  flag,
  is,
  list,
  mapOf,
  maybe,
  oneOf,
  or,
  orNull,
  record,
  text,
} from './parse.ts';

/** ISO 8601 in UTC, so that text order is time order. */
export type At = string;

/** Written to each item. An item of a newer schema is never read, and so never rewritten. */
export const SCHEMA = 2;

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

/** The key of an order. A test order has a key of its own, so that it never takes the key of a sale. */
export function keyOf(provider: string, test: boolean, id: string): string {
  const safe = id.replaceAll('%', '%25').replaceAll('#', '%23');
  return test ? `${provider}#test#${safe}` : `${provider}#${safe}`;
}

/** The provider's ID at the end of an order's key. */
export const idIn = (key: string): string =>
  key
    .slice(key.lastIndexOf('#') + 1)
    .replaceAll('%23', '#')
    .replaceAll('%25', '%');

/** The fields of a buyer that a person can set. */
export const BUYER_FIELDS = ['name', 'email', 'company', 'registration', 'country', 'locale'] as const;

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

export type Issued = ReturnType<typeof Issued>;
const ISSUED = {
  /** 1 for the first serial of the line; a reissue adds one. */
  n: or(count, 1),
  /** The name that the serial was made from, as it must be typed. */
  licensee: text,
  serial: text,
  /** Null for a serial of a program, or one that was made elsewhere. */
  keyVersion: orNull(count),
  /** Imported word for word: the product's present settings do not make it. */
  unverified: maybe(is(true)),
};
export const Issued = record(ISSUED);

export type Superseded = ReturnType<typeof Superseded>;
/** `at` is when it was replaced. */
export const Superseded = record({ ...ISSUED, at: text });

const heldReason = oneOf<HeldReason>(HELD_REASONS);
const IssuedLine = record({
  state: is('issued'),
  product: text,
  /** Replaced serials, the oldest first. */
  superseded: list(Superseded),
});

export type LineState = ReturnType<(typeof LINE_STATES)[keyof typeof LINE_STATES]>;
export const LINE_STATES = {
  /** The order is not paid, so the line is not judged and has no serial. */
  pending: record({
    state: is('pending'),
    product: orNull(text),
    /** The provider lacks data that the line needs. It is held for this reason once it is paid. */
    reason: maybe(heldReason),
  }),
  /** A person has to act before there is a serial. */
  held: record({
    state: is('held'),
    product: orNull(text),
    reason: heldReason,
    /** The provider gave the reason, so that new data of the buyer does not judge the line again. */
    fromProvider: maybe(is(true)),
  }),
  /** The line is accepted, and the generator of its serial is called (again) at `until`. */
  to_make: record({ state: is('to_make'), product: text, licensee: text, tries: count, until: text }),
  /** The line has its serial. It never goes back; only a reissue replaces the serial. */
  issued: (line: Fields, name: string) => ({ issued: Issued(line, name), ...IssuedLine(line, name) }),
  /** The person is erased, and nothing is ever made for the line again. */
  erased: record({
    state: is('erased'),
    product: orNull(text),
    /** How many serials the line had: those that were revoked stay revoked. */
    issues: maybe(count),
  }),
};

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

/** Only rises, in this order, so that events may arrive in any order. */
export const DELIVERIES = [
  'none',
  'undelivered',
  'delivered',
  'complained',
  'rejected',
  'bounced',
  'suppressed',
] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** Only rises too. */
export const TROUBLES = ['delayed', 'soft_bounce'] as const;
export type Trouble = (typeof TROUBLES)[number];

export type SendState = ReturnType<(typeof SEND_STATES)[keyof typeof SEND_STATES]>;
export const SEND_STATES = {
  /** SES has certainly not accepted the mail; the next try starts at `until`. */
  waiting: record({ state: is('waiting'), until: text, code: maybe(text) }),
  /** A sender holds the lease until `until`. `doubt`: an earlier try may have been accepted. */
  in_flight: record({ state: is('in_flight'), until: text, doubt: maybe(is(true)) }),
  /** SES may have accepted the mail; unless an event says so, the next try starts at `until`. */
  unknown: record({ state: is('unknown'), until: text, code: text }),
  /** SES will never accept this mail. */
  refused: record({ state: is('refused'), code: text }),
  /** SES has the mail, and `delivery` is its latest delivery status. */
  accepted: record({
    ...{ state: is('accepted'), at: text, messageId: maybe(text), trouble: maybe(oneOf(TROUBLES)) },
    delivery: or(oneOf(DELIVERIES), 'none'),
  }),
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

/** A notification that is kept while a person may need it: everything needed to parse it again, without the proof of its sender. */
export type Raw = ReturnType<typeof Raw>;
export const Raw = record({
  /** The name under which the catalogue enables the provider. */
  provider: text,
  method: text,
  headers: mapOf(text),
  query: text,
  /** gzip. */
  body: bytes,
});

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
export type AuditEntry = ReturnType<typeof AuditEntry>;
export const AuditEntry = record({
  at: text,
  who: text,
  what: oneOf(ACTIONS),
  why: orNull(text),
  before: mapOf(orNull(text)),
  after: mapOf(orNull(text)),
});

/** The fields of every item that is written more than once. */
const RECEIVED = { key: text, version: count, receivedAt: text };

/** Another ID of an order. */
export type Alias = ReturnType<typeof Alias>;
export const Alias = record({ kind: is('alias'), key: text, aliasOf: text });

/** A notification that we could not parse (`bad_body`, `mail_changed`), trust (`not_authentic`) or apply (`too_large`). */
export type Unreadable = ReturnType<typeof UnreadableFacts> & UnreadableState;

export const UnreadableFacts = record({
  kind: is('unreadable'),
  ...RECEIVED,
  provider: text,
  /** Missing if the whole request could not be parsed. */
  test: maybe(flag),
  audit: list(AuditEntry),
});

/**
 * `held`: a person has to act. `closed`: a person found that it concerns no order, or its person is erased.
 */
export type UnreadableState = ReturnType<(typeof UNREADABLE_STATES)[keyof typeof UNREADABLE_STATES]>;
export const UNREADABLE_STATES = {
  held: record({
    state: is('held'),
    heldAt: text,
    reason: oneOf(UNREADABLE_REASONS),
    raw: maybe(Raw),
    /** Further notifications of the same order that could not be parsed. */
    later: maybe(list(Raw)),
    /** The key of the order that a person is making of it. */
    orderKey: maybe(text),
  }),
  closed: record({ state: is('closed') }),
};

/** The audit of a product's or provider's keys; never a key. */
export type KeyChange = ReturnType<typeof KeyChange>;
export const KeyChange = record({ kind: is('keyChange'), ...RECEIVED, audit: list(AuditEntry) });

/** The run of a job that is allowed to work until `until` (milliseconds since 1970). */
export type Lease = ReturnType<typeof Lease>;
export const Lease = record({ kind: is('lease'), key: text, owner: text, until: count });

/** Records that something was reported, so that it is reported once. Its key is `notice#` and what it is about. */
export type Notice = ReturnType<typeof Notice>;
export const Notice = record({
  kind: is('notice'),
  ...RECEIVED,
  /** Present until it is in the seller's daily digest. */
  heldAt: maybe(text),
});

/** A list of claim codes. Its key is `batch#` and the number that each of its codes contains. */
export type Batch = ReturnType<typeof Batch>;
export const Batch = record({
  kind: is('batch'),
  ...RECEIVED,
  name: text,
  products: list(text),
  count,
  /** The last valid day, UTC. */
  until: maybe(text),
  stopped: maybe(is(true)),
});

/** `told` is the mail to the new address of a `move`. The buyer asks for the others. */
export const ABOUTS = ['lost', 'move', 'told', 'rename', 'recover_other_address', 'erasure'] as const;

/**
 * `apply` is the change of a `move`. The others end a request with a mail: the seller has worked on it or refuses it, the buyer is
 * erased, or the old address has stopped the move.
 */
export const STEPS = ['apply', 'answered', 'refused', 'erased', 'stopped'] as const;

/** A buyer's request that waits for the redeliver run, for a person, or for both. */
export type Request = ReturnType<typeof Request>;
export const Request = record({
  kind: is('request'),
  ...RECEIVED,
  about: oneOf(ABOUTS),
  address: text,
  /** The language of its mail. */
  locale: text,
  /** When the redeliver run works on it next. */
  until: maybe(text),
  /** Present while a person has to act. */
  heldAt: maybe(text),
  /** The step that is due; without one, the mail that the request has arrived. */
  step: maybe(oneOf(STEPS)),
  /** A `rename` has these: the order, and the name that the buyer asks for. */
  order: maybe(text),
  name: maybe(text),
  /** The new address of a `move`. */
  to: maybe(text),
  /** The number on the store's receipt, for `recover_other_address`. */
  printed: maybe(text),
});

/** The position at which a paged job continues; without one, at the beginning. */
export type Cursor = ReturnType<typeof Cursor>;
export const Cursor = record({
  kind: is('cursor'),
  key: text,
  version: count,
  position: maybe(record({ since: count, resume: maybe(text) })),
  /** The digest under which held orders were last judged, the position if that has not finished, and when all are judged again. */
  judged: maybe(record({ digest: text, after: maybe(text), again: maybe(text) })),
});
