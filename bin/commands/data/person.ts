/** Finds everything that is stored about a person, by the person's mail address. */
import { domainToUnicode } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { toMailbox } from '../../../functions/core/mail/address.ts';
import type { Item, Order, Request, Unreadable } from '../../../functions/core/order/types.ts';
import { view } from '../../../functions/core/order/view.ts';
import { type OptionsOf, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { everyItem, openTable } from '../orders/table.ts';

export const withPersonOptions = (command: Command) =>
  withTargetOptions(command).requiredOption(
    '--email <address>',
    "the person's address, in any case",
    parseAddress,
  );

type PersonOptions = OptionsOf<typeof withPersonOptions>;

/** Accepts an address that mail cannot reach, because an order with such an address is held and stored. */
function parseAddress(text: string): string {
  if (/\S@\S/.test(text)) return text;
  throw new InvalidArgumentError('Expected an address such as name@example.com.');
}

/**
 * Reads the whole table and returns every order that contains the address, including unreadable notifications.
 * @param reading `isConsistent` if the orders are to be changed.
 */
export async function findPerson(
  terminal: Terminal,
  options: PersonOptions,
  reading: { readonly isConsistent?: boolean; readonly limit?: number | undefined } = {},
) {
  const target = targetFrom(options, terminal.env);
  const { table, store } = await openTable(target);
  const isIn = addressFinder(options.email);
  terminal.complain('reading the whole table');
  const orders: Personal[] = [];
  const { limit = Number.POSITIVE_INFINITY } = reading;
  for await (const items of everyItem(table, reading)) {
    orders.push(...items.filter(isPersonal).filter((item) => contains(item, isIn)));
    if (orders.length >= limit) break;
  }
  orders.splice(limit);
  return { target, isIn, store, orders };
}

/** An item that may contain personal data. */
export type Personal = Order | Unreadable | Request;

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
export const fullView = (item: Personal) => ({ ...view(item), ...notificationOf(item) });

const notificationOf = (item: Personal) =>
  'raw' in item && item.raw ? { raw: { ...item.raw, body: gunzipSync(item.raw.body).toString('utf8') } } : {};

const escapeRegExp = (text: string) => text.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&');

function unescapeText(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString())
    .replace(/\\+u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\+[bfnrt]/g, ' ');
}
