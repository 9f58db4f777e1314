/** Judges what is held again, by the same checks as a new order: a deployment or a changed key may have removed the cause. */
import { createHash } from 'node:crypto';
import { productsOf } from '../catalogue/catalogue.ts';
import { errorName, Rejection } from '../inbound/rejection.ts';
import { ownEvents, recordEvents, reread, saleIn } from '../inbound/reread.ts';
import { change, cursorAt, moveCursor } from '../order/change.ts';
import { toAt } from '../order/due.ts';
import { toLines, toSold } from '../order/lines.ts';
import { rejudge } from '../order/manual.ts';
import type { Line, Order, Raw, Unreadable } from '../order/types.ts';
import { judgeWith, type SerialInputs, serialInputs } from '../serial/lines.ts';
import type { OperatorPorts } from '../world.ts';

/** Returns the keys of at most `limit` held items, the oldest first, and where the next page begins, if there is one. */
export type ListHeld = (
  after: string | undefined,
  limit: number,
) => Promise<{ readonly keys: readonly string[]; readonly after?: string | undefined }>;

/** One run of `redeliver` judges at most this many; the next run continues. */
const PAGE = 100;
const CURSOR = 'cursor#rejudge';
const BY = { who: 'keypost', why: 'judged again after a deployment or a changed key' };

/** A digest of all that decides how an order is judged; it changes with a deployment and with a key. */
export async function judgedBy(code: string, ports: OperatorPorts): Promise<string> {
  const [products, providers] = [await ports.productKeys.read(), await ports.providerKeys.read()];
  const versions = Object.entries(products).map(([id, all]) => [id, all.map(({ version }) => version)]);
  const apis = Object.entries(providers).map(([name, { api }]) => [name, api]);
  return createHash('sha256')
    .update(JSON.stringify([code, ports.catalogue, versions, apis]))
    .digest('base64url');
}

/**
 * All are judged once more after this time: a Lambda may have held an order with a key from its cache or with the code from
 * before the change, or a provider's API did not answer.
 */
const AGAIN_MS = 10 * 60_000;

/** Judges the next held items again, unless all were judged under this digest. Returns true once that needs no repetition. */
export async function rejudgeHeld(ports: OperatorPorts, digest: string, list: ListHeld): Promise<boolean> {
  const { store } = ports;
  const cursor = await cursorAt(store, CURSOR);
  const judged = cursor.judged?.digest === digest ? cursor.judged : undefined;
  const isBegin = judged?.after === undefined;
  if (judged && isBegin && !judged.again) return true;
  if (judged?.again && isBegin && ports.now() < Date.parse(judged.again)) return false;
  const page = await list(judged?.after, PAGE);
  const isComplete = await rejudgePage(ports, page.keys);
  const known = isBegin ? undefined : judged?.again;
  const again = judged && isComplete ? known : toAt(ports.now() + AGAIN_MS);
  await moveCursor(store, cursor, { judged: { digest, after: page.after, again } });
  return page.after === undefined && again === undefined;
}

/** Returns false if the API of a provider is unavailable. The other items of that provider are then left out. */
async function rejudgePage(ports: OperatorPorts, keys: readonly string[]): Promise<boolean> {
  const unavailable = new Set<string>();
  for (const key of keys) {
    let provider = '';
    try {
      const item = await ports.store.get(key);
      if (item?.kind !== 'order' && item?.kind !== 'unreadable') continue;
      provider = ('raw' in item && item.raw?.provider) || item.provider;
      if (unavailable.has(provider)) continue;
      if (item.kind === 'order') await rejudgeOrder(ports, item);
      else await rejudgeUnreadable(ports, item);
    } catch (error) {
      if (error instanceof Rejection && error.code === 'provider_unavailable') unavailable.add(provider);
      else ports.report('failed', { order: key, error: errorName(error) });
    }
  }
  return unavailable.size === 0;
}

async function rejudgeOrder(ports: OperatorPorts, order: Order): Promise<void> {
  if (!order.lines.some(({ state }) => state === 'held')) return;
  const { catalogue, store, now } = ports;
  const provider = order.raw?.provider ?? order.provider;
  const sale = order.raw && saleIn(ports, order, await rereadIfPossible(ports, order.raw));
  // A line for which the provider lacks data needs a new answer of the provider.
  const isOpen = (line: Line) => line.state !== 'held' || !line.fromProvider;
  const sold =
    sale && sale.lines.length > 0 ? sale.lines : toSold({ ...order, lines: order.lines.filter(isOpen) });
  const parsed = {
    lines: toLines(sold, (sku) => productsOf(catalogue, provider, sku)),
    buyer: sale?.buyer,
    ignored: catalogue.providers[provider]?.ignore,
  };
  const judged = (inputs: SerialInputs, found: Order) =>
    rejudge(found, parsed, judgeWith(inputs, provider), now());
  const inputs = await serialInputs(ports, (some) => judged(some, order));
  const { changed } = await change(store, order.key, order, (found) => found && judged(inputs, found));
  if (changed) ports.report('rejudged', { order: order.key });
}

/** A mail that is not authentic needs a person, whatever the code is. `mail_changed`: the seller may list its labels now. */
async function rejudgeUnreadable(ports: OperatorPorts, item: Unreadable): Promise<void> {
  if (item.state !== 'held' || !item.raw || item.orderKey) return;
  if (item.reason !== 'bad_body' && item.reason !== 'mail_changed') return;
  const all = await Promise.all([item.raw, ...(item.later ?? [])].map((one) => rereadIfPossible(ports, one)));
  const own = ownEvents(ports, item, item.raw, all.flat());
  if (own.length === 0 || own.some(({ kind }) => kind === 'unreadable')) return;
  await recordEvents(ports, item, item.raw, own, BY);
  ports.report('rejudged', { order: item.key });
}

/** Returns no event if the notification still cannot be parsed. */
async function rereadIfPossible(ports: OperatorPorts, raw: Raw) {
  try {
    return await reread(ports, raw);
  } catch (error) {
    if (error instanceof Rejection && error.code === 'provider_unavailable') throw error;
    return [];
  }
}
