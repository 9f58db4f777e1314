/** Records the events of providers. */
import { gunzipSync } from 'node:zlib';
import type { Ignored, Reversed, UnreadableReason } from '../inbound/event.ts';
import { hashOf } from '../inbound/request.ts';
import type { Recording } from '../world.ts';
import { change, claimAliases, itemAt, orderAt } from './change.ts';
import { isInForce, isStub, mayStart, statusOf, toAt } from './due.ts';
import { hasSku, type Judge } from './lines.ts';
import { start } from './sends.ts';
import { emptyOrder } from './settle.ts';
import { applyReversal, applySale, type NewSale, type NewUnreadable, type Sale } from './transitions.ts';
import {
  type Claim,
  type InFlight,
  type Issued,
  type Item,
  keyOf,
  type Order,
  type Raw,
  type Unreadable,
} from './types.ts';

/** Adds the audit entry of a manual action to a write. */
type Audit = (before: Order, after: Order) => Order;
const noAudit: Audit = (_, after) => after;

/** Records a sale. This call holds the lease of the mail, if there is time to send it. */
export async function recordSale(
  ports: Recording,
  { key, provider, test, sale: event, judge }: NewSale,
  mayMail: boolean,
  audit = noAudit,
): Promise<Claim> {
  const { store, report, now } = ports;
  let send: InFlight | undefined;
  const step = (found: Order | undefined) => {
    const before = found ?? emptyOrder(key, provider, test, now());
    const next = applySale(before, event, judge, now());
    const started = next && mayMail ? start(next, now()) : undefined;
    send = started?.send;
    return next && audit(before, started?.order ?? next);
  };
  const [{ order, changed }, names] = await Promise.all([
    change(store, key, undefined, step),
    claimAliases(ports, key, event.aliases, async () => judge),
  ]);
  report(changed ? 'order_recorded' : 'order_duplicate', { order: order.key });
  if (changed) reportHeld(ports, order);
  if (order.outbox?.held === 'too_large' && event.raw) await holdTooLarge(ports, provider, event.raw());
  // A concurrent call that wrote an alias may have moved a reversal to this order.
  const isBehind = names === 'moved' || (names === 'known' && changed);
  const present = isBehind ? ((await orderAt(store, order.key)) ?? order) : order;
  return {
    order: present,
    issued: isInForce(present) ? issuedBySku(present, event) : undefined,
    mail: send && mayStart(present, send) ? { order, send } : undefined,
  };
}

/** Two SKUs of one product are one line. */
const issuedBySku = ({ lines }: Order, event: Sale): ReadonlyMap<string, Issued> =>
  new Map(
    event.lines.flatMap(({ sku, product }) => {
      const line = lines.find((one) => hasSku(one, sku)) ?? lines.find((one) => one.product === product);
      return line?.state === 'issued' ? [[sku, line.issued]] : [];
    }),
  );

/** Reports the held lines. An announced order is not reported: it may never be paid. */
function reportHeld({ report }: Recording, order: Order): void {
  const lines = order.heldAt ? order.lines : [];
  for (const line of lines)
    if (line.state === 'held') report('line_held', { order: order.key, reason: line.reason });
}

/** Reports money that is not handled: the first event of the type that carries some. */
export async function recordIgnored(
  { store, report, now }: Recording,
  provider: string,
  { type, amount }: Ignored,
): Promise<void> {
  const key = `notice#${provider}#${type}`;
  const receivedAt = toAt(now());
  const inTheWay = await store.put(
    { kind: 'notice', key, version: 1, receivedAt, heldAt: receivedAt },
    undefined,
  );
  report(inTheWay ? 'ignored' : 'ignored_amount', { provider, type, ...amount });
}

/**
 * Holds the notification for a person. Further ones of the same order are kept in the same item. After a person has made an order
 * of it, or erased its person, they change nothing.
 */
export async function recordUnreadable(
  ports: Recording,
  { key, provider, test }: Pick<NewUnreadable, 'key' | 'provider' | 'test'>,
  raw: Raw,
  reason: UnreadableReason,
): Promise<Claim> {
  const { store, report, now } = ports;
  const at = toAt(now());
  const claim = { unreadable: { key, reason } };
  let known = await store.put(
    {
      ...{ kind: 'unreadable', key, version: 1, provider, test, receivedAt: at, audit: [] },
      ...{ state: 'held', heldAt: at, reason, raw },
    },
    undefined,
  );
  if (!known) {
    report('order_recorded', { order: key });
    report('line_held', { order: key, reason });
    return claim;
  }
  while (known && isWithout(known, raw)) {
    const { version, later = [] } = known;
    if (later.length >= MOST_LATER || raw.body.byteLength > MOST_BYTES) break;
    known = await store.put({ ...known, version: version + 1, later: [...later, raw] }, version);
  }
  const isFull = known && isWithout(known, raw);
  const isClosed =
    known?.kind === 'unreadable' && known.state === 'closed' && known.audit.at(-1)?.what !== 'erase';
  const own = ownKeyOf(raw);
  if ((isFull || isClosed) && own !== key)
    return await recordUnreadable(ports, { key: own, provider, test }, raw, reason);
  report('order_duplicate', { order: key });
  return claim;
}

/** Holds the notification of an event that does not fit its order. */
const holdTooLarge = (ports: Recording, provider: string, raw: Raw): Promise<Claim> =>
  recordUnreadable(ports, { key: ownKeyOf(raw), provider }, raw, 'too_large');

/** The key of a notification that is held in an item of its own. */
const ownKeyOf = (raw: Raw): string => `held#${raw.provider}#${hashOfRaw(raw)}`;

/** An item stays far below DynamoDB's 400 KB. */
const MOST_LATER = 9;
const MOST_BYTES = 30_000;

/** True if the item is held and this notification is not kept in it. */
const isWithout = (item: Item, raw: Raw): item is Unreadable & { readonly state: 'held' } =>
  item.kind === 'unreadable' &&
  item.state === 'held' &&
  ![item.raw, ...(item.later ?? [])].some((kept) => kept && hashOfRaw(kept) === hashOfRaw(raw));

const hashOfRaw = ({ query, body }: Raw): string => hashOf({ query, body: gunzipSync(body) });

/** Records a reversal at each order that one of its IDs names; if there is none, as a stub under every ID. */
export async function recordReversal(
  ports: Recording,
  provider: string,
  event: Reversed & { readonly raw?: (() => Raw) | undefined },
  judge: () => Promise<Judge>,
  audit = noAudit,
): Promise<Claim> {
  const { store, report, now } = ports;
  const names = [
    ...new Set([event.id, ...(event.aliases ?? [])].map((id) => keyOf(provider, event.test, id))),
  ];
  const items = await Promise.all(names.map((name) => itemAt(store, name)));
  const found = new Map(items.map(({ at, item }) => [at, item]));
  const sales = [...found].filter(([, item]) => item?.kind === 'order' && !isStub(item));
  const changes: { order: Order; changed: boolean }[] = [];
  for (const [at, item] of sales.length > 0 ? sales : found) {
    const step = (known: Order | undefined) => {
      const before = known ?? emptyOrder(at, provider, event.test, now());
      const next = applyReversal(before, event.reversalId, { names, fact: event.reversal }, now());
      return next && audit(before, next);
    };
    changes.push(await change(store, at, item, step));
  }
  const isLost = changes.some(({ order }) => !order.reversals.has(event.reversalId));
  if (isLost && event.raw) await holdTooLarge(ports, provider, event.raw());
  const first = changes.find(({ order }) => !isStub(order));
  if (first) await claimAliases(ports, first.order.key, names, judge);
  const { order, changed } = first ?? changes[0] ?? { changed: false };
  if (order)
    report('reversal_recorded', {
      order: order.key,
      kind: event.reversal.kind,
      status: statusOf(order),
      new: changed,
    });
  return { order };
}
