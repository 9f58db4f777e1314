/** What the pages need, and what several of them do: ask for a mail or the seller, check a typed code, change an order. */
import { createHmac } from 'node:crypto';
import type { KeypostKeys } from '../catalogue/keys.ts';
import { toEmailKey } from '../mail/address.ts';
import { deliver } from '../mail/deliver.ts';
import { fill } from '../mail/sentences.ts';
import { change } from '../order/change.ts';
import { toAt } from '../order/due.ts';
import { withAudit } from '../order/manual.ts';
import { start } from '../order/sends.ts';
import type { InFlight, Order, Request } from '../order/types.ts';
import { type SerialInputs, serialInputs } from '../serial/lines.ts';
import type { Ports } from '../world.ts';
import { isTypedCode, subkey } from './codes.ts';
import { alert, type PageAnswer, page, type Reader, type Reply, refuse } from './html.ts';
import { type Count, LIMITS, type LimitName, networkOf } from './limits.ts';
import type { KeysOf } from './orders.ts';

export interface Pages extends Ports {
  readonly keysOf: KeysOf;
  /** The address of the pages, without a slash at its end. */
  readonly site: string;
  /** The keys of links and codes. Throws `keys_unavailable`. */
  keys(): Promise<KeypostKeys>;
  readonly count: Count;
  /** By provider, the pattern of an order's ID that cannot be guessed. */
  readonly redirectIds: Readonly<Record<string, RegExp>>;
  /** A random ID. */
  newId(): string;
}

export interface PageRequest {
  /** `GET`, which stands for HEAD too, or `POST`. */
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  /** The client's address. */
  readonly client: string;
  readonly language?: string | undefined;
  /** A browser says that the form is on a page of another site. */
  readonly isForeign: boolean;
}

/** One request, with all that its page needs. */
export interface Visit extends Pages, Reader {
  readonly client: string;
  readonly isPost: boolean;
  /** Returns a value of the posted form, or of the query, without spaces around it. */
  value(name: string): string;
}

/** Counts, and returns true below the limit. The counter's name is an HMAC, so that the table holds no address. */
export async function isWithin(
  { keys, count, report, now }: Pick<Visit, 'keys' | 'count' | 'report' | 'now'>,
  name: LimitName,
  value = '',
  add: 0 | 1 = 1,
): Promise<boolean> {
  const { per, most } = LIMITS[name];
  const [newest] = await keys();
  const window = Math.floor(now() / per);
  const hash = createHmac('sha256', subkey(newest?.key ?? '', 'limit'))
    .update(value)
    .digest('base64url');
  const isBelow = await count(`${name}#${hash}#${window}`, add, most, (window + 2) * per);
  if (!isBelow && name.endsWith('of all')) report('limit_reached', { limit: name });
  return isBelow;
}

type Asked = Pick<Request, 'about' | 'address' | 'order' | 'name' | 'to' | 'printed'>;

/** Stores a request unless a limit is reached. A network's own limit comes first, so that a flood does not use up the others. */
export async function askFor(visit: Visit, wanted: Asked): Promise<boolean> {
  const limits = [
    ['requests of a network', networkOf(visit.client)],
    ['requests of all', ''],
    ['requests for an address', toEmailKey(wanted.to ?? wanted.address)],
    ...(wanted.about === 'recover_other_address' ? ([['receipts of all', '']] as const) : []),
  ] as const;
  let isAllowed = true;
  for (const [name, value] of limits)
    isAllowed = (await isWithin(visit, name, value, isAllowed ? 1 : 0)) && isAllowed;
  if (isAllowed) await storeRequest(visit, wanted);
  return isAllowed;
}

/** The seller decides on these. */
const HELD: readonly Request['about'][] = ['rename', 'recover_other_address', 'erasure'];

export async function storeRequest({ store, newId, now, language }: Visit, wanted: Asked): Promise<void> {
  const at = toAt(now());
  const item = { kind: 'request', key: `request#${newId()}`, version: 1, receivedAt: at } as const;
  const heldAt = HELD.includes(wanted.about) ? at : undefined;
  await store.put({ ...item, ...wanted, locale: language, until: at, heldAt }, undefined);
}

/** Asks for a mail. The answer does not say whether there is one. */
export async function askForMail(visit: Visit, wanted: Asked): Promise<PageAnswer> {
  await askFor(visit, wanted);
  return page(visit, visit.words.sent, [], { status: 303, location: '/licences/sent' });
}

/** Asks for what the seller has to decide, which the history of the order then says. */
export async function askSeller(visit: Visit, order: Order, wanted: Asked): Promise<Reply> {
  const { words, seller, store, now } = visit;
  if (!(await askFor(visit, wanted))) return refuse(words.busy, 429);
  const by = { who: 'buyer', why: wanted.about };
  await change(store, order.key, order, (found) => found && withAudit(found, found, 'request', by, now()));
  return { status: 202, why: [alert(fill(words.held, { seller: seller.name }))] };
}

/**
 * Returns undefined if the code of this link is typed. A scanner of mails posts the form as it is, so an empty code
 * uses up none of the buyer's tries.
 */
export async function refuseCode(visit: Visit, token: string): Promise<Reply | undefined> {
  const typed = visit.value('code');
  const isRight = isTypedCode(await visit.keys(), token, typed);
  const isAllowed =
    typed !== '' && (await isWithin(visit, 'wrong codes for a link', token, isRight ? 0 : 1)) && isRight;
  return isAllowed ? undefined : refuse(visit.words.badCode, 403);
}

/** Changes an order with what `step` makes of it, and starts its mail. Returns the order as it is then. */
export async function changeAndMail(
  ports: Ports,
  found: Order,
  step: (order: Order, inputs: SerialInputs) => Order | undefined,
): Promise<{ readonly order: Order; readonly changed: boolean }> {
  const inputs = await serialInputs(ports, (some) => step(found, some));
  let send: InFlight | undefined;
  const result = await change(ports.store, found.key, found, (known) => {
    const next = known && step(known, inputs);
    const started = next && start(next, ports.now());
    send = started?.send;
    return started?.order ?? next;
  });
  if (result.changed && send) await deliver(ports, { order: result.order, send });
  return result;
}
