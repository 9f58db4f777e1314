// Gumroad does not sign. https://gumroad.com/ping and antiwork/gumroad: app/modules/purchase/ping_notification.rb (the fields), app/sidekiq/
// post_to_individual_ping_endpoint_worker.rb (form, retries), Purchase#as_json version 2 (the sale as its API has it)
import * as z from 'zod/mini';
import { findInApi } from '../../core/inbound/ask-api.ts';
import { form, part, uniqueFields } from '../../core/inbound/body.ts';
import type { HeldReason, Sale } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { customFields, minor, text, timestamp } from '../../core/inbound/shapes.ts';
import { requireEqual } from '../../core/inbound/signature.ts';
import { fromMinor } from '../../core/order/money.ts';

const Options = z.strictObject({
  /** The seller's ID at Gumroad, which every ping contains. */
  sellerId: z.string().check(z.minLength(1)),
  /** True if Gumroad's API has to confirm each ping. Otherwise anybody who knows the address can make serials. */
  reread: z._default(z.boolean(), true),
});

export const gumroad: Provider = {
  name: 'gumroad',
  apiUrl: 'https://api.gumroad.com',
  options: Options,

  verify({ query, body }, { keys, options }) {
    requireEqual(new URLSearchParams(query).get('secret') ?? undefined, keys);
    const seller = new URLSearchParams(body.toString()).get('seller_id') ?? undefined;
    requireEqual(seller, [part(Options, options).sellerId]);
  },

  async read({ body }, context) {
    // Rails repeats the name of an array, which ends in [].
    const fields = uniqueFields([...form(body)].filter(([name]) => !name.endsWith('[]')));
    const kind = fields.get('resource_name') ?? 'sale'; // The test ping has none.
    if (!/^(sale|refund|dispute|dispute_won)$/.test(kind)) return [];
    const ping = parsePing(fields, context.licenseeField);
    const confirmed = part(Options, context.options).reread ? await findPurchase(ping.id, context) : ping;
    // Only the ping states the price of a gift.
    const sale = { ...(confirmed ?? ping), gift_price: ping.gift_price };
    // A renewal is not a sale. A pre-order is charged under another ID when the product appears.
    if (sale.recurring_charge || sale.is_preorder_authorization) return [];
    const order = { id: ping.id, test: fields.get('test') === 'true' };
    if (kind !== 'sale') return [{ kind: 'reversed', ...order, ...parseReversal(kind, sale) }];
    return [{ kind: 'paid', ...order, ...parseSale(sale, context, confirmed ? undefined : 'no_buyer') }];
  },
};

function parseSale(
  sale: z.output<typeof Purchase>,
  { knows, licenseeField }: Context,
  held: HeldReason | undefined,
): Omit<Sale, 'kind' | 'id' | 'test'> {
  const { product_id, product_permalink, quantity, is_gift_receiver_purchase } = sale;
  const cents = is_gift_receiver_purchase ? sale.gift_price : sale.price;
  // The currency in a ping is that of the product's page; the price paid is in US cents.
  const paid = cents == null ? undefined : fromMinor(cents, 2, 'USD');
  const sku = [product_id, product_permalink].find((one) => one && knows(one)) ?? product_id;
  const typed = sale.custom_fields?.[licenseeField];
  return {
    placedAt: new Date(sale.created_at).toISOString(),
    amount: paid,
    buyer: {
      name: sale.full_name ?? undefined,
      email: sale.purchase_email ?? undefined,
      registration: typeof typed === 'string' ? typed : undefined,
    },
    lines: [{ sku, quantity, paid, held }],
  };
}

/** A partial refund also comes as a refund, without an amount; only `refunded` distinguishes the two. */
function parseReversal(kind: string, { refunded, disputed, dispute_won }: z.output<typeof Purchase>) {
  if (kind === 'refund') {
    const reversal = { kind, state: 'done', part: refunded ? 'full' : 'partial' } as const;
    return { reversalId: kind, reversal };
  }
  // Gumroad's API may lag behind its ping; then a retry succeeds. The API never confirms a forged dispute.
  if (!disputed)
    throw new Rejection('provider_unavailable', 'the API does not confirm the dispute yet; expected a retry');
  const reversal = { kind: 'chargeback', state: dispute_won ? 'won' : 'open', part: 'full' } as const;
  return { reversalId: 'dispute', reversal };
}

/** Fetches the purchase from the API; undefined if the API refuses. For another seller's sale it answers 200 without a sale. */
const findPurchase = async (id: string, context: Context): Promise<z.output<typeof Purchase> | undefined> =>
  (await findInApi(context, Answer, `/v2/sales/${encodeURIComponent(id)}`))?.sale;

/** Parses a ping into the API's fields. */
function parsePing(fields: ReadonlyMap<string, string>, licenseeField: string): z.output<typeof Purchase> {
  const is = (name: string) => fields.get(name) === 'true';
  const count = (name: string) => {
    const digits = fields.get(name) ?? '';
    return /^\d{1,12}$/.test(digits) ? Number(digits) : undefined;
  };
  // Gumroad escapes brackets in the name of a custom field twice.
  const escaped = licenseeField.replace(/[[\]]/g, (bracket) => encodeURIComponent(bracket));
  return part(Purchase, {
    id: fields.get('sale_id'),
    created_at: fields.get('sale_timestamp'),
    product_id: fields.get('product_id'),
    product_permalink: fields.get('short_product_id'),
    purchase_email: fields.get('email'),
    full_name: fields.get('full_name'),
    price: count('price'),
    gift_price: count('gift_price'),
    quantity: count('quantity'),
    custom_fields: { [licenseeField]: fields.get(`custom_fields[${escaped}]`) ?? fields.get(escaped) },
    recurring_charge: is('is_recurring_charge'),
    is_preorder_authorization: is('is_preorder_authorization'),
    is_gift_receiver_purchase: is('is_gift_receiver_purchase'),
    refunded: is('refunded'),
    disputed: is('disputed'),
    dispute_won: is('dispute_won'),
  });
}

/** The API's path contains this ID, so it must not lead elsewhere. */
const id = z.string().check(z.regex(/^[\w=-]{1,100}$/));
const isTrue = z.nullish(z.boolean());

const Purchase = z.object({
  id,
  created_at: timestamp,
  product_id: id,
  product_permalink: text,
  purchase_email: text,
  full_name: text,
  price: minor,
  gift_price: z.nullish(minor),
  quantity: z.int().check(z.minimum(1), z.maximum(10_000)),
  custom_fields: customFields,
  recurring_charge: isTrue,
  is_preorder_authorization: isTrue,
  is_gift_receiver_purchase: isTrue,
  refunded: isTrue,
  disputed: isTrue,
  dispute_won: isTrue,
});
const Answer = z.object({ sale: z.optional(Purchase) });
