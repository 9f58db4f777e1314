/** The Lambda that runs each hour: lists the paid orders at the providers and fulfils the missing ones. */
import catalogue from '#catalogue';
import { sleep, wirePorts } from './aws/wiring.ts';
import { findProvider } from './core/catalogue/catalogue.ts';
import { reasonOf } from './core/inbound/rejection.ts';
import { toAt } from './core/order/due.ts';
import { reconcile } from './core/reconcile.ts';
import { webhookEnv } from './env.ts';
import { providers } from './providers/index.ts';

/** The most patient providers retry for three days, so every order that a provider gave up on is found. */
const BACK_MS = 3 * 24 * 3_600_000;
/** Lambda gives 15 minutes. What is left then is done an hour later. */
const RUN_MS = 13 * 60_000;

const { ports } = wirePorts(catalogue, webhookEnv(process.env));

/** Throws an error that names each provider that failed, after every provider has been called. */
export async function handler(): Promise<void> {
  const keys = await ports.providerKeys.read();
  const until = ports.now() + RUN_MS;
  const failed: string[] = [];
  for (const name of Object.keys(catalogue.providers)) {
    const provider = findProvider(catalogue, name, providers);
    // A provider can only be called with the key of its API.
    if (!provider?.paid || !keys[name]?.api || ports.now() >= until) continue;
    try {
      const run = { since: ports.now() - BACK_MS, job: name, until, sleep };
      for await (const _ of reconcile(ports, name, provider, run));
    } catch (error) {
      ports.report('failed', { provider: name, step: 'reconcile', why: reasonOf(error) });
      failed.push(name);
      await noteFailure(name);
    }
  }
  if (failed.length > 0)
    throw new Error(`the paid orders of ${failed.join(', ')} could not be listed; see the lines above`);
}

/** The digest of the day names each provider: the metric of an alarm cannot. */
async function noteFailure(name: string): Promise<void> {
  const heldAt = toAt(ports.now());
  const key = `notice#reconcile#${name}#${heldAt.slice(0, 10)}`;
  const notice = { kind: 'notice', key, version: 1, receivedAt: heldAt, heldAt } as const;
  await ports.store.put(notice, undefined).catch(() => undefined); // DynamoDB may be what has failed; the error below raises the alarm.
}
