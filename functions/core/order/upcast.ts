/**
 * Upcasts items of schema 1. They had no kind; key and fields distinguished them. They had one mail state, for the latest
 * mail: it becomes send 0, and the lines of earlier mails become send -1.
 */
import { count, type Fields, fields, flag, list, maybe, oneOf, orNull, text } from './parse.ts';
import { SCHEMA } from './types.ts';

export function upcast(old: Fields): Fields {
  const { version, provider, receivedAt } = old;
  const key = text(old.key, 'key');
  const item = { schema: SCHEMA, key, version, receivedAt, audit: old.acts };
  if (old.aliasOf !== undefined) return { schema: SCHEMA, kind: 'alias', key, aliasOf: old.aliasOf };
  if (old.owner !== undefined) return { ...old, schema: SCHEMA, kind: 'lease' };
  if (key.startsWith('keys#') && provider === 'keys') return { ...item, kind: 'keyChange' };
  const lines = list(fields)(old.lines, 'lines');
  const isRequest = key.startsWith('held#');
  // Else it is one event of a request, with the key of the event.
  const isUnread = isRequest || lines.some(({ held }) => held === 'bad_body');
  if (!isUnread || !lines.every(({ sku, serial }) => sku === '' && serial === null)) return upcastOrder(old);
  const { heldAt, raw, test } = old;
  const state =
    heldAt === undefined ? { state: 'closed' } : { state: 'held', heldAt, reason: 'bad_body', raw };
  return { ...item, kind: 'unreadable', provider, test: isRequest ? undefined : test, ...state };
}

function upcastOrder(old: Fields): Fields {
  const { status, placedAt: paidAt, acts } = old;
  const lines = list((line, name, at) => parseLine(line, name, at))(old.lines, 'lines');
  const mail = parseMail(old);
  const isErased = status === 'erased';
  const isAged = lines.some(({ held }) => held === 'mail_age');
  const importedLines = isErased || mail.attempts > 0 ? [] : importedSerials(acts);
  const stored = lines.map((line) => lineOf(line, { isErased, isPaid: paidAt !== undefined, importedLines }));
  const mailed = lines.filter((_, at) => stored[at]?.via === 'mail');
  return {
    ...{ ...old, schema: SCHEMA, kind: 'order', paidAt, audit: acts },
    ...(isErased ? { erasedAt: lastAction(acts) ?? old.receivedAt } : correctedBuyer(old, lines)),
    lines: stored,
    sends: isErased ? [] : sendsOf(old, mailed, mail),
    since: mail.since ?? (isAged ? old.heldAt : undefined),
    mailHeld: isAged ? 'mail_age' : undefined,
  };
}

type OldLine = ReturnType<typeof parseLine>;
type OldMail = ReturnType<typeof parseMail>;

function parseLine(value: unknown, name: string, at: number) {
  const line = fields(value, name);
  const superseded = list(fields)(line.superseded, `${name}.superseded`);
  const { product, quantity, paid = null, delivery, licensee, serial, keyVersion, held } = line;
  return {
    id: at + 1,
    issue: superseded.length + 1,
    superseded,
    isIssued: serial !== null && product !== null,
    isSent: maybe(flag)(line.sent, `${name}.sent`) ?? false,
    received: orNull(text)(line.received, `${name}.received`),
    held: orNull(text)(held, `${name}.held`),
    isAnswered: delivery === 'answer',
    facts: { sku: text(line.sku, `${name}.sku`), product, quantity, paid },
    issued: { licensee, serial, keyVersion },
  };
}

function parseMail({ mail, dueAt, receivedAt }: Fields) {
  const { state, attempts, lastError, ...rest } = fields(mail, 'mail');
  return {
    state: oneOf(['none', 'due', 'unknown', 'sent', 'delivered', 'bounced', 'complained'])(
      state,
      'mail.state',
    ),
    attempts: count(attempts, 'mail.attempts'),
    messageId: rest.messageId,
    lastError: maybe(text)(lastError, 'mail.lastError'),
    since: rest.since,
    fromVersion: maybe(count)(rest.round, 'mail.round') ?? 0,
    until: maybe(text)(dueAt, 'dueAt') ?? text(receivedAt, 'receivedAt'),
  };
}

function lineOf(
  { id, facts, issued, issue, superseded, held, ...line }: OldLine,
  order: { readonly isErased: boolean; readonly isPaid: boolean; readonly importedLines: readonly unknown[] },
): Fields {
  const isImported = line.isSent && order.importedLines.includes(issued.serial);
  const via = line.isAnswered ? 'answer' : isImported ? 'elsewhere' : 'mail';
  const stored = { ...facts, id, via };
  if (order.isErased) return { ...stored, state: 'erased' };
  if (line.isIssued)
    return {
      ...stored,
      ...issued,
      n: issue,
      superseded: superseded.map((one, at) => ({ ...one, n: at + 1 })),
    };
  // A line that was judged before the payment is judged again at the payment.
  return order.isPaid
    ? { ...stored, state: 'held', reason: held ?? 'unknown_product' }
    : { ...stored, state: 'pending' };
}

/** The latest mail, and before it the lines that an earlier one carried. */
function sendsOf({ test, buyer }: Fields, lines: readonly OldLine[], mail: OldMail): readonly Fields[] {
  const to = test === true ? 'seller' : fields(buyer, 'buyer').email;
  const issued = lines.filter(({ isIssued }) => isIssued);
  const open = issued.filter(({ held, isSent }) => held === 'mail_age' || (held === null && !isSent));
  const failed = issued.filter(({ held }) => held === 'mail_refused' || held === 'bounced');
  const sent = issued.filter(({ held, isSent }) => held === null && isSent);
  const { attempts, lastError, until, messageId, fromVersion } = mail;
  const accepted = { at: until, messageId };
  const common = { to, tries: Math.max(1, attempts) };
  const send = (n: number, carried: readonly OldLine[], state: Fields): readonly Fields[] => {
    const carries = carried.map(({ id, issue }) => `${id}.${issue}`).join(' ');
    return carried.length > 0 && to !== undefined ? [{ ...common, n, carries, ...state }] : [];
  };
  if (open.length > 0) {
    // The mail was leased, waiting or unknown. SES may have accepted it.
    const code = lastError ?? 'unknown';
    const tried =
      mail.state === 'unknown' ? { state: 'unknown', until, code } : { state: 'in_flight', until };
    return [
      ...send(-1, [...sent, ...failed], accepted),
      ...(attempts > 0 ? send(0, open, { ...tried, fromVersion }) : []),
    ];
  }
  const isRefused = failed.some(({ held }) => held === 'mail_refused') && lastError !== 'rejected';
  if (isRefused)
    return [
      ...send(-1, sent, accepted),
      ...send(0, failed, { state: 'refused', code: lastError ?? 'refused', fromVersion }),
    ];
  return send(0, [...sent, ...failed], { ...accepted, ...deliveryOf(mail), fromVersion });
}

function deliveryOf({ state, lastError }: OldMail): Fields {
  if (lastError === 'rejected' || lastError === 'suppressed') return { delivery: lastError };
  const trouble = lastError === 'delayed' || lastError === 'soft_bounce' ? lastError : undefined;
  return {
    delivery: state === 'delivered' || state === 'complained' || state === 'bounced' ? state : undefined,
    trouble,
  };
}

const NAMES = ['name', 'registration', 'company'] as const;

/** Moves a name that a person set for a line to the buyer, where no event changes it. */
function correctedBuyer({ buyer: stored, acts }: Fields, lines: readonly OldLine[]): Fields {
  const buyer = fields(stored, 'buyer');
  const own = NAMES.map((name) => buyer[name]);
  const licensee = lines.find(
    ({ received, isIssued }) => !isIssued && received !== null && !own.includes(received),
  )?.received;
  const names = licensee ? NAMES.filter((name) => name === 'name' || buyer[name] !== undefined) : [];
  const after = list(fields)(acts, 'acts').flatMap((act) => Object.keys(fields(act.after, 'after')));
  const corrected = ['name', 'email', 'company', 'registration'].filter(
    (name) => after.includes(name) && buyer[name],
  );
  return {
    buyer: { ...buyer, ...Object.fromEntries(names.map((name) => [name, licensee])) },
    corrected: [...new Set([...corrected, ...names])],
  };
}

const importedSerials = (acts: unknown): readonly unknown[] =>
  list(fields)(acts, 'acts').flatMap(({ what, after }) =>
    what === 'import' ? fields(after, 'after').serial : [],
  );

const lastAction = (acts: unknown): unknown => list(fields)(acts, 'acts').at(-1)?.at;
