/** Searches orders by address, number, name, serial or product. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { OrderView } from '../order/view.ts';

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
  { key, aliases = [], buyer, lines, printed }: OrderView,
): Searchable {
  const made = lines.flatMap((line) => [line, ...(line.superseded ?? [])]);
  const nameOf = (id: string | null) => (id && Object.hasOwn(products, id) ? products[id]?.name : undefined);
  const words = [
    ...[key, ...aliases, printed, buyer.name, buyer.company, buyer.registration, buyer.email],
    ...lines.flatMap(({ received, product, sku }) => [received, product, sku, nameOf(product)]),
    ...made.map(({ licensee }) => licensee),
  ];
  return {
    words: [...new Set(words)].flatMap((word) => (word ? plain(word) : [])).join('\n'),
    serials: made.flatMap(({ serial }) => (serial ? bare(serial) : [])).join('\n'),
  };
}

/** Returns the test whether an order has the text. */
export function matcher(text: string): (order: Searchable) => boolean {
  const wanted = plain(text);
  const digits = bare(text);
  return ({ words, serials }) =>
    words.includes(wanted) || (digits.length >= LEAST_OF_SERIAL && serials.includes(digits));
}

export const matchesSearch = ({ products }: Catalogue, order: OrderView, text: string): boolean =>
  matcher(text)(toSearchable(products, order));

/** Removes accents and capitals; ß becomes ss. */
const plain = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase().replace(/\s+/g, ' ').trim();

/** Keeps letters and digits only, however a serial is grouped. */
const bare = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase();
