/**
 * Items as the table stores them: plain records without defaults, so that an ordinary order stays below 1 KB. The
 * attributes of the indexes (`dueShard`, `dueAt`, `held`, `heldAt`, `day`, `email`) are only written, except `heldAt`. So is
 * `reversed`: a scan that reads some attributes only cannot ask for those of the reversals, whose names have their IDs.
 */
import type { Money, Reversal } from '../inbound/event.ts';
import { toEmailKey } from '../mail/address.ts';
import { addressOf, isPaid, wakeAt } from './due.ts';
import {
  count,
  type Fields,
  fields,
  flag,
  ItemError,
  is,
  list,
  mapOf,
  maybe,
  nameIn,
  oneOf,
  or,
  orNull,
  type Parser,
  record,
  text,
} from './parse.ts';
import {
  Alias,
  AuditEntry,
  Batch,
  BUYER_FIELDS,
  type Carried,
  Cursor,
  type Issued,
  type Item,
  KeyChange,
  Lease,
  LINE_STATES,
  type Line,
  type LineState,
  Notice,
  type Order,
  Raw,
  Request,
  SCHEMA,
  SEND_STATES,
  type Send,
  type SendState,
  UNREADABLE_STATES,
  type Unreadable,
  UnreadableFacts,
} from './types.ts';
import { upcast } from './upcast.ts';

/** The number of partitions of the index of due orders. */
export const DUE_SHARDS = 8;
/** The partition of buyers' requests, which do not wait behind orders. */
export const REQUEST_SHARD = 8;
/** The partitions of the index of what waits for a person: notices for the daily digest, and everything else. */
export type HeldList = 'held' | 'notice';

export function toItem(item: Item): Fields {
  const stored = { schema: SCHEMA, ...item };
  switch (item.kind) {
    case 'order':
      return compact({ ...orderFields(item), ...indexFields(item) });
    case 'unreadable': {
      const index = item.state === 'held' ? { held: 'held', day: item.receivedAt.slice(0, 10) } : {};
      return compact({ ...stored, ...index });
    }
    case 'request': {
      const { until, heldAt } = item;
      return compact({
        ...stored,
        ...(until && { dueAt: until, dueShard: REQUEST_SHARD }),
        ...(heldAt && { held: 'held' }),
      });
    }
    case 'notice':
      return compact({ ...stored, ...(item.heldAt && { held: 'notice' satisfies HeldList }) });
    default:
      return compact(stored);
  }
}

/** Parses an item of this or an older schema. Throws an ItemError for a kind or a schema of a later version. */
export function fromItem(stored: Fields): Item {
  const key = text(stored.key, 'key');
  try {
    return parseItem(stored.schema === undefined ? upcast(stored) : stored);
  } catch (error) {
    if (!(error instanceof ItemError)) throw error;
    throw new ItemError(`item ${key}: ${error.message}. Another version of Keypost may have written it`);
  }
}

function parseItem(stored: Fields): Item {
  if (stored.schema !== SCHEMA)
    throw new ItemError(
      `schema ${String(stored.schema)}: this version reads schema ${SCHEMA} and older; deploy a newer one`,
    );
  const kind = nameIn(KINDS)(stored.kind, `kind ${String(stored.kind)}`);
  return KINDS[kind](stored, kind);
}

function parseUnreadable(stored: Fields, name: string): Unreadable {
  const state = nameIn(UNREADABLE_STATES)(stored.state, 'state');
  return { ...UnreadableFacts(stored, name), ...UNREADABLE_STATES[state](stored, name) };
}

/** The prefix that an order's key shares with its aliases. An ID has no `#`, so a key with one behind the prefix is not shortened. */
const prefixOf = ({ provider, test }: Pick<Order, 'provider' | 'test'>) =>
  test ? `${provider}#test#` : `${provider}#`;

const REVERSAL = 'reversal:';

function orderFields(order: Order): Fields {
  const { kind, reversals, lines, sends, aliases, test, outbox, ...rest } = order;
  const prefix = prefixOf(order);
  const facts = [...reversals].map(([id, fact]) => [`${REVERSAL}${id}`, compact(fact)]);
  return {
    ...{ kind, schema: SCHEMA, test: test || undefined, ...rest },
    aliases: aliases.map((key) => (key.startsWith(prefix) ? key.slice(prefix.length) : key)),
    lines: lines.map((line, at) => lineFields(order, line, at)),
    sends: sends.map((send, at) => sendFields(order, send, at)),
    since: outbox?.since,
    mailHeld: outbox?.held,
    reversed: reversals.size > 0 || undefined,
    ...Object.fromEntries(facts),
  };
}

function lineFields({ amount }: Order, line: Line, at: number): Fields {
  const { id, quantity, via, paid, ...rest } = line;
  const isAmount = paid && amount && paid.value === amount.value && paid.currency === amount.currency;
  const facts = {
    id: id === at + 1 ? undefined : id,
    quantity: quantity === 1 ? undefined : quantity,
    via: via === 'mail' ? undefined : via,
    // Null: unknown, although the order has an amount.
    paid: isAmount ? undefined : (paid ?? (amount && null)),
  };
  if (rest.state !== 'issued') return compact({ ...rest, ...facts });
  const { state: _, issued, superseded, ...issuedLine } = rest;
  return compact({
    ...issuedLine,
    ...facts,
    ...issuedFields(issued),
    superseded: superseded.map(issuedFields),
  });
}

const issuedFields = ({ n, ...issued }: Issued): Fields => compact({ ...issued, n: n === 1 ? undefined : n });

function sendFields(order: Order, send: Send, at: number): Fields {
  const { n, to, about, carries, tries, ...rest } = send;
  const state = rest.state === 'accepted' ? undefined : rest.state;
  const delivery = rest.state === 'accepted' && rest.delivery !== 'none' ? rest.delivery : undefined;
  return compact({
    ...rest,
    ...{ state, delivery },
    n: n === at + 1 ? undefined : n,
    to: to === addressOf(order) ? undefined : to,
    about: about === 'serials' ? undefined : about,
    carries: carries.map(({ line, issue }) => `${line}.${issue}`).join(' ') || undefined,
    tries: tries === 1 ? undefined : tries,
  });
}

/** Removes undefined values, empty lists and empty maps. */
function compact(record: object): Fields {
  const full: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) if (!isEmpty(value)) full[name] = value;
  return full;
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === undefined;
  return Array.isArray(value)
    ? value.length === 0
    : !(value instanceof Uint8Array) && Object.keys(value).length === 0;
}

/** An item without an index's attributes is not in that index. */
function indexFields(order: Order): Fields {
  const dueAt = wakeAt(order);
  const email = toEmailKey(order.buyer.email ?? '');
  const isSale = isPaid(order) || order.lines.length > 0;
  return {
    ...(dueAt && { dueAt, dueShard: shardOf(order.key) }),
    ...(order.heldAt && { held: 'held' }),
    ...(isSale && { day: order.receivedAt.slice(0, 10) }),
    ...(isSale && isIndexKey(email) && { email }),
  };
}

/** DynamoDB refuses an item with a longer index key, and a sale with a mistyped address would be lost. */
const isIndexKey = (value: string) => value !== '' && Buffer.byteLength(value) <= 2_048;

function shardOf(key: string): number {
  let sum = 0;
  for (const char of key) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521;
  return sum % DUE_SHARDS;
}

function parseOrder(stored: Fields): Order {
  const { since, mailHeld: held, aliases, lines, sends, ...order } = OrderFields(stored, 'order');
  const prefix = prefixOf(order);
  const facts = Object.entries(stored).filter(([name]) => name.startsWith(REVERSAL));
  return {
    ...{ kind: 'order', ...order },
    reversals: new Map(
      facts.map(([name, fact]) => [name.slice(REVERSAL.length), StoredReversal(fact, name)]),
    ),
    aliases: aliases.map((key) => (key.includes('#') ? key : prefix + key)),
    lines: lines.map((line, at) => parseLine(line, `lines.${at}`, at, order.amount)),
    sends: sends.map((send, at) => parseSend(send, `sends.${at}`, at, addressOf(order))),
    outbox: since === undefined ? undefined : { since, ...(held && { held }) },
  };
}

function parseLine(line: Fields, name: string, at: number, amount: Money | undefined): Line {
  const { id = at + 1, paid, ...facts } = LineFields(line, name);
  const price = line.paid === undefined ? amount : (paid ?? undefined);
  return { id, paid: price, ...facts, ...parseLineState(line, name) };
}

function parseLineState(line: Fields, name: string): LineState {
  const state = nameIn(LINE_STATES)(line.state ?? 'issued', `${name}.state`);
  return LINE_STATES[state]({ ...line, state }, name);
}

function parseSend(send: Fields, name: string, at: number, address: string | undefined): Send {
  const { n = at + 1, to = text(address, 'buyer.email'), ...facts } = SendFields(send, name);
  return { n, to, ...facts, ...parseSendState(send, name) };
}

function parseSendState(send: Fields, name: string): SendState {
  const state = nameIn(SEND_STATES)(send.state ?? 'accepted', `${name}.state`);
  return SEND_STATES[state]({ ...send, state }, name);
}

const yes = maybe(is(true));
const at = maybe(text);

const StoredMoney: Parser<Money> = record({ value: text, currency: text });
const StoredReversal: Parser<Reversal> = record({
  kind: oneOf(['refund', 'chargeback'] as const),
  state: oneOf(['open', 'lost', 'done', 'won'] as const),
  part: oneOf(['full', 'partial'] as const),
  amount: maybe(StoredMoney),
  at,
});
const KINDS: {
  readonly [Kind in Item['kind']]: (stored: Fields, name: string) => Item & { readonly kind: Kind };
} = {
  order: parseOrder,
  alias: Alias,
  unreadable: parseUnreadable,
  keyChange: KeyChange,
  lease: Lease,
  notice: Notice,
  batch: Batch,
  request: Request,
  cursor: Cursor,
};
const OrderFields = record({
  ...{ key: text, version: count, receivedAt: text, audit: list(AuditEntry), provider: text },
  ...{ test: or(flag, false), amount: maybe(StoredMoney), printed: at },
  ...{ paidAt: at, trial: maybe(record({ at: text, until: at })), renewedAt: at, erasedAt: at },
  ...{ buyer: mapOf(text), corrected: list(oneOf(BUYER_FIELDS)), aliases: list(text), raw: maybe(Raw) },
  ...{ lines: list(fields), sends: list(fields), heldAt: at, reportedAt: at },
  ...{ since: at, mailHeld: maybe(oneOf(['mail_age', 'too_large'] as const)) },
});

const LineFields = record({
  id: maybe(count),
  sku: or(text, ''),
  otherSkus: maybe(list(text)),
  quantity: or(count, 1),
  paid: orNull(StoredMoney),
  settlement: maybe(StoredMoney),
  approved: yes,
  via: or(oneOf(['mail', 'answer', 'elsewhere'] as const), 'mail'),
});
/** `1.1 2.1`: line 1 and line 2, each with its first serial. */
const carries: Parser<readonly Carried[]> = (value, name) =>
  or(text, '')(value, name)
    .split(' ')
    .filter(Boolean)
    .map((pair) => {
      const [line, issue] = pair.split('.').map(Number);
      return { line: count(line, name), issue: count(issue, name) };
    });
const SendFields = record({
  n: maybe(count),
  to: maybe(text),
  carries,
  tries: or(count, 1),
  dismissed: yes,
  fromVersion: maybe(count),
  about: or(oneOf(['serials', 'trial', 'moved', 'held'] as const), 'serials'),
});
