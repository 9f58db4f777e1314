/** Where a person's address stands, in whatever was kept. */
import { domainToUnicode } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { toMailbox } from '../../../functions/core/mail/address.ts';
import { isAlias, type Order, view } from '../../../functions/core/order/order.ts';
import { everyItem } from '../orders/scan.ts';
import type { Table } from '../orders/table.ts';

/** Whether a text has the address: whatever its case, as it stands, in a form, or escaped in JSON. */
export type Finder = (text: string) => boolean;

export function finderOf(email: string): Finder {
  const own = email.trim();
  const mailbox = toMailbox(own) ?? own;
  const at = mailbox.lastIndexOf('@') + 1;
  const spellings = [own, mailbox, mailbox.slice(0, at) + domainToUnicode(mailbox.slice(at))].map(literal);
  // What is around it must not be more of an address.
  const address = new RegExp(
    `(?<![\\p{L}\\p{N}._+-])(?:${spellings.join('|')})(?![\\p{L}\\p{N}-]|\\.[\\p{L}\\p{N}])`,
    'iu',
  );
  return (text) => [text, unquoted(text)].some((one) => address.test(one));
}

/** Every order in which the address stands, stubs and held notifications too. It reads the whole table. */
export async function tracesIn(table: Table, isIn: Finder): Promise<Order[]> {
  const found: Order[] = [];
  for await (const items of everyItem(table)) {
    found.push(...items.filter((item): item is Order => !isAlias(item) && isTraced(item, isIn)));
  }
  return found;
}

/** Not in what is only derived: an address that is suggested may be another's. */
export const isTraced = (order: Order, isIn: Finder): boolean =>
  isIn(JSON.stringify({ ...order, ...notificationOf(order) }));

/** Whether only its notification has the address: one request may bring the orders of several buyers. */
export const isAnothers = (order: Order, isIn: Finder): boolean =>
  order.buyer.email !== undefined && !isTraced({ ...order, raw: undefined }, isIn);

/** All that is kept with an order. */
export const readable = (order: Order) => ({ ...view(order), ...notificationOf(order) });

const notificationOf = ({ raw }: Order) =>
  raw ? { raw: { ...raw, body: gunzipSync(raw.body).toString('utf8') } } : {};

const literal = (text: string) => text.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&');

function unquoted(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString())
    .replace(/\\+u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\+[bfnrt]/g, ' ');
}
