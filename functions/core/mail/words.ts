/** The texts of the mails. */
import type { Catalogue, Product } from '../catalogue/catalogue.ts';
import type { HeldReason } from '../inbound/event.ts';
import { carriesLine } from '../order/due.ts';
import type { Order, Send } from '../order/types.ts';
import { type Block, heading, oneLine, paragraph, verbatim } from './blocks.ts';

/** One product's section of the mail. Copies of a product share the serial. */
export interface Item {
  readonly product: string;
  readonly mail: Product['mail'];
  readonly licensee: string;
  readonly serial: string;
  readonly quantity: number;
}

/** The lines that the mail carries. */
export const itemsOf = ({ products }: Catalogue, order: Order, send: Send): Item[] =>
  order.lines.flatMap((line) => {
    if (line.state !== 'issued' || !carriesLine(send, line)) return [];
    const { product, quantity, issued } = line;
    const known = findProduct(products, product);
    const { licensee, serial } = issued;
    return [{ product: oneLine(known?.name ?? product), mail: known?.mail, licensee, serial, quantity }];
  });

const findProduct = (products: Catalogue['products'], id: string) =>
  Object.hasOwn(products, id) ? products[id] : undefined;

/** @param number the number on the store's receipt, or the provider's ID of the order */
export function letter(order: Order, number: string, items: readonly Item[]): Block[] {
  const hasHeld = order.lines.some(({ state, via }) => state === 'held' && via === 'mail');
  return [
    greeting(order.buyer.name),
    items.length === 1
      ? paragraph`Thank you for your order ${number}. Here is your serial.`
      : paragraph`Thank you for your order ${number}. Here are your serials.`,
    ...items.flatMap(section),
    ...(hasHeld ? [HELD] : []),
    KEEP,
  ];
}

function greeting(received = ''): Block {
  const name = oneLine(received);
  return name && name.length <= LONGEST_GREETING ? paragraph`Hello ${name},` : paragraph`Hello,`;
}

/** The mails without a serial. A previous owner is not greeted, because the order has the new owner's name. */
export function notice(
  { products }: Catalogue,
  order: Order,
  about: Exclude<Send['about'], 'serials'>,
  number: string,
): { readonly subject: string; readonly blocks: readonly Block[] } {
  const ids = order.lines.flatMap(({ product }) => product ?? []);
  const names = ids.map((id) => oneLine(findProduct(products, id)?.name ?? id)).join(', ') || 'your order';
  const hello = greeting(order.buyer.name);
  switch (about) {
    case 'trial': {
      const end = order.trial?.until?.slice(0, 10);
      const until = end
        ? paragraph`Your trial of ${names} runs until ${end}. Your serial comes by mail with the first payment.`
        : paragraph`Your trial of ${names} has begun. Your serial comes by mail with the first payment.`;
      return { subject: `Your trial of ${names} (order ${number})`, blocks: [hello, until, QUESTIONS] };
    }
    case 'moved':
      return {
        subject: `Your licence for ${names} was transferred (order ${number})`,
        blocks: [
          paragraph`Hello,`,
          paragraph`The licence for ${names} (order ${number}) now belongs to another person.`,
          MOVED,
        ],
      };
    case 'held': {
      const lacksName = order.lines.some(
        (line) => line.state === 'held' && NAME_REASONS.includes(line.reason),
      );
      return {
        subject: `We have your order ${number}`,
        blocks: [
          hello,
          paragraph`Thank you for your order ${number}. It is safe, but your serial needs one more step.`,
          lacksName ? NAME_WANTED : CHECKED,
        ],
      };
    }
  }
}

const NAME_REASONS: readonly HeldReason[] = ['no_name', 'unmappable_name', 'name_too_long'];

/** The first paragraph of a test order's mail, which goes to the seller. */
export const testNotice = (buyer: string | undefined): Block =>
  paragraph`This is a test order. Its serial was made with a throw-away key and is useless in the real app. The mail of a real order would have gone to ${buyer ?? 'the buyer'}.`;

const LONGEST_GREETING = 100;

const HOW = paragraph`Enter the name and the serial exactly as they stand here, with every capital, space and accent; copying and pasting is safest.`;
const QUESTIONS = paragraph`If you have a question, just reply.`;
const MOVED = paragraph`If you did not ask for this, just reply, and we will help.`;
const NAME_WANTED = paragraph`The serial is made for a name, and we need the name to make it for. Please reply with the name as you want to type it into the app.`;
const CHECKED = paragraph`A person looks at your order first. Your serial then comes in a separate mail; you do not need to do anything.`;
const HELD = paragraph`Another part of your order needs a closer look first; its serial follows in a separate mail.`;
const KEEP = paragraph`Please keep this mail: you will need the name and the serial again on a new computer. If anything does not work, just reply, and we will help.`;

const section = ({ product, mail, licensee, serial, quantity }: Item): Block[] => [
  heading(product),
  ...(mail?.instructions ? paragraphs(mail.instructions) : [HOW]),
  verbatim('Name', licensee),
  verbatim('Serial', serial),
  ...(quantity > 1 ? [paragraph`${String(quantity)} copies: the serial is the same for each.`] : []),
];

const paragraphs = (plain: string): Block[] =>
  plain
    .replaceAll(/\r\n?/g, '\n')
    .split(/\n\s*\n/)
    .flatMap((one) => (one.trim() ? [paragraph`${one.trim()}`] : []));
