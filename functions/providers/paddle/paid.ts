/** Lists every completed transaction: https://developer.paddle.com/api-reference/transactions/list-transactions */
import * as z from 'zod/mini';
import { askApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { ListPaid } from '../../core/inbound/provider.ts';

/** A transaction has 10 KB, and Paddle lists at most 30. */
const PAGE = 30;

const Page = z.object({
  data: z.array(z.looseObject({ id: z.string(), adjustments: z.nullish(z.array(z.unknown())) })),
  meta: z.object({ pagination: z.object({ has_more: z.boolean() }) }),
});

/** The list has the fields of the notification. Its buyer is fetched for each missing order, as for a notification. */
export const paid: ListPaid = (since, context, from = '', read) =>
  listPages(from, async (after) => {
    const query = new URLSearchParams({
      status: 'completed',
      'billed_at[GTE]': new Date(since).toISOString(),
      order_by: 'id[ASC]',
      per_page: String(PAGE),
      include: 'adjustment',
      ...(after && { after }),
    });
    const { data, meta } = await askApi(context, Page, `/transactions?${query}`);
    const orders = data.map((transaction) => {
      const adjustments = (transaction.adjustments ?? []).map((one) =>
        bodyOf({ event_type: 'adjustment.updated', data: one }),
      );
      return {
        ...{ id: transaction.id, test: context.options.sandbox === true },
        isReversed: adjustments.length > 0 || undefined,
        events: () =>
          read(...adjustments, bodyOf({ event_type: 'transaction.completed', data: transaction })),
      };
    });
    return { orders, next: meta.pagination.has_more ? data.at(-1)?.id : undefined };
  });
