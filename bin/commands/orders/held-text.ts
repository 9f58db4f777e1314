/** The orders' table as a person at the command line sees it; those that wait, and what would let each go. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { orderStore } from '../../../functions/aws/orders.ts';
import type { HeldReason } from '../../../functions/core/inbound/event.ts';
import type { Order } from '../../../functions/core/order/order.ts';
import type { Store } from '../../../functions/core/world.ts';
import type { Target } from '../cli/target.ts';
import { all, entries, ordersAt, type Table } from './table.ts';

const CALL_MS = 10_000;

export async function ordersOf(target: Target): Promise<{ readonly table: Table; readonly store: Store }> {
  const client = new DynamoDBClient(target.config);
  const { table: name } = await target.names();
  return { table: { client, name }, store: orderStore(client, name, () => AbortSignal.timeout(CALL_MS)) };
}

/** Those that wait longest first. */
export async function heldOrders(table: Table): Promise<Order[]> {
  const keys = (await all(entries(table, 'held', 'held'))).map(({ key }) => key);
  // The index may be behind: what has been released meanwhile is no concern any more.
  return (await ordersAt(table, keys)).filter(({ heldAt }) => heldAt).reverse();
}

/** What to do about each reason; behind a colon the words that `orders release KEY` needs then. */
export const HINTS: Readonly<Record<HeldReason, string>> = {
  bad_body:
    "after a fix release it; or look the order up at the provider: --product SKU=product --name 'the name' --email the@address",
  unknown_product: 'put the SKU into the catalogue and deploy, then release; or: --product SKU=product',
  no_name: "ask the buyer: --name 'the name'",
  unmappable_name: "the product cannot take this name, ask the buyer for another: --name 'the name'",
  name_too_long: "ask the buyer for a shorter one: --name 'the name'",
  bad_address: 'look the address up at the provider: --email the@address',
  below_floor: 'look at what was paid; releasing approves it',
  price_unknown: 'look at what was paid, at the provider; releasing approves it',
  wrong_payee: 'the payment is not known to be to your account: look there; releasing approves it',
  no_buyer:
    "`keys set` the API key, then release; or look the buyer up: --name 'the name' --email the@address",
  product_key: '`keys set` the key of the product, then release',
  mail_refused: 'SES refuses this address: --email another@address',
  mail_age: 'unsent for three days; `doctor` says why; then release',
  bounced: 'mail came back from this address: --email another@address',
};
