/** The end of every transition: updates the fields that an order remembers, and enforces the limits. */
import { isHeld, isWhollyHeld, mailTimes, makeTimes, toAt } from './due.ts';
import type { Order } from './types.ts';

/** Far above any real order, and far below DynamoDB's 400 KB an item. */
export const LIMITS = {
  lines: 100,
  sends: 20,
  audit: 100,
  superseded: 5,
  aliases: 20,
  reversals: 100,
  bytes: 300_000,
} as const;

export function emptyOrder(key: string, provider: string, test: boolean, now: number): Order {
  return {
    kind: 'order',
    key,
    version: 0,
    provider,
    test,
    receivedAt: toAt(now),
    reversals: new Map(),
    buyer: {},
    corrected: [],
    aliases: [],
    lines: [],
    sends: [],
    audit: [],
  };
}

/**
 * Returns the order to write, or undefined if nothing has changed. An order beyond a limit is replaced by `fallback`, and
 * its mail is held as `too_large`.
 */
export function finish(before: Order, after: Order, now: number, fallback = () => before): Order | undefined {
  const next = settle(after, now);
  if (isSame(before, next)) return undefined;
  if (isWithinLimits(next)) return next;
  const held = settle(withTooLarge(fallback(), now), now);
  return isSame(before, held) ? undefined : held;
}

export const withTooLarge = (order: Order, now: number): Order => ({
  ...order,
  outbox: { since: order.outbox?.since ?? toAt(now), held: 'too_large' },
});

/** The hold of the mail first, then the time since when there is work, then the time since when a person has to act. */
export function settle(changed: Order, now: number): Order {
  const order = withHeldMail(changed, now);
  const hasMail = mailTimes(order).length > 0;
  const before = order.erasedAt ? undefined : order.outbox?.held;
  const held = before === 'mail_age' && !hasMail ? undefined : before;
  const hasWork = hasMail || makeTimes(order).length > 0 || held !== undefined;
  const outbox = hasWork ? { since: order.outbox?.since ?? toAt(now), ...(held && { held }) } : undefined;
  const next = { ...order, outbox, raw: needsRaw(order) ? order.raw : undefined };
  return { ...next, heldAt: isHeld(next) ? (order.heldAt ?? toAt(now)) : undefined };
}

/** The buyer of an order that is held as a whole gets one mail, unless the hold is resolved in the next minutes. */
function withHeldMail(order: Order, now: number): Order {
  const { sends, heldAt, buyer } = order;
  // An order of an older version may be held for weeks.
  const isOld = heldAt !== undefined && now - Date.parse(heldAt) > HELD_MAIL_MOST_MS;
  if (isOld || !isWhollyHeld(order) || sends.some(({ about }) => about === 'held')) return order;
  const n = Math.max(0, ...sends.map((send) => send.n)) + 1;
  const until = toAt(now + HELD_MAIL_MS);
  const facts = { n, to: buyer.email ?? '', about: 'held', carries: [], tries: 0 } as const;
  return { ...order, sends: [...sends, { ...facts, state: 'waiting', until }] };
}
const HELD_MAIL_MS = 5 * 60_000;
const HELD_MAIL_MOST_MS = 24 * 3_600_000;

/**
 * True if a line is held, or may be once it is paid: its SKU is unknown, or the first payment of its trial brings no lines. A
 * disputed order keeps its notification, because the dispute may be won.
 */
export const needsRaw = ({ lines, trial }: Order): boolean =>
  lines.some(
    ({ state, product }) =>
      state === 'held' || (state === 'pending' && (product === null || trial !== undefined)),
  );

export function isWithinLimits(order: Order): boolean {
  const { lines, sends, audit, aliases, reversals } = order;
  return (
    lines.length <= LIMITS.lines &&
    sends.length <= LIMITS.sends &&
    audit.length <= LIMITS.audit &&
    aliases.length <= LIMITS.aliases &&
    reversals.size <= LIMITS.reversals &&
    lines.every((line) => line.state !== 'issued' || line.superseded.length <= LIMITS.superseded) &&
    bytesOf(order) <= LIMITS.bytes
  );
}

function bytesOf({ reversals, raw, ...rest }: Order): number {
  const { body, ...request } = raw ?? {};
  return Buffer.byteLength(JSON.stringify([rest, [...reversals], request])) + (body?.byteLength ?? 0);
}

/** A transition that does not change `raw` keeps the object. */
export const isSame = (before: Order, after: Order): boolean =>
  before.raw === after.raw && isEqual(before, after);

/** Compares by value, whatever the order of the fields. A field that is undefined counts as absent. */
function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return false;
  if (one instanceof Map && other instanceof Map) return isEqual([...one], [...other]);
  const hasEqual = (name: string) => isEqual(Reflect.get(one, name), Reflect.get(other, name));
  return (
    Object.keys(one).every(hasEqual) && Object.keys(other).every((name) => name in one || hasEqual(name))
  );
}
