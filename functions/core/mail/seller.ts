/** The mails to the seller: one for each held order, and once a day a digest of what else waits. */
import { type Catalogue, findProduct } from '../catalogue/catalogue.ts';
import { HINTS } from '../inbound/hints.ts';
import { cursorAt, moveCursor } from '../order/change.ts';
import { lacksSerial, toAt } from '../order/due.ts';
import { UNKNOWN_MS } from '../order/sends.ts';
import type { HeldList } from '../order/stored.ts';
import { type At, idIn, type Notice } from '../order/types.ts';
import { asOrder, type OrderView, view } from '../order/view.ts';
import type { Ports } from '../world.ts';
import { joinBlocks, oneLine, paragraph } from './blocks.ts';
import type { Message } from './message.ts';

/** An entry of the index of what waits for a person. */
export interface Waiting {
  readonly key: string;
  readonly heldAt: At;
}

/** Lists the entries from a time on, the oldest first. */
export type ListWaiting = (list: HeldList, from: At, limit: number) => Promise<readonly Waiting[]>;

/** By notice that this process has mailed, the time before which it is not tried again. */
export type Mailed = Map<string, number>;

const CURSOR = 'cursor#seller';
const PAGE = 1_000;
const MOST_MAILS = 20;
const MINUTE = 60_000;
const DAY_MS = 24 * 60 * MINUTE;

/** Mails each order that is held since the last run. The notice makes it once, also if the process ends in between. */
export async function tellHeld(ports: Ports, list: ListWaiting, mailed: Mailed): Promise<void> {
  const { store, now } = ports;
  const cursor = await cursorAt(store, CURSOR);
  const since = cursor.position?.since ?? now() - DAY_MS;
  // An entry can appear after a later one.
  const entries = await list('held', toAt(since - MINUTE), PAGE);
  let position = since;
  let mails = 0;
  for (const { key, heldAt } of entries) {
    const notice = `notice#held#${key}#${heldAt}`;
    if (!mailed.has(notice) && mails === MOST_MAILS) break;
    const result = await tellOnce(ports, notice, mailed, async () => {
      const held = await store.get(key);
      // It may be released meanwhile.
      const isHeld = held && 'heldAt' in held && held.heldAt === heldAt;
      if (!isHeld || (held.kind !== 'order' && held.kind !== 'unreadable')) return undefined;
      return heldMail(ports.catalogue, view(held.kind === 'order' ? held : asOrder(held)));
    });
    if (result === 'later') break;
    if (result === 'sent') mails += 1;
    position = Math.max(position, Date.parse(heldAt));
  }
  // A page of one minute must not be read again and again.
  if (entries.length === PAGE && position === Date.parse(entries.at(-1)?.heldAt ?? '')) position += MINUTE;
  if (position > since) await moveCursor(store, cursor, { position: { since: position } });
}

/** Mails the digest of the day. A notice is in one digest, a request in each until it is resolved. */
export async function tellWaiting(
  ports: Ports,
  list: ListWaiting,
  held: readonly Waiting[],
  mailed: Mailed,
): Promise<void> {
  const { store, catalogue, now } = ports;
  const find = async (entries: readonly Waiting[]) =>
    (await Promise.all(entries.map(({ key }) => store.get(key)))).filter((item) => item !== undefined);
  let notices: readonly Notice[] = [];
  const result = await tellOnce(ports, `notice#digest#${toAt(now()).slice(0, 10)}`, mailed, async () => {
    const all = await find(await list('notice', '', MOST_LISTED));
    notices = all.filter((item) => item.kind === 'notice');
    // The mails about held orders tell of everything else.
    const requests = (await find(held)).filter(({ kind }) => kind !== 'order' && kind !== 'unreadable');
    const lines = [...notices, ...requests].map(({ key }) =>
      key.replace(/^notice#/, '').replaceAll('#', ' '),
    );
    return lines.length > 0 ? digest(catalogue, lines.slice(0, MOST_LISTED)) : undefined;
  });
  if (result !== 'sent') return;
  for (const { heldAt: _, ...notice } of notices)
    await store.put({ ...notice, version: notice.version + 1 }, notice.version);
}

const MOST_LISTED = 100;

/** `later`: the mail was not accepted, so a later run tries it again. `none`: there is nothing to mail. */
async function tellOnce(
  { store, mailer, report, now }: Ports,
  notice: string,
  mailed: Mailed,
  build: () => Promise<Message | undefined>,
): Promise<'sent' | 'none' | 'later'> {
  const from = mailed.get(notice) ?? 0;
  if (from > now()) return from === Number.POSITIVE_INFINITY ? 'none' : 'later';
  const message = (await store.get(notice)) ? undefined : await build();
  if (message) {
    const { kind, code } = { code: '', ...(await mailer(message)) };
    if (kind === 'account') report('account_fault', { order: notice, code });
    if (kind === 'refused') report('failed', { order: notice, step: 'mail to the seller', error: code });
    if (kind !== 'sent' && kind !== 'refused') {
      mailed.set(notice, now() + (kind === 'unknown' ? UNKNOWN_MS : 0));
      return 'later';
    }
    await store.put({ kind: 'notice', key: notice, version: 1, receivedAt: toAt(now()) }, undefined);
    report('seller_mailed', { notice });
  }
  mailed.set(notice, Number.POSITIVE_INFINITY);
  return message ? 'sent' : 'none';
}

/** Has no name and no address: the command shows them. */
function heldMail(catalogue: Catalogue, { key, printed, test, held, lines }: OrderView): Message {
  const number = oneLine(printed ?? idIn(key));
  const products = lines.flatMap(({ product, sku, held: reason }) => {
    const name = findProduct(catalogue, product ?? '')?.name ?? sku;
    return reason ? [`${oneLine(name) || 'unknown product'}: ${reason}. To do: ${HINTS[reason]}`] : [];
  });
  const reasons = held.map((reason) => `${reason}. To do: ${HINTS[reason]}`);
  const subject = `${test ? 'TEST ' : ''}Order ${number} is held: ${held.join(', ')}`;
  return toSeller(catalogue, subject, [
    `Order ${number} is held, and its buyer waits until you resolve it.`,
    ...(products.length > 0 ? products : reasons),
    `npm run keypost -- orders show ${quoted(key)}\nnpm run keypost -- orders release ${quoted(key)}`,
  ]);
}

const digest = (catalogue: Catalogue, lines: readonly string[]): Message =>
  toSeller(catalogue, `${lines.length} notices and requests wait for you`, [
    'These wait for you: buyers’ requests, providers whose orders could not be listed (reconcile), and types of notifications that carry money and that Keypost ignores.',
    lines.map(oneLine).join('\n'),
    'npm run keypost -- orders waiting',
  ]);

const quoted = (key: string): string => `'${key.replaceAll("'", "'\\''")}'`;

function toSeller({ seller }: Catalogue, subject: string, texts: readonly string[]): Message {
  const name = oneLine(seller.name);
  const blocks = texts.map((text) => paragraph('{text}', { text }));
  return {
    ...{ to: seller.alarms, from: { name, address: seller.from }, replyTo: seller.replyTo },
    subject: oneLine(subject),
    ...joinBlocks(blocks, { lang: 'en', dir: 'ltr', title: subject, seller: name }),
    headers: { 'Auto-Submitted': 'auto-generated' },
    tags: SELLER_TAG,
  };
}

/** Distinguishes these mails from those to buyers. */
export const SELLER_TAG = { about: 'seller' };

/** The items that this process has read: by key and time, true for an order without a serial. */
export type Classes = Map<string, { readonly lacks: boolean; readonly until: number }>;

/** Returns since when the oldest order without a serial waits, and the oldest of everything else. */
export async function oldestWaiting(
  { store, now }: Pick<Ports, 'store' | 'now'>,
  entries: readonly Waiting[],
  classes: Classes,
): Promise<{ readonly order?: At | undefined; readonly other?: At | undefined }> {
  let [order, other]: (At | undefined)[] = [];
  for (const { key, heldAt } of entries) {
    if (order && other) break;
    const known = classes.get(`${key} ${heldAt}`);
    const item = known && known.until > now() ? undefined : await store.get(key);
    const lacks = item ? lacksSerial(item) : (known?.lacks ?? true);
    if (item) classes.set(`${key} ${heldAt}`, { lacks, until: now() + CLASS_MS });
    if (lacks) order ??= heldAt;
    else other ??= heldAt;
  }
  return { order, other };
}

const CLASS_MS = 60 * MINUTE;
