/** What a row of past orders makes of the order: no mail goes out, and a serial that is there stays for ever. */
import { type Catalogue, ownerOf } from '../../../functions/core/catalogue/catalogue.ts';
import { emptyOrder, keyOf, type Line, type Order, withAct } from '../../../functions/core/order/order.ts';
import type { Row, Wrong } from './import-row.ts';

export const keyOfRow = (catalogue: Catalogue, { provider, order }: Row): string =>
  keyOf(ownerOf(catalogue, provider), false, order);

/**
 * The order with what the row adds to it, or why that cannot be. Undefined where it has the serial, and where it was
 * erased: an old file must not bring a person back.
 */
export function withRow(
  catalogue: Catalogue,
  order: Order | undefined,
  row: Row,
  who: string,
  now: number,
): Order | Wrong | undefined {
  if (order?.status === 'erased') return undefined;
  const known = order?.lines.filter((line) => line.product === row.product) ?? [];
  if (known.some((line) => serialsOf(line).includes(row.serial))) return undefined;
  const why = order && obstacle(order, known);
  if (why) return { why };
  const provider = ownerOf(catalogue, row.provider);
  const old = order ?? emptyOrder(keyOfRow(catalogue, row), provider, false, Date.parse(row.date));
  const next: Order = {
    ...old,
    placedAt: old.placedAt ?? row.date,
    buyer: { name: row.name, email: row.email, ...old.buyer },
    lines: [...old.lines, lineOf(catalogue, row)],
    mail: old.mail.state === 'none' ? { ...old.mail, state: 'sent' } : old.mail,
  };
  const after = { product: row.product, licensee: row.licensee, serial: row.serial };
  return withAct(next, {
    at: new Date(now).toISOString(),
    who,
    what: 'import',
    why: null,
    before: {},
    after,
  });
}

/** Those that a person has replaced are the order's too. */
const serialsOf = ({ serial, superseded = [] }: Line) => [serial, ...superseded.map((one) => one.serial)];

function obstacle({ placedAt, heldAt, lines }: Order, known: readonly Line[]): string | undefined {
  if (known.some(({ serial }) => serial !== null))
    return 'order: it has another serial of this product, which stays';
  if (heldAt || known.length > 0) return 'order: it is held; `orders release` gives it its serial';
  // Its lines would go out as if they were paid for.
  return placedAt || lines.length === 0 ? undefined : 'order: the provider says that it is not paid yet';
}

function lineOf({ products }: Catalogue, { provider, product, quantity, name, ...row }: Row): Line {
  const skus = products[product]?.skus ?? {};
  const [sku, ...others] = Object.hasOwn(skus, provider) ? (skus[provider] ?? []) : [];
  return {
    // Which of several it was the file does not tell, and a sale that comes later is matched by the product.
    sku: sku !== undefined && others.length === 0 ? sku : product,
    product,
    quantity,
    delivery: 'mail',
    received: name,
    licensee: row.licensee,
    serial: row.serial,
    keyVersion: row.keyVersion,
    held: null,
    sent: true,
  };
}
