/** The mail that brings the serials. */

import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Order } from '../order/order.ts';
import { toMailbox } from './address.ts';
import { joined, oneLine, paragraph } from './blocks.ts';
import { type Item, itemsOf, letter, testNotice } from './words.ts';

/** A mail in our words; `aws/mime.ts` makes MIME of it. */
export interface Message {
  readonly to: string;
  readonly from: { readonly name: string; readonly address: string };
  readonly replyTo: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
  /** SES message tags: letters, digits, `_` and `-`, at most 256. */
  readonly tags: Readonly<Record<string, string>>;
}

/** The mail with every line that waits. Throws where there is nobody or nothing to mail. */
export function serialMail(catalogue: Catalogue, order: Order): Message {
  const { seller } = catalogue;
  const buyer = toMailbox(order.buyer.email);
  const to = order.test ? seller.alarms : buyer;
  const items = itemsOf(catalogue, order);
  if (!to || items.length === 0) throw new Error('an order without an address or a serial came to be mailed');
  const number = numberOf(order);
  return {
    to,
    from: { name: oneLine(seller.name), address: seller.from },
    replyTo: seller.replyTo,
    subject: oneLine(`${order.test ? 'TEST ' : ''}${subjectOf(items, number)}`),
    ...joined([
      ...(order.test ? [testNotice(buyer)] : []),
      ...letter(order, number, items),
      paragraph`${oneLine(seller.name)}`,
    ]),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      // Gmail folds mails of one subject together unless this differs.
      'X-Entity-Ref-ID': printable(order.key).slice(0, LONGEST_REFERENCE),
    },
    tags: tagsOf(order),
  };
}

const LONGEST_REFERENCE = 200;
const LONGEST_TAG = 256;

/** The provider's id, as it stands at the end of the key. */
const numberOf = ({ key }: Order): string => {
  const id = key.slice(key.lastIndexOf('#') + 1);
  return oneLine(id.replaceAll('%23', '#').replaceAll('%25', '%'));
};

function subjectOf([first, ...others]: readonly Item[], number: string): string {
  const more = others.length > 1 ? `${others.length} more` : others[0]?.product;
  const what = more ? `serials for ${first?.product} and ${more}` : `serial for ${first?.product}`;
  const own = more ? undefined : first?.mail?.subject;
  return own ?? `Your ${what} (order ${number})`;
}

/** SES hands the tags back with each event, so that a send whose answer was lost can be settled. */
function tagsOf({ key, version }: Order): Record<string, string> {
  const order = Buffer.from(key).toString('base64url');
  return { version: String(version), ...(order.length <= LONGEST_TAG ? { order } : {}) };
}

/** A header's value takes ASCII only: what is none is percent-encoded, byte by byte. */
const printable = (key: string): string =>
  Buffer.from(key)
    .toString('latin1')
    .replace(/[^\x21-\x7e]/g, (byte) => `%${Buffer.from(byte, 'latin1').toString('hex').toUpperCase()}`);
