/** A world in memory, each call of which can be made to fail, before or after it took effect. */
import type { Catalogue } from '../functions/core/catalogue.ts';
import { fulfil } from '../functions/core/fulfil.ts';
import type { Message } from '../functions/core/mail/serial-mail.ts';
import { type MailEvent, recordMailEvent } from '../functions/core/mail-events.ts';
import { type Item, isAlias, type Order } from '../functions/core/order.ts';
import type { Provider } from '../functions/core/provider.ts';
import { type Queue, redeliver } from '../functions/core/redeliver.ts';
import { requestWorld } from '../functions/core/request-world.ts';
import type { ReportName, SendOutcome, Store } from '../functions/core/world.ts';

/** What happens at the call of that number: an error before or after the effect, or the end of the process. */
export type Fault = 'error' | 'lost' | 'die' | 'die after' | 'throttled';
export const FAULTS: readonly Fault[] = ['error', 'lost', 'die', 'die after', 'throttled'];
export type Plan = ReadonlyMap<number, Fault>;

export class Death extends Error {}

interface State {
  now: number;
  calls: number;
  dead: boolean;
  readonly log: string[];
  /** What SES answers, where it is not "sent". */
  outcome?: SendOutcome | undefined;
  /** Runs while a mail is on its way. */
  meanwhile?: (() => Promise<unknown>) | undefined;
}

/** Said by the fake provider of these tests: its bodies are events as the core knows them. */
export const plain: Provider = {
  verify() {},
  read: ({ body }) => JSON.parse(body.toString()),
};

export function memoryWorld(catalogue: Catalogue, plan: Plan = new Map()) {
  const items = new Map<string, Item>();
  const mails: Message[] = [];
  const reports: { name: ReportName; details: Record<string, unknown> }[] = [];
  const state: State = { now: Date.parse('2026-11-23T03:00:00Z'), calls: 0, dead: false, log: [] };

  /** One call to AWS: counted, and failed if the plan says so. */
  async function call<Result>(name: string, effect: () => Result): Promise<Result> {
    await Promise.resolve();
    if (state.dead) throw new Death(name);
    state.calls += 1;
    state.log.push(name);
    const fault = plan.get(state.calls);
    if (fault === 'die') state.dead = true;
    if (fault === 'die' || fault === 'error' || fault === 'throttled')
      throw fault === 'die' ? new Death(name) : new Error(fault);
    const result = effect();
    if (fault === 'die after') state.dead = true;
    if (fault === 'die after' || fault === 'lost')
      throw fault === 'lost' ? new Error(fault) : new Death(name);
    return result;
  }

  function put(item: Item, expected: number | undefined): Item | undefined {
    const known = items.get(item.key);
    const version = known && (isAlias(known) ? undefined : known.version);
    if (!known && expected !== undefined) throw new Error('no item of that version');
    if (known ? version === undefined || version !== expected : expected !== undefined) return known;
    items.set(item.key, structuredClone(item));
    return undefined;
  }
  const store: Store = {
    get: (key) => call('get', () => items.get(key)),
    put: (item, expected) => call('put', () => put(item, expected)),
  };
  const mailer = async (message: Message): Promise<SendOutcome> => {
    try {
      const { meanwhile, outcome } = state;
      state.meanwhile = undefined;
      await meanwhile?.();
      if (outcome) return await call('send', () => outcome);
      return await call('send', () => {
        mails.push(message);
        return { kind: 'sent', messageId: `message-${mails.length}` } as const;
      });
    } catch (error) {
      if (error instanceof Death) throw error;
      const throttled = error instanceof Error && error.message === 'throttled';
      return { kind: throttled ? 'throttled' : 'unknown', code: 'Fault' };
    }
  };
  const ports = {
    catalogue,
    store,
    mailer,
    now: () => state.now,
    report: (name: ReportName, details: Record<string, unknown>) => void reports.push({ name, details }),
  };
  const secret = <Value>(value: Value) => ({ read: async () => value, newer: async () => undefined });
  const keys = Object.fromEntries(
    Object.keys(catalogue.products).map((id) => [id, [{ version: 1, key: '1234567890123456' }]]),
  );
  const shared = {
    ...ports,
    productKeys: secret(keys),
    providerKeys: secret(
      Object.fromEntries(Object.keys(catalogue.providers).map((name) => [name, { signing: ['secret'] }])),
    ),
    ask: async () => '',
    store: () => store,
  };
  const queue: Queue = {
    hold: () => call('hold', () => true),
    release: () => call('release', () => undefined),
    due: (now, limit) =>
      call('due', () =>
        orders()
          .filter(({ dueAt }) => dueAt && Date.parse(dueAt) <= now)
          .map(({ key }) => key)
          .slice(0, limit),
      ),
    rate: () => call('rate', () => 1_000),
    sleep: async (ms) => {
      state.now += ms;
    },
  };
  const orders = () => [...items.values()].filter((item): item is Order => !isAlias(item));

  return {
    state,
    items,
    mails,
    reports,
    ports,
    shared,
    orders,
    /** One delivery by the provider: true if it hears success. A dead process is a new one next time. */
    async deliver(events: readonly unknown[], provider: Provider = plain, name = 'plain'): Promise<boolean> {
      const body = Buffer.from(JSON.stringify(events));
      const request = { method: 'POST', headers: {}, query: '', body };
      state.dead = false;
      try {
        for await (const _ of fulfil(requestWorld(shared, name, request), provider, request));
        return true;
      } catch {
        return false;
      }
    },
    /** SES tells of every mail that it took: to a Lambda of its own, which no fault of the others touches. */
    async told(kind: MailEvent['kind'] = 'send') {
      const calm = {
        get: async (key: string) => items.get(key),
        put: async (...item: Parameters<typeof put>) => put(...item),
      };
      for (const [at, { tags }] of mails.entries()) {
        const orderKey = Buffer.from(tags.order ?? '', 'base64url').toString();
        const event = { kind, messageId: `message-${at + 1}`, orderKey, version: Number(tags.version) };
        await recordMailEvent({ ...ports, store: calm }, event);
      }
    },
    /** One run of `redeliver`; what it throws only fails the run. */
    async redeliver(change: Partial<Queue> = {}) {
      state.dead = false;
      return await redeliver(ports, { ...queue, ...change }, state.now + 14 * 60_000).catch(() => undefined);
    },
  };
}
