/**
 * The session of a verb that reads orders: catalogue, table and store of its target. Orders for a person: a table of many, the
 * state of one after a change, and how to resolve a held line.
 */
import { HINTS } from '../../../functions/core/inbound/hints.ts';
import { findItem } from '../../../functions/core/operator/find.ts';
import { Refusal } from '../../../functions/core/operator/refusal.ts';
import type { OrderView, Shown } from '../../../functions/core/order/view.ts';
import { columns, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { readCatalogue, type Target, type TargetOptions, targetFrom } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { openTable } from './table.ts';

type OrderSession = Awaited<ReturnType<typeof openSession>>;

export async function openSession(options: TargetOptions, terminal: Terminal) {
  const catalogue = await readCatalogue(terminal);
  const target = targetFrom(options, terminal.env);
  return { target, catalogue, ...(await openTable(target)) };
}

/** Finds an item by its key, by an alias, or by the provider's ID. Throws a CommandError unless it finds exactly one. */
export async function findShown(session: OrderSession, text: string): Promise<Shown> {
  try {
    return await findItem(session, text);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new CommandError(completed(error.message, session.target));
  }
}

/** Replaces the verbs in a message of the operator by command lines. */
export const completed = (message: string, target: Target): string =>
  message.replace(/`(orders [^`]+)`/g, (_, verb: string) => `\`${target.command(verb)}\``);

/** Formats orders as a table. */
export const orderTable = (orders: readonly OrderView[]): string =>
  columns([
    ['RECEIVED', 'ORDER', 'BUYER', 'PRODUCTS', 'SERIAL', 'STATUS', 'MAIL', 'HELD'],
    ...orders.map(({ receivedAt, key, buyer, lines, status, mail, held }) => [
      formatMinute(receivedAt),
      key,
      buyer.name || buyer.email ? `${buyer.name ?? '?'} <${buyer.email ?? '?'}>` : '',
      distinct(lines.map(({ product, sku, quantity }) => `${product ?? (sku || '?')}${times(quantity)}`)),
      distinct(lines.flatMap(({ serial }) => serial ?? [])),
      status,
      mail.state,
      distinct(held),
    ]),
  ]);

/** Formats a time in UTC, to the minute. */
export const formatMinute = (time: string): string => `${time.slice(0, 16).replace('T', ' ')} UTC`;

const times = (quantity: number) => (quantity > 1 ? ` × ${quantity}` : '');
const distinct = (values: readonly string[]) => [...new Set(values)].join(', ');

/** Prints an order after a change. Throws a CommandError if a line is still held. */
export function printOutcome({ print }: Terminal, order: OrderView, asJson: boolean | undefined): void {
  print(asJson ? json(order) : outcome(order) || 'no line is left to mail');
  const left = order.lines.filter((line) => line.held).length;
  if (left > 0) throw new CommandError(`${left} of ${order.lines.length} lines of ${order.key} still held`);
}

/** Formats each line of the order as one row. */
const outcome = ({ lines, buyer, test }: OrderView): string =>
  columns(
    lines.map((line) => {
      const { sku, product, held, serial, delivery } = line;
      const to = test ? 'the seller' : (buyer.email ?? '');
      const isWaiting = serial !== null && delivery === 'mail' && !line.sent;
      const sent = isWaiting ? `goes to ${to} within a minute` : 'has been delivered already';
      return [product ?? sku, held ? `still held, ${held}: ${HINTS[held]}` : sent];
    }),
  );
