/** Builds the mails to the buyer. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import { idIn, type Order, type Send } from '../order/types.ts';
import { toMailbox } from './address.ts';
import { type Block, footer, joinBlocks, oneLine, paragraph } from './blocks.ts';
import { textIn } from './language.ts';
import { type Letter, notice, type PageLinks, serialLetter } from './letter.ts';
import type { Words } from './sentences.ts';

/** A mail before `aws/mime.ts` encodes it as MIME. */
export interface Message {
  readonly to: string;
  readonly from: { readonly name: string; readonly address: string };
  readonly replyTo: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly files?: Letter['files'];
  readonly headers: Readonly<Record<string, string>>;
  /** SES message tags: letters, digits, `_` and `-`, at most 256. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Builds the mail of a send. Throws if there is no address, or no serial that the mail has to carry. */
export function serialMail(
  catalogue: Catalogue,
  order: Order,
  send: Send,
  words: Words,
  links?: PageLinks,
): Message {
  const { seller } = catalogue;
  const buyer = toMailbox(order.buyer.email);
  // The mail to a previous owner goes to the address that the send names.
  const to = order.test ? seller.alarms : send.about === 'moved' ? toMailbox(send.to) : buyer;
  const writing = { catalogue, order, words, links, number: oneLine(order.printed ?? idIn(order.key)) };
  const letter = send.about === 'serials' ? serialLetter(writing, send) : notice(writing, send.about);
  const { subject, blocks, files = [] } = letter;
  if (!to) throw new Error('found an order without an address to mail');
  // The mail of a test order goes to the seller.
  const first = order.test ? [paragraph(words.test, { buyer: buyer ?? words.theBuyer })] : [];
  return {
    ...mailToBuyer(seller, words, to, `${order.test ? 'TEST ' : ''}${subject}`, [...first, ...blocks]),
    ...(files.length > 0 && { files }),
    headers: {
      'Content-Language': words.lang,
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      // Gmail groups mails of equal subject into a thread unless this header differs.
      'X-Entity-Ref-ID': toPrintable(order.key).slice(0, LONGEST_REFERENCE),
    },
    tags: tagsOf(order, send),
  };
}

/** Adds the signature and the legal notices to the blocks of a mail. */
export function mailToBuyer(
  seller: Catalogue['seller'],
  words: Pick<Words, 'lang' | 'dir' | 'tag' | 'imprint' | 'privacy'>,
  to: string,
  subject: string,
  blocks: readonly Block[],
): Omit<Message, 'headers' | 'tags'> {
  const { lang, dir } = words;
  const { from: address, replyTo, logo, accent } = seller;
  const name = oneLine(seller.name);
  const title = oneLine(subject);
  const legal = (['imprint', 'privacy'] as const).flatMap((key) => {
    const text = textIn(seller[key], words.tag, seller);
    return text ? [footer(words[key], text)] : [];
  });
  const all = [...blocks, paragraph('{seller}', { seller: name }), ...legal];
  return {
    ...{ to, from: { name, address }, replyTo, subject: title },
    ...joinBlocks(all, { lang, dir, title, seller: name, logo, accent }),
  };
}

const LONGEST_REFERENCE = 200;
const LONGEST_TAG = 256;

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
