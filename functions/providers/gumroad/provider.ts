// Unsigned. https://gumroad.com/ping and antiwork/gumroad: app/modules/purchase/ping_notification.rb (the fields), app/sidekiq/
// post_to_individual_ping_endpoint_worker.rb (form, retries), Purchase#as_json version 2 (the sale as its API has it)
import * as z from 'zod/mini';
import { form, json, part } from '../../core/inbound/body.ts';
import type { HeldReason, Sale } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { requireEqual } from '../../core/inbound/signature.ts';
import { fromMinor } from '../../core/order/money.ts';

const Options = z.strictObject({
  /** The seller's id at Gumroad: every ping names it. */
  sellerId: z.string().check(z.minLength(1)),
  /** Whether Gumroad's API has to confirm each ping. Where not, whoever knows the address can make serials. */
  reread: z._default(z.boolean(), true),
});

export const gumroad: Provider = {
  apiUrl: 'https://api.gumroad.com',
  options: Options,

  verify({ query, body }, { keys, options }) {
    requireEqual(new URLSearchParams(query).get('secret') ?? undefined, keys);
    const seller = new URLSearchParams(body.toString()).get('seller_id') ?? undefined;
    requireEqual(seller, [part(Options, options).sellerId]);
  },

  async read({ body }, context) {
    const field = fieldsOf(body);
    const kind = field('resource_name') ?? 'sale'; // The test ping names none.
    if (!/^(sale|refund|dispute|dispute_won)$/.test(kind)) return [];
    const said = pinged(field, context.licenseeField);
    const known = part(Options, context.options).reread ? await asked(said.id, context) : said;
    // Only the ping tells what a gift has cost.
    const sale = { ...(known ?? said), gift_price: said.gift_price };
    // A renewal; or an order that is charged when the product appears, under another id.
    if (sale.recurring_charge || sale.is_preorder_authorization) return [];
    const order = { id: said.id, test: field('test') === 'true' };
    if (kind !== 'sale') return [{ kind: 'reversed', ...order, ...reversal(kind, sale) }];
    return [{ kind: 'paid', ...order, ...sold(sale, context, known ? undefined : 'no_buyer') }];
  },
};

function sold(
  sale: z.output<typeof Purchase>,
  { knows, licenseeField }: Context,
  held: HeldReason | undefined,
): Omit<Sale, 'kind' | 'id' | 'test'> {
  const { product_id, product_permalink, quantity, is_gift_receiver_purchase } = sale;
  const cents = is_gift_receiver_purchase ? sale.gift_price : sale.price;
  // The currency that a ping names is that of the product's page: what was paid is told in US cents.
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

/** A partial refund is called a refund too, and says no amount: only `refunded` tells them apart. */
function reversal(kind: string, { refunded, disputed, dispute_won }: z.output<typeof Purchase>) {
  if (kind === 'refund') {
    const fact = { kind, state: 'done', part: refunded ? 'full' : 'partial' } as const;
    return { reversalId: kind, reversal: fact };
  }
  // Gumroad's API may be behind its ping, and the next try finds it; a forged dispute it never confirms.
  if (!disputed) throw new Rejection('provider_unavailable', 'its API knows of no dispute yet');
  const fact = { kind: 'chargeback', state: dispute_won ? 'won' : 'open', part: 'full' } as const;
  return { reversalId: 'dispute', reversal: fact };
}

/** The purchase as the API has it; undefined where it will never say. */
async function asked(id: string, { api, ask }: Context): Promise<z.output<typeof Purchase> | undefined> {
  if (!api) return undefined;
  const url = `${api.url.replace(/\/$/, '')}/v2/sales/${encodeURIComponent(id)}`;
  try {
    // One that is not the seller's is answered with 200 and no sale.
    return json(Answer, await ask(url, { headers: { authorization: `Bearer ${api.key}` } })).sale;
  } catch (error) {
    if (error instanceof Rejection && error.code === 'provider_refused') return undefined;
    throw error;
  }
}

function fieldsOf(body: Buffer): (name: string) => string | undefined {
  const fields = form(body);
  return (name) => {
    const [value, another] = fields.getAll(name);
    if (another === undefined) return value;
    throw new Rejection('bad_body', `the form has ${name} more than once`);
  };
}

/** The ping in the API's words. */
function pinged(field: ReturnType<typeof fieldsOf>, licenseeField: string): z.output<typeof Purchase> {
  const is = (name: string) => field(name) === 'true';
  const count = (name: string) => (/^\d{1,12}$/.test(field(name) ?? '') ? Number(field(name)) : undefined);
  // Brackets in the name of a custom field are escaped once more than the rest.
  const typed = licenseeField.replace(/[[\]]/g, (bracket) => encodeURIComponent(bracket));
  return part(Purchase, {
    id: field('sale_id'),
    created_at: field('sale_timestamp'),
    product_id: field('product_id'),
    product_permalink: field('short_product_id'),
    purchase_email: field('email'),
    full_name: field('full_name'),
    price: count('price'),
    gift_price: count('gift_price'),
    quantity: count('quantity'),
    custom_fields: { [licenseeField]: field(`custom_fields[${typed}]`) ?? field(typed) },
    recurring_charge: is('is_recurring_charge'),
    is_preorder_authorization: is('is_preorder_authorization'),
    is_gift_receiver_purchase: is('is_gift_receiver_purchase'),
    refunded: is('refunded'),
    disputed: is('disputed'),
    dispute_won: is('dispute_won'),
  });
}

const id = z.string().check(z.regex(/^[\w=-]{1,100}$/));
const text = z.nullish(z.string().check(z.maxLength(1000)));
const cents = z.int().check(z.nonnegative());
const flag = z.nullish(z.boolean());

const Purchase = z.object({
  id,
  created_at: z.iso.datetime({ offset: true }),
  product_id: id,
  product_permalink: text,
  purchase_email: text,
  full_name: text,
  price: cents,
  gift_price: z.nullish(cents),
  quantity: z.int().check(z.minimum(1), z.maximum(10_000)),
  custom_fields: z.nullish(z.record(z.string(), z.unknown())),
  recurring_charge: flag,
  is_preorder_authorization: flag,
  is_gift_receiver_purchase: flag,
  refunded: flag,
  disputed: flag,
  dispute_won: flag,
});
const Answer = z.object({ sale: z.optional(Purchase) });
