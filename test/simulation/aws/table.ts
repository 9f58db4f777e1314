/** DynamoDB for functions/aws/dynamodb/orders.ts and queue.ts: conditional writes, three attempts, an index that lags. */
import { mailState, statusOf, wakeAt } from '../../../functions/core/order/due.ts';
import type { Item } from '../../../functions/core/order/types.ts';
import type { Store } from '../../../functions/core/world.ts';
import type { Process } from '../processes/process.ts';
import type { Sim } from '../world/sim.ts';
import { attempts, NO } from './calls.ts';

export interface Write {
  readonly process: Process;
  readonly before: Item | undefined;
  readonly after: Item;
}

export interface Watcher {
  wrote(write: Write): void;
  /** A call has failed after all its retries. */
  failed(process: Process, key: string): void;
  called(process: Process): void;
}

interface Stored {
  readonly item: Item;
  readonly writer: number;
}

/** The longest delay of the index. */
const LAG_MS = 2_000;
const CALL_MS = 3_000;

export function tableOf(sim: Sim, watcher: Watcher) {
  const items = new Map<string, Stored>();
  const due = new Map<string, { readonly at: number; readonly since: number }>();
  const stale: string[] = [];
  const wakers: ((at: number) => void)[] = [];
  let writers = 0;

  function write(process: Process, item: Item, expected: number | undefined, writer: number): void {
    const before = items.get(item.key)?.item;
    const version = before && 'version' in before ? before.version : undefined;
    if (expected === undefined ? before !== undefined : version !== expected) throw NO;
    items.set(item.key, { item, writer });
    const dueAt = item.kind === 'order' ? wakeAt(item) : undefined;
    sim.note(`${item.key} is ${summaryOf(item, dueAt)}`);
    index(item, dueAt);
    watcher.wrote({ process, before, after: item });
  }

  function index(item: Item, dueAt: string | undefined): void {
    if (dueAt === undefined) {
      if (due.delete(item.key)) stale.push(item.key);
      return;
    }
    const at = Date.parse(dueAt);
    due.set(item.key, { at, since: sim.clock.now });
    for (const wake of wakers) wake(at);
  }

  function storeOf(process: Process, ms = () => CALL_MS): Store {
    const tried = async <Result>(what: string, key: string, effect: () => Result) => {
      watcher.called(process);
      try {
        return await attempts(sim, process, `${what} ${key}`, ms(), effect);
      } catch (error) {
        if (error !== NO) watcher.failed(process, key);
        throw error;
      }
    };
    return {
      within: (limit) => storeOf(process, limit),
      get: (key) => tried('get', key, () => items.get(key)?.item),
      async put(item, expected) {
        writers += 1;
        const writer = writers;
        try {
          await tried('put', item.key, () => write(process, item, expected, writer));
          return undefined;
        } catch (error) {
          if (error !== NO) throw error;
          const inTheWay = await tried('get', item.key, () => items.get(item.key));
          if (!inTheWay) throw error;
          return inTheWay.writer === writer ? undefined : inTheWay.item;
        }
      },
    };
  }

  return {
    items,
    due,
    storeOf,
    /** Calls back whenever an order gets a due time. */
    onDue: (wake: (at: number) => void) => void wakers.push(wake),
    /** Reads the index, which lags and may contain deleted entries. */
    dueKeys(now: number, limit: number): readonly string[] {
      const found = [...due].filter(([, entry]) => entry.at <= now && !hidden(entry.since));
      const keys = found.sort(([, one], [, other]) => one.at - other.at).map(([key]) => key);
      const gone = sim.random.chance(0.1) ? stale.pop() : undefined;
      return (gone && !keys.includes(gone) ? [gone, ...keys] : keys).slice(0, limit);
    },
  };

  function hidden(since: number): boolean {
    return sim.clock.now - since < LAG_MS && sim.random.chance(0.2);
  }
}

export type Table = ReturnType<typeof tableOf>;

function summaryOf(item: Item, dueAt: string | undefined): string {
  if (item.kind === 'alias') return `also ${item.aliasOf}`;
  if (item.kind !== 'order') return item.kind;
  const lines = item.lines.map((line) =>
    line.state === 'issued' ? line.issued.serial.slice(0, 4) : line.state,
  );
  return `v${item.version} ${statusOf(item)} ${mailState(item)} ${dueAt ?? '-'} ${lines.join()}`;
}
