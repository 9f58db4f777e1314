/** Lists every sale: https://gumroad.com/api#sales and antiwork/gumroad, app/controllers/api/v2/sales_controller.rb */
import * as z from 'zod/mini';
import { askApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { ListPaid } from '../../core/inbound/provider.ts';
import { customFields } from '../../core/inbound/shapes.ts';

const text = z.nullish(z.union([z.string(), z.number(), z.boolean()]));
const Sale = z.looseObject({
  id: z.string(),
  refunded: z.nullish(z.boolean()),
  partially_refunded: z.nullish(z.boolean()),
  disputed: z.nullish(z.boolean()),
  dispute_won: z.nullish(z.boolean()),
  test: z.nullish(z.boolean()),
  custom_fields: customFields,
  ...{ created_at: text, product_id: text, product_permalink: text, purchase_email: text, full_name: text },
  ...{ price: text, quantity: text, recurring_charge: text, is_preorder_authorization: text },
  is_gift_receiver_purchase: text,
});
type Sale = z.output<typeof Sale>;
const Page = z.object({ sales: z.array(Sale), next_page_key: z.nullish(z.string()) });

/** With `reread`, which is the default, each missing sale is fetched once more, as for a ping. */
export const paid: ListPaid = (since, context, from = '', read) =>
  listPages(from, async (key) => {
    // The filter has whole days.
    const after = new Date(since - 24 * 3_600_000).toISOString().slice(0, 10);
    const query = new URLSearchParams({ after, ...(key && { page_key: key }) });
    const { sales, next_page_key } = await askApi(context, Page, `/v2/sales?${query}`);
    const orders = sales.map((sale) => {
      const pings = kindsOf(sale).map((kind) => pingOf(kind, sale));
      const isReversed = pings.length > 1 ? !sale.dispute_won : undefined;
      return { id: sale.id, test: sale.test === true, isReversed, events: () => read(...pings) };
    });
    return { orders, next: next_page_key ?? undefined };
  });

const kindsOf = ({ refunded, partially_refunded, disputed, dispute_won }: Sale): string[] => [
  ...(refunded || partially_refunded ? ['refund'] : []),
  ...(disputed ? [dispute_won ? 'dispute_won' : 'dispute'] : []),
  'sale',
];

/** The ping has other names for some fields. */
function pingOf(kind: string, sale: Sale) {
  const { id, created_at, product_permalink, purchase_email, recurring_charge, custom_fields, ...same } =
    sale;
  const fields = {
    ...{ ...same, resource_name: kind, sale_id: id, sale_timestamp: created_at },
    ...{ short_product_id: product_permalink, email: purchase_email, is_recurring_charge: recurring_charge },
  };
  const entries = [
    ...Object.entries(fields),
    ...Object.entries(custom_fields).map(
      ([name, value]) => [`custom_fields[${name.replace(/[[\]]/g, encodeURIComponent)}]`, value] as const,
    ),
  ].flatMap(([name, value]) =>
    typeof value === 'object' || value === undefined
      ? []
      : `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
  );
  return bodyOf(entries.join('&'));
}
