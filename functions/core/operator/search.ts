/** Whether an order is what somebody looks for, who has a name, a serial or a product in mind. */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { OrderView } from '../order/view.ts';

/** Fewer letters and digits stand in the serials of half the customers. */
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

/** Without accents and capitals; ß is SS. */
const plain = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase().replace(/\s+/g, ' ').trim();

/** The letters and digits alone, however a serial is parted. */
const bare = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase();
