/** Checks the result: each acknowledged order, each mail, and nothing else. */
import * as z from 'zod';
import { diskFiles } from '../../local/files.ts';
import type { Row } from '../bench/report/report.ts';
import type { Heard } from './drive.ts';
import type { Kind } from './traffic.ts';

const Orders = z.array(
  z.object({
    key: z.string(),
    status: z.string(),
    lines: z.array(z.object({ serial: z.nullable(z.string()), held: z.nullable(z.string()) })),
    mail: z.object({ state: z.string() }),
  }),
);
const Mail = z.object({ tags: z.record(z.string(), z.string()) });

export type StoredOrders = z.output<typeof Orders>;

const GENUINE: readonly Kind[] = ['sale', 'repeat', 'refund', 'test'];
const MAILED = ['sent', 'delivered'];

/** Runs `redeliver` until no order is due, and returns all orders. */
export async function finishedOrders(page: string): Promise<StoredOrders> {
  for (let run = 0; run < 20; run += 1) {
    const answer = await fetch(`${page}/local/redeliver`, { method: 'POST' });
    if (z.object({ due: z.number() }).parse(await answer.json()).due === 0) break;
  }
  return Orders.parse(await (await fetch(`${page}/local/orders`)).json());
}

/** @param dataDir of a local system that has ended. */
export function ordersRows(heard: readonly Heard[], orders: StoredOrders, dataDir: string): Row[] {
  const stored = new Map(orders.map((order) => [order.key, order]));
  const keysOf = (some: readonly Heard[]) => new Set(some.map(({ key }) => key));
  const genuine = keysOf(heard.filter(({ kind }) => GENUINE.includes(kind)));
  const promised = keysOf(heard.filter(({ kind, status }) => GENUINE.includes(kind) && status === 200));
  const refunded = keysOf(heard.filter(({ kind }) => kind === 'refund'));
  const isServed = (key: string) => {
    const { status, lines = [], mail } = stored.get(key) ?? {};
    if (lines.length === 0) return false;
    if (lines.some(({ held }) => held !== null)) return true;
    const mailed = mail !== undefined && MAILED.includes(mail.state);
    // A refund may come before its sale is mailed; then no mail goes out.
    return lines.every(({ serial }) => serial) && (mailed || (refunded.has(key) && status === 'refunded'));
  };
  const lost = [...promised].filter((key) => !isServed(key));
  const forged = orders.filter(({ key }) => !genuine.has(key));
  const { mails, twice } = mailsOf(dataDir);
  return [
    none(
      'orders lost',
      lost.map((key) => `${key} (mail ${stored.get(key)?.mail.state ?? 'of none'})`),
      `of ${promised.size} that heard success`,
    ),
    none(
      'orders that no provider sent',
      forged.map(({ key }) => key),
      `of ${orders.length}`,
    ),
    none('orders mailed twice', twice, `of ${mails} mails`),
  ];
}

function mailsOf(dataDir: string): { readonly mails: number; readonly twice: readonly string[] } {
  const log = diskFiles(dataDir).log('mails.jsonl');
  const times = new Map<string, number>();
  for (let at = 0; at < log.count(); at += 1) {
    const { order = '' } = Mail.parse(JSON.parse(log.line(at) ?? '')).tags;
    times.set(order, (times.get(order) ?? 0) + 1);
  }
  const twice = [...times].filter(([, count]) => count > 1).map(([order]) => order);
  return { mails: log.count(), twice };
}

const none = (what: string, found: readonly string[], of: string): Row => ({
  what,
  found: `${found.length} ${of}${found.length ? `: ${found.slice(0, 5).join(', ')}` : ''}`,
  promised: 'none',
  kept: found.length === 0,
});
