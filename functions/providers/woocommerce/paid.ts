/** Lists every order: https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders */
import * as z from 'zod/mini';
import { askApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { ListPaid } from '../../core/inbound/provider.ts';

/** An order has 10 KB, and the shop's server may be slow. */
const PAGE = 20;

const Listed = z.looseObject({
  id: z.number(),
  status: z.string(),
  date_paid_gmt: z.nullish(z.string()),
  refunds: z._default(z.array(z.unknown()), []),
});

/** The list has the fields of the notification, which repeats all refunds. */
export const paid: ListPaid = (since, context, from = '1', read) =>
  listPages(from, async (page) => {
    // The API key is the consumer key and the consumer secret, with a colon between them.
    const headers = { authorization: `Basic ${Buffer.from(context.api?.key ?? '').toString('base64')}` };
    const query = new URLSearchParams({
      modified_after: new Date(since).toISOString(),
      ...{ dates_are_gmt: 'true', orderby: 'id', order: 'asc', per_page: String(PAGE), page },
    });
    const all = await askApi(context, z.array(Listed), `/wp-json/wc/v3/orders?${query}`, { headers });
    const orders = all
      .filter(({ date_paid_gmt }) => date_paid_gmt)
      .map((order) => ({
        ...{ id: String(order.id), test: context.options.sandbox === true },
        isReversed: order.refunds.length > 0 || order.status === 'refunded' || undefined,
        async events() {
          const readAs = (status: string) =>
            read(bodyOf({ ...order, status }, { 'x-wc-webhook-topic': 'order.updated' }));
          const isSale = ({ kind }: OrderEvent) => kind !== 'reversed';
          // A refunded order is no sale in its notification, because an earlier one has reported the sale.
          const reversals = (await readAs(order.status)).filter((event) => !isSale(event));
          const wasPaid = order.status === 'refunded' ? 'completed' : order.status;
          return [...reversals, ...(await readAs(wasPaid)).filter(isSale)];
        },
      }));
    return { orders, next: all.length < PAGE ? undefined : `${Number(page) + 1}` };
  });
