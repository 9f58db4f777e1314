/** The content of each kind of mail. */
import { type Catalogue, findProduct, type Product } from '../catalogue/catalogue.ts';
import type { Buyer } from '../inbound/event.ts';
import { carriesLine, lacksName } from '../order/due.ts';
import type { Order, Send } from '../order/types.ts';
import { type Block, button, heading, oneLine, paragraph, verbatim } from './blocks.ts';
import { textIn } from './language.ts';
import { fill, plural, type Words } from './sentences.ts';

/** One product's section of the mail. Copies of a product share the serial. */
interface Item {
  readonly product: string;
  readonly mail: Product['mail'];
  readonly licensee: string;
  readonly serial: string;
  readonly quantity: number;
}

export interface Letter {
  readonly subject: string;
  readonly blocks: readonly Block[];
  /** Attached files: a licence that the app reads. */
  readonly files?: readonly { readonly name: string; readonly content: string }[];
}

/** The addresses of buyers' pages that a mail has. */
export interface PageLinks {
  readonly licences: string;
  /** The address of the page where the buyer of an order that is held for its name types the name. */
  readonly name?: string | undefined;
}

/** The values from which a mail is written. `number` is the number on the store's receipt, or the provider's ID of the order. */
export interface Writing {
  readonly catalogue: Catalogue;
  readonly words: Words;
  readonly order: Order;
  readonly number: string;
  readonly links?: PageLinks | undefined;
}

/** The lines that the mail carries. */
const itemsOf = ({ catalogue, order }: Writing, send: Send): Item[] =>
  order.lines.flatMap((line) => {
    if (line.state !== 'issued' || !carriesLine(send, line)) return [];
    const { product, quantity, issued } = line;
    const known = findProduct(catalogue, product);
    const { licensee, serial } = issued;
    return [{ product: oneLine(known?.name ?? product), mail: known?.mail, licensee, serial, quantity }];
  });

/** Throws if the send carries no serial. */
export function serialLetter(writing: Writing, send: Send): Letter {
  const { catalogue, order, number, words, links } = writing;
  const items = itemsOf(writing, send);
  const [first] = items;
  if (!first) throw new Error('found an order without a serial to mail');
  const text = (own: Parameters<typeof textIn>[0]) => textIn(own, words.tag, catalogue.seller);
  const names = listOf(
    items.map(({ product }) => product),
    words,
  );
  const values = { name: first.licensee, serial: first.serial, product: names, order: number };
  const own = items.flatMap(({ mail }) => text(mail?.subject) ?? [])[0];
  const hasHeld = order.lines.some(({ state, via }) => state === 'held' && via === 'mail');
  const sectionOf = ({ product, mail, licensee, serial, quantity }: Item): Block[] => {
    const about = { name: licensee, serial, product, order: number };
    const encoded = Object.entries(about).map(([name, value]) => [
      name,
      encodeURIComponent(Buffer.from(value).toString()),
    ]);
    const link = (label: 'activate' | 'download' | 'help') => {
      const address = text(mail?.[label]);
      return address
        ? [button(words[label], fill(address, Object.fromEntries(encoded)), catalogue.seller.accent)]
        : [];
    };
    return [
      heading(product),
      ...link('download'),
      ...paragraphs(text(mail?.instructions) ?? words.enter, about),
      verbatim(words.name, licensee, 'at words'),
      verbatim(words.serial, serial, 'anywhere'),
      ...(quantity > 1 ? [paragraph(plural(words, 'copies', quantity))] : []),
      ...link('activate'),
      ...link('help'),
    ];
  };
  return {
    subject: fill(own ?? plural(words, 'subject', items.length), values),
    blocks: [
      greeting(words, order.buyer.name),
      paragraph(plural(words, 'thanks', items.length), values),
      ...giftNotice(words, order.buyer, items),
      ...items.flatMap(sectionOf),
      ...(hasHeld ? [paragraph(words.restFollows), ...nameButton(writing)] : []),
      paragraph(words.keep),
      ...(links ? [button(words.lostSerial, links.licences, catalogue.seller.accent)] : []),
    ],
    files: items.flatMap(({ mail, serial: content }) =>
      mail?.file ? { name: mail.file === true ? 'licence.txt' : mail.file, content } : [],
    ),
  };
}

function greeting({ hello, helloUnnamed }: Words, received = ''): Block {
  const name = oneLine(received);
  return name && name.length <= LONGEST_GREETING ? paragraph(hello, { name }) : paragraph(helloUnnamed);
}

/** Names up to three products, then the number of the others. */
function listOf(names: readonly string[], words: Words): string {
  const shown = names.length > 3 ? [...names.slice(0, 3), plural(words, 'more', names.length - 3)] : names;
  return shown.length === 1 ? (shown[0] ?? '') : new Intl.ListFormat(words.lang).format(shown);
}

/** The licence is for somebody else than the person who paid. */
function giftNotice({ gift, giftReceived }: Words, buyer: Buyer, items: readonly Item[]): Block[] {
  if (buyer.payer !== undefined) return [paragraph(giftReceived)];
  const payers = [buyer.name, buyer.company].flatMap((name) => (name?.trim() ? name : []));
  const other = items.find(({ licensee }) => payers.every((payer) => !isSamePerson(licensee, payer)));
  return other && payers.length > 0 ? [paragraph(gift, { name: oneLine(other.licensee) })] : [];
}

/** True if one name has all words of the other, perhaps as initials: J. Smith and Smith, John. */
function isSamePerson(one: string, other: string): boolean {
  if (one === other) return true;
  const [few = [], many = []] = [wordsOf(one), wordsOf(other)].sort((a, b) => a.length - b.length);
  const isInitial = (short: string, long: string) => short.length === 1 && long.startsWith(short);
  const agree = (a: string, b: string) => a === b || isInitial(a, b) || isInitial(b, a);
  return few.join('') === many.join('') || few.every((word) => many.some((found) => agree(word, found)));
}
const wordsOf = (name: string): string[] =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toUpperCase()
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** The mails without a serial. A previous owner is not greeted, because the order has the new owner's name. */
export function notice(writing: Writing, about: Exclude<Send['about'], 'serials'>): Letter {
  const { catalogue, order, number, words } = writing;
  const ids = order.lines.flatMap(({ product }) => product ?? []);
  const names = ids.map((id) => oneLine(findProduct(catalogue, id)?.name ?? id));
  const end = order.trial?.until;
  const values = {
    product: names.length > 0 ? listOf(names, words) : words.yourOrder,
    order: number,
    date: end ? new Intl.DateTimeFormat(words.lang, DATE).format(Date.parse(end)) : '',
  };
  const hello = greeting(words, order.buyer.name);
  const letter = (subject: string, ...blocks: readonly Block[]) => ({
    subject: fill(subject, values),
    blocks,
  });
  switch (about) {
    case 'trial': {
      const until = paragraph(end ? words.trialUntil : words.trialBegan, values);
      return letter(words.trialSubject, hello, until, paragraph(words.questions));
    }
    case 'moved': {
      const moved = paragraph(words.moved, values);
      return letter(
        words.movedSubject,
        paragraph(words.helloUnnamed),
        moved,
        paragraph(words.movedQuestions),
      );
    }
    case 'held': {
      const page = nameButton(writing);
      const why = paragraph(lacksName(order) ? words.heldForName : words.heldForCheck);
      return letter(
        words.heldSubject,
        ...[hello, paragraph(words.held, values), ...(page.length > 0 ? page : [why])],
      );
    }
  }
}

/** The button to the page on which the buyer types the name, if the order lacks only that. */
const nameButton = ({ catalogue, order, words, links }: Writing): Block[] =>
  lacksName(order) && links?.name && catalogue.pages?.corrections
    ? [button(words.giveName, links.name, catalogue.seller.accent)]
    : [];

/** A day in UTC: which day it is for the buyer is unknown. */
const DATE = { dateStyle: 'long', timeZone: 'UTC' } as const;

const LONGEST_GREETING = 100;

const paragraphs = (plain: string, values: Parameters<typeof paragraph>[1]): Block[] =>
  plain
    .replaceAll(/\r\n?/g, '\n')
    .split(/\n\s*\n/)
    .flatMap((one) => (one.trim() ? [paragraph(one.trim(), values)] : []));
