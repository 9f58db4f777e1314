/** AWS for a run over HTTP: the real adapters and the real SDK call the embedded AWS. */
import type { ServiceInputTypes } from '@aws-sdk/client-dynamodb';
import { dynamoClient, fromItem, orderStore } from '../../../functions/aws/dynamodb/orders.ts';
import { dueQueue } from '../../../functions/aws/dynamodb/queue.ts';
import { LOCAL_NAMES } from '../../../functions/aws/local-names.ts';
import { cachedSecret, secretsClient } from '../../../functions/aws/secrets.ts';
import { sesClient, sesMailer } from '../../../functions/aws/ses/mailer.ts';
import { productKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import { wakeAt } from '../../../functions/core/order/due.ts';
import type { Item } from '../../../functions/core/order/types.ts';
import type { Store } from '../../../functions/core/world.ts';
import { recordingMailer } from '../aws/ses.ts';
import { nowOf, type Process, sleep } from '../processes/process.ts';
import type { Sim } from '../world/sim.ts';
import type { Aws, Parts } from '../world/world.ts';
import type { httpClock } from './clock.ts';
import { caller, withFaults } from './faults.ts';
import { CONFIGURATION_SET } from './servers.ts';

const AT = { step: 'deserialize', priority: 'high' } as const;
const CACHED_MS = 5 * 60_000;
const CALL_MS = 3_000;

export function httpAws(sim: Sim, clock: ReturnType<typeof httpClock>, parts: Parts) {
  const { history, watcher } = parts;
  const seen = itemsSeen(parts);
  const [dynamo, ses, secrets] = [dynamoClient(), sesClient(), secretsClient()];
  dynamo.middlewareStack.add(
    (next) => (args) =>
      withFaults(
        sim,
        'dynamodb',
        () => next(args),
        (process) => seen.requestDone(process, args.input),
      ),
    AT,
  );
  ses.middlewareStack.add(
    (next) => (args) =>
      withFaults(
        sim,
        'ses',
        () => next(args),
        () => {
          if (!('RawMessage' in args.input)) return;
          const tags = Object.fromEntries((args.input.Tags ?? []).map(({ Name, Value }) => [Name, Value]));
          const key = Buffer.from(tags.order ?? '', 'base64url').toString();
          const send = history.of(key).findLast(({ n }) => n === Number(tags.send));
          if (send) send.acceptedAt = clock.now;
        },
      ),
    AT,
  );
  secrets.middlewareStack.add(
    (next) => (args) =>
      withFaults(
        sim,
        'secrets',
        () => next(args),
        () => undefined,
      ),
    AT,
  );
  const mailer = sesMailer(ses, CONFIGURATION_SET);
  const as = <Result>(process: Process, work: () => Promise<Result>) =>
    clock.during(process, () => caller.run(process, work));

  function storeOf(process: Process, ms = () => CALL_MS): Store {
    const store = orderStore(dynamo, LOCAL_NAMES.table, ms);
    const tried = <Result>(key: string, work: () => Promise<Result>) => {
      watcher.called(process);
      return as(process, work).catch((error: unknown) => {
        watcher.failed(process, key);
        throw error;
      });
    };
    return {
      within: (limit) => storeOf(process, limit),
      get: (key) => tried(key, () => store.get(key)),
      async put(item, expected) {
        const inTheWay = await tried(item.key, () => store.put(item, expected));
        // The first response may have been lost, so the SDK may have retried.
        if (!inTheWay) seen.wrote(process, item);
        return inTheWay;
      },
    };
  }
  return {
    ...seen,
    storeOf,
    mailerOf: (process) =>
      recordingMailer(sim, history, process, (message) => as(process, () => mailer(message))),
    secretsOf(process) {
      const cached = <Value>(name: string, parse: (json: unknown) => Value) => {
        const now = () => nowOf(sim, process);
        const secret = cachedSecret(secrets, name, { parse, cachedMs: CACHED_MS, now });
        return {
          read: () => as(process, () => secret.read()),
          newer: (used: Value) => as(process, () => secret.newer(used)),
        };
      };
      return {
        productKeys: cached(LOCAL_NAMES.productKeys, productKeys),
        providerKeys: cached(LOCAL_NAMES.providerKeys, providerKeys),
      };
    },
    queueOf(process) {
      const queue = dueQueue(dynamo, ses, LOCAL_NAMES.table);
      return {
        hold: (now, until) => as(process, () => queue.hold(now, until)),
        release: (now) => as(process, () => queue.release(now)),
        due: (now, limit) => as(process, () => queue.due(now, limit)),
        rate: () => as(process, () => queue.rate()),
        sleep: (ms) => sleep(sim, process, ms),
      };
    },
  } satisfies Aws;
}

/** The state of the table, derived from its responses. */
function itemsSeen({ watcher }: Parts) {
  const items = new Map<string, { readonly item: Item }>();
  const due = new Map<string, { readonly at: number }>();
  const wakers: ((at: number) => void)[] = [];
  const reported = new Set<string>();
  function wrote(process: Process, after: Item): void {
    const versionOf = (item: Item) => ('version' in item ? item.version : 0);
    const version = versionOf(after);
    const write = `${after.key} ${version}`;
    if (reported.has(write)) return;
    reported.add(write);
    const known = items.get(after.key)?.item;
    // Responses can arrive out of order.
    const isNewest = !known || versionOf(known) < version;
    const isNext = known && versionOf(known) + 1 === version;
    watcher.wrote({ process, before: isNext ? known : undefined, after });
    if (!isNewest) return;
    items.set(after.key, { item: after });
    const dueAt = after.kind === 'order' ? wakeAt(after) : undefined;
    if (dueAt === undefined) {
      due.delete(after.key);
      return;
    }
    const at = Date.parse(dueAt);
    due.set(after.key, { at });
    for (const wake of wakers) wake(at);
  }
  return {
    items,
    due,
    onDue: (wake: (at: number) => void) => void wakers.push(wake),
    requestDone(process: Process, input: ServiceInputTypes): void {
      if ('Item' in input && input.Item && !('until' in input.Item)) wrote(process, fromItem(input.Item));
    },
    wrote,
    /** Copies the due times from the table: a write is unseen if its process died before the response. */
    caughtUp(stored: Aws['due']): void {
      for (const key of due.keys()) if (!stored.has(key)) due.delete(key);
      for (const [key, entry] of stored) {
        due.set(key, entry);
        for (const wake of wakers) wake(entry.at);
      }
    },
  };
}
