/** Counts the orders that are stuck or needed a person, and the mails, from the desk's copy of the orders. */
import { dayOf } from '../cli/option-values.ts';
import type { ordersIndex } from './orders-index.ts';

const DAYS = 30;
const DAY_MS = 86_400_000;
const DELIVERED = ['delivered', 'complained'];
const SENT = ['sent', 'bounced', ...DELIVERED];

/** @param heldAt the times since which orders, notifications and requests are held. */
export function healthOf(
  { rows, progress }: ReturnType<typeof ordersIndex>,
  heldAt: readonly string[],
  now: number,
) {
  const all = rows();
  const month = new Date(now).toISOString().slice(0, 7);
  const isOfMonth = (at: string) => at.startsWith(month);
  const seconds = all.flatMap((row) => row.seconds ?? []).sort((one, other) => one - other);
  const part = (share: number) => seconds[Math.floor(seconds.length * share)] ?? null;
  const days = Array.from({ length: DAYS }, (_, ago) => dayOf(now - (DAYS - 1 - ago) * DAY_MS));
  const byDay = new Map(days.map((day) => [day, { day, orders: 0, sent: 0, delivered: 0, bounced: 0 }]));
  for (const { receivedAt, mail } of all) {
    const day = byDay.get(receivedAt.slice(0, 10));
    if (!day) continue;
    day.orders += 1;
    day.sent += Number(SENT.includes(mail));
    day.delivered += Number(DELIVERED.includes(mail));
    day.bounced += Number(mail === 'bounced');
  }
  return {
    read: progress().part,
    held: stuck(heldAt),
    due: stuck(all.flatMap(({ mail, receivedAt }) => (['due', 'unknown'].includes(mail) ? receivedAt : []))),
    touches: {
      count: all.filter((row) => row.heldAt || row.acts.some(isOfMonth)).length,
      orders: all.filter(({ receivedAt }) => isOfMonth(receivedAt)).length,
      month,
    },
    seconds: { half: part(0.5), most: part(0.95) },
    days: [...byDay.values()],
  };
}

const stuck = (times: readonly string[]) => ({
  count: times.length,
  since: times.reduce((first: string | null, at) => (first !== null && first < at ? first : at), null),
});
