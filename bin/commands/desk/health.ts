/** Counts the orders that are stuck or needed a person, and the mails, from the desk's copy of the orders. */
import { dayOf } from '../cli/option-values.ts';
import type { ordersIndex } from './orders-index.ts';

const DAYS = 30;
const DAY_MS = 86_400_000;

export function healthOf({ rows, progress }: ReturnType<typeof ordersIndex>, now: number) {
  const all = rows();
  const month = new Date(now).toISOString().slice(0, 7);
  const ofMonth = all.filter(({ receivedAt }) => receivedAt.startsWith(month));
  const isTouched = ({ acts, heldAt }: (typeof all)[number]) =>
    heldAt !== null || acts.some((at) => at.startsWith(month));
  const touches = all.filter(isTouched).length;
  const seconds = all.flatMap((row) => row.seconds ?? []).sort((one, other) => one - other);
  const part = (share: number) =>
    seconds[Math.min(seconds.length - 1, Math.floor(seconds.length * share))] ?? null;
  const days = Array.from({ length: DAYS }, (_, ago) => dayOf(now - (DAYS - 1 - ago) * DAY_MS));
  const byDay = new Map(days.map((day) => [day, { day, orders: 0, sent: 0, delivered: 0, bounced: 0 }]));
  for (const { receivedAt, mail } of all) {
    const day = byDay.get(receivedAt.slice(0, 10));
    if (!day) continue;
    day.orders += 1;
    if (mail === 'sent' || mail === 'delivered' || mail === 'complained' || mail === 'bounced') day.sent += 1;
    if (mail === 'delivered' || mail === 'complained') day.delivered += 1;
    if (mail === 'bounced') day.bounced += 1;
  }
  const stuck = (found: typeof all, at: (row: (typeof all)[number]) => string | null) => ({
    count: found.length,
    since: found.reduce((first: string | null, row) => least(first, at(row)), null),
  });
  return {
    read: progress().part,
    held: stuck(
      all.filter(({ heldAt }) => heldAt),
      ({ heldAt }) => heldAt,
    ),
    due: stuck(
      all.filter(({ mail }) => mail === 'due' || mail === 'unknown'),
      ({ receivedAt }) => receivedAt,
    ),
    touches: { count: touches, orders: ofMonth.length, month },
    seconds: { half: part(0.5), most: part(0.95) },
    days: [...byDay.values()],
  };
}

const least = (one: string | null, other: string | null) =>
  one === null || (other !== null && other < one) ? other : one;
