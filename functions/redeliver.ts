/** The Lambda that runs each minute: sends the mails that are due, and reports the length of the queue. */
import catalogue from '#catalogue';
import { digestOf, dueQueue, heldOrders, listWaiting, pending } from './aws/dynamodb/queue.ts';
import { redeliverRequests } from './aws/dynamodb/requests.ts';
import { wirePorts } from './aws/wiring.ts';
import { type Redelivered, RUN_MS, redeliver } from './core/mail/redeliver.ts';
import { type Classes, type Mailed, oldestWaiting, tellHeld, tellWaiting } from './core/mail/seller.ts';
import type { At } from './core/order/types.ts';
import type { Ports } from './core/world.ts';
import { webhookEnv } from './env.ts';

/** The number of due mails whose age is read for the gauge. In a long outage every due mail is about equally old. */
const SAMPLE = 25;

const env = webhookEnv(process.env);
const { ports: shared, dynamo, secrets, ses } = wirePorts(catalogue, env);
const requests = redeliverRequests(dynamo, secrets, env);
const queue = { ...dueQueue(dynamo, ses, env.TABLE), requests };

/** @param event `npm start` can move the clock `ahead` seconds; EventBridge's event has no such field. */
export async function handler(event: { readonly ahead?: number }): Promise<Redelivered | undefined> {
  const now = () => Date.now() + (event.ahead ?? 0) * 1_000;
  const ports: Ports = { ...shared, now };
  const result = await redeliver(ports, queue, now() + RUN_MS);
  const { held, entries } = await gauge(ports);
  if (result && held > 0) await judgeAgain(ports);
  // While the account or SES is at fault, the run has tried one mail already.
  if (result && !result.isFaulty) await tellSeller(ports, entries);
  return result;
}

/** The digest under which held orders were last judged: while it stays the same, a run reads none of them. */
let judgedLast: string | undefined;

/** The parsers are loaded only if an order is held. */
async function judgeAgain(ports: Ports): Promise<void> {
  const { judgedBy, rejudgeHeld } = await import('./core/mail/rejudge.ts');
  const { allProviders: providers } = await import('./providers/all.ts');
  const operatorPorts = { ...ports, providers };
  const digest = await judgedBy(digestOf(import.meta.url), operatorPorts);
  if (digest === judgedLast) return;
  if (await rejudgeHeld(operatorPorts, digest, heldOrders(dynamo, env.TABLE))) judgedLast = digest;
}

const list = listWaiting(dynamo, env.TABLE);
const classes: Classes = new Map();
const mailed: Mailed = new Map();
/** The oldest held items whose kind is looked at. */
const OLDEST = 500;

async function tellSeller(ports: Ports, entries: Awaited<ReturnType<typeof list>>): Promise<void> {
  if (entries.length > 0) await tellHeld(ports, list, mailed);
  await tellWaiting(ports, list, entries, mailed);
}

async function gauge({ store, report, now }: Ports) {
  const [{ soonest, held, due }, entries, [notice]] = await Promise.all([
    pending(dynamo, env.TABLE, SAMPLE),
    list('held', '', OLDEST),
    list('notice', '', 1),
  ]);
  const { order, other } = await oldestWaiting({ store, now }, entries, classes);
  const secondsSince = (at: At | undefined) => (at ? Math.round((now() - Date.parse(at)) / 1_000) : 0);
  const items = await Promise.all(soonest.map((key) => store.get(key)));
  const ages = items.map((item) =>
    item?.kind === 'order' && item.outbox ? now() - Date.parse(item.outbox.since) : 0,
  );
  report('gauges', {
    held,
    due,
    oldest: Math.round(Math.max(0, ...ages) / 1_000),
    oldestHeld: secondsSince(order),
    oldestWaiting: Math.max(secondsSince(other), secondsSince(notice?.heldAt)),
    quota: queue.quotaPercent(),
  });
  return { held, entries };
}
