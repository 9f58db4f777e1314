/** Judges past orders by the catalogue that is about to be deployed, without a key and without making a serial. */
import { createReadStream } from 'node:fs';
import * as z from 'zod/mini';
import { type Catalogue, ownerOf } from '../../../functions/core/catalogue/catalogue.ts';
import type { ProductKeys } from '../../../functions/core/catalogue/keys.ts';
import { isPaid } from '../../../functions/core/order/due.ts';
import { emptyOrder } from '../../../functions/core/order/settle.ts';
import { keyOf, type Line, type Order } from '../../../functions/core/order/types.ts';
import { hasKey, judgeWith } from '../../../functions/core/serial/lines.ts';
import { CommandError } from '../cli/failure.ts';
import { dayOf } from '../cli/option-values.ts';
import type { Target } from '../cli/target.ts';
import { csvRecords } from '../data/csv.ts';
import { allEntries, entriesOfDays, fetchItems, openTable } from '../orders/table.ts';

const DAYS = 90;
const DAY_MS = 24 * 3_600_000;

/** Returns the genuine orders of the last 90 days. */
export async function recentOrders(target: Target): Promise<Order[]> {
  const { table } = await openTable(target);
  const days = Array.from({ length: DAYS }, (_, ago) => dayOf(Date.now() - ago * DAY_MS));
  const keys = (await allEntries(entriesOfDays(table, days))).map(({ key }) => key);
  const items = await fetchItems(table, keys);
  return items.flatMap((item) => (item.kind === 'order' && !item.test && isPaid(item) ? item : []));
}

const Row = z.object({
  ...{ provider: z.string(), order: z.string(), sku: z.string(), name: z.string(), email: z.string() },
  amount: z.string().check(z.regex(/^\d{1,12}(\.\d{1,6})?$/)),
  currency: z.string().check(z.regex(/^[A-Z]{3}$/)),
});

/** Returns the orders of a CSV, one for each line. Throws a CommandError that names the first faulty line. */
export async function ordersOf(file: string): Promise<Order[]> {
  const orders: Order[] = [];
  let header: readonly string[] | undefined;
  for await (const record of csvRecords(createReadStream(file, { encoding: 'utf8' }))) {
    if ('mistake' in record) throw new CommandError(`${file}:${record.line}: ${record.mistake}`);
    const { fields, line } = record;
    if (!header) {
      header = fields.map((name) => name.trim().toLowerCase());
      continue;
    }
    const named = Object.fromEntries(header.map((name, at) => [name, fields[at]?.trim()]));
    const { data: row, error } = Row.safeParse(named);
    if (!row)
      throw new CommandError(
        `${file}:${line}: found no valid ${error.issues[0]?.path.join('.')}; expected the columns ${Object.keys(Row.shape).join(',')}, and an amount such as 39.00`,
      );
    const paid = { value: row.amount, currency: row.currency };
    orders.push({
      ...emptyOrder(keyOf(row.provider, false, row.order), row.provider, false, 0),
      ...{ amount: paid, buyer: { name: row.name, email: row.email } },
      lines: [{ id: 1, sku: row.sku, quantity: 1, paid, via: 'mail', state: 'pending', product: null }],
    });
  }
  return orders;
}

/** Says how many orders would be held and why; undefined if none would be. */
export function judgeOrders(catalogue: Catalogue, orders: readonly Order[]): string | undefined {
  const keys = invented(catalogue);
  const reasons = new Map<string, Map<string, number>>();
  let held = 0;
  for (const order of orders) {
    const found = order.lines.flatMap((line) => judgeAgain(catalogue, keys, order, line) ?? []);
    if (found.length > 0) held += 1;
    for (const { reason, detail } of found.slice(0, 1)) {
      const details = reasons.get(reason) ?? new Map<string, number>();
      reasons.set(reason, details.set(detail, (details.get(detail) ?? 0) + 1));
    }
  }
  if (held === 0) return undefined;
  const parts = mostFirst([...reasons].map(([reason, details]) => [reason, sum(details), details] as const));
  const text = parts.map(([reason, count, details]) => `${count} ${reason}${examples(details)}`).join(', ');
  return `of ${orders.length} orders ${held} would be held: ${text}; docs/runbook.md explains each reason`;
}

function judgeAgain(catalogue: Catalogue, keys: ProductKeys, order: Order, line: Line) {
  const { id, sku, quantity, paid, settlement, via } = line;
  if (sku === '' || via === 'elsewhere' || line.state === 'erased') return undefined;
  const provider = Object.keys(catalogue.providers).find((name) => sellsAs(catalogue, name, order, sku));
  const fresh = { id, sku, quantity, paid, settlement, via, state: 'pending', product: null } as const;
  const judged = judgeWith({ catalogue, keys }, provider ?? order.provider)(fresh, order);
  // Doctor checks the keys. A product without an invented key is of a kind that needs no name.
  if (judged.state !== 'held' || judged.reason === 'product_key') return undefined;
  const { reason } = judged;
  const isPrice = reason === 'price_unknown' || reason === 'below_floor';
  const detail = reason === 'unknown_product' ? sku : isPrice ? (paid?.currency ?? 'no amount') : '';
  return { reason, detail };
}

/** Several entries of the catalogue can share the orders of one provider. */
const sellsAs = (catalogue: Catalogue, name: string, { provider }: Order, sku: string): boolean =>
  ownerOf(catalogue, name) === provider &&
  Object.values(catalogue.products).some(({ skus }) => skus[name]?.includes(sku));

/** For each product a key of the form that its profile requires, because the real ones may not be set yet. */
const invented = ({ products }: Catalogue): ProductKeys =>
  Object.fromEntries(
    Object.entries(products).flatMap(([id, product]) => {
      const versions = ['0123456789abcdef', '00'.repeat(16), Buffer.alloc(16).toString('base64')].map(
        (key) => [{ version: 1, key }],
      );
      const fitting = versions.find((one) => hasKey(product, one));
      return fitting ? [[id, fitting]] : [];
    }),
  );

const SHOWN = 3;

function examples(details: ReadonlyMap<string, number>): string {
  const named = mostFirst([...details].filter(([name]) => name !== ''));
  const shown = named.slice(0, SHOWN).map(([name, count]) => `${name} ${count}`);
  return shown.length === 0 ? '' : ` (${shown.join(', ')}${named.length > SHOWN ? ' …' : ''})`;
}

const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((all, one) => all + one, 0);
const mostFirst = <Entry extends readonly [string, number, ...unknown[]]>(
  entries: readonly Entry[],
): Entry[] => [...entries].sort(([, one], [, other]) => other - one);
