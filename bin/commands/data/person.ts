/** Finds everything that is stored about a person, by the person's mail address. */
import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import {
  addressFinder,
  contains,
  isPersonal,
  type Personal,
} from '../../../functions/core/operator/person.ts';
import { type OptionsOf, targetFrom, withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { everyItem, openTable, type Table } from '../orders/table.ts';

export const withPersonOptions = (command: Command) =>
  withTargetOptions(command).requiredOption(
    '--email <address>',
    "the person's address, in any case",
    parseAddress,
  );

type PersonOptions = OptionsOf<typeof withPersonOptions>;

/** Accepts an address that mail cannot reach, because an order with such an address is held and stored. */
function parseAddress(text: string): string {
  if (/\S@\S/.test(text)) return text;
  throw new InvalidArgumentError('Expected an address such as name@example.com.');
}

/** Reads the whole table and returns every order that contains the address, including unreadable notifications. */
export async function findPerson(terminal: Terminal, options: PersonOptions, reading?: Reading) {
  const target = targetFrom(options, terminal.env);
  const { table } = await openTable(target);
  terminal.complain('reading the whole table');
  return { target, ...(await ordersWith(table, options.email, reading)) };
}

interface Reading {
  /** True if the orders are to be changed. */
  readonly isConsistent?: boolean;
  readonly limit?: number | undefined;
}

/** Also finds the orders of other buyers whose notification contains the address. */
export async function ordersWith(table: Table, email: string, reading: Reading = {}) {
  const isIn = addressFinder(email);
  const orders: Personal[] = [];
  const { limit = Number.POSITIVE_INFINITY } = reading;
  for await (const items of everyItem(table, reading)) {
    orders.push(...items.filter(isPersonal).filter((item) => contains(item, isIn)));
    if (orders.length >= limit) break;
  }
  orders.splice(limit);
  return { orders, isIn };
}
