/** Lists every paid order: https://shopify.dev/docs/api/admin-rest/latest/resources/order#get-orders */
import * as z from 'zod/mini';
import { askApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { ListPaid } from '../../core/inbound/provider.ts';

/** An order with two lines has 15 KB. */
const PAGE = 50;
const PAID = /^(paid|partially_refunded|refunded)$/;
const VERSION = '2026-10';

const Listed = z.looseObject({
  id: z.number(),
  test: z.nullish(z.boolean()),
  financial_status: z.nullish(z.string()),
  refunds: z._default(z.array(z.unknown()), []),
});
const Page = z.object({ orders: z.array(Listed) });

/** The list has the fields of the notification, and the refunds. Disputes come by their notifications only. */
export const paid: ListPaid = (since, context, from = '0', read) =>
  listPages(from, async (after) => {
    // The API key is the app's access token.
    const headers = { 'x-shopify-access-token': context.api?.key ?? '' };
    const query = new URLSearchParams({
      status: 'any',
      updated_at_min: new Date(since).toISOString(),
      limit: String(PAGE),
      since_id: after,
    });
    const path = `/admin/api/${VERSION}/orders.json?${query}`;
    const page = await askApi(context, Page, path, { headers });
    const orders = page.orders.flatMap((order) => {
      const test = order.test === true;
      const topic = (name: string, body: unknown) =>
        bodyOf(body, { 'shopify-topic': name, 'shopify-test': String(test) });
      const refunds = order.refunds.map((one) => topic('refunds/create', one));
      return PAID.test(order.financial_status ?? '')
        ? {
            ...{ id: String(order.id), test, isReversed: refunds.length > 0 || undefined },
            events: () => read(...refunds, topic('orders/paid', order)),
          }
        : [];
    });
    return { orders, next: page.orders.length < PAGE ? undefined : String(page.orders.at(-1)?.id) };
  });
