/**
 * Items as the table stores them: plain records without defaults, so that an ordinary order stays below 1 KB. The
 * attributes of the indexes (`dueShard`, `dueAt`, `held`, `heldAt`, `day`, `email`) are only written, except `heldAt`.
 */
import { type Buyer, HELD_REASONS, type Money } from '../inbound/event.ts';
import { toEmailKey } from '../mail/address.ts';
import { addressOf, isPaid, wakeAt } from './due.ts';
import {
  bytes,
  count,
  type Fields,
  fields,
  flag,
  ItemError,
  list,
  mapOf,
  maybe,
  oneOf,
  orNull,
  text,
} from './parse.ts';
import {
  ACTIONS,
  type AuditEntry,
  type Carried,
  DELIVERIES,
  type HeldReason,
  type Issued,
  type Item,
  KINDS,
  type Line,
  type LineFacts,
  type LineState,
  type Order,
  type Raw,
  type Reversal,
  SCHEMA,
  type Send,
  type SendFacts,
  type SendState,
  TROUBLES,
  type Unreadable,
} from './types.ts';
import { upcast } from './upcast.ts';

/** How many partitions the index of due orders has. */
export const DUE_SHARDS = 8;

export function toItem(item: Item): Fields {
  const stored = { schema: SCHEMA, ...item };
  switch (item.kind) {
    case 'order':
      return compact({ ...orderFields(item), ...indexFields(item) });
    case 'unreadable': {
      const index = item.state === 'held' ? { held: 'held', day: item.receivedAt.slice(0, 10) } : {};
      return compact({ ...stored, ...index });
    }
    default:
      return compact(stored);
  }
}

/** The item, whatever schema it was written in. Throws an ItemError for a kind or a schema of a later version. */
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
  const kind = oneOf(KINDS)(stored.kind, `kind ${String(stored.kind)}`);
  const key = text(stored.key, 'key');
  switch (kind) {
    case 'order':
      return parseOrder(stored);
    case 'alias':
      return { kind, key, aliasOf: text(stored.aliasOf, 'aliasOf') };
    case 'lease':
      return { kind, key, owner: text(stored.owner, 'owner'), until: count(stored.until, 'until') };
    case 'keyChange':
      return { kind, key, ...written(stored) };
    case 'unreadable':
      return parseUnreadable(stored);
    default:
      throw new ItemError(`kind ${kind}: this version does not read it; deploy a newer one`);
  }
}

const written = (stored: Fields) => ({
  version: count(stored.version, 'version'),
  receivedAt: text(stored.receivedAt, 'receivedAt'),
  audit: list(parseAudit)(stored.audit, 'audit'),
});

function parseUnreadable(stored: Fields): Unreadable {
  const facts = {
    key: text(stored.key, 'key'),
    provider: text(stored.provider, 'provider'),
    ...written(stored),
  };
  if (oneOf(['held', 'closed'] as const)(stored.state, 'state') === 'closed')
    return { kind: 'unreadable', ...facts, state: 'closed' };
  const reason = oneOf(['bad_body', 'too_large'] as const)(stored.reason, 'reason');
  const heldAt = text(stored.heldAt, 'heldAt');
  return {
    kind: 'unreadable',
    ...facts,
    state: 'held',
    heldAt,
    reason,
    raw: maybe(parseRaw)(stored.raw, 'raw'),
  };
}

/** The prefix that an order's key shares with its aliases. An ID has no `#`, so what has one is not shortened. */
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

/** Without what is undefined, and without empty lists and maps. */
function compact(record: object): Fields {
  const isEmpty = (value: unknown) =>
    value === undefined ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === 'object' &&
      value !== null &&
      !(value instanceof Uint8Array) &&
      Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(record).filter(([, value]) => !isEmpty(value)));
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
  const at = (name: string) => maybe(text)(stored[name], name);
  const test = maybe(flag)(stored.test, 'test') ?? false;
  const provider = text(stored.provider, 'provider');
  const prefix = prefixOf({ provider, test });
  const buyer = parseBuyer(stored.buyer, 'buyer');
  const amount = maybe(parseMoney)(stored.amount, 'amount');
  const since = at('since');
  const held = maybe(oneOf(['mail_age', 'too_large'] as const))(stored.mailHeld, 'mailHeld');
  const facts = Object.entries(stored).filter(([name]) => name.startsWith(REVERSAL));
  return {
    ...{ kind: 'order', key: text(stored.key, 'key'), provider, test, ...written(stored), amount, buyer },
    ...{ paidAt: at('paidAt'), renewedAt: at('renewedAt'), erasedAt: at('erasedAt'), printed: at('printed') },
    trial: maybe(parseTrial)(stored.trial, 'trial'),
    reversals: new Map(facts.map(([name, fact]) => [name.slice(REVERSAL.length), parseReversal(fact, name)])),
    corrected: list(oneOf(BUYER_FIELDS))(stored.corrected, 'corrected'),
    aliases: list(text)(stored.aliases, 'aliases').map((key) => (key.includes('#') ? key : prefix + key)),
    raw: maybe(parseRaw)(stored.raw, 'raw'),
    lines: list((line, name, index) => parseLine(line, name, index, amount))(stored.lines, 'lines'),
    sends: list((send, name, index) => parseSend(send, name, index, addressOf({ test, buyer })))(
      stored.sends,
      'sends',
    ),
    outbox: since === undefined ? undefined : { since, ...(held && { held }) },
    ...{ heldAt: at('heldAt'), reportedAt: at('reportedAt') },
  };
}

function parseTrial(value: unknown, name: string) {
  const trial = fields(value, name);
  return { at: text(trial.at, `${name}.at`), until: maybe(text)(trial.until, `${name}.until`) };
}

const BUYER_FIELDS = ['name', 'email', 'company', 'registration', 'country', 'locale'] as const;

const parseBuyer = (value: unknown, name: string): Buyer => mapOf(text)(value, name);

function parseMoney(value: unknown, name: string): Money {
  const money = fields(value, name);
  return { value: text(money.value, `${name}.value`), currency: text(money.currency, `${name}.currency`) };
}

function parseReversal(value: unknown, name: string): Reversal {
  const fact = fields(value, name);
  return {
    kind: oneOf(['refund', 'chargeback'] as const)(fact.kind, `${name}.kind`),
    state: oneOf(['open', 'lost', 'done', 'won'] as const)(fact.state, `${name}.state`),
    part: oneOf(['full', 'partial'] as const)(fact.part, `${name}.part`),
    amount: maybe(parseMoney)(fact.amount, `${name}.amount`),
    at: maybe(text)(fact.at, `${name}.at`),
  };
}

function parseRaw(value: unknown, name: string): Raw {
  const raw = fields(value, name);
  return {
    provider: text(raw.provider, `${name}.provider`),
    method: text(raw.method, `${name}.method`),
    headers: mapOf(text)(raw.headers, `${name}.headers`),
    query: text(raw.query, `${name}.query`),
    body: bytes(raw.body, `${name}.body`),
  };
}

function parseAudit(value: unknown, name: string): AuditEntry {
  const entry = fields(value, name);
  return {
    at: text(entry.at, `${name}.at`),
    who: text(entry.who, `${name}.who`),
    what: oneOf(ACTIONS)(entry.what, `${name}.what`),
    why: orNull(text)(entry.why, `${name}.why`),
    before: mapOf(orNull(text))(entry.before, `${name}.before`),
    after: mapOf(orNull(text))(entry.after, `${name}.after`),
  };
}

const REASONS: readonly HeldReason[] = [...HELD_REASONS, 'too_large', 'generator'];
const parseReason = oneOf(REASONS);

function parseLine(value: unknown, name: string, at: number, amount: Money | undefined): Line {
  const line = fields(value, name);
  const facts: LineFacts = {
    id: maybe(count)(line.id, `${name}.id`) ?? at + 1,
    sku: maybe(text)(line.sku, `${name}.sku`) ?? '',
    quantity: maybe(count)(line.quantity, `${name}.quantity`) ?? 1,
    paid: line.paid === undefined ? amount : (orNull(parseMoney)(line.paid, `${name}.paid`) ?? undefined),
    approved: maybe(oneOf([true] as const))(line.approved, `${name}.approved`),
    via: maybe(oneOf(['mail', 'answer', 'elsewhere'] as const))(line.via, `${name}.via`) ?? 'mail',
  };
  return { ...facts, ...parseLineState(line, name) };
}

const LINE_STATES = ['pending', 'held', 'to_make', 'issued', 'erased'] as const;

function parseLineState(line: Fields, name: string): LineState {
  const state = maybe(oneOf(LINE_STATES))(line.state, `${name}.state`) ?? 'issued';
  const product = orNull(text)(line.product, `${name}.product`);
  const reason = maybe(parseReason)(line.reason, `${name}.reason`);
  if (state === 'pending') return { state, product, reason };
  if (state === 'erased') return { state, product };
  const told = maybe(oneOf([true] as const))(line.told, `${name}.told`);
  if (state === 'held') return { state, product, reason: parseReason(line.reason, `${name}.reason`), told };
  const known = text(line.product, `${name}.product`);
  if (state === 'issued') {
    const superseded = list((old, at) => ({
      ...parseIssued(old, at),
      at: text(fields(old, at).at, `${at}.at`),
    }));
    return {
      state,
      product: known,
      issued: parseIssued(line, name),
      superseded: superseded(line.superseded, `${name}.superseded`),
    };
  }
  const { licensee, tries, until } = line;
  return {
    ...{ state, product: known, licensee: text(licensee, `${name}.licensee`) },
    ...{ tries: count(tries, `${name}.tries`), until: text(until, `${name}.until`) },
  };
}

function parseIssued(value: unknown, name: string): Issued {
  const { n, licensee, serial, keyVersion } = fields(value, name);
  return {
    n: maybe(count)(n, `${name}.n`) ?? 1,
    licensee: text(licensee, `${name}.licensee`),
    serial: text(serial, `${name}.serial`),
    keyVersion: orNull(count)(keyVersion, `${name}.keyVersion`),
  };
}

function parseSend(value: unknown, name: string, at: number, address: string | undefined): Send {
  const send = fields(value, name);
  const facts: SendFacts = {
    n: maybe(count)(send.n, `${name}.n`) ?? at + 1,
    to: maybe(text)(send.to, `${name}.to`) ?? text(address, 'buyer.email'),
    about:
      maybe(oneOf(['serials', 'trial', 'moved', 'held'] as const))(send.about, `${name}.about`) ?? 'serials',
    carries: parseCarries(maybe(text)(send.carries, `${name}.carries`) ?? '', name),
    tries: maybe(count)(send.tries, `${name}.tries`) ?? 1,
    dismissed: maybe(oneOf([true] as const))(send.dismissed, `${name}.dismissed`),
    fromVersion: maybe(count)(send.fromVersion, `${name}.fromVersion`),
  };
  return { ...facts, ...parseSendState(send, name) };
}

/** `1.1 2.1`: line 1 and line 2, each with its first serial. */
const parseCarries = (stored: string, name: string): readonly Carried[] =>
  stored
    .split(' ')
    .filter(Boolean)
    .map((pair) => {
      const [line, issue] = pair.split('.').map(Number);
      return { line: count(line, `${name}.carries`), issue: count(issue, `${name}.carries`) };
    });

const SEND_STATES = ['waiting', 'in_flight', 'unknown', 'refused', 'accepted'] as const;

function parseSendState(send: Fields, name: string): SendState {
  const state = maybe(oneOf(SEND_STATES))(send.state, `${name}.state`) ?? 'accepted';
  const until = () => text(send.until, `${name}.until`);
  const code = () => text(send.code, `${name}.code`);
  switch (state) {
    case 'waiting':
      return { state, until: until(), code: maybe(text)(send.code, `${name}.code`) };
    case 'in_flight':
      return { state, until: until(), doubt: maybe(oneOf([true] as const))(send.doubt, `${name}.doubt`) };
    case 'unknown':
      return { state, until: until(), code: code() };
    case 'refused':
      return { state, code: code() };
    case 'accepted':
      return {
        ...{
          state,
          at: text(send.at, `${name}.at`),
          messageId: maybe(text)(send.messageId, `${name}.messageId`),
        },
        delivery: maybe(oneOf(DELIVERIES))(send.delivery, `${name}.delivery`) ?? 'none',
        trouble: maybe(oneOf(TROUBLES))(send.trouble, `${name}.trouble`),
      };
  }
}
