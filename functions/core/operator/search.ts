/** Searches orders by name, serial, product or printed number. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { OrderView } from '../order/view.ts';

/** Shorter texts occur in too many serials. */
const LEAST_OF_SERIAL = 6;

export function matchesSearch(
  { products }: Catalogue,
  { buyer, lines, printed }: OrderView,
  text: string,
): boolean {
  const made = lines.flatMap((line) => [line, ...(line.superseded ?? [])]);
  const words = [
    printed,
    buyer.name,
    buyer.company,
    buyer.registration,
    ...lines.flatMap(({ received, product, sku }) => [received, product, sku, nameOf(products, product)]),
    ...made.map(({ licensee }) => licensee),
  ];
  const wanted = plain(text);
  const digits = bare(text);
  return (
    words.some((word) => word && plain(word).includes(wanted)) ||
    (digits.length >= LEAST_OF_SERIAL && made.some(({ serial }) => serial && bare(serial).includes(digits)))
  );
}

const nameOf = (products: Catalogue['products'], id: string | null) =>
  id && Object.hasOwn(products, id) ? products[id]?.name : undefined;

/** Removes accents and capitals; ß becomes ss. */
const plain = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase().replace(/\s+/g, ' ').trim();

/** Keeps letters and digits only, however a serial is grouped. */
const bare = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase();
