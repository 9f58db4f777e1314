/** The orders that wait for a person, and what would let each go. */
import { DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { orderStore } from '../../functions/aws/orders.ts';
import type { HeldReason } from '../../functions/core/event.ts';
import { isAlias, type Order } from '../../functions/core/order.ts';
import type { Store } from '../../functions/core/world.ts';
import type { Place } from './place.ts';

const AT_ONCE = 25;
const CALL_MS = 10_000;

export async function ordersOf(place: Place): Promise<{ readonly store: Store; held(): Promise<Order[]> }> {
  const client = new DynamoDBClient(place.config);
  const { table } = await place.names();
  const store = orderStore(client, table, () => AbortSignal.timeout(CALL_MS));
  return {
    store,
    /** Those that wait longest first. */
    async held() {
      const keys = await heldKeys(client, table);
      const orders: Order[] = [];
      for (let at = 0; at < keys.length; at += AT_ONCE) {
        const items = await Promise.all(keys.slice(at, at + AT_ONCE).map((key) => store.get(key)));
        // The index may be behind: what has been released meanwhile is no concern any more.
        orders.push(
          ...items.filter(
            (item): item is Order => item !== undefined && !isAlias(item) && item.heldAt !== undefined,
          ),
        );
      }
      return orders;
    },
  };
}

async function heldKeys(client: DynamoDBClient, table: string): Promise<string[]> {
  const pages = paginateQuery(
    { client },
    {
      TableName: table,
      IndexName: 'held',
      KeyConditionExpression: '#held = :held',
      ExpressionAttributeNames: { '#held': 'held' },
      ExpressionAttributeValues: { ':held': { S: 'held' } },
    },
  );
  const keys: string[] = [];
  for await (const { Items = [] } of pages) keys.push(...Items.flatMap(({ key }) => key?.S ?? []));
  return keys;
}

/** What to do about each reason; behind a colon the words that `orders release KEY` needs then. */
export const HINTS: Readonly<Record<HeldReason, string>> = {
  bad_body: "look the order up at the provider: --product SKU=product --name 'the name' --email the@address",
  unknown_product: 'put the SKU into the catalogue and deploy, then release; or: --product SKU=product',
  no_name: "ask the buyer: --name 'the name'",
  unmappable_name: "the product cannot take this name, ask the buyer for another: --name 'the name'",
  name_too_long: "ask the buyer for a shorter one: --name 'the name'",
  bad_address: 'look the address up at the provider: --email the@address',
  below_floor: 'look at what was paid; releasing approves it',
  no_buyer: "look the buyer up at the provider: --name 'the name' --email the@address",
  product_key: '`keys set` the key of the product, then release',
  mail_refused: 'SES refuses this address: --email another@address',
  mail_age: 'unsent for three days; `doctor` says why; then release',
  bounced: 'mail came back from this address: --email another@address',
};
