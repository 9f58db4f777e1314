/** Lists every order, the newest first: https://polar.sh/docs/api-reference/orders/list */
import * as z from 'zod/mini';
import { askApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { ListPaid } from '../../core/inbound/provider.ts';
import { timestamp } from '../../core/inbound/shapes.ts';

/** An order has 5 KB. */
const PAGE = 50;
const PAID = /^(paid|refunded|partially_refunded)$/;

const Listed = z.looseObject({ id: z.string(), status: z.string(), created_at: timestamp });
const Page = z.object({ items: z.array(Listed), pagination: z.object({ max_page: z.int() }) });

/**
 * The list has the fields of the notification. An order that arrives meanwhile moves the others to later pages: one is
 * listed twice, and none is skipped.
 */
export const paid: ListPaid = (since, context, from = '1', read) =>
  listPages(from, async (page) => {
    const path = `/v1/orders/?sorting=-created_at&limit=${PAGE}&page=${page}`;
    const { items, pagination } = await askApi(context, Page, path);
    const recent = items.filter(({ created_at }) => Date.parse(created_at) >= since);
    const orders = recent.flatMap((order) => {
      const types = order.status === 'paid' ? ['order.paid'] : ['order.refunded', 'order.paid'];
      return PAID.test(order.status)
        ? {
            ...{ id: order.id, test: context.options.sandbox === true },
            isReversed: types.length > 1 || undefined,
            events: () => read(...types.map((type) => bodyOf({ type, data: order }))),
          }
        : [];
    });
    const isLast = recent.length < items.length || Number(page) >= pagination.max_page;
    return { orders, next: isLast ? undefined : `${Number(page) + 1}` };
  });
