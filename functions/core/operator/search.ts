/** Searches orders by address, number, name, serial or product. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Order, Unreadable } from '../order/types.ts';
import { asOrder } from '../order/view.ts';

/** Shorter texts occur in too many serials. */
const LEAST_OF_SERIAL = 6;

/** The texts of an order in the form in which they are compared. */
export interface Searchable {
  readonly words: string;
  readonly serials: string;
}

/** @param products gives the names of the products by their IDs. */
export function toSearchable(
  products: Readonly<Record<string, Pick<Catalogue['products'][string], 'name'>>>,
  item: Order | Unreadable,
): Searchable {
  const { key, aliases, buyer, lines, printed } = item.kind === 'order' ? item : asOrder(item);
  const made = lines.flatMap((line) => (line.state === 'issued' ? [line.issued, ...line.superseded] : []));
  const nameOf = (id: string | null) => (id && Object.hasOwn(products, id) ? products[id]?.name : undefined);
  const words = [
    ...[key, ...aliases, printed, buyer.name, buyer.company, buyer.registration, buyer.email],
    ...lines.flatMap(({ product, sku }) => [product, sku, nameOf(product)]),
    ...made.map(({ licensee }) => licensee),
  ];
  return {
    words: plain([...new Set(words)].filter(Boolean).join(BETWEEN)),
    serials: made.map(({ serial }) => bare(serial)).join(BETWEEN),
  };
}

/** No text that is searched for has it, so no match spans two values. */
const BETWEEN = '\u0001';

/** Returns what to look for in an order's words and, unless the text is too short, in its serials. */
export function toWanted(text: string): { readonly words: string; readonly serials: string | undefined } {
  const serials = bare(text);
  return { words: plain(text), serials: serials.length < LEAST_OF_SERIAL ? undefined : serials };
}

export function matchesSearch({ products }: Catalogue, item: Order | Unreadable, text: string): boolean {
  const [{ words, serials }, wanted] = [toSearchable(products, item), toWanted(text)];
  return words.includes(wanted.words) || (wanted.serials !== undefined && serials.includes(wanted.serials));
}

/** Removes accents and capitals; ß becomes ss. */
const plain = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase().replace(/\s+/g, ' ').trim();

/** Keeps letters and digits only, however a serial is grouped. */
const bare = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase();
