/** Finds what is stored about a person by the mail address, and erases it. */
import { domainToUnicode } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { closedUnreadable } from '../inbound/reread.ts';
import { toMailbox } from '../mail/address.ts';
import { type Actor, eraseNotification, erase as eraseOrder } from '../order/manual.ts';
import type { Item, KeyChange, Raw } from '../order/types.ts';
import { type Shown, view } from '../order/view.ts';

/** An item that may contain personal data. */
export type Personal = Exclude<Shown, KeyChange>;

export const isPersonal = <Some extends Item>(item: Some): item is Some & Personal =>
  item.kind === 'order' || item.kind === 'unreadable' || item.kind === 'request';

/** Says whether a text contains the address. */
export type AddressFinder = (text: string) => boolean;

/** Finds the address in any case, plain, in an encoded form, or escaped in JSON. */
export function addressFinder(email: string): AddressFinder {
  const typed = email.trim();
  const mailbox = toMailbox(typed) ?? typed;
  const at = mailbox.lastIndexOf('@') + 1;
  const variants = [typed, mailbox, mailbox.slice(0, at) + domainToUnicode(mailbox.slice(at))].map(
    escapeRegExp,
  );
  // The characters around the match must not be part of a longer address.
  const address = new RegExp(
    `(?<![\\p{L}\\p{N}._+-])(?:${variants.join('|')})(?![\\p{L}\\p{N}-]|\\.[\\p{L}\\p{N}])`,
    'iu',
  );
  return (text) => [text, unescapeText(text)].some((one) => address.test(one));
}

/** Ignores derived fields, because a suggested address may belong to another person. */
export const contains = (item: Personal, isIn: AddressFinder): boolean =>
  isIn(JSON.stringify({ ...item, ...notificationOf(item) }));

/** True if only the notification has the address: one request may carry orders of several buyers. */
export const isAnotherBuyers = (item: Personal, isIn: AddressFinder): boolean =>
  item.kind === 'order' && item.buyer.email !== undefined && !contains({ ...item, raw: undefined }, isIn);

/** Returns everything that is stored with an order, as JSON. */
export const fullView = (item: Shown) => ({ ...view(item), ...notificationOf(item) });

/** A notification with its body as text. */
export type Notification = Omit<Raw, 'body'> & { readonly body: string };

const notificationOf = (item: Shown): { readonly raw?: Notification } =>
  'raw' in item && item.raw ? { raw: { ...item.raw, body: gunzipSync(item.raw.body).toString('utf8') } } : {};

/** True if the reason of an erasure contains the person's address, name or serial: it is stored. */
export const isRevealing = (why: string, isIn: AddressFinder, items: readonly Personal[]): boolean =>
  isIn(why) || items.flatMap(textsOf).some((text) => text && why.includes(text));

/** Returns the names and serials in an order. */
function textsOf(item: Personal) {
  const { buyer, lines } = view(item);
  const { name, company, registration } = buyer;
  return [
    ...[name, company, registration, ...lines.map(({ received }) => received)],
    ...lines.flatMap((line) =>
      [line, ...(line.superseded ?? [])].flatMap(({ licensee, serial }) => [licensee, serial]),
    ),
  ];
}

/** Returns the item without the person, or undefined if it does not contain the address any more. */
export function withoutPerson(
  item: Personal,
  isIn: AddressFinder,
  actor: Actor,
  now: number,
): Personal | undefined {
  if (!contains(item, isIn)) return undefined;
  // Its key stays: a run of redeliver may be working on it.
  if (item.kind === 'request') {
    const { kind, key, version, receivedAt, locale } = item;
    // The buyer who asked for the erasure gets a mail, and then the request is deleted.
    if (item.step === 'erased') return undefined;
    if (item.about === 'erasure')
      return { ...item, heldAt: undefined, step: 'erased', until: new Date(now).toISOString() };
    return { kind, key, version, receivedAt, locale, about: 'lost', address: '' };
  }
  if (item.kind === 'unreadable') {
    const after = { erased: 'notification' };
    const at = new Date(now).toISOString();
    return closedUnreadable(item, { at, ...actor, what: 'erase', before: {}, after });
  }
  const next = isAnotherBuyers(item, isIn)
    ? eraseNotification(item, actor, now)
    : eraseOrder(item, actor, now);
  return next === 'erased' ? undefined : next;
}

const escapeRegExp = (text: string) => text.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&');

function unescapeText(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString())
    .replace(/\\+u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\+[bfnrt]/g, ' ');
}
