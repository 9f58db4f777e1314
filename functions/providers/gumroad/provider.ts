// Gumroad does not sign. https://gumroad.com/ping and antiwork/gumroad: app/modules/purchase/ping_notification.rb (the fields), app/sidekiq/
// post_to_individual_ping_endpoint_worker.rb (form, retries), Purchase#as_json version 2 (the sale as its API has it)
import * as z from 'zod/mini';
import { findInApi } from '../../core/inbound/ask-api.ts';
import { form, part, uniqueFields } from '../../core/inbound/body.ts';
import type { HeldReason, OrderEvent } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireEqual } from '../../core/inbound/signature.ts';
import { fromMinor } from '../../core/order/money.ts';
import { paid } from './paid.ts';

export const Options = z.strictObject({
  sellerId: z.string().check(z.minLength(1)),
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
    const fields = fieldsOf(body);
    const kind = fields.get('resource_name') ?? 'sale'; // The test ping has none.
    if (!/^(sale|refund|dispute|dispute_won)$/.test(kind)) return [];
    const ping = parsePing(fields, context.licenseeField);
    const { reread } = part(Options, context.options);
    const confirmed = reread ? await findPurchase(ping.id, context) : undefined;
    // Only the ping states the price of a gift and the number of the receipt.
    const sale = { ...(confirmed ?? ping), gift_price: ping.gift_price, order_number: ping.order_number };
    // A pre-order is charged under another ID when the product appears.
    if (sale.is_preorder_authorization) return [];
    const order = { id: ping.id, test: fields.get('test') === 'true' };
    if (reread && !confirmed && (sale.recurring_charge || sale.is_upgrade_purchase))
      throw new Rejection('bad_body', 'the API does not confirm the renewal; expected the same sale from it');
    // The API states how a dispute stands now. A ping has no time.
    const at = confirmed && new Date(context.now).toISOString();
    if (kind !== 'sale') return [{ kind: 'reversed', ...order, ...parseReversal(kind, sale, at) }];
    const unknown = reread ? 'no_buyer' : sale.subscription_id ? 'trial_unknown' : undefined;
    return [parseSale(order, sale, context, confirmed ? undefined : unknown)];
  },

  idIn({ body }) {
    const fields = fieldsOf(body);
    if ((fields.get('resource_name') ?? 'sale') !== 'sale')
      throw new Rejection('bad_body', 'this is no sale');
    return part(id, fields.get('sale_id'));
  },

  paid,
};

/** Rails repeats the name of an array, which ends in []. */
const fieldsOf = (body: Buffer) => uniqueFields([...form(body)].filter(([name]) => !name.endsWith('[]')));

function parseSale(
  order: { readonly id: string; readonly test: boolean },
  sale: z.output<typeof Purchase>,
  { knows, licenseeField }: Context,
  held: HeldReason | undefined,
): OrderEvent {
  const {
    product_id,
    product_permalink,
    quantity,
    is_gift_receiver_purchase: isGift,
    subscription_id,
  } = sale;
  const cents = isGift ? sale.gift_price : sale.price;
  // The currency in a ping is that of the product's page; the price paid is in US cents.
  const paid = cents === undefined ? undefined : fromMinor(cents, 2, 'USD');
  const common = { ...order, placedAt: sale.created_at, amount: paid, printed: sale.order_number };
  // The difference in price of an upgrade is another payment of the same membership.
  if (sale.recurring_charge || sale.is_upgrade_purchase)
    return {
      ...common,
      kind: 'renewed',
      id: subscription_id ?? order.id,
      aliases: [order.id],
      buyer: {},
      lines: [],
    };
  const until = sale.free_trial_ends_on;
  const isTrial = until !== undefined;
  return {
    ...common,
    kind: isTrial ? 'trial' : 'paid',
    ...(subscription_id ? { aliases: [subscription_id] } : {}),
    until:
      isTrial && !Number.isNaN(Date.parse(`${until} UTC`))
        ? new Date(`${until} UTC`).toISOString()
        : undefined,
    // The names of a gift are those of the giver, who may also have filled in the custom field.
    buyer: isGift
      ? { email: sale.purchase_email, payer: sale.full_name ?? 'unknown' }
      : {
          name: sale.full_name,
          email: sale.purchase_email,
          registration: s.customText(sale.custom_fields, licenseeField),
        },
    lines: [
      s.soldLine({
        sku: [product_id, product_permalink].find((one) => one && knows(one)) ?? product_id,
        quantity,
        paid,
        held: held ?? (isGift ? 'no_name' : undefined),
      }),
    ],
  };
}

/** A partial refund also comes as a refund, without an amount; only `refunded` distinguishes the two. */
function parseReversal(
  kind: string,
  { refunded, disputed, dispute_won }: z.output<typeof Purchase>,
  at: string | undefined,
) {
  if (kind === 'refund') {
    const reversal = { kind, state: 'done', part: refunded ? 'full' : 'partial' } as const;
    return { reversalId: kind, reversal };
  }
  // Gumroad's API may lag behind its ping; then a retry succeeds. The API never confirms a forged dispute.
  if (!disputed)
    throw new Rejection('provider_unavailable', 'the API does not confirm the dispute yet; expected a retry');
  const state = dispute_won ? 'won' : 'open';
  return { reversalId: 'dispute', reversal: { kind: 'chargeback', state, part: 'full', at } as const };
}

/**
 * Fetches the purchase from the API; undefined if the API refuses, or answers with another sale. For another seller's
 * sale it answers 200 without a sale.
 */
async function findPurchase(id: string, context: Context): Promise<z.output<typeof Purchase> | undefined> {
  const sale = (await findInApi(context, Answer, `/v2/sales/${encodeURIComponent(id)}`))?.sale;
  return sale?.id === id ? sale : undefined;
}

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
    order_number: fields.get('order_number'),
    subscription_id: fields.get('subscription_id'),
    price: count('price'),
    gift_price: count('gift_price'),
    quantity: count('quantity'),
    custom_fields: { [licenseeField]: fields.get(`custom_fields[${escaped}]`) ?? fields.get(escaped) },
    recurring_charge: is('is_recurring_charge'),
    is_upgrade_purchase: is('is_upgrade_purchase'),
    is_preorder_authorization: is('is_preorder_authorization'),
    is_gift_receiver_purchase: is('is_gift_receiver_purchase'),
    refunded: is('refunded'),
    disputed: is('disputed'),
    dispute_won: is('dispute_won'),
  });
}

/** The API's path contains this ID, so it must not lead elsewhere. */
const id = z.string().check(z.regex(/^[\w=-]{1,100}$/));

const Purchase = z.object({
  id,
  created_at: s.maybe(s.timestamp),
  product_id: s.maybe(id),
  product_permalink: s.text,
  purchase_email: s.text,
  full_name: s.text,
  order_number: s.printed,
  price: s.maybe(s.minor),
  gift_price: s.maybe(s.minor),
  quantity: s.maybe(s.quantity),
  custom_fields: s.customFields,
  subscription_id: s.maybe(id),
  /** Such as "Dec 4, 2026". Only the API's answer has it, for every sale of a subscription that began with a trial. */
  free_trial_ends_on: s.text,
  recurring_charge: s.flag,
  is_upgrade_purchase: s.flag,
  is_preorder_authorization: s.flag,
  is_gift_receiver_purchase: s.flag,
  refunded: s.flag,
  disputed: s.flag,
  dispute_won: s.flag,
});
const Answer = z.object({ sale: z.optional(Purchase) });
