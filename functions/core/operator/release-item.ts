/** Releases a held order or notification: parses its notification again, then applies a person's corrections. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Sale } from '../inbound/event.ts';
import { reasonOf } from '../inbound/rejection.ts';
import {
  closedUnreadable,
  isUnreadable,
  ownEvents,
  type Reader,
  recordEvents,
  releaseUnreadable,
  reread,
  saleIn,
} from '../inbound/reread.ts';
import { statusOf } from '../order/due.ts';
import { idIn } from '../order/keys.ts';
import type { Actor } from '../order/manual.ts';
import { change, changeItem, type Recording } from '../order/record.ts';
import type { Order, Raw, Request, Unreadable } from '../order/types.ts';
import { asOrder } from '../order/view.ts';
import { type Answers, fetchAnswers } from '../serial/lines.ts';
import type { Store } from '../world.ts';
import { Refusal, requireResult, requireUnchanged } from './refusal.ts';
import { type Corrections, releaseOrder } from './release.ts';

type Seen = Order | Unreadable;

export interface Operating {
  readonly catalogue: Catalogue;
  readonly store: Store;
  /** True if the caller may only perform the actions of support. */
  readonly isSupport?: boolean;
  now(): number;
  /** Reads the keys, which only some actions need. */
  reader(): Promise<Reader>;
}

interface Release extends Actor {
  readonly item: Seen;
  readonly corrections: Corrections;
  /** The digest of the state that the person saw. */
  readonly decided: string;
  /** The provider's ID of a notification that has none. */
  readonly order?: string | undefined;
  /** Collects what the person should know besides the result. */
  readonly notes: string[];
}

/** Returns the order or notification as it is afterwards. Throws a Refusal. */
export async function releaseItem(ports: Operating, release: Release): Promise<Seen> {
  const { item, corrections, notes, who, why } = release;
  const work = { ...ports, ...release, reader: await ports.reader(), actor: { who, why } };
  const raw = 'raw' in item ? item.raw : undefined;
  const events = raw && (await eventsOf(work, item, raw));
  if (item.kind === 'order') return await corrected(work, item, events && saleIn(work.reader, item, events));
  if (!raw || !events) return await described(work, item);
  const items = await recordEvents(recordingOf(ports, notes), work.reader, item, raw, events, work.actor);
  for (const one of items.filter(({ key }) => key !== item.key))
    notes.push(
      one.kind === 'order'
        ? `the notification was for ${one.key}, which is ${statusOf(one)}`
        : `${one.key} still cannot be parsed`,
    );
  const isHeld = (one: Seen) => 'heldAt' in one && one.heldAt !== undefined;
  const next = items.find(isHeld) ?? items[0] ?? item;
  const { name, email, products } = corrections;
  const more = isHeld(next) && (name ?? email ?? products.keys().next().value);
  if (more && items.length > 1)
    notes.push(
      `the corrections are not applied, since ${item.key} held ${items.length} orders; release each held order by its key`,
    );
  const isOnly = more && items.length === 1 && next.kind === 'order';
  return isOnly ? await corrected({ ...work, decided: undefined }, next) : next;
}

interface Work extends Omit<Operating, 'reader'>, Omit<Release, 'decided'> {
  readonly reader: Reader;
  readonly actor: Actor;
  readonly decided: string | undefined;
}

/** Parses the notification again. Returns undefined if it still cannot be parsed, and notes why. */
async function eventsOf({ reader, notes }: Work, item: Seen, raw: Raw) {
  const note = (why: string) => void notes.push(`its notification still cannot be parsed: ${why}`);
  try {
    const later = 'later' in item ? (item.later ?? []) : [];
    const events = (await Promise.all([raw, ...later].map((one) => reread(reader, one)))).flat();
    if (item.kind === 'order') return events;
    const own = ownEvents(reader, item, raw, events);
    const reasons = own.flatMap((event) => (event.kind === 'unreadable' ? event.why : []));
    for (const why of reasons) note(why);
    return own.length > 0 && reasons.length === own.length ? undefined : own;
  } catch (error) {
    // The person can still give the values by hand, whatever the reason.
    note(reasonOf(error));
    return undefined;
  }
}

/** Applies the corrections. */
async function corrected(work: Work, found: Order, sale?: Sale): Promise<Order> {
  const releaseIt = await releaser(work, found, sale);
  const { order } = await change(work.store, found.key, found, (current) => {
    if (!current) return undefined;
    if (work.decided !== undefined) requireUnchanged(work.decided, current);
    return releaseIt(current);
  });
  return order;
}

/** Returns the function that releases the order. Programs that make serials are called before. */
async function releaser({ catalogue, reader, corrections, actor, now }: Work, found: Order, sale?: Sale) {
  const known = { catalogue, keys: reader.productKeys };
  const result = (order: Order, answers: Answers) =>
    releaseOrder({ ...known, answers }, order, corrections, sale, actor, now());
  const answers = await fetchAnswers(reader.generate, (some) => result(found, some));
  return (order: Order) => {
    requireLines(order, corrections, sale);
    return requireResult(result(order, answers), order);
  };
}

/** Makes the order that the person describes, once the person names what was sold. */
async function described(work: Work, found: Unreadable): Promise<Seen> {
  if (work.corrections.products.size === 0) return found;
  const id = idOf(found, work);
  const releaseIt = await releaser(work, asOrder(found));
  let isMade = false;
  const recording = recordingOf(work, work.notes);
  const order = await releaseUnreadable(recording, work.reader, found, id, (before) => {
    isMade = true;
    return releaseIt(before);
  });
  if (!order)
    throw new Refusal(
      `another person has released ${found.key} meanwhile, so nothing is done; look at it again`,
    );
  if (!isMade) work.notes.push(`${order.key} is stored already, so its notification changes nothing`);
  return order;
}

/** Returns the order's ID: the one in the notification, else the one that the person gives. */
function idOf({ key }: Unreadable, { order }: Work): string {
  const own = idIn(key);
  const isHash = /^[0-9a-f]{64}$/.test(own);
  if (!isHash && order !== undefined && order !== own)
    throw new Refusal(`the notification is for the order ${own}; leave the number of the order out`);
  const number = isHash ? order?.trim() : own;
  if (number) return number;
  throw new Refusal(
    "the notification contains no ID of the order; give the provider's ID of the order, so that a repeated notification is no second order",
    { field: 'order' },
  );
}

function requireLines({ key, lines }: Order, { products }: Corrections, sale: Sale | undefined): void {
  for (const sku of products.keys()) {
    const line = lines.find((one) => one.sku === sku) ?? lines.find((one) => one.sku === '');
    if (line ? line.state !== 'issued' : sale?.lines.some((one) => one.sku === sku)) continue;
    const why = line
      ? 'has its serial already, which is not changed'
      : `is no line of ${key}; it has ${lines.map((one) => one.sku).join(', ')}`;
    throw new Refusal(`the SKU ${sku} ${why}`);
  }
}

/** A conflict of aliases is noted; the person gets the order itself as the result. */
const recordingOf = ({ store, now }: Pick<Operating, 'store' | 'now'>, notes: string[]): Recording => ({
  store,
  now,
  report: (name, { order, name: other }) => {
    if (name === 'alias_conflict') notes.push(`${order} has the alias ${other}, which another order has too`);
  },
});

/** Ends a buyer's request, on which the seller has decided. Its buyer gets a mail. */
export async function closeRequest(
  { store, now }: Pick<Operating, 'store' | 'now'>,
  { heldAt, version, ...request }: Request,
  step: 'answered' | 'refused',
): Promise<Request> {
  const until = new Date(now()).toISOString();
  const next = { ...request, version: version + 1, step, until } as const;
  if (heldAt && !(await store.put(next, version))) return next;
  throw new Refusal(`${request.key} is not held any more; look at it again`);
}

/** Ends a notification that concerns no order. */
export async function closeUnreadable(
  { store, now }: Operating,
  held: Unreadable,
  by: Actor,
): Promise<Unreadable> {
  const { who, why } = by;
  const before = { held: held.state === 'held' ? held.reason : null };
  const entry = { at: new Date(now()).toISOString(), who, why, before, after: { held: null } };
  const { order } = await changeItem<Unreadable>(store, held.key, held, isUnreadable, (found) =>
    found?.state === 'held' ? closedUnreadable(found, { ...entry, what: 'reject' }) : undefined,
  );
  return order;
}
