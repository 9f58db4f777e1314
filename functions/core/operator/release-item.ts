/** Releases a held order or notification: parses its notification again, then applies a person's corrections. */
import type { Sale } from '../inbound/event.ts';
import { reasonOf } from '../inbound/rejection.ts';
import { ownEvents, recordEvents, releaseUnreadable, reread, saleIn } from '../inbound/reread.ts';
import { statusOf, toAt } from '../order/due.ts';
import type { Actor } from '../order/manual.ts';
import { idIn, type Order, type Raw, type Request, type Unreadable } from '../order/types.ts';
import { asOrder } from '../order/view.ts';
import { type SerialInputs, serialInputs } from '../serial/lines.ts';
import type { OperatorPorts, Report } from '../world.ts';
import { changeSeen, Refusal, requireResult } from './refusal.ts';
import { type Corrections, releaseOrder } from './release.ts';

type Seen = Order | Unreadable;

interface Release extends Actor {
  readonly item: Seen;
  readonly corrections: Corrections;
  /** The digest of the state that the person saw; undefined if the action has changed the item itself. */
  readonly decided: string | undefined;
  /** The provider's ID of a notification that has none. */
  readonly order?: string | undefined;
  /** Collects what the person should know besides the result. */
  readonly notes: string[];
}

/** Returns the order or notification as it is afterwards. Throws a Refusal. */
export async function releaseItem(others: OperatorPorts, release: Release): Promise<Seen> {
  const { item, corrections, notes } = release;
  const ports = { ...others, report: noteConflicts(notes) };
  const raw = 'raw' in item ? item.raw : undefined;
  // If the keys cannot be read, nothing is done. A notification that cannot be parsed is only noted.
  if (raw) await ports.providerKeys.read();
  const events = raw && (await eventsOf(ports, release, raw));
  if (item.kind === 'order')
    return await corrected(ports, release, item, events && saleIn(ports, item, events));
  if (!raw || !events) return await described(ports, release, item);
  const items = await recordEvents(ports, item, raw, events, release);
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
  return isOnly ? await corrected(ports, { ...release, decided: undefined }, next) : next;
}

/** A conflict of aliases is noted; the person gets the order itself as the result. */
const noteConflicts =
  (notes: string[]): Report =>
  (name, { order, name: other }) => {
    if (name === 'alias_conflict') notes.push(`${order} has the alias ${other}, which another order has too`);
  };

/** Parses the notification again. Returns undefined if it still cannot be parsed, and notes why. */
async function eventsOf(ports: OperatorPorts, { item, notes }: Release, raw: Raw) {
  const note = (why: string) => void notes.push(`its notification still cannot be parsed: ${why}`);
  try {
    const later = 'later' in item ? (item.later ?? []) : [];
    const events = (await Promise.all([raw, ...later].map((one) => reread(ports, one)))).flat();
    if (item.kind === 'order') return events;
    const own = ownEvents(ports, item, raw, events);
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
async function corrected(ports: OperatorPorts, release: Release, found: Order, sale?: Sale): Promise<Order> {
  const releaseIt = await releaser(ports, release, found, sale);
  return (await changeSeen(ports.store, found, release.decided, releaseIt)).order;
}

/** Returns the function that releases the order. Programs that make serials are called before. */
async function releaser(ports: OperatorPorts, release: Release, found: Order, sale?: Sale) {
  const { corrections } = release;
  const result = (inputs: SerialInputs, order: Order) =>
    releaseOrder(inputs, order, corrections, sale, release, ports.now());
  const inputs = await serialInputs(ports, (some) => result(some, found));
  return (order: Order) => {
    requireLines(order, corrections, sale);
    return result(inputs, order);
  };
}

/** Makes the order that the person describes, once the person names what was sold. */
async function described(ports: OperatorPorts, release: Release, found: Unreadable): Promise<Seen> {
  if (release.corrections.products.size === 0) return found;
  const id = idOf(found, release);
  const releaseIt = await releaser(ports, release, asOrder(found));
  let isMade = false;
  const order = await releaseUnreadable(ports, found, id, (before) => {
    isMade = true;
    return requireResult(releaseIt(before), before);
  });
  if (!order)
    throw new Refusal(
      `another person has released ${found.key} meanwhile, so nothing is done; look at it again`,
    );
  if (!isMade) release.notes.push(`${order.key} is stored already, so its notification changes nothing`);
  return order;
}

/** Returns the order's ID: the one in the notification, else the one that the person gives. */
function idOf({ key }: Unreadable, { order }: Release): string {
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

/** Ends a buyer's request, on which the seller has decided. Its buyer gets a mail. */
export async function closeRequest(
  { store, now }: OperatorPorts,
  { heldAt, version, ...request }: Request,
  step: 'answered' | 'refused',
): Promise<Request> {
  const until = toAt(now());
  const next = { ...request, version: version + 1, step, until } as const;
  if (heldAt && !(await store.put(next, version))) return next;
  throw new Refusal(`${request.key} is not held any more; look at it again`);
}
