/** The text of the mail. */
import type { Catalogue, Product } from '../catalogue/catalogue.ts';
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
    const known = Object.hasOwn(products, product) ? products[product] : undefined;
    const { licensee, serial } = issued;
    return [{ product: oneLine(known?.name ?? product), mail: known?.mail, licensee, serial, quantity }];
  });

/** @param number the number on the store's receipt, or the provider's ID of the order */
export function letter(order: Order, number: string, items: readonly Item[]): Block[] {
  const name = oneLine(order.buyer.name ?? '');
  const hasHeld = order.lines.some(({ state, via }) => state === 'held' && via === 'mail');
  return [
    name && name.length <= LONGEST_GREETING ? paragraph`Hello ${name},` : paragraph`Hello,`,
    items.length === 1
      ? paragraph`Thank you for your order ${number}. Here is your serial.`
      : paragraph`Thank you for your order ${number}. Here are your serials.`,
    ...items.flatMap(section),
    ...(hasHeld ? [HELD] : []),
    KEEP,
  ];
}

/** The first paragraph of a test order's mail, which goes to the seller. */
export const testNotice = (buyer: string | undefined): Block =>
  paragraph`This is a test order. Its serial was made with a throw-away key and is useless in the real app. The mail of a real order would have gone to ${buyer ?? 'the buyer'}.`;

const LONGEST_GREETING = 100;

const HOW = paragraph`Enter the name and the serial exactly as they stand here, with every capital, space and accent; copying and pasting is safest.`;
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
