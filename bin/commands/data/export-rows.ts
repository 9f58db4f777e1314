/** Orders as rows that `import` takes, with two columns more. */
import { type Item, isListed, keyOf, type Order } from '../../../functions/core/order/order.ts';
import { csvLine } from '../cli/csv-cells.ts';
import { COLUMNS } from './import-row.ts';

export const HEADER = csvLine([...COLUMNS, 'status', 'mail']);

/** A line for each product that was sold; none of tests, and none of what no order could be made of. */
export function rowsOf(item: Item): string[] {
  if (!isListed(item)) return [];
  const { provider, buyer, status, mail, lines, placedAt = '' } = item;
  const order = idOf(item);
  if (order === undefined) return [];
  return lines.map(({ received, product, quantity, serial }) => {
    const name = received ?? buyer.name ?? '';
    const cells = [
      provider,
      order,
      placedAt,
      name,
      buyer.email ?? '',
      product ?? '',
      String(quantity),
      serial ?? '',
    ];
    return csvLine([...cells, status, mail.state]);
  });
}

/** The provider's id of a sale; undefined for what is none. */
function idOf({ key, provider }: Order): string | undefined {
  const id = key
    .slice(provider.length + 1)
    .replaceAll('%23', '#')
    .replaceAll('%25', '%');
  return keyOf(provider, false, id) === key ? id : undefined;
}
