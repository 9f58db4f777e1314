import type { Order } from '../../../functions/core/order/order.ts';
import { columns } from '../cli/columns.ts';

/** Orders as a table for people. */
export const orderTable = (orders: readonly Order[]): string =>
  columns([
    ['RECEIVED', 'ORDER', 'BUYER', 'PRODUCTS', 'STATUS', 'MAIL', 'HELD'],
    ...orders.map(({ receivedAt, key, buyer, lines, status, mail }) => [
      minute(receivedAt),
      key,
      buyer.name || buyer.email ? `${buyer.name ?? '?'} <${buyer.email ?? '?'}>` : '',
      distinct(lines.map(({ product, sku, quantity }) => `${product ?? (sku || '?')}${times(quantity)}`)),
      status,
      mail.state,
      distinct(lines.flatMap(({ held }) => held ?? [])),
    ]),
  ]);

/** As it is read: UTC, to the minute. */
export const minute = (time: string): string => time.slice(0, 16).replace('T', ' ');

const times = (quantity: number) => (quantity > 1 ? ` × ${quantity}` : '');
const distinct = (values: readonly string[]) => [...new Set(values)].join(', ');
