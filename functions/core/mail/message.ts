/** Builds the mails to the buyer. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import { idIn } from '../order/keys.ts';
import type { Order, Send } from '../order/types.ts';
import { toMailbox } from './address.ts';
import { type Block, joinBlocks, oneLine, paragraph } from './blocks.ts';
import { type Item, itemsOf, letter, notice, testNotice } from './words.ts';

/** A mail before `aws/mime.ts` encodes it as MIME. */
export interface Message {
  readonly to: string;
  readonly from: { readonly name: string; readonly address: string };
  readonly replyTo: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Attached files: a licence that the app reads. */
  readonly files?: readonly { readonly name: string; readonly content: string }[];
  readonly headers: Readonly<Record<string, string>>;
  /** SES message tags: letters, digits, `_` and `-`, at most 256. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Builds the mail of a send. Throws if there is no address, or no serial that the mail has to carry. */
export function serialMail(catalogue: Catalogue, order: Order, send: Send): Message {
  const { seller } = catalogue;
  const buyer = toMailbox(order.buyer.email);
  // The mail to a previous owner goes to the address that the send names.
  const to = order.test ? seller.alarms : send.about === 'moved' ? toMailbox(send.to) : buyer;
  const number = oneLine(order.printed ?? idIn(order.key));
  const { subject, blocks, files = [] } = contentOf(catalogue, order, send, number);
  if (!to) throw new Error('found an order without an address to mail');
  return {
    to,
    from: { name: oneLine(seller.name), address: seller.from },
    replyTo: seller.replyTo,
    subject: oneLine(`${order.test ? 'TEST ' : ''}${subject}`),
    ...joinBlocks([
      ...(order.test ? [testNotice(buyer)] : []),
      ...blocks,
      paragraph`${oneLine(seller.name)}`,
    ]),
    ...(files.length > 0 && { files }),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      // Gmail groups mails of equal subject into a thread unless this header differs.
      'X-Entity-Ref-ID': toPrintable(order.key).slice(0, LONGEST_REFERENCE),
    },
    tags: tagsOf(order, send),
  };
}

interface Content extends Pick<Message, 'subject' | 'files'> {
  readonly blocks: readonly Block[];
}

function contentOf(catalogue: Catalogue, order: Order, send: Send, number: string): Content {
  if (send.about !== 'serials') return notice(catalogue, order, send.about, number);
  const items = itemsOf(catalogue, order, send);
  if (items.length === 0) throw new Error('found an order without a serial to mail');
  const files = items.flatMap(({ mail, serial: content }) =>
    mail?.file ? { name: mail.file === true ? 'licence.txt' : mail.file, content } : [],
  );
  return { subject: subjectOf(items, number), blocks: letter(order, number, items), files };
}

const LONGEST_REFERENCE = 200;
const LONGEST_TAG = 256;

function subjectOf([first, ...others]: readonly Item[], number: string): string {
  const rest = others.length > 1 ? `${others.length} more` : others[0]?.product;
  if (rest) return `Your serials for ${first?.product} and ${rest} (order ${number})`;
  return first?.mail?.subject ?? `Your serial for ${first?.product} (order ${number})`;
}

/** SES returns the tags with each event, so that the outcome of a send is known even if SES's response was lost. */
function tagsOf({ key }: Order, { n }: Send): Record<string, string> {
  const order = Buffer.from(key).toString('base64url');
  return { send: String(n), ...(order.length <= LONGEST_TAG ? { order } : {}) };
}

/** Percent-encodes every byte that is not printable ASCII: a header's value may contain ASCII only. */
const toPrintable = (key: string): string =>
  Buffer.from(key)
    .toString('latin1')
    .replace(/[^\x21-\x7e]/g, (byte) => `%${Buffer.from(byte, 'latin1').toString('hex').toUpperCase()}`);
