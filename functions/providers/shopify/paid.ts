/** Lists every paid order: https://shopify.dev/docs/api/admin-rest/latest/resources/order#get-orders */
import * as z from 'zod/mini';
import { askApi } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { Context, PaidOrder, Provider } from '../../core/inbound/provider.ts';

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
export async function* paid(
  { read }: Pick<Provider, 'read'>,
  since: number,
  context: Context,
  from = '0',
): AsyncGenerator<PaidOrder> {
  // The API key is the app's access token.
  const headers = { 'x-shopify-access-token': context.api?.key ?? '' };
  for (let after = from; ; ) {
    const query = new URLSearchParams({
      status: 'any',
      updated_at_min: new Date(since).toISOString(),
      limit: String(PAGE),
      since_id: after,
    });
    const path = `/admin/api/${VERSION}/orders.json?${query}`;
    const { orders } = await askApi(context, Page, path, { headers });
    const paidOrders = orders.filter(({ financial_status: status }) => PAID.test(status ?? ''));
    for (const order of paidOrders) {
      const topic = (name: string, body: unknown) =>
        bodyOf(body, { 'shopify-topic': name, 'shopify-test': String(order.test === true) });
      const notifications = [
        ...order.refunds.map((one) => topic('refunds/create', one)),
        topic('orders/paid', order),
      ];
      yield {
        ...{
          id: String(order.id),
          test: order.test === true,
          isReversed: order.refunds.length > 0 || undefined,
        },
        resume: order === paidOrders.at(-1) ? String(orders.at(-1)?.id) : undefined,
        events: async () => (await Promise.all(notifications.map((one) => read(one, context)))).flat(),
      };
    }
    if (orders.length < PAGE) return;
    after = String(orders.at(-1)?.id);
  }
}
